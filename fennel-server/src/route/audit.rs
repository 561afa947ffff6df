//! `GET /api/v1/audit`: who did what, and who was denied, for admins.

use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
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
    calls.on(Method::GET, "/api/v1/audit", audit, call)
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
