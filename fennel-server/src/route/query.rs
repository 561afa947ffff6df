//! `POST /api/v1/query`: features of some rows, now or as of given instants.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::Method;
use fennel_core::value::Unique;
use fennel_engine::Query;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::body::{JsonBody, Payload};
use crate::data;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Branch;

pub(super) fn calls(calls: Calls) -> Calls {
    let names = || Schema::list(Schema::text().example("Fs.feature"));
    let call = Call::new(
        "query",
        "Answers features of some rows, now or as of given instants.",
    )
    .branch()
    .json(
        Schema::object([
            ("inputs", names()),
            ("outputs", names()),
            ("data", data::schema()),
        ])
        .optional([
            ("timestamps", data::instants_schema()),
            ("log", Schema::boolean().default(false)),
            ("workflow", Schema::text().or_null()),
            ("sampling_rate", Schema::number().or_null()),
        ]),
    )
    .answers(Schema::map(Schema::list(Schema::any())))
    .refuses([404]);
    calls.on(Method::POST, "/api/v1/query", query, call)
}

/// What a value of an output takes, about: beside itself what it is made of, and the text of it.
const OUTPUT_BYTES: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    inputs: Vec<String>,
    outputs: Vec<String>,
    data: Unique,
    #[serde(default)]
    timestamps: Option<Vec<Json>>,
    /// Whether to keep the answer for training; refused, since this server doesn't.
    #[serde(default)]
    log: bool,
    /// Labels of what is kept, without meaning otherwise.
    #[serde(default, rename = "workflow")]
    _workflow: Option<String>,
    #[serde(default, rename = "sampling_rate")]
    _sampling_rate: Option<f64>,
}

async fn query(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let requests = Arc::clone(&app.requests);
    app.read_rows(body, decode, rows, move |engine, query| {
        let begun = Instant::now();
        let read = || engine.query(&branch, &query);
        let columns = caller.read_features(engine, &branch, &query.outputs, read);
        requests.extractions.add(begun.elapsed());
        let columns = columns?;
        Ok(Answer::json(&columns.to_json()))
    })
    .await
}

fn decode(body: &mut Payload) -> Result<Query, Failure> {
    let request: Request = body.json()?;
    if request.log {
        return Err(Failure::bad_request(
            "this server can't log the features of a query; leave out `log` or set it to false",
        ));
    }
    let data = data::columns("data", request.data.0, body.held())?;
    let rows = data.values().next().map_or(0, Vec::len);
    let values = rows.saturating_mul(request.outputs.len());
    body.held().grow(values.saturating_mul(OUTPUT_BYTES))?;
    Ok(Query {
        inputs: request.inputs,
        outputs: request.outputs,
        data,
        at: request.timestamps.map(data::instants).transpose()?,
    })
}

fn rows(query: &Query) -> usize {
    query.data.values().next().map_or(0, Vec::len)
}
