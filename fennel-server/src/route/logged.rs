//! `GET /api/v1/logged`: features that were served with `log`, the earliest first.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Method;
use fennel_core::time::Timestamp;
use fennel_engine::{Engine, ServedRange, ServedRow, ServedRows};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::memory::Held;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};

/// The most rows of an answer.
const MOST: u32 = 10_000;
/// The most bytes of an answer's rows, as they are on the disk.
const MOST_BYTES: usize = 16 << 20;
/// What is held of memory for each byte of a row on the disk, about: what it is made to, and the answer's text.
const HELD_PER_BYTE: usize = 16;

pub(super) fn calls(calls: Calls) -> Calls {
    let row = Schema::object([
        ("served", Schema::instant()),
        (
            "at",
            Schema::instant().about("The instant that it was answered as of."),
        ),
        ("inputs", Schema::map(Schema::any())),
        ("outputs", Schema::map(Schema::any())),
    ]);
    let limit = Schema::count().at_least(1).at_most(MOST).default(1_000);
    let instant = || Schema::text().example("2024-03-01T00:00:00Z");
    let call = Call::new(
        "logged",
        "Shows features that were served and logged, the earliest first.",
    )
    .branch()
    .query(
        "workflow",
        Schema::text().default("default"),
        "What they were logged under.",
    )
    .query("from", instant(), "Those served from then on.")
    .query("to", instant(), "Those served before.")
    .query("after", Schema::text(), "`next` of the rows before.")
    .query("limit", limit, "How many rows to show at most.")
    .answers(Schema::object([
        ("rows", Schema::list(row)),
        ("next", Schema::text().or_null()),
    ]))
    .refuses([404]);
    calls.on(Method::GET, "/api/v1/logged", logged, call)
}

/// Which rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    #[serde(default = "default")]
    workflow: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default = "thousand")]
    limit: u32,
}

pub(super) fn default() -> String {
    "default".into()
}

fn thousand() -> u32 {
    1_000
}

async fn logged(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(which): Parameters<Which>,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    if !(1..=MOST).contains(&which.limit) {
        let message = format!("limit is {}; ask for 1 to {MOST} rows", which.limit);
        return Err(Failure::bad_request(message));
    }
    let range = ServedRange {
        from: instant("from", which.from.as_deref())?,
        to: instant("to", which.to.as_deref())?,
        workflow: which.workflow,
        after: which.after,
    };
    let mut held = app.memory.hold();
    app.read(move |engine| {
        let most = Most {
            rows: which.limit as usize,
            bytes: MOST_BYTES,
        };
        let found = read(&caller, engine, (&branch, &range), most, &mut held)?;
        let rows: Vec<Json> = found.rows.iter().map(row).collect();
        Ok(Answer::json(&json!({"rows": rows, "next": found.next})))
    })
    .await
}

/// How much is read at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) rows: usize,
    /// As the rows are on the disk; a row more, if that is the first.
    pub(super) bytes: usize,
}

/// Reads rows, if the caller may read all features in them. Those that the branch has no more are for who may read all.
/// What they take of memory is held.
pub(super) fn read(
    caller: &Caller,
    engine: &Engine,
    (branch, range): (&str, &ServedRange),
    most: Most,
    held: &mut Held,
) -> Result<ServedRows, Failure> {
    let told = |error| caller.told(engine, branch, error);
    let (mut rows, mut bytes, mut refused) = (0, 0_usize, None);
    let found = engine.served_while(branch, range, &mut |row| {
        bytes = bytes.saturating_add(row);
        if rows == most.rows || (rows > 0 && bytes > most.bytes) {
            return false;
        }
        rows += 1;
        let held = held.grow(row.saturating_mul(HELD_PER_BYTE));
        held.map_err(|failure| refused = Some(failure)).is_ok()
    });
    let found = found.map_err(told)?;
    if let Some(failure) = refused {
        return Err(failure);
    }
    if caller.may_read_all(branch) {
        return Ok(found);
    }
    let names = found.rows.iter();
    let names: BTreeSet<&String> = names
        .flat_map(|row| row.inputs.keys().chain(row.outputs.keys()))
        .collect();
    let tags = engine.tags(branch).map_err(told)?;
    if let Some(gone) = names.iter().find(|name| tags.output(name).next().is_none()) {
        let what = format!(
            "logged features have `{gone}`, which branch `{branch}` has no more, so its tags aren't known; they are for accounts that may read all data of the branch"
        );
        return Err(Failure::forbidden(what));
    }
    let names: Vec<String> = names.into_iter().cloned().collect();
    caller.read_features(engine, branch, &names, || Ok(found))
}

pub(super) fn instant(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let instant = text.map(Timestamp::parse).transpose();
    instant.map_err(|message| Failure::bad_request(format!("`{name}` is {message}")))
}

fn row(row: &ServedRow) -> Json {
    json!({
        "served": row.served.to_string(),
        "at": row.at.to_string(),
        "inputs": row.inputs,
        "outputs": row.outputs,
    })
}
