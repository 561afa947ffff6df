//! Pipelines at run time: what they can't make anything of, restarts, and rows that come while a commit fills tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod along;
mod changelog;
mod changes;
mod damage;
mod earlier;
mod ends;
mod erased;
mod expected;
mod groups;
mod overflows;
mod panics;
mod passes;
mod python;
mod retention;
mod sessions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::{Batch, Options, Space, Store};
use fennel_engine::{CommitOptions, Engine, Incoming, ManualClock};

mod compaction;

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("visit"), disorder = "1d", cdc = append)]
struct Visit {
    page: String,
    seconds: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Page {
    #[field(key)]
    page: String,
    visits: i64,
    longest: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn page(visits: Visit) -> Page {
    visits
        .assign(long = seconds.parse::<i64>())
        .group_by(page)
        .aggregate(
            visits = count("forever"),
            longest = max(long, "forever", default = 0),
        )
}

/// What pages have, by the hour at which they were last visited.
#[dataset(index)]
struct Latest {
    #[field(key)]
    page: String,
    seconds: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn latest(visits: Visit) -> Latest {
    visits.group_by(page).latest()
}

fn request(
    entities: impl IntoIterator<Item = fennel_core::entity::Descriptor<'static>>,
) -> SyncRequest {
    let catalog: Catalog<'static> = entities.into_iter().collect();
    encode(&catalog, None, "")
}

fn instant(seconds: i64) -> Timestamp {
    let midnight = Timestamp::parse("2024-01-01").unwrap();
    Timestamp::from_micros(midnight.micros() + seconds * 1_000_000).unwrap()
}

fn open(store: Store) -> Engine {
    Engine::open(store, Arc::new(ManualClock::new(instant(1_000_000)))).unwrap()
}

fn commit(engine: &Engine, request: &SyncRequest) {
    engine
        .commit("main", request, CommitOptions::default())
        .unwrap();
}

fn visit(page: &str, seconds: &str, at: i64) -> Incoming {
    BTreeMap::from([
        ("page".to_owned(), Value::String(page.into())),
        ("seconds".to_owned(), Value::String(seconds.into())),
        ("at".to_owned(), Value::Timestamp(instant(at))),
    ])
}

/// The visits and the longest of a page, now.
fn page_now(engine: &Engine, page: &str) -> (Value, Value) {
    let key = BTreeMap::from([("page".to_owned(), Value::String(page.into()))]);
    let found = engine.lookup("main", "Page", vec![key], &[], None).unwrap();
    let value = |name: &str| found.columns.get(name).unwrap().values[0].clone();
    (value("visits"), value("longest"))
}

fn dump(engine: &Engine, dataset: &str) -> String {
    let columns = engine.inspect("main", dataset, usize::MAX).unwrap();
    columns.to_json().to_string()
}

#[test]
fn a_row_that_a_pipeline_fails_on_is_set_aside_and_the_others_go_on() {
    let engine = open(Store::in_memory());
    commit(&engine, &request(fennel::entities![Visit, Page, Latest]));
    let long = "x".repeat(40_000);
    let rows = vec![
        visit("a", "5", 1),
        visit("a", "soon", 2),
        visit(&long, "6", 3),
        visit("a", "7", 4),
    ];
    let logged = engine.log("app", "visit", rows).unwrap();
    assert_eq!(logged.rows_set_aside, 0, "they fit their own dataset");
    assert_eq!(page_now(&engine, "a"), (Value::Int(2), Value::Int(7)));

    let rejects = engine.rejects("main", "Page", 10).unwrap();
    assert_eq!(rejects.total, 2);
    let reasons: Vec<_> = rejects
        .rows
        .iter()
        .map(|reject| reject.reason.as_str())
        .collect();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("more than 30000 bytes")),
        "{reasons:?}"
    );
    let failed = rejects
        .rows
        .iter()
        .find(|reject| !reject.reason.contains("bytes"))
        .unwrap();
    assert_eq!(failed.row["seconds"], Value::String("soon".into()));
    assert_eq!(engine.rejects("main", "Latest", 10).unwrap().total, 1);

    engine
        .log("app", "visit", vec![visit("a", "1", 5)])
        .unwrap();
    assert_eq!(
        page_now(&engine, "a"),
        (Value::Int(3), Value::Int(7)),
        "later rows aren't held up"
    );
}

#[test]
fn what_is_derived_is_the_same_live_from_a_restart_and_from_a_late_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = || {
        let options = Options {
            reserve_bytes: 0,
            ..Options::default()
        };
        Store::open_with(dir.path(), &options).unwrap()
    };
    let definitions = request(fennel::entities![Visit, Page, Latest]);
    let rows = |from: i64| {
        (from..from + 50).map(|i| visit(&format!("p{}", i % 7), &i.to_string(), 1000 - i % 13))
    };
    let (live, late) = (open(Store::in_memory()), open(Store::in_memory()));
    commit(&live, &definitions);
    commit(&late, &request(fennel::entities![Visit]));
    for part in 0..4 {
        let restarted = open(store());
        commit(&restarted, &definitions);
        for engine in [&live, &late, &restarted] {
            engine
                .log("app", "visit", rows(part * 50).collect())
                .unwrap();
        }
    }
    commit(&late, &definitions);
    let restarted = open(store());
    for dataset in ["Page", "Latest"] {
        assert_eq!(dump(&restarted, dataset), dump(&live, dataset));
        assert_eq!(dump(&late, dataset), dump(&live, dataset));
    }
}

