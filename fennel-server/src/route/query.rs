//! `POST /api/v1/query`: features of some rows, now or as of given instants.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::Method;
use fennel_core::value::Unique;
use fennel_engine::{Engine, Keep, Query};
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
            (
                "log",
                Schema::boolean()
                    .default(false)
                    .about("Whether to keep the answer; see `logged`."),
            ),
            ("workflow", Schema::text().at_least(1).or_null()),
            (
                "sampling_rate",
                Schema::number().at_least(0).at_most(1).or_null(),
            ),
        ]),
    )
    .answers(Schema::map(Schema::list(Schema::any())))
    .writes()
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
    /// Whether to keep the answer, for training.
    #[serde(default)]
    log: bool,
    /// What it is kept under.
    #[serde(default)]
    workflow: Option<String>,
    /// The part of the rows that is kept.
    #[serde(default)]
    sampling_rate: Option<f64>,
}

/// A query, and how its answer is kept if it is.
struct Asked {
    query: Query,
    keep: Option<Keep>,
}

async fn query(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let requests = Arc::clone(&app.requests);
    let calls = {
        let branch = branch.clone();
        // What can't be told is refused where it is answered.
        move |engine: &Engine, asked: &Asked| {
            engine.calls_python(&branch, &asked.query).unwrap_or(false)
        }
    };
    app.read_rows(body, decode, rows, calls, move |engine, asked| {
        let Asked { query, keep } = asked;
        let begun = Instant::now();
        let read = || match &keep {
            None => engine.query(&branch, &query),
            Some(keep) => engine.query_and_keep(&branch, &query, keep),
        };
        let columns = caller.read_features(engine, &branch, &query.outputs, read);
        requests.extractions.add(begun.elapsed());
        let columns = columns?;
        Ok(Answer::json(&columns))
    })
    .await
}

fn decode(body: &mut Payload) -> Result<Asked, Failure> {
    let request: Request = body.json()?;
    let all = Keep::default();
    let keep = Keep {
        workflow: request.workflow.unwrap_or(all.workflow),
        sampling_rate: request.sampling_rate.unwrap_or(all.sampling_rate),
    };
    let data = data::columns("data", request.data.0, body.held())?;
    let rows = data.values().next().map_or(0, Vec::len);
    let values = rows.saturating_mul(request.outputs.len());
    // What is kept is made once more, as text.
    let kept = values.saturating_mul(usize::from(request.log));
    let values = values.saturating_add(kept);
    body.held().grow(values.saturating_mul(OUTPUT_BYTES))?;
    Ok(Asked {
        query: Query {
            inputs: request.inputs,
            outputs: request.outputs,
            data,
            at: request.timestamps.map(data::instants).transpose()?,
        },
        keep: request.log.then_some(keep),
    })
}

/// How many rows a query has; what is kept waits for the disk, so that it is never brief.
fn rows(asked: &Asked) -> usize {
    match asked.keep {
        Some(_) => usize::MAX,
        None => asked.query.data.values().next().map_or(0, Vec::len),
    }
}
