//! `GET /api/v1/commits`, `GET /api/v1/commits/{commit}`, `GET /api/v1/diff`: what was committed to a branch.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Method;
use fennel_core::diff::Change;
use fennel_engine::{EntityChange, Names, PastCommit};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};
use crate::route::commit::{change, diff, kind};

pub(super) fn calls(calls: Calls) -> Calls {
    let limit = Schema::count().at_least(1).at_most(MAX).default(20);
    let commit = "A commit's id, the beginning of one, `HEAD`, or a branch; `~1` behind it is the one before.";
    let facts = Schema::object([("path", Schema::text()), ("text", Schema::text())]);
    let definitions = Schema::object([
        ("kind", kind()),
        ("name", Schema::text()),
        ("facts", Schema::list(facts)),
    ]);
    calls
        .on(
            Method::GET,
            "/api/v1/commits",
            list_commits,
            Call::new(
                "list_commits",
                "Lists what was committed to a branch, the latest first.",
            )
            .branch()
            .query("limit", limit, "How many commits to list at most.")
            .query("before", Schema::text(), "Only those before this commit.")
            .answers(Schema::object([
                ("branch", Schema::text()),
                ("commits", Schema::list(outlined())),
            ]))
            .refuses([404]),
        )
        .on(
            Method::GET,
            "/api/v1/commits/{commit}",
            show_commit,
            Call::new("show_commit", "Tells all about a commit.")
                .branch()
                .path("commit", commit)
                .answers(Schema::object([
                    ("branch", Schema::text()),
                    ("commit", outlined()),
                    ("diff", diff()),
                    ("definitions", Schema::list(definitions)),
                ]))
                .refuses([404]),
        )
        .on(
            Method::GET,
            "/api/v1/diff",
            compare_commits,
            Call::new("compare_commits", "Tells what differs between two commits.")
                .branch()
                .query_needed("from", Schema::text(), commit)
                .query_needed("to", Schema::text(), commit)
                .answers(Schema::object([
                    ("branch", Schema::text()),
                    ("from", outlined().or_null()),
                    ("to", outlined().or_null()),
                    ("diff", diff()),
                ]))
                .refuses([404]),
        )
}

/// A commit without its definitions.
fn outlined() -> Schema {
    let entity = Schema::object([
        ("kind", kind()),
        ("name", Schema::text()),
        ("change", change()),
    ]);
    Schema::object([
        ("id", Schema::text()),
        ("sequence", Schema::count()),
        ("at", Schema::instant()),
        ("by", Schema::text()),
        ("revision", Schema::text().or_null()),
        ("message", Schema::text()),
        ("created", Schema::count()),
        ("changed", Schema::count()),
        ("deleted", Schema::count()),
        ("retired", Schema::count()),
        ("entities", Schema::list(entity)),
    ])
}

const MAX: u32 = 1_000;

/// Which commits to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default = "twenty")]
    limit: u32,
    /// Only those before this one.
    before: Option<String>,
}

fn twenty() -> u32 {
    20
}

/// Lists the commits of the branch that the header names, the latest first.
async fn list_commits(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Failure> {
    caller.require_history(&branch)?;
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
async fn show_commit(
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
struct Sides {
    from: String,
    to: String,
}

/// Tells what differs between two commits.
async fn compare_commits(
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
