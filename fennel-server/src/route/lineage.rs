//! `GET /api/v1/lineage`: what is made of what, from sources to features and sinks.

use axum::extract::State;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::request::Branch;

pub(crate) async fn lineage(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadDefinitions, &branch)?;
    app.read(move |engine| {
        let graph = caller.read_definitions(engine, &branch, |hidden| {
            let mut graph = engine.describe(&branch, |catalog, _| catalog.lineage_graph(None))?;
            graph.retain(|kind, name| !hidden.has(kind, name));
            Ok(graph)
        })?;
        Ok(Answer::json(&graph))
    })
    .await
}
