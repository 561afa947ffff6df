//! `/api/v1/query_offline`: features for the rows of a frame or of files, each as of its own instant.
//!
//! The answer of all but `result` is the job as it is. A job is shown to whoever has submitted it, and to admins; for
//! others there is none of that id.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fennel_core::value::{Unique, Value};
use fennel_engine::{Engine, Query, ServedRange};
use fennel_offline::{
    Bucket, Format, Frame, Input, Keys, Place, Request as Job, Status, Submitter,
};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::body::{JsonBody, Payload};
use crate::error::Failure;
use crate::offline::answer;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};
use crate::route::logged;

pub(super) fn calls(calls: Calls) -> Calls {
    let which = |call: Call| call.query_needed("request_id", Schema::text(), "Which query.");
    let about = |name, summary| Call::new(name, summary).refuses([404]);
    calls
        .on(
            Method::POST,
            "/api/v1/query_offline",
            submit,
            about(
                "query_offline",
                "Begins to answer features of many rows, each as of its own instant.",
            )
            .branch()
            .json(request_schema())
            .answers(status_schema())
            .writes()
            .refuses([409]),
        )
        .on(
            Method::GET,
            "/api/v1/query_offline/status",
            status,
            which(about(
                "offline_status",
                "Tells how far an offline query is.",
            ))
            .answers(status_schema()),
        )
        .on(
            Method::POST,
            "/api/v1/query_offline/cancel",
            cancel,
            which(about(
                "cancel_offline",
                "Ends an offline query without an output.",
            ))
            .answers(status_schema()),
        )
        .on(
            Method::GET,
            "/api/v1/query_offline/result",
            result,
            which(about(
                "offline_result",
                "Gives the output of an offline query that keeps it.",
            ))
            .answers_as("application/vnd.apache.parquet", Schema::text())
            .refuses([409]),
        )
}

fn request_schema() -> Schema {
    let names = || Schema::list(Schema::text().example("Fs.feature"));
    let csv = Schema::object([]).optional([
        ("delimiter", Schema::count().at_most(127).default(44)),
        ("headers", Schema::list(Schema::text()).or_null()),
    ]);
    let format = || {
        let words = Schema::words(["csv", "json", "parquet"]);
        Schema::either([words, Schema::object([("csv", csv.clone())])])
    };
    let map = || Schema::map(Schema::text()).or_null();
    let keys = Schema::object([
        ("access_key", Schema::text()),
        ("secret_key", Schema::text()),
    ]);
    let s3 = Schema::object([]).optional([
        ("creds", keys.or_null()),
        ("role_arn", Schema::text().or_null()),
    ]);
    let db = Schema::object([("db", Schema::object([("S3", s3)]))])
        .optional([("name", Schema::text().or_null())]);
    let table = Schema::object([
        ("bucket", Schema::text()),
        ("path_prefix", Schema::text()),
        ("format", format()),
    ])
    .optional([("pre_sorted", Schema::boolean()), ("db", db.or_null())]);
    let objects = Schema::object([("s3_table", table.clone())]).optional([
        ("compression", Schema::text().or_null()),
        ("feature_to_column_map", map()),
    ]);
    let files = Schema::object([("path", Schema::text()), ("format", format())])
        .optional([("feature_to_column_map", map())]);
    let logged = Schema::object([]).optional([
        ("workflow", Schema::text().default("default")),
        ("from", Schema::text().or_null()),
        ("to", Schema::text().or_null()),
    ]);
    let frame = Schema::map(Schema::list(Schema::any())).about("Values by column.");
    Schema::object([
        ("input_features", names()),
        ("output_features", names()),
        ("timestamp_column", Schema::text()),
        (
            "input",
            Schema::either([
                Schema::object([("Pandas", frame)]),
                Schema::object([("File", files)]),
                Schema::object([("S3", objects)]),
                Schema::object([("Logged", logged)]),
            ]),
        ),
    ])
    .optional([
        (
            "output",
            Schema::text()
                .or_null()
                .about("A file of the server's machine, as a URL."),
        ),
        ("s3_output", table.or_null()),
        ("workflow", Schema::text().or_null()),
        ("use_v2", Schema::boolean().or_null()),
        ("num_dpus", Schema::count().or_null()),
    ])
}

