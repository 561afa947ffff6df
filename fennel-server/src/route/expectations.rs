//! `GET /api/v1/dataset/<name>/expectations`: what came of a dataset's expectations, by windows of arrival time.

use axum::extract::State;
use axum::http::Method;
use fennel_engine::{Engine, Expectation, ExpectationWindow};
use serde_json::{Value as Json, json};

use super::dataset::Asked;
use crate::app::{Answer, App};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::RowCount;

pub(super) fn calls(calls: Calls) -> Calls {
    let share = || Schema::number().at_least(0).at_most(1);
    let window = Schema::object([
        ("start", Schema::instant()),
        (
            "end",
            Schema::instant().about("The first instant behind it."),
        ),
        (
            "rows",
            Schema::count().about("Rows that came and were judged."),
        ),
        (
            "ignored",
            Schema::count().about("Those of them that the expectation is not about."),
        ),
        (
            "unexpected",
            Schema::count().about("Those that don't meet it."),
        ),
        (
            "skipped",
            Schema::count().about("Rows that came and weren't judged."),
        ),
        (
            "share",
            share().about("The part of the rows that it is about which doesn't meet it."),
        ),
        ("holds", Schema::boolean()),
    ]);
    let expectation = Schema::object([
        ("expectation", Schema::text()),
        ("arguments", Schema::map(Schema::any())),
        ("mostly", share()),
        ("windows", Schema::list(window)),
    ]);
    let call = Call::new(
        "expectations",
        "Tells what came of a dataset's expectations, the latest window first.",
    )
    .branch()
    .path("name", "The dataset's name.")
    .query(
        "n",
        RowCount::schema(),
        "How many windows of each expectation to show at most.",
    )
    .answers(Schema::object([
        (
            "waiting",
            Schema::count().about("Rows that came and aren't judged yet."),
        ),
        ("expectations", Schema::list(expectation)),
    ]))
    .refuses([404]);
    let path = "/api/v1/dataset/{name}/expectations";
    calls.on(Method::GET, path, expectations, call)
}

async fn expectations(State(app): State<App>, asked: Asked) -> Result<Answer, Failure> {
    app.read(move |engine| {
        let found = asked.read(engine, Engine::expectations)?;
        let list: Vec<Json> = found.list.iter().map(expectation).collect();
        Ok(Answer::json(
            &json!({"waiting": found.waiting, "expectations": list}),
        ))
    })
    .await
}

fn expectation(expectation: &Expectation) -> Json {
    let windows: Vec<Json> = expectation.windows.iter().map(window).collect();
    json!({
        "expectation": expectation.name,
        "arguments": expectation.arguments,
        "mostly": expectation.mostly,
        "windows": windows,
    })
}

fn window(window: &ExpectationWindow) -> Json {
    json!({
        "start": window.start.to_string(),
        "end": window.end.to_string(),
        "rows": window.rows,
        "ignored": window.ignored,
        "unexpected": window.unexpected,
        "skipped": window.skipped,
        "share": window.share(),
        "holds": window.holds,
    })
}
