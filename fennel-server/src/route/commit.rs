//! `POST /api/v1/commit`: a branch becomes what the request says.

use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use fennel_core::diff::{Change, EntityDiff, FieldDiff};
use fennel_core::plan::Partial;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{Commit, CommitOptions};
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::ProtobufBody;
use crate::error::Failure;
use crate::notation::Notation;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};
use crate::route::server::identity;

pub(super) fn calls(calls: Calls) -> Calls {
    let flag = |default: bool| Schema::boolean().default(default);
    let revision = Schema::text()
        .at_least(1)
        .at_most(LONGEST_REVISION)
        .like("^[!-~]+$");
    let call = Call::new(
        "commit",
        "Makes a branch what a `SyncRequest` says, or previews that.",
    )
    .branch()
    .query(
        "preview",
        flag(false),
        "Whether to tell what would happen, and do nothing.",
    )
    .query(
        "incremental",
        flag(false),
        "Whether what the request leaves out stays as it is.",
    )
    .query(
        "backfill",
        flag(true),
        "Whether new datasets are filled with the rows that were logged.",
    )
    .query(
        "base",
        Schema::text(),
        "The commit that the branch must be at; empty for a branch without commits.",
    )
    .query(
        "id",
        Schema::text().like("^[0-9a-f]{12}$"),
        "The commit's id, by which it is made only once.",
    )
    .query(
        "revision",
        revision,
        "The state of the code that the definitions come from.",
    )
    .protobuf()
    .answers(Schema::object([
        (
            "summary",
            Schema::list(Schema::text()).about("Lines for a person, with their ends."),
        ),
        ("commit", Schema::text().or_null()),
        ("changed", Schema::boolean()),
        ("repeated", Schema::boolean()),
        ("preview", Schema::boolean()),
        ("branch", Schema::text()),
        ("server", super::server::shown()),
        ("diff", diff()),
        (
            "plan",
            Schema::map(Schema::any())
                .or_null()
                .about("What the diff comes to; of a preview."),
        ),
        (
            "partial",
            Schema::list(Schema::object([
                ("dataset", Schema::text()),
                ("whole_since", Schema::text()),
            ]))
            .about("The datasets that are filled from what is left, since older rows were removed, each with the event time from which on it is whole."),
        ),
    ]))
    .writes()
    .refuses([404, 409]);
    calls.on(Method::POST, "/api/v1/commit", commit, call)
}

/// What changes, entity by entity.
pub(super) fn diff() -> Schema {
    let text = || Schema::text().or_null();
    let field = Schema::object([
        ("path", Schema::text()),
        ("old", text()),
        ("new", text()),
        ("metaflag", Schema::boolean()),
    ]);
    let entity = Schema::object([
        ("kind", kind()),
        ("name", Schema::text()),
        ("change", change()),
        ("fields", Schema::list(field)),
    ]);
    Schema::object([("entities", Schema::list(entity))])
}

pub(super) fn kind() -> Schema {
    Schema::words(["dataset", "featureset"])
}

pub(super) fn change() -> Schema {
    Schema::words([
        "created",
        "changed",
        "deprecated",
        "deleted",
        "retired",
        "unchanged",
    ])
}

const LONGEST_REVISION: u32 = 100;

/// A misspelt `preview` would commit for real, so unknown parameters are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    preview: bool,
    #[serde(default)]
    incremental: bool,
    #[serde(default = "yes")]
    backfill: bool,
    /// The commit that the branch must be at; empty for a branch without commits.
    base: Option<String>,
    /// The commit's id.
    id: Option<String>,
    /// The state of the code that the definitions come from.
    revision: Option<String>,
}

fn yes() -> bool {
    true
}

