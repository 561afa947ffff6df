//! `GET /api/v1/dataset/<name>/inspect`: some rows of a dataset.

use axum::extract::State;
use axum::http::Method;
use fennel_engine::Engine;

use super::dataset::Asked;
use crate::app::{Answer, App};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::RowCount;

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("inspect", "Shows some rows of a dataset.")
        .branch()
        .path("name", "The dataset's name.")
        .query("n", RowCount::schema(), "How many rows to show at most.")
        .answers(Schema::map(Schema::list(Schema::any())))
        .refuses([404]);
    calls.on(Method::GET, "/api/v1/dataset/{name}/inspect", inspect, call)
}

async fn inspect(State(app): State<App>, asked: Asked) -> Result<Answer, Failure> {
    app.read(move |engine| {
        let columns = asked.read(engine, Engine::inspect)?;
        Ok(Answer::json(&columns))
    })
    .await
}
