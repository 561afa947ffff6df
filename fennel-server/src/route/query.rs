//! `POST /api/v1/query`: features of some rows, now or as of given instants.

use axum::extract::State;
use fennel_engine::{Engine, Query};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::app::{Answer, App};
use crate::body::{JsonBody, Payload};
use crate::data;
use crate::error::Failure;
use crate::request::Branch;

/// Bodies up to so many bytes are answered at once.
const SMALL: usize = 4 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    inputs: Vec<String>,
    outputs: Vec<String>,
    data: Json,
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

pub(crate) async fn query(
    State(app): State<App>,
    Branch(branch): Branch,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    if body.is_within(SMALL) {
        return answer(&app.engine, &branch, body);
    }
    app.read(move |engine| answer(engine, &branch, body)).await
}

fn answer(engine: &Engine, branch: &str, body: Payload) -> Result<Answer, Failure> {
    let request: Request = body.json()?;
    if request.log {
        return Err(Failure::bad_request(
            "this server can't log the features of a query; leave out `log` or set it to false",
        ));
    }
    let query = Query {
        inputs: request.inputs,
        outputs: request.outputs,
        data: data::columns("data", request.data)?,
        at: request.timestamps.map(data::instants).transpose()?,
    };
    Ok(Answer::json(&engine.query(branch, &query)?.to_json()))
}
