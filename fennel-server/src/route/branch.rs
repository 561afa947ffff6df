//! `POST /api/v1/init`, `GET /api/v1/branch/list`: branches.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::request::Branch;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    #[serde(default)]
    clone_from: Option<String>,
}

/// Creates the branch that the header names.
pub(crate) async fn init_branch(
    State(app): State<App>,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.write(move |engine| {
        let init: Init = body.json()?;
        if let Some(base) = init.clone_from {
            return Err(Failure::bad_request(format!(
                "this server can't clone `{base}`; leave out `clone_from` for an empty branch, and commit to it"
            )));
        }
        engine.init_branch(&branch)?;
        Ok(Answer::json(&json!({"branch": branch})))
    })
    .await
}

/// Names all branches.
pub(crate) async fn list_branches(State(app): State<App>) -> Result<Answer, Failure> {
    app.read(|engine| {
        let branches = engine.branches().into_iter();
        let branches: Vec<Json> = branches.map(|name| json!({"name": name})).collect();
        Ok(Answer::json(&json!({"branches": branches})))
    })
    .await
}
