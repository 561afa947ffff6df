//! Rows at the ends of time, from which windows reach beyond what an instant can tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel::prelude::*;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming, ManualClock, Options};
use serde_json::{Value as Json, json};

use super::{commit, dump, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("seen"), disorder = "1d", cdc = append)]
struct Seen {
    uid: i64,
    due: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Daily {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn daily(seen: Seen) -> Daily {
    seen.group_by(uid, window = tumbling("1d"))
        .aggregate(n = count())
}

#[dataset(index)]
struct Weekly {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn weekly(seen: Seen) -> Weekly {
    seen.group_by(uid, window = tumbling("7d"))
        .aggregate(n = count())
}

#[dataset(index)]
struct Hourly {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn hourly(seen: Seen) -> Hourly {
    seen.group_by(uid, window = hopping("1d", "1h"))
        .aggregate(n = count())
}

#[dataset(index)]
struct Visit {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn visit(seen: Seen) -> Visit {
    seen.group_by(uid, window = session("1h"))
        .aggregate(n = count())
}

/// What was seen on the day before, as rows that go on.
#[dataset(index)]
struct Yesterday {
    #[field(key)]
    uid: i64,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn yesterday(seen: Seen) -> Yesterday {
    seen.group_by(uid)
        .aggregate(n = count(tumbling("1d")), emit = "final")
        .filter(n > 0)
}

/// What was due in the last hour that was over.
#[dataset(index)]
struct Due {
    #[field(key)]
    uid: i64,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn due(seen: Seen) -> Due {
    seen.group_by(uid)
        .aggregate(n = count(tumbling("1h")), along = due)
}

/// The same as rows.
#[dataset(index)]
struct Soon {
    #[field(key)]
    uid: i64,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn soon(due: Due) -> Soon {
    due.filter(n > 0)
}

/// A fold over rows that were emitted.
#[dataset(index)]
struct Most {
    #[field(key)]
    n: i64,
    days: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn most(yesterday: Yesterday) -> Most {
    yesterday.group_by(n).aggregate(days = count("forever"))
}

/// A join with such rows.
#[dataset]
struct Again {
    uid: i64,
    n: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn again(seen: Seen, yesterday: Yesterday) -> Again {
    seen.left_join(yesterday, on(uid)).drop(due)
}

const LAST: &str = "9999-12-31T23:59:59.999999Z";

fn seen(uid: i64, at: &str) -> Incoming {
    let at = Value::Timestamp(Timestamp::parse(at).unwrap());
    Incoming::from([
        ("uid".into(), Value::Int(uid)),
        ("due".into(), at.clone()),
        ("at".into(), at),
    ])
}

/// Datasets by windows, and how they are committed.
const BY_WINDOWS: [&str; 4] = ["Daily", "Weekly", "Hourly", "Visit"];

fn by_windows() -> SyncRequest {
    request(fennel::entities![Seen, Daily, Weekly, Hourly, Visit])
}

/// Datasets over time, and how they are committed.
const OVER_TIME: [&str; 5] = ["Yesterday", "Due", "Soon", "Most", "Again"];

fn over_time() -> SyncRequest {
    request(fennel::entities![Seen, Yesterday, Due, Soon, Most, Again])
}

/// An engine that looks for what steps don't need any more after so many rows.
fn open(store: &Store, compact_after: usize) -> Engine {
    let clock = ManualClock::new(Timestamp::parse("2024-01-03").unwrap());
    let mut options = Options::default();
    options.compact_after = compact_after;
    Engine::open_with(store.clone(), Arc::new(clock), &options).unwrap()
}

fn log(engine: &Engine, uid: i64, at: &str) {
    let logged = engine.log("app", "seen", vec![seen(uid, at)]).unwrap();
    assert_eq!(logged.set_aside, []);
    engine.check_applied().unwrap();
}

fn reasons(engine: &Engine, dataset: &str) -> Vec<String> {
    let rejects = engine.rejects("main", dataset, 99).unwrap();
    let reasons = rejects.rows.into_iter().map(|reject| reject.reason);
    reasons.collect()
}

fn rows(engine: &Engine, dataset: &str) -> Json {
    serde_json::from_str(&dump(engine, dataset)).unwrap()
}

/// An engine that these rows came to. What it derives is the same with restarts in between and steps that forget as much
/// as they may, and where a commit fills the tables.
fn derived(request: &SyncRequest, datasets: &[&str], of: &[(i64, &str)]) -> Engine {
    let dumps = |engine: &Engine| -> Vec<Json> {
        datasets
            .iter()
            .map(|dataset| rows(engine, dataset))
            .collect()
    };
    let (live, late) = (
        open(&Store::in_memory(), 10_000),
        open(&Store::in_memory(), 10_000),
    );
    commit(&live, request);
    commit(&late, &super::request(fennel::entities![Seen]));
    let store = Store::in_memory();
    for (uid, at) in of {
        let restarted = open(&store, 1);
        commit(&restarted, request);
        for engine in [&live, &late, &restarted] {
            log(engine, *uid, at);
        }
    }
    commit(&late, request);
    let expected = dumps(&live);
    assert_eq!(dumps(&late), expected);
    assert_eq!(dumps(&open(&store, 1)), expected);
    live
}

fn beyond(begin: &str) -> String {
    format!("its window from {begin} on ends beyond year 9999")
}

#[test]
fn a_row_whose_window_ends_beyond_year_9999_is_set_aside_and_others_go_on() {
    let engine = derived(
        &by_windows(),
        &BY_WINDOWS,
        &[
            (1, "9999-12-31T12:00:00Z"),
            (2, "2024-01-02T12:00:00Z"),
            (1, "9999-12-30T12:00:00Z"),
            (2, "2024-01-02T12:30:00Z"),
        ],
    );
    let daily = rows(&engine, "Daily");
    assert_eq!(daily["uid"], json!([1, 2]), "{daily}");
    assert_eq!(daily["at"][0], "9999-12-31T00:00:00.000000Z");
    let midnight = "9999-12-31T00:00:00.000000Z";
    assert_eq!(reasons(&engine, "Daily"), [beyond(midnight)]);
    // One reason stands for all windows of the row. It is in 24, of which eleven can be told.
    assert_eq!(reasons(&engine, "Hourly"), [beyond(midnight)]);
    let hourly = rows(&engine, "Hourly");
    let of_1 = hourly["uid"].as_array().unwrap().iter();
    assert_eq!(of_1.filter(|uid| **uid == json!(1)).count(), 24 + 11);
    assert_eq!(reasons(&engine, "Visit"), [""; 0]);
    let aside = &engine.rejects("main", "Daily", 1).unwrap().rows[0];
    assert_eq!(
        aside.row,
        BTreeMap::from([("uid".into(), Value::Int(1))]),
        "the group"
    );
}

#[test]
fn the_first_and_the_last_instant_are_taken_by_all_windows() {
    let first = "0001-01-01T00:00:00Z";
    let engine = derived(
        &by_windows(),
        &BY_WINDOWS,
        &[
            (1, first),
            (1, LAST),
            (2, "9999-12-31T23:30:00Z"),
            (2, LAST),
            (3, "2024-01-02T12:00:00Z"),
        ],
    );
    let before = |end| format!("its window until {end} begins before year 1");
    // Weeks are counted from 1970-01-01, a Thursday, and year 1 begins on a Monday.
    assert_eq!(
        reasons(&engine, "Weekly"),
        [
            beyond("9999-12-30T00:00:00.000000Z"),
            beyond("9999-12-30T00:00:00.000000Z"),
            beyond("9999-12-30T00:00:00.000000Z"),
            before("0001-01-04T00:00:00.000000Z"),
        ]
    );
    assert_eq!(
        reasons(&engine, "Visit"),
        [beyond("9999-12-31T23:30:00.000000Z"), beyond(LAST)],
        "a session ends behind its last row"
    );
    assert_eq!(rows(&engine, "Visit")["uid"], json!([1, 3]));
}

#[test]
fn what_changes_beyond_year_9999_never_does() {
    let engine = derived(
        &over_time(),
        &OVER_TIME,
        &[
            (1, "9999-12-31T12:00:00Z"),
            (1, "9999-12-30T12:00:00Z"),
            (1, LAST),
            (2, "2024-01-02T12:00:00Z"),
            (2, "2024-01-02T13:00:00Z"),
        ],
    );
    let yesterday = rows(&engine, "Yesterday");
    assert_eq!(yesterday["uid"], json!([1, 2]));
    assert_eq!(
        yesterday["at"],
        json!(["9999-12-31T00:00:00.000000Z", "2024-01-03T00:00:00.000000Z"])
    );
    assert_eq!(rows(&engine, "Soon")["n"], json!([1, 1, 1, 1]));
    for dataset in OVER_TIME {
        assert_eq!(reasons(&engine, dataset), [""; 0], "{dataset}");
    }
}