#[test]
fn rows_that_come_while_a_commit_fills_tables_are_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        reserve_bytes: 0,
        ..Options::default()
    };
    let engine = open(Store::open_with(dir.path(), &options).unwrap());
    commit(&engine, &request(fennel::entities![Visit]));
    let loggers: Vec<_> = (0..4)
        .map(|logger| {
            let engine = engine.clone();
            thread::spawn(move || {
                for i in 0..200 {
                    let row = visit(&format!("p{}", i % 5), &i.to_string(), i);
                    engine.log("app", "visit", vec![row]).unwrap();
                }
                logger
            })
        })
        .collect();
    // Tables are filled and dropped again in the middle of it.
    commit(&engine, &request(fennel::entities![Visit, Page]));
    commit(&engine, &request(fennel::entities![Visit, Page, Latest]));
    for _ in 0..100 {
        engine.clone_branch("main", "copy").unwrap();
        engine.delete_branch("copy").unwrap();
    }
    for logger in loggers {
        logger.join().unwrap();
    }
    let visits: i64 = (0..5)
        .map(|i| match page_now(&engine, &format!("p{i}")) {
            (Value::Int(visits), longest) => {
                assert_eq!(longest, Value::Int(195 + i));
                visits
            }
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(visits, 800);
}

#[test]
fn pipelines_that_stop_are_noticed_and_no_acknowledged_row_is_lost() {
    let store = Store::in_memory();
    let engine = open(store.clone());
    commit(&engine, &request(fennel::entities![Visit, Latest]));
    engine
        .log("app", "visit", vec![visit("a", "1", 1)])
        .unwrap();
    engine.check_applied().unwrap();
    let whole: Vec<_> = store
        .scan_prefix(Space::Table, b"")
        .map(|entry| entry.unwrap())
        .collect();
    let write = |damage: bool| {
        let mut batch = Batch::new();
        for (key, value) in &whole {
            let value = if damage { "".into() } else { value.clone() };
            batch.put(Space::Table, key.clone(), value);
        }
        store.write(batch).unwrap();
    };
    write(true);
    let logged = engine
        .log("app", "visit", vec![visit("a", "2", 2)])
        .unwrap();
    assert_eq!(logged.rows, 1, "the row is in the log");
    let behind = engine.check_applied().unwrap_err().to_string();
    assert!(
        behind.contains("the state of a pipeline can't be read"),
        "{behind}"
    );

    write(false);
    engine
        .log("app", "visit", vec![visit("a", "3", 3)])
        .unwrap();
    engine.check_applied().unwrap();
    let seconds: Vec<_> = engine
        .inspect("main", "Latest", 9)
        .unwrap()
        .get("seconds")
        .unwrap()
        .values
        .clone();
    assert_eq!(
        seconds,
        ["3", "2", "1"].map(|text| Value::String(text.into()))
    );
}

/// Visits by windows that begin so often that a row is in very many.
#[dataset(index)]
struct Often {
    #[field(key)]
    page: String,
    #[field(key)]
    window: Window,
    visits: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn often(visits: Visit) -> Often {
    visits
        .group_by(page, window = hopping("28d", "1s"))
        .aggregate(visits = count())
}

#[test]
fn a_row_that_would_make_a_million_is_refused_with_its_definition() {
    let engine = open(Store::in_memory());
    let request = request(fennel::entities![Visit, Often]);
    let refused = engine.commit("main", &request, CommitOptions::default());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "dataset `Often.often`: a row is in 2419200 windows of the group hopping(\"28d\", \"1s\"), and each is a row of its own: let them begin less often, so that it is in at most 10000"
    );
}