fn status_schema() -> Schema {
    let rate = || Schema::number().about("From 0 to 1.");
    let failure = Schema::object([("row", Schema::count()), ("reason", Schema::text())])
        .optional([("file", Schema::text()), ("line", Schema::count())]);
    Schema::object([
        ("request_id", Schema::text()),
        (
            "status",
            Schema::words(["pending", "running", "completed", "failed", "cancelled"]),
        ),
        ("completion_rate", rate()),
        ("failure_rate", rate()),
        ("output_bucket", Schema::text().or_null()),
        ("output_prefix", Schema::text().or_null()),
        ("output", Schema::text().about("Where the output goes.")),
        (
            "rows",
            Schema::count().or_null().about("Once they are counted."),
        ),
        ("rows_done", Schema::count()),
        ("rows_failed", Schema::count()),
        (
            "failures",
            Schema::list(failure).about("The first failed rows."),
        ),
        ("error", Schema::text().or_null()),
        ("workflow", Schema::text().or_null()),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    input_features: Vec<String>,
    output_features: Vec<String>,
    input: Source,
    timestamp_column: String,
    #[serde(default)]
    s3_output: Option<Table>,
    /// A file of the server's machine.
    #[serde(default)]
    output: Option<String>,
    #[serde(default)]
    workflow: Option<String>,
    /// About the machines of Fennel's own service.
    #[serde(default, rename = "use_v2")]
    _use_v2: Option<bool>,
    #[serde(default, rename = "num_dpus")]
    _num_dpus: Option<u64>,
}

#[derive(Deserialize)]
enum Source {
    /// Rows by column, whether the client is Python or not.
    Pandas(Unique),
    S3(Objects),
    File(Files),
    Logged(Served),
}

/// Rows that were served with `log`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    #[serde(default = "logged::default")]
    workflow: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
}

/// Objects of S3.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Objects {
    s3_table: Table,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    feature_to_column_map: Option<BTreeMap<String, String>>,
}

/// A file or folder of the server's machine.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    path: String,
    format: Json,
    #[serde(default)]
    feature_to_column_map: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    bucket: String,
    path_prefix: String,
    #[serde(default, rename = "pre_sorted")]
    _pre_sorted: bool,
    format: Json,
    #[serde(default)]
    db: Option<Database>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    db: Connection,
}

#[derive(Deserialize)]
enum Connection {
    S3(Credentials),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[serde(default)]
    creds: Option<Keys>,
    #[serde(default)]
    role_arn: Option<String>,
}

/// Which job is meant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    request_id: String,
}

async fn submit(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let jobs = app.clone();
    app.write(move |engine| {
        let (mut job, frame) = decode(&mut body, &caller, engine, branch)?;
        job.submitter.since = jobs.access.account_since(caller.account());
        // Before the job asks the same, since what is refused here is answered with the right status.
        let inputs = job
            .inputs
            .iter()
            .map(|it| (it.clone(), Vec::<Value>::new()));
        let nothing = Query {
            inputs: job.inputs.clone(),
            outputs: job.outputs.clone(),
            data: inputs.collect(),
            at: Some(Vec::new()),
        };
        answer(engine, &caller, &job.branch, &nothing)?;
        let status = jobs.offline.submit(job, frame.as_ref())?;
        Ok(told(&status))
    })
    .await
}

