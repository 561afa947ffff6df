//! `GET /api/v1/dataset/<name>/rejects`: rows that didn't fit their dataset, the latest first.

use axum::extract::State;
use axum::http::Method;
use fennel_engine::{Columns, Engine, Reject};
use serde_json::{Map, Value as Json, json};

use super::dataset::Asked;
use crate::app::{Answer, App};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::RowCount;

pub(super) fn calls(calls: Calls) -> Calls {
    let reject = Schema::object([
        ("row", Schema::map(Schema::any())),
        ("reason", Schema::text()),
        ("at", Schema::instant()),
    ]);
    let call = Call::new(
        "rejects",
        "Shows rows that didn't fit a dataset, the latest first.",
    )
    .branch()
    .path("name", "The dataset's name.")
    .query("n", RowCount::schema(), "How many rows to show at most.")
    .answers(Schema::object([
        ("total", Schema::count()),
        ("rows", Schema::list(reject)),
    ]))
    .refuses([404]);
    calls.on(Method::GET, "/api/v1/dataset/{name}/rejects", rejects, call)
}

async fn rejects(State(app): State<App>, asked: Asked) -> Result<Answer, Failure> {
    app.read(move |engine| {
        let rejects = asked.read(engine, Engine::rejects)?;
        let shown = match asked.caller.may_read_all(&asked.branch) {
            true => None,
            false => Some(asked.read(engine, |engine, branch, dataset, _| {
                engine.inspect(branch, dataset, 0)
            })?),
        };
        let rows: Vec<Json> = rejects
            .rows
            .iter()
            .map(|reject| row(reject, shown.as_ref()))
            .collect();
        Ok(Answer::json(&json!({"total": rejects.total, "rows": rows})))
    })
    .await
}

/// A row, of which only the columns of `shown` are told, if there are any: all others may be those of another dataset
/// of the endpoint, and carry tags there that are kept from the caller.
fn row(reject: &Reject, shown: Option<&Columns>) -> Json {
    let is_shown = |name: &str| shown.is_none_or(|shown| shown.get(name).is_some());
    let values = reject
        .row
        .iter()
        .filter(|(name, _)| is_shown(name))
        .map(|(name, value)| (name.clone(), value.to_json()));
    let values: Map<String, Json> = values.collect();
    json!({"row": values, "reason": reject.reason, "at": reject.at.to_string()})
}
