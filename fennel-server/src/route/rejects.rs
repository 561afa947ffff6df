//! `GET /api/v1/dataset/<name>/rejects`: rows that didn't fit their dataset, the latest first.

use axum::extract::State;
use fennel_engine::Reject;
use serde_json::{Map, Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::request::{Branch, DatasetName, Parameters, RowCount};

pub(crate) async fn rejects(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    Parameters(count): Parameters<RowCount>,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let n = count.get()?;
    app.read(move |engine| {
        let read = || engine.rejects(&branch, &dataset, n);
        let rejects = caller.read_dataset(engine, &branch, &dataset, read)?;
        let rows: Vec<Json> = rejects.rows.iter().map(row).collect();
        Ok(Answer::json(&json!({"total": rejects.total, "rows": rows})))
    })
    .await
}

fn row(reject: &Reject) -> Json {
    let values = reject
        .row
        .iter()
        .map(|(name, value)| (name.clone(), value.to_json()));
    let values: Map<String, Json> = values.collect();
    json!({"row": values, "reason": reject.reason, "at": reject.at.to_string()})
}
