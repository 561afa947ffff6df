//! `POST /api/v1/init`, `POST /api/v1/delete`, `GET /api/v1/branch/list`: branches.

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

/// Creates the branch that the header names: empty, or as another one is.
pub(crate) async fn init_branch(
    State(app): State<App>,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.write(move |engine| {
        let init: Init = body.json()?;
        match init.clone_from {
            None => engine.init_branch(&branch)?,
            Some(base) => engine.clone_branch(&base, &branch)?,
        }
        Ok(Answer::json(&json!({"branch": branch})))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {}

/// Deletes the branch that the header names.
pub(crate) async fn delete_branch(
    State(app): State<App>,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.write(move |engine| {
        let Delete {} = body.json()?;
        engine.delete_branch(&branch)?;
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
