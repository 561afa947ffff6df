//! `GET /api/v1/audit`, `DELETE /api/v1/audit`: who did what, and who was denied, for admins.

use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use fennel_core::time::{Duration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Caller, Entry};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Parameters;

pub(super) fn calls(calls: Calls) -> Calls {
    let entry = Schema::object([
        ("number", Schema::count()),
        ("at", Schema::instant()),
        ("who", Schema::text().or_null()),
        ("what", Schema::text()),
        ("outcome", Schema::text()),
    ])
    .optional([
        ("token", Schema::text().about("The id of the token.")),
        ("from", Schema::text()),
        ("on", Schema::text()),
        ("detail", Schema::map(Schema::any())),
        ("count", Schema::count()),
        ("until", Schema::instant()),
    ]);
    let limit = Schema::count().at_least(1).at_most(MAX).default(100);
    let format = Schema::words(["json", "jsonl"]).default("json");
    let call = Call::new("audit", "Tells who did what, and who was denied.")
        .query(
            "from",
            Schema::count(),
            "The number of the first entry; the latest ones without it.",
        )
        .query("limit", limit, "How many entries to tell at most.")
        .query(
            "format",
            format,
            "`jsonl` is an entry a line, and nothing else.",
        )
        .answers(Schema::object([
            ("entries", Schema::list(entry)),
            (
                "next",
                Schema::count().about("The `from` of the next call."),
            ),
        ]))
        .answers_as("application/jsonl", Schema::text())
        .writes();
    let trim = Call::new("trim_audit", "Takes away the entries of long ago.")
        .query_needed(
            "before",
            Schema::text().example("2024-01-01"),
            "The first instant of which entries stay, at least 30 days ago.",
        )
        .answers(Schema::object([
            (
                "entries",
                Schema::count().about("How many this call took away."),
            ),
            (
                "more",
                Schema::boolean().about("Whether there are more, for the next call."),
            ),
        ]))
        .writes();
    calls.on(Method::GET, "/api/v1/audit", audit, call).on(
        Method::DELETE,
        "/api/v1/audit",
        trim_audit,
        trim,
    )
}

const MAX: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// The number of the first entry; the latest entries without it.
    from: Option<u64>,
    #[serde(default = "hundred")]
    limit: u32,
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    /// An entry a line.
    Jsonl,
}

fn hundred() -> u32 {
    100
}

#[derive(Serialize)]
struct Line<'e> {
    number: u64,
    #[serde(flatten)]
    entry: &'e Entry,
}

async fn audit(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Response, Failure> {
    caller.require_admin()?;
    if page.limit == 0 || page.limit > MAX {
        let message = format!("limit is {}; ask for 1 to {MAX} entries", page.limit);
        return Err(Failure::bad_request(message));
    }
    let shared = app.clone();
    let format = page.format;
    let answer = app.write(move |_| {
        let access = &shared.access;
        // What was denied just now is part of it.
        access.flush()?;
        let entries = access.audit().read(page.from, page.limit as usize)?;
        let next = entries
            .last()
            .map_or(page.from.unwrap_or(1), |(last, _)| last + 1);
        let lines: Vec<Line<'_>> = entries
            .iter()
            .map(|(number, entry)| Line {
                number: *number,
                entry,
            })
            .collect();
        Ok(match format {
            Format::Json => Answer::json(&json!({"entries": lines, "next": next})),
            Format::Jsonl => Answer::lines(&lines),
        })
    });
    let mut response = answer.await?.into_response();
    if format == Format::Jsonl {
        let lines = HeaderValue::from_static("application/jsonl");
        response.headers_mut().insert(header::CONTENT_TYPE, lines);
    }
    Ok(response)
}

/// How many entries go at once.
const MAX_TRIMMED: u64 = 100_000;
/// How long entries stay at least: whoever gets hold of an admin's token can't wipe out at once what it did with it.
const KEPT: Duration = Duration::from_days(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trim {
    /// The first instant of which entries stay.
    before: String,
}

/// Takes away the entries that are older.
async fn trim_audit(
    State(app): State<App>,
    caller: Caller,
    Parameters(Trim { before }): Parameters<Trim>,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let now = app.access.now();
    let before = Timestamp::parse(&before).map_err(|error| {
        Failure::bad_request(format!("`before` can't be read: {}", error.as_str()))
    })?;
    let latest = now.micros().saturating_sub(KEPT.micros());
    if before.micros() > latest {
        let latest = Timestamp::from_micros(latest).unwrap_or(Timestamp::MIN);
        return Err(Failure::bad_request(format!(
            "entries of the last 30 days stay, so that nobody wipes out what was done just now; give a time `before` that is no later than {latest}"
        )));
    }
    let shared = app.clone();
    app.write(move |_| {
        let entry = Entry::new(now, &caller, "audit.trim", "audit");
        let trimmed = shared.access.audit().trim(before, MAX_TRIMMED, entry)?;
        Ok(Answer::json(
            &json!({"entries": trimmed.entries, "more": trimmed.more}),
        ))
    })
    .await
}
