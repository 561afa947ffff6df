//! Reports of queries, for people.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::plain;
use crate::query::{Failure, Job};

/// How many failed rows are shown.
const SHOWN: usize = 10;

/// A row for each row that was asked for.
pub(super) fn table(columns: &Map<String, Json>) -> String {
    let columns: Vec<(&String, &[Json])> = columns
        .iter()
        .map(|(name, values)| (name, values.as_array().map_or(&[][..], Vec::as_slice)))
        .collect();
    let rows = columns.iter().map(|(_, values)| values.len()).max();
    let texts: Vec<Vec<String>> = columns
        .iter()
        .map(|(name, values)| {
            let values = values.iter().map(|value| match value {
                Json::String(text) => plain(text),
                other => plain(&other.to_string()),
            });
            [plain(name)].into_iter().chain(values).collect()
        })
        .collect();
    let mut table = String::new();
    for row in 0..=rows.unwrap_or(0) {
        let cells = texts.iter().map(|column| {
            let width = column.iter().map(|text| text.chars().count()).max();
            let cell = column.get(row).map_or("", String::as_str);
            format!("{cell:0$}", width.unwrap_or(0))
        });
        let cells: Vec<String> = cells.collect();
        writeln!(table, "{}", cells.join("  ").trim_end()).expect("text takes text");
    }
    table
}

/// A job that goes on.
pub(super) fn begun(job: &Job) -> String {
    let id = plain(&job.request_id);
    format!(
        "Query {id} is {}; `query-offline --watch {id}` shows how far it is, `--cancel {id}` ends it\n",
        plain(&job.status)
    )
}

/// A job of the server at `address` that has ended.
pub(super) fn ended(job: &Job, address: &str) -> String {
    let mut text = format!(
        "Query {} is {}: {} rows, {} failed\n",
        plain(&job.request_id),
        plain(&job.status),
        job.rows_done,
        job.rows_failed
    );
    for failure in job.failures.iter().take(SHOWN) {
        writeln!(text, "  {}", line(failure)).expect("text takes text");
    }
    let shown = job.failures.len().min(SHOWN) as u64;
    if job.rows_failed > shown {
        let more = job.rows_failed - shown;
        writeln!(text, "  and {more} more").expect("text takes text");
    }
    if job.status == "completed" {
        // What the server keeps has a path there.
        let server = match job.output.starts_with('/') {
            true => address,
            false => "",
        };
        writeln!(text, "Output: {server}{}", plain(&job.output)).expect("text takes text");
    }
    text
}

fn line(failure: &Failure) -> String {
    let file = failure.file.as_ref();
    let file = file.map_or_else(String::new, |file| format!("{}, ", plain(file)));
    let line = failure
        .line
        .map_or_else(String::new, |line| format!(", line {line}"));
    format!(
        "{file}row {}{line}: {}",
        failure.row,
        plain(&failure.reason)
    )
}
