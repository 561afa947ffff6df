//! `GET /api/v1/lineage`: what is made of what, from sources to features and sinks.

use axum::extract::State;
use axum::http::Method;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Branch;

pub(super) fn calls(calls: Calls) -> Calls {
    let kinds = [
        "source",
        "dataset",
        "pipeline",
        "featureset",
        "extractor",
        "feature",
        "sink",
    ];
    let node = Schema::object([
        ("id", Schema::text()),
        ("kind", Schema::words(kinds)),
        ("name", Schema::text()),
        ("owner", Schema::text()),
        ("description", Schema::text()),
        ("tags", Schema::list(Schema::text())),
        ("deprecated", Schema::boolean()),
    ])
    .optional([("of", Schema::text()), ("version", Schema::count())]);
    let edge = Schema::object([("from", Schema::text()), ("to", Schema::text())]);
    let call = Call::new(
        "lineage",
        "Tells what is made of what, from sources to features and sinks.",
    )
    .branch()
    .answers(Schema::object([
        ("schema", Schema::count()),
        ("nodes", Schema::list(node)),
        ("edges", Schema::list(edge)),
    ]))
    .refuses([404]);
    calls.on(Method::GET, "/api/v1/lineage", lineage, call)
}

async fn lineage(
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