async fn commit(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(options): Parameters<Options>,
    headers: HeaderMap,
    ProtobufBody(mut body): ProtobufBody,
) -> Result<Answer, Failure> {
    let Options {
        preview,
        incremental,
        backfill,
        base,
        id,
        revision,
    } = options;
    caller.require_commit(preview, &branch)?;
    check_revision(revision.as_deref())?;
    let server = identity(&app);
    let notation = Notation::of(&headers);
    let shared = app.clone();
    app.write(move |_| {
        let request: SyncRequest = body.protobuf("SyncRequest")?;
        check_message(&request.message)?;
        let options = CommitOptions {
            preview,
            incremental,
            backfill,
            base,
            id,
            by: caller.account().into(),
            revision,
        };
        let commit = shared.commit(&caller, &branch, &request, &options)?;
        Ok(Answer::json(&json!({
            "summary": summary(&commit, &branch, preview, notation),
            "commit": (!commit.id.is_empty()).then_some(&commit.id),
            "changed": commit.changed,
            "repeated": commit.repeated,
            "preview": preview,
            "branch": branch,
            "server": server,
            "diff": commit.diff,
            "plan": commit.plan,
            "partial": partial(&commit),
        })))
    })
    .await
}

/// Histories show it in a column.
fn check_revision(revision: Option<&str>) -> Result<(), Failure> {
    const LONGEST: usize = LONGEST_REVISION as usize;
    let is_shown = |text: &str| {
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if revision.is_none_or(is_shown) {
        return Ok(());
    }
    Err(Failure::bad_request(format!(
        "the parameter `revision` can't be told in the branch's history; write 1 to {LONGEST} visible ASCII characters, such as a git commit"
    )))
}

/// Histories tell the messages of many commits at once.
fn check_message(message: &str) -> Result<(), Failure> {
    const LONGEST: usize = 10_000;
    match message.len() {
        0..=LONGEST => Ok(()),
        bytes => Err(Failure::bad_request(format!(
            "the commit's message has {bytes} bytes; write at most {LONGEST}"
        ))),
    }
}

/// The datasets that lack older rows, or would.
fn partial(commit: &Commit) -> Vec<Partial> {
    match &commit.plan {
        Some(plan) => plan.partial(),
        None => commit.partial.clone(),
    }
}

/// Lines for a person, each with its end, since clients print them as they are.
fn summary(commit: &Commit, branch: &str, preview: bool, notation: Notation) -> Vec<String> {
    let changed = commit
        .diff
        .entities
        .iter()
        .filter(|e| e.change != Change::Unchanged);
    let mut lines: Vec<String> = changed.map(|entity| lines(entity, notation)).collect();
    lines.extend(partial(commit).iter().map(|Partial { dataset, whole_since }| {
        format!("warning: older rows were removed, so dataset `{dataset}` is whole from {whole_since} on and lacks what was before\n")
    }));
    lines.push(match (commit.changed, preview) {
        _ if commit.repeated => format!(
            "branch `{branch}` has commit {} already: it was made by an earlier call\n",
            commit.id
        ),
        (true, true) => format!("a preview: branch `{branch}` stays as it is\n"),
        (true, false) => format!("branch `{branch}` is at commit {}\n", commit.id),
        (false, _) if commit.id.is_empty() => format!("nothing to commit to branch `{branch}`\n"),
        (false, _) => format!(
            "nothing changes: branch `{branch}` is at commit {}\n",
            commit.id
        ),
    });
    lines
}

/// An entity's line, and one for each fact of it that changes.
fn lines(entity: &EntityDiff, notation: Notation) -> String {
    let mut lines = format!("{} `{}`: {}\n", entity.kind, entity.name, entity.change);
    let told = match entity.change {
        Change::Deleted => "meta.deleted",
        Change::Deprecated => "meta.deprecated",
        _ => "",
    };
    for field in entity.fields.iter().filter(|field| field.path != told) {
        writeln!(lines, "  {}", fact(field, notation)).expect("writing to a String can't fail");
    }
    lines
}

fn fact(field: &FieldDiff, notation: Notation) -> String {
    /// Beyond that many bytes a fact's text is no part of a line.
    const LONGEST: usize = 120;
    let path = &field.path;
    let is_long = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or("");
        text.len() > LONGEST || text.contains('\n')
    };
    if is_long(&field.old) || is_long(&field.new) {
        let what = match (&field.old, &field.new) {
            (None, Some(_)) => "added",
            (Some(_), None) => "removed",
            _ => "changed",
        };
        return format!("{path} {what}");
    }
    let code = |text: &str| notation.code(text);
    match (&field.old, &field.new) {
        (Some(old), Some(new)) => format!("{path} from {} to {}", code(old), code(new)),
        (None, Some(new)) => match path.rsplit_once(".meta.") {
            Some((member, mark @ ("deleted" | "deprecated"))) => format!("{member} {mark}"),
            _ => format!("{path} added: {}", code(new)),
        },
        (Some(_), None) => format!("{path} removed"),
        (None, None) => format!("{path} changed"),
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::diff::{Diff, FieldDiff};
    use fennel_core::entity::Kind;
    use fennel_core::time::Timestamp;

    use super::*;

    fn commit(id: &str, change: Change, fields: Vec<FieldDiff>) -> Commit {
        let entity = EntityDiff {
            kind: Kind::Dataset,
            name: "Ticket".into(),
            change,
            fields,
        };
        Commit {
            id: id.into(),
            changed: change != Change::Unchanged,
            diff: Diff {
                entities: vec![entity],
            },
            plan: None,
            partial: Vec::new(),
            message: String::new(),
            at: Timestamp::MIN,
            repeated: false,
        }
    }

    #[test]
    fn the_summary_has_a_line_per_change_and_the_outcome() {
        let field = |path: &str, old: Option<&str>, new: Option<&str>| FieldDiff {
            path: path.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
            metaflag: true,
        };
        let fields = vec![
            field("meta.owner", Some("a@x"), Some("b@x")),
            field("meta.tags", None, Some("t")),
            field("meta.description", Some("d"), None),
            field("price.type", Some("i64"), Some("Option<i64>")),
            field("price.meta.deleted", None, Some("true")),
            field("extractor[e].source", Some("a\nb"), Some("a\nc")),
        ];
        let lines = |notation| {
            let commit = commit("0123456789ab", Change::Changed, fields.clone());
            summary(&commit, "main", false, notation)
        };
        assert_eq!(
            lines(Notation::Python),
            [
                "dataset `Ticket`: changed\n  meta.owner from a@x to b@x\n  meta.tags added: t\n  meta.description removed\n  price.type from int to Optional[int]\n  price deleted\n  extractor[e].source changed\n",
                "branch `main` is at commit 0123456789ab\n",
            ]
        );
        assert!(lines(Notation::Rust)[0].contains("\n  price.type from i64 to Option<i64>\n"));
        let deleted = vec![field("meta.deleted", None, Some("true"))];
        let deleted = commit("0123456789ab", Change::Deleted, deleted);
        assert_eq!(
            summary(&deleted, "main", false, Notation::Rust)[0],
            "dataset `Ticket`: deleted\n"
        );
    }

    #[test]
    fn the_summary_warns_of_what_lacks_older_rows() {
        let mut commit = commit("0123456789ab", Change::Created, Vec::new());
        commit.partial = vec![Partial {
            dataset: "Ticket".into(),
            whole_since: "2026-01-04T12:30:00.000000Z".into(),
        }];
        assert_eq!(
            summary(&commit, "main", false, Notation::Rust),
            [
                "dataset `Ticket`: created\n",
                "warning: older rows were removed, so dataset `Ticket` is whole from 2026-01-04T12:30:00.000000Z on and lacks what was before\n",
                "branch `main` is at commit 0123456789ab\n",
            ]
        );
    }

    #[test]
    fn the_summary_says_when_nothing_was_committed() {
        let last = |id: &str, change, preview| {
            summary(
                &commit(id, change, Vec::new()),
                "dev",
                preview,
                Notation::Rust,
            )
            .pop()
            .unwrap()
        };
        assert_eq!(
            last("", Change::Created, true),
            "a preview: branch `dev` stays as it is\n"
        );
        assert_eq!(
            last("ab", Change::Unchanged, false),
            "nothing changes: branch `dev` is at commit ab\n"
        );
        assert_eq!(
            last("", Change::Unchanged, true),
            "nothing to commit to branch `dev`\n"
        );
    }
}
