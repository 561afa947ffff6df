//! `POST /api/v1/dataset/<name>/lookup`: rows of a dataset by key, now or as of given instants.

use axum::extract::State;
use fennel_core::value::Value;
use fennel_engine::Engine;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::body::{JsonBody, Payload};
use crate::data;
use crate::error::Failure;
use crate::request::{Branch, DatasetName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    keys: Json,
    /// None for all.
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    timestamps: Option<Vec<Json>>,
}

pub(crate) async fn lookup(
    State(app): State<App>,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    app.read(move |engine| answer(engine, &branch, &dataset, body))
        .await
}

fn answer(engine: &Engine, branch: &str, dataset: &str, body: Payload) -> Result<Answer, Failure> {
    let Lookup {
        keys,
        fields,
        timestamps,
    } = body.json()?;
    let keys = data::rows("keys", keys)?;
    let timestamps = timestamps.map(|all| all.into_iter().map(Value::from).collect());
    let found = engine.lookup(branch, dataset, keys, &fields, timestamps)?;
    Ok(Answer::json(
        &json!({"found": found.found, "data": found.columns.to_json()}),
    ))
}
