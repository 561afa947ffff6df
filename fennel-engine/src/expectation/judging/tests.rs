//! What is judged at an end, after a crash and after an erasure, and who waits for it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration as StdDuration;

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Cdc, Dataset, Descriptor, Expectation, Expectations, Field, Index, Location, Meta, Order,
    Source,
};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;

use super::super::record;
use super::WAITERS;
use crate::store::Store;
use crate::{CommitOptions, Engine, Incoming, ManualClock};

const HOOK: Webhook<'static> = Webhook::new("hook");
const COLUMN: Field<'static> = Field {
    name: "uid",
    ty: Type::Int,
    key: false,
    erase_key: false,
    timestamp: false,
    meta: Meta::EMPTY,
};
const FIELDS: [Field<'static>; 2] = [
    Field {
        key: true,
        erase_key: true,
        ..COLUMN
    },
    Field {
        name: "ts",
        ty: Type::Timestamp,
        timestamp: true,
        ..COLUMN
    },
];
const NOT_NULL: Expectation<'static> = Expectation {
    name: "expect_column_values_to_not_be_null",
    columns: &["uid"],
    arguments: &[],
};
const NULL: Expectation<'static> = Expectation {
    name: "expect_column_values_to_be_null",
    ..NOT_NULL
};

fn open(folder: &Path) -> Engine {
    open_on(Store::open(folder).unwrap())
}

fn open_on(store: Store) -> Engine {
    let clock = ManualClock::new(Timestamp::from_micros(1_000_000).unwrap());
    Engine::open(store, Arc::new(clock)).unwrap()
}

fn commit(engine: &Engine) {
    commit_expecting(engine, &[NOT_NULL]);
}

fn commit_expecting(engine: &Engine, list: &'static [Expectation<'static>]) {
    let sources = [Source::new(
        HOOK.endpoint("users").connector(),
        Duration::from_days(14),
        Cdc::Upsert,
    )];
    let users = Dataset {
        name: "Users",
        version: 1,
        history: Dataset::DEFAULT_HISTORY,
        index: Index::NONE,
        fields: &FIELDS,
        order: Order::NONE,
        sources: &sources,
        expectations: Some(Expectations { version: 0, list }),
        sinks: &[],
        meta: Meta {
            owner: "team@example.com",
            ..Meta::EMPTY
        },
        location: Location::UNKNOWN,
    };
    let catalog: Catalog<'_> = [Descriptor::Dataset(&users)].into_iter().collect();
    let request = encode(&catalog, None, "");
    let options = CommitOptions::default();
    engine.commit("main", &request, options).unwrap();
}

fn log(engine: &Engine, rows: i64) {
    log_uids(engine, 0..rows);
}

fn log_uids(engine: &Engine, uids: Range<i64>) {
    let rows = uids.map(|uid| {
        Incoming::from([
            ("uid".into(), Value::Int(uid)),
            ("ts".into(), Value::Int(1)),
        ])
    });
    engine.log("hook", "users", rows.collect()).unwrap();
}

/// How many rows each expectation was asked of, once none waits.
fn counts(engine: &Engine) -> Vec<u64> {
    let found = loop {
        let found = engine.expectations("main", "Users", 9).unwrap();
        if found.waiting == 0 {
            break found;
        }
    };
    let list = found.list.into_iter();
    list.map(|it| it.windows.iter().map(|window| window.rows).sum())
        .collect()
}

fn erase(engine: &Engine, uid: i64) {
    let key = Incoming::from([("uid".into(), Value::Int(uid))]);
    engine.erase("main", "Users", vec![key], None).unwrap();
}

#[test]
fn many_who_ask_do_not_all_wait() {
    const LONG: StdDuration = StdDuration::from_secs(600);
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    commit(&engine);
    let judging = &engine.inner.judging;
    // So that there is something to wait for.
    judging.finish();
    log(&engine, 10);
    let waiters = || judging.shared.desk().waiters;
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..WAITERS)
            .map(|_| scope.spawn(|| judging.settle_within(LONG)))
            .collect();
        while waiters() < WAITERS {
            thread::yield_now();
        }
        assert_eq!(judging.settle_within(LONG), 10, "it is told at once");
        assert_eq!(waiters(), WAITERS, "the others wait on");
        judging.start();
        for waited in waiting {
            assert_eq!(waited.join().unwrap(), 0);
        }
    });
    assert_eq!(waiters(), 0);
}

#[test]
fn an_end_waits_for_one_part_and_the_next_open_judges_the_rest() {
    const ROWS: i64 = 25_000;
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    commit(&engine);
    // So that nothing is judged while rows come.
    engine.inner.judging.finish();
    log(&engine, ROWS);
    // The end was told before, so this is what it does.
    engine.inner.judging.start();
    engine.inner.judging.finish();
    let judged = record::judged(&engine.inner.store.snapshot()).unwrap();
    assert_eq!(judged, Some(10_000), "a part");
    engine.close();
    drop(engine);

    assert_eq!(counts(&open(folder.path())), [ROWS as u64]);
}

#[test]
fn rows_behind_the_first_commit_are_judged_though_a_crash_comes_before_anything_is_written() {
    let store = Store::in_memory();
    let engine = open_on(store.clone());
    commit(&engine);
    let shared = Arc::clone(&engine.inner.judging.shared);
    // From here on the thread writes nothing.
    shared.desk().is_writing = true;
    log(&engine, 10);
    let found = counts(&open_on(store));
    shared.desk().is_writing = false;
    shared.done.notify_all();
    assert_eq!(found, [10]);
}

#[test]
fn what_is_asked_while_rows_wait_is_not_asked_of_them_after_an_open_either() {
    const ROWS: i64 = 25_000;
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    commit(&engine);
    engine.inner.judging.finish();
    log(&engine, ROWS);
    // The thread goes on, and as its end was told it judges one part.
    commit_expecting(&engine, &[NOT_NULL, NULL]);
    engine.close();
    drop(engine);

    let engine = open(folder.path());
    assert_eq!(counts(&engine), [ROWS as u64, 0]);
    log(&engine, 10);
    assert_eq!(counts(&engine), [ROWS as u64 + 10, 10]);
}

#[test]
fn rows_that_wait_when_others_are_erased_are_judged_once() {
    const ROWS: i64 = 25_000;
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    commit(&engine);
    log(&engine, 10);
    assert_eq!(counts(&engine), [10]);
    engine.inner.judging.finish();
    log_uids(&engine, 10..ROWS);
    erase(&engine, 20_000);
    engine.close();
    drop(engine);
    let all_but_one = ROWS as u64 - 1;
    assert_eq!(counts(&open(folder.path())), [all_but_one]);
}

#[test]
fn a_part_that_is_being_judged_while_rows_are_erased_counts() {
    let engine = open_on(Store::in_memory());
    commit(&engine);
    let shared = &engine.inner.judging.shared;
    shared.desk().is_writing = true;
    log(&engine, 10);
    while !shared.desk().is_busy {
        thread::yield_now();
    }
    thread::scope(|scope| {
        // Its commit waits for whoever writes, and so does the thread with what it found.
        let erasing = scope.spawn(|| erase(&engine, 3));
        shared.desk().is_writing = false;
        shared.done.notify_all();
        erasing.join().unwrap();
    });
    let found = counts(&engine)[0];
    assert!([9, 10].contains(&found), "{found}: 3 may be judged before");
    log(&engine, 10);
    assert_eq!(counts(&engine), [found + 10]);
}
