//! What is asked of features: a query that is answered at once, and one that is worked on.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tokio::time::sleep;

use crate::cli::{OfflineArgs, QueryArgs};
use crate::client::{Client, in_url};
use crate::error::Error;
use crate::progress::watch;
use crate::report::Report;
use crate::transport::Transport;

/// How often a job's state is asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// An offline query as a server tells of it. Members that are not read here are in the report too.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) status: String,
    pub(crate) output: String,
    pub(crate) rows: Option<u64>,
    pub(crate) rows_done: u64,
    pub(crate) rows_failed: u64,
    pub(crate) failures: Vec<Failure>,
    pub(crate) error: Option<String>,
}

/// A row that has no answer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Failure {
    pub(crate) file: Option<String>,
    pub(crate) row: u64,
    pub(crate) line: Option<u64>,
    pub(crate) reason: String,
}

impl Job {
    fn is_over(&self) -> bool {
        !matches!(&*self.status, "pending" | "running")
    }
}

/// Asks for features now, or as of instants.
pub(crate) async fn query<T: Transport>(
    client: &Client<T>,
    args: &QueryArgs,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let (inputs, data) = data(&args.data)?;
    let mut request = json!({"inputs": inputs, "outputs": args.output, "data": data});
    if !args.at.is_empty() {
        let rows = data
            .values()
            .next()
            .and_then(Json::as_array)
            .map_or(0, Vec::len);
        let at = match &*args.at {
            [one] => vec![one; rows],
            many => many.iter().collect(),
        };
        request["timestamps"] = json!(at);
    }
    let request = request.to_string();
    let asking = client.ask::<Map<String, Json>>("/api/v1/query", &request);
    let columns = watch(asking, "Waiting for the answer", report.screen()).await?;
    Ok(report.features(columns)?)
}

/// Begins an offline query, or takes up one that is there, and watches it to its end.
pub(crate) async fn offline<T: Transport>(
    client: &Client<T>,
    args: &OfflineArgs,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let of =
        |what: &str, id: &str| format!("/api/v1/query_offline/{what}?request_id={}", in_url(id));
    let told = if let Some(id) = &args.cancel {
        client.post::<Json>(&of("cancel", id), "{}").await?
    } else if let Some(id) = &args.watch {
        client.get::<Json>(&of("status", id)).await?
    } else {
        if client.server.is_embedded {
            check_embedded(args)?;
        }
        let request = request(args)?.to_string();
        client
            .post::<Json>("/api/v1/query_offline", &request)
            .await?
    };
    let (mut told, mut job) = read(client, told)?;
    if args.detach {
        return Ok(report.begun(told, &job)?);
    }
    while !job.is_over() {
        show(report, &bar(&job));
        sleep(PAUSE).await;
        let path = of("status", &job.request_id);
        (told, job) = read(client, client.get::<Json>(&path).await?)?;
    }
    show(report, "");
    report.ended(told, &job, client.server.address())?;
    let without_output = |id, reason| Err(Error::NotAnswered { id, reason });
    match (&*job.status, job.error) {
        ("completed", _) if job.rows_failed > 0 => Err(Error::RowsFailed {
            id: job.request_id,
            failed: job.rows_failed,
            rows: job.rows_done,
        }),
        ("completed", _) => Ok(()),
        ("cancelled", _) if args.cancel.is_some() => Ok(()),
        (status, None) => without_output(job.request_id, format!("it was {status}")),
        (_, Some(error)) => without_output(job.request_id, error),
    }
}

fn read<T>(client: &Client<T>, told: Json) -> Result<(Json, Job), Error> {
    let job = serde_json::from_value(told.clone()).map_err(|error| Error::Foreign {
        url: client.server.address().to_owned(),
        url_in: client.server.url_in.clone(),
        detail: format!("its answer is something else than was asked for ({error})"),
    })?;
    Ok((told, job))
}

/// The line of a job that is worked on, where somebody watches.
fn show(report: &mut Report<'_>, line: &str) {
    if let Some(screen) = report.screen() {
        // Nothing hangs on this line, so nor does anything on whether it can be written.
        let _ = write!(screen, "\r\x1b[K{line}").and_then(|()| screen.flush());
    }
}

/// How far a job is: `[########............] 41 %, 410000 of 1000000 rows, 3 failed`.
fn bar(job: &Job) -> String {
    const WIDTH: u64 = 20;
    let Some(rows) = job.rows.filter(|rows| *rows > 0) else {
        return match &*job.status {
            "pending" => "Waiting to begin".into(),
            _ => "Counting rows".into(),
        };
    };
    let done = job.rows_done.min(rows);
    let filled = usize::try_from(done * WIDTH / rows).unwrap_or_default();
    let (full, empty) = ("#".repeat(filled), ".".repeat(WIDTH as usize - filled));
    let failed = match job.rows_failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!(
        "[{full}{empty}] {} %, {done} of {rows} rows{failed}",
        done * 100 / rows
    )
}

