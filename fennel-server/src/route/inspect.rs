//! `GET /api/v1/dataset/<name>/inspect`: some rows of a dataset.

use axum::extract::State;
use axum::http::Method;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, DatasetName, Parameters, RowCount};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("inspect", "Shows some rows of a dataset.")
        .branch()
        .path("name", "The dataset's name.")
        .query("n", RowCount::schema(), "How many rows to show at most.")
        .answers(Schema::map(Schema::list(Schema::any())))
        .refuses([404]);
    calls.on(Method::GET, "/api/v1/dataset/{name}/inspect", inspect, call)
}

async fn inspect(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    Parameters(count): Parameters<RowCount>,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let n = count.get()?;
    app.read(move |engine| {
        let read = || engine.inspect(&branch, &dataset, n);
        let columns = caller.read_dataset(engine, &branch, &dataset, read)?;
        Ok(Answer::json(&columns))
    })
    .await
}
