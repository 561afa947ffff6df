//! `GET /api/v1/dataset/<name>/inspect`: some rows of a dataset.

use axum::extract::State;

use crate::app::{Answer, App};
use crate::error::Failure;
use crate::request::{Branch, DatasetName, Parameters, RowCount};

pub(crate) async fn inspect(
    State(app): State<App>,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    Parameters(count): Parameters<RowCount>,
) -> Result<Answer, Failure> {
    let n = count.get()?;
    app.read(move |engine| {
        let columns = engine.inspect(&branch, &dataset, n)?;
        Ok(Answer::json(&columns.to_json()))
    })
    .await
}