fn request(args: &OfflineArgs) -> Result<Json, Error> {
    let mut inputs = Vec::new();
    let mut columns = Map::new();
    for given in &args.given {
        let (feature, column) = given.split_once('=').unwrap_or((given, given));
        inputs.push(feature.to_owned());
        columns.insert(feature.to_owned(), column.into());
    }
    let input = match (&args.input, &args.data) {
        (Some(input), _) => {
            let format = args.input_format.as_deref();
            let format = format.or_else(|| input.rsplit_once('.').and_then(|(_, end)| known(end)));
            let format = format.ok_or(Error::Setting {
                name: "--input-format".into(),
                problem: "is missing, and the input's name doesn't say it; write csv, json or parquet",
            })?;
            match table(input, format) {
                Some(table) => {
                    json!({"S3": {"s3_table": table, "feature_to_column_map": columns}})
                }
                None => json!({"File": {
                    "path": input, "format": format, "feature_to_column_map": columns,
                }}),
            }
        }
        (None, Some(path)) => {
            let (names, mut data) = data(path)?;
            if inputs.is_empty() {
                inputs = names;
                inputs.retain(|name| *name != args.timestamp_column);
            } else {
                data = named(&data, &columns, &args.timestamp_column);
            }
            json!({"Pandas": data})
        }
        (None, None) => {
            return Err(Error::Setting {
                name: "--input".into(),
                problem: "is missing; say where the rows are, as file:///folder/name or s3://bucket/prefix, or give --data",
            });
        }
    };
    let mut request = json!({
        "input_features": inputs,
        "output_features": args.output,
        "timestamp_column": args.timestamp_column,
        "input": input,
    });
    if let Some(to) = &args.to {
        match table(to, "parquet") {
            Some(table) => request["s3_output"] = table,
            None => request["output"] = to.as_str().into(),
        }
    }
    Ok(request)
}

/// The columns of features, each by its feature's name, and that of the instants. Those that aren't there are left out, which
/// the server tells.
fn named(
    data: &Map<String, Json>,
    columns: &Map<String, Json>,
    instants: &str,
) -> Map<String, Json> {
    let columns = columns.iter().filter_map(|(feature, column)| {
        let values = data.get(column.as_str()?)?;
        Some((feature.clone(), values.clone()))
    });
    let instants = data
        .get(instants)
        .map(|at| (instants.to_owned(), at.clone()));
    columns.chain(instants).collect()
}

/// Refuses what needs a server that stays, or one with more than files.
fn check_embedded(args: &OfflineArgs) -> Result<(), Error> {
    let refused = |name: &'static str, problem| {
        let name = name.into();
        Err(Error::Setting { name, problem })
    };
    for (name, url) in [("--input", &args.input), ("--to", &args.to)] {
        if url.as_ref().is_some_and(|url| url.starts_with("s3://")) {
            return refused(
                name,
                "is in S3, which the embedded server doesn't use; start fennel-server with --offline-bucket, and set FENNEL_URL and FENNEL_TOKEN",
            );
        }
    }
    match args.to {
        Some(_) => Ok(()),
        None => refused(
            "--to",
            "is missing; the embedded server ends with this run, so name a file for the output, as file:///folder/name.parquet below the working folder",
        ),
    }
}

/// The format that a file's name ends with.
fn known(end: &str) -> Option<&'static str> {
    match end {
        "csv" => Some("csv"),
        "json" | "jsonl" | "ndjson" => Some("json"),
        "parquet" => Some("parquet"),
        _ => None,
    }
}

/// A place in S3 as the protocol writes it.
fn table(url: &str, format: &str) -> Option<Json> {
    let (bucket, prefix) = url.strip_prefix("s3://")?.split_once('/')?;
    Some(json!({"bucket": bucket, "path_prefix": prefix, "format": format}))
}

/// The columns of a file with JSON, of columns or of rows, and their names; `-` is standard input.
fn data(path: &Path) -> Result<(Vec<String>, Map<String, Json>), Error> {
    let refused = |problem: String| Error::Data {
        path: path.to_owned(),
        problem,
    };
    let text = match path == Path::new("-") {
        true => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map(|_| text)
        }
        false => fs::read_to_string(path),
    };
    let text = text.map_err(|error| refused(format!("can't be read: {error}")))?;
    let columns = match serde_json::from_str(&text) {
        Ok(Json::Object(columns)) => columns,
        Ok(Json::Array(rows)) => by_column(rows).ok_or_else(|| {
            refused("has a row that is no object; write each as {\"Fs.feature\": value, ..}".into())
        })?,
        Ok(_) => {
            let what = "is neither an object of columns nor a list of rows";
            return Err(refused(what.into()));
        }
        Err(error) => return Err(refused(format!("is no JSON: {error}"))),
    };
    Ok((columns.keys().cloned().collect(), columns))
}

fn by_column(rows: Vec<Json>) -> Option<Map<String, Json>> {
    let rows: Option<Vec<Map<String, Json>>> = rows
        .into_iter()
        .map(|row| match row {
            Json::Object(row) => Some(row),
            _ => None,
        })
        .collect();
    let mut rows = rows?;
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let columns = names.into_iter().map(|name| {
        let values = rows
            .iter_mut()
            .map(|row| row.remove(&name).unwrap_or(Json::Null));
        let values = values.collect();
        (name, Json::Array(values))
    });
    Some(columns.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_told_as_it_goes_on() {
        let told = |status: &str, rows: Option<u64>| {
            bar(&Job {
                request_id: String::new(),
                status: status.into(),
                output: String::new(),
                rows,
                rows_done: 410,
                rows_failed: 3,
                failures: Vec::new(),
                error: None,
            })
        };
        // That others are before it isn't known.
        assert_eq!(told("pending", None), "Waiting to begin");
        assert_eq!(told("running", None), "Counting rows");
        assert_eq!(
            told("running", Some(1000)),
            "[########............] 41 %, 410 of 1000 rows, 3 failed"
        );
    }
}
