//! `GET /api/v1/commits`, `GET /api/v1/commits/{name}`, `GET /api/v1/diff`: what was committed to a branch.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use fennel_core::diff::Change;
use fennel_engine::{EntityChange, Names, PastCommit};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::error::Failure;
use crate::request::{Branch, Parameters};

/// Which commits to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[serde(default = "twenty")]
    limit: u32,
    /// Only those before this one.
    before: Option<String>,
}

fn twenty() -> u32 {
    20
}

/// Lists the commits of the branch that the header names, the latest first.
pub(crate) async fn list_commits(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Failure> {
    caller.require_history(&branch)?;
    const MAX: u32 = 1_000;
    let Page { limit, before } = page;
    if !(1..=MAX).contains(&limit) {
        let message = format!("limit is {limit}; ask for 1 to {MAX} commits");
        return Err(Failure::bad_request(message));
    }
    app.read(move |engine| {
        let sees = |other: &str| caller.may_name(other);
        let commits = engine
            .history(
                Names::seen(&branch, &sees),
                before.as_deref(),
                limit as usize,
            )
            .map_err(|error| caller.told(engine, &branch, error))?;
        let commits: Vec<Json> = commits.iter().map(outline).collect();
        Ok(Answer::json(&json!({"branch": branch, "commits": commits})))
    })
    .await
}

/// Tells all about a commit: what it changed, and what the branch was from then on.
pub(crate) async fn show_commit(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    name: Result<Path<String>, PathRejection>,
) -> Result<Answer, Failure> {
    caller.require_history(&branch)?;
    let Path(name) = name.map_err(|error| {
        let text = error.body_text();
        Failure::bad_request(format!("the commit in the path can't be read: {text}"))
    })?;
    app.read(move |engine| {
        let sees = |other: &str| caller.may_name(other);
        let shown = engine
            .past_commit(Names::seen(&branch, &sees), &name)
            .map_err(|error| caller.told(engine, &branch, error))?;
        Ok(Answer::json(&json!({
            "branch": branch,
            "commit": outline(&shown.commit),
            "diff": shown.diff,
            "definitions": shown.definitions,
        })))
    })
    .await
}

/// The commits to compare.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sides {
    from: String,
    to: String,
}

/// Tells what differs between two commits.
pub(crate) async fn compare_commits(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(sides): Parameters<Sides>,
) -> Result<Answer, Failure> {
    caller.require_history(&branch)?;
    app.read(move |engine| {
        let sees = |other: &str| caller.may_name(other);
        let compared = engine
            .compare(Names::seen(&branch, &sees), &sides.from, &sides.to)
            .map_err(|error| caller.told(engine, &branch, error))?;
        Ok(Answer::json(&json!({
            "branch": branch,
            "from": compared.from.as_ref().map(outline),
            "to": compared.to.as_ref().map(outline),
            "diff": compared.diff,
        })))
    })
    .await
}

/// A commit without its definitions.
fn outline(commit: &PastCommit) -> Json {
    json!({
        "id": commit.id,
        "sequence": commit.sequence,
        "at": commit.at.to_string(),
        "by": commit.by,
        "revision": commit.revision,
        "message": commit.message,
        "created": commit.count(Change::Created),
        "changed": commit.count(Change::Changed),
        "deleted": commit.count(Change::Deleted),
        "retired": commit.count(Change::Retired),
        "entities": commit.changes.iter().map(entity).collect::<Vec<_>>(),
    })
}

fn entity(entity: &EntityChange) -> Json {
    json!({"kind": entity.kind, "name": entity.name, "change": entity.change})
}
