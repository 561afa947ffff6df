//! `POST /api/v1/init`, `POST /api/v1/delete`, `GET /api/v1/branch/list`: branches.

use axum::extract::State;
use axum::http::Method;
use fennel_engine::Note;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Branch;

pub(super) fn calls(calls: Calls) -> Calls {
    let named = || Schema::object([("branch", Schema::text())]);
    let clone_from = Schema::text()
        .or_null()
        .about("The branch to be like; none for an empty one.");
    calls
        .on(
            Method::POST,
            "/api/v1/init",
            init_branch,
            Call::new("init_branch", "Creates the branch that the header names.")
                .branch()
                .json(Schema::object([]).optional([("clone_from", clone_from)]))
                .answers(named())
                .writes()
                .refuses([404, 409]),
        )
        .on(
            Method::POST,
            "/api/v1/delete",
            delete_branch,
            Call::new("delete_branch", "Deletes the branch that the header names.")
                .branch()
                .json(Schema::object([]))
                .answers(named())
                .writes()
                .refuses([404]),
        )
        .on(
            Method::GET,
            "/api/v1/branch/list",
            list_branches,
            Call::new(
                "list_branches",
                "Names the branches that the caller may see.",
            )
            .answers(Schema::object([(
                "branches",
                Schema::list(Schema::object([("name", Schema::text())])),
            )])),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    #[serde(default)]
    clone_from: Option<String>,
}

/// Creates the branch that the header names: empty, or as another one is.
async fn init_branch(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::WriteDefinitions, &branch)?;
    let shared = app.clone();
    app.write(move |engine| {
        let init: Init = body.json()?;
        let base = init.clone_from.as_deref();
        let check = || base.map_or(Ok(()), |base| caller.require_clone(engine, base, &branch));
        let create = |(), note: Note<'_>| match base {
            None => engine
                .noting(note)
                .init_branch(&branch)
                .map_err(Failure::from),
            Some(base) => {
                let cloned = engine.noting(note).clone_branch(base, &branch);
                cloned.map_err(|error| caller.told(engine, base, error))
            }
        };
        let who = (&caller, "branch.init", &*branch);
        shared.define(who, check, create, |(), entry| match base {
            None => entry,
            Some(base) => entry.detail("clone_from", base),
        })?;
        Ok(Answer::json(&json!({"branch": branch})))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {}

/// Deletes the branch that the header names.
async fn delete_branch(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::WriteDefinitions, &branch)?;
    let shared = app.clone();
    app.write(move |engine| {
        let Delete {} = body.json()?;
        let check = || caller.require_delete(engine, &branch);
        let delete = |(), note: Note<'_>| {
            let deleted = engine.noting(note).delete_branch(&branch);
            deleted.map_err(|error| caller.told(engine, &branch, error))
        };
        let who = (&caller, "branch.delete", &*branch);
        shared.define(who, check, delete, |(), entry| entry)?;
        Ok(Answer::json(&json!({"branch": branch})))
    })
    .await
}

/// Names the branches that the caller may see.
async fn list_branches(State(app): State<App>, caller: Caller) -> Result<Answer, Failure> {
    app.read(move |engine| {
        let branches = engine.branches().into_iter();
        let branches = branches.filter(|name| caller.may_see(name));
        let branches: Vec<Json> = branches.map(|name| json!({"name": name})).collect();
        Ok(Answer::json(&json!({"branches": branches})))
    })
    .await
}
