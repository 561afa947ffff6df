//! A request for an offline query: as it is sent, and the job that it comes to.

use std::collections::BTreeMap;

use fennel_core::value::Unique;
use fennel_engine::{Engine, ServedRange};
use fennel_offline::{Bucket, Format, Frame, Input, Keys, Place, Request as Job, Submitter};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::auth::Caller;
use crate::body::Payload;
use crate::error::Failure;
use crate::memory::Held;
use crate::route::logged;

/// The most logged rows that a query takes.
const LOGGED_ROWS: usize = 100_000;

/// The job that a request comes to, and its rows if it brings them.
pub(super) fn decode(
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
            let columns = served.columns(caller, engine, &branch, names, body.held())?;
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

impl Served {
    /// The rows by column: each input as it was given or answered, and the instant that it was answered as of.
    fn columns(
        &self,
        caller: &Caller,
        engine: &Engine,
        branch: &str,
        (inputs, timestamp): (&[String], &str),
        held: &mut Held,
    ) -> Result<Map<String, Json>, Failure> {
        let range = ServedRange {
            workflow: self.workflow.clone(),
            from: logged::instant("from", self.from.as_deref())?,
            to: logged::instant("to", self.to.as_deref())?,
            after: None,
        };
        let most = logged::Most {
            rows: LOGGED_ROWS,
            bytes: usize::MAX,
        };
        let found = logged::read(caller, engine, (branch, &range), most, held)?;
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