async fn status(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Answer, Failure> {
    let jobs = app.clone();
    app.read(move |_| found(&jobs, &caller, &which.request_id).map(|status| told(&status)))
        .await
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Answer, Failure> {
    let jobs = app.clone();
    app.write(move |_| {
        found(&jobs, &caller, &which.request_id)?;
        let status = jobs.offline.cancel(&which.request_id);
        status
            .map(|status| told(&status))
            .ok_or_else(|| no_job(&which.request_id))
    })
    .await
}

async fn result(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Failure> {
    let jobs = app.clone();
    let opened = app.read(move |engine| {
        let status = found(&jobs, &caller, &which.request_id)?;
        // Who may not read the features any more may not read them here.
        caller.read_features(engine, &status.branch, &status.outputs, || Ok(()))?;
        let file = jobs.offline.result(&which.request_id)?;
        let length = file.metadata().map_err(|error| {
            let message = format!("the output can't be read: {error}");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })?;
        Ok((file, length))
    });
    let (file, length) = opened.await?;
    let parquet = HeaderValue::from_static("application/vnd.apache.parquet");
    let headers = [
        (header::CONTENT_TYPE, parquet),
        (header::CONTENT_LENGTH, length.len().into()),
    ];
    Ok((headers, stream(file)).into_response())
}

/// The job of that id, if the caller may see it.
fn found(app: &App, caller: &Caller, id: &str) -> Result<Status, Failure> {
    let status = app.offline.status(id);
    let since = app.access.account_since(caller.account());
    let is_own = |it: &Submitter| it.account == caller.account() && it.since == since;
    let shown = status.filter(|it| caller.is_admin() || is_own(&it.submitter));
    shown.ok_or_else(|| no_job(id))
}

fn no_job(id: &str) -> Failure {
    let message = format!(
        "there is no offline query `{id}`, or it is another account's; those that ended more than 7 days ago are gone"
    );
    Failure::new(StatusCode::NOT_FOUND, message)
}

fn told(status: &Status) -> Answer {
    let (bucket, prefix) = match &status.output {
        Some(Place::S3(bucket)) => (Some(&bucket.name), Some(&bucket.prefix)),
        _ => (None, None),
    };
    let output = match &status.output {
        Some(place) => place.to_string(),
        None => format!("/api/v1/query_offline/result?request_id={}", status.id),
    };
    Answer::json(&json!({
        "request_id": status.id,
        "status": status.state,
        "completion_rate": status.completion_rate(),
        "failure_rate": status.failure_rate(),
        "output_bucket": bucket,
        "output_prefix": prefix,
        "output": output,
        "rows": status.rows,
        "rows_done": status.done,
        "rows_failed": status.failed,
        "failures": status.failures,
        "error": status.error,
        "workflow": status.workflow,
    }))
}

/// The most logged rows that a query takes.
const LOGGED_ROWS: usize = 100_000;

impl Served {
    /// The rows by column: each input as it was given or answered, and the instant that it was answered as of.
    fn columns(
        &self,
        caller: &Caller,
        engine: &Engine,
        branch: &str,
        (inputs, timestamp): (&[String], &str),
    ) -> Result<Map<String, Json>, Failure> {
        let range = ServedRange {
            workflow: self.workflow.clone(),
            from: logged::instant("from", self.from.as_deref())?,
            to: logged::instant("to", self.to.as_deref())?,
            after: None,
        };
        let found = logged::read(caller, engine, branch, &range, LOGGED_ROWS)?;
        if found.next.is_some() {
            let message = format!(
                "more than {LOGGED_ROWS} rows of workflow `{}` were served in that time; ask for a shorter one with `from` and `to`",
                self.workflow
            );
            return Err(Failure::bad_request(message));
        }
        let mut columns: Map<String, Json> = Map::new();
        for input in inputs {
            let values = found.rows.iter().map(|row| {
                let value = row.inputs.get(input).or_else(|| row.outputs.get(input));
                value.cloned().ok_or_else(|| {
                    Failure::bad_request(format!(
                        "a row of workflow `{}` was served without `{input}`, so it is no input; it was asked for by {}",
                        self.workflow,
                        row.inputs.keys().cloned().collect::<Vec<_>>().join(", ")
                    ))
                })
            });
            columns.insert(input.clone(), values.collect::<Result<_, _>>()?);
        }
        let instants = found.rows.iter().map(|row| Json::from(row.at.to_string()));
        columns.insert(timestamp.to_owned(), instants.collect());
        Ok(columns)
    }
}

fn decode(
    body: &mut Payload,
    caller: &Caller,
    engine: &Engine,
    branch: String,
) -> Result<(Job, Option<Frame>), Failure> {
    let request: Request = body.json()?;
    let (input, columns, frame) = match request.input {
        Source::Pandas(Unique(Json::Object(columns))) => (Input::Frame, None, Some(Frame(columns))),
        Source::Pandas(_) => {
            return Err(Failure::bad_request(
                "`input.Pandas` is no object; write a list with a value per row for each column",
            ));
        }
        Source::S3(objects) => {
            if objects.compression.is_some_and(|it| it != "None") {
                return Err(Failure::bad_request(
                    "compressed objects are not read, but for Parquet, which is compressed inside; leave out `compression`",
                ));
            }
            let format = format(&objects.s3_table.format)?;
            let place = Place::S3(bucket(objects.s3_table)?);
            let input = Input::Files(place, format);
            (input, objects.feature_to_column_map, None)
        }
        Source::Logged(served) => {
            let names = (&request.input_features[..], &*request.timestamp_column);
            let columns = served.columns(caller, engine, &branch, names)?;
            (Input::Frame, None, Some(Frame(columns)))
        }
        Source::File(files) => {
            let input = Input::Files(Place::Local(files.path), format(&files.format)?);
            (input, files.feature_to_column_map, None)
        }
    };
    let output = match (request.output, request.s3_output) {
        (None, None) => None,
        (Some(file), None) => Some(Place::Local(file)),
        (None, Some(table)) => {
            if format(&table.format)? != Format::Parquet {
                return Err(Failure::bad_request(
                    "the output is written as Parquet; set the format of `s3_output` to \"parquet\"",
                ));
            }
            Some(Place::S3(bucket(table)?))
        }
        (Some(_), Some(_)) => {
            return Err(Failure::bad_request(
                "`output` and `s3_output` both say where the output goes; send one",
            ));
        }
    };
    let job = Job {
        branch,
        inputs: request.input_features,
        columns: columns.unwrap_or_default(),
        outputs: request.output_features,
        timestamp_column: request.timestamp_column,
        input,
        output,
        workflow: request.workflow,
        submitter: Submitter {
            account: caller.account().to_owned(),
            since: None,
            token: caller.token().to_owned(),
        },
    };
    Ok((job, frame))
}

fn bucket(table: Table) -> Result<Bucket, Failure> {
    let keys = match table.db.map(|database| database.db) {
        None => None,
        Some(Connection::S3(Credentials { creds, role_arn })) => match (creds, role_arn) {
            (Some(_), Some(_)) => {
                return Err(Failure::bad_request(
                    "give access keys or role_arn, not both",
                ));
            }
            (None, Some(_)) => {
                return Err(Failure::bad_request(
                    "role_arn is not supported; give access keys, or none for those of the server's environment, which may be a role's",
                ));
            }
            (creds, None) => creds,
        },
    };
    Ok(Bucket {
        name: table.bucket,
        prefix: table.path_prefix.trim_start_matches('/').to_owned(),
        keys,
    })
}

/// A format as the protocol writes it: a name, or an object with the details of CSV.
fn format(json: &Json) -> Result<Format, Failure> {
    let csv = |details: &Map<String, Json>| {
        let delimiter = match details.get("delimiter") {
            None => Some(b','),
            Some(code) => code.as_u64().and_then(|code| u8::try_from(code).ok()),
        };
        let headers = match details.get("headers") {
            None | Some(Json::Null) => Some(None),
            Some(names) => names.as_array().and_then(|names| {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                Some(Some(names.collect::<Option<Vec<_>>>()?))
            }),
        };
        let (delimiter, headers) = delimiter.zip(headers)?;
        Some(Format::Csv { delimiter, headers })
    };
    let found = match json {
        Json::String(name) => match name.as_str() {
            "csv" => csv(&Map::new()),
            "json" => Some(Format::Json),
            "parquet" => Some(Format::Parquet),
            _ => None,
        },
        Json::Object(object) if object.len() == 1 => {
            object.get("csv").and_then(Json::as_object).and_then(csv)
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Failure::bad_request(format!(
            "the format {json} is not read; write \"json\" for an object a line, \"parquet\", \"csv\", or {{\"csv\": {{\"delimiter\": 44, \"headers\": [..]}}}} with the delimiter's code"
        ))
    })
}

/// A file as a body that is read as it is sent.
fn stream(file: File) -> Body {
    const BLOCK: usize = 256 << 10;
    let read = |mut file: File| async {
        let read = tokio::task::spawn_blocking(move || {
            let mut block = vec![0; BLOCK];
            let read = file.read(&mut block)?;
            block.truncate(read);
            Ok::<_, std::io::Error>((block, file))
        });
        match read.await.map_err(std::io::Error::other).flatten() {
            Ok((block, _)) if block.is_empty() => None,
            Ok((block, file)) => Some((Ok(Bytes::from(block)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    };
    Body::from_stream(unfold(Some(file), move |file| async move {
        match file {
            Some(file) => read(file).await,
            None => None,
        }
    }))
}
