//! What is judged at an end, and who waits for it.

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
    COLUMN,
    Field {
        name: "ts",
        ty: Type::Timestamp,
        timestamp: true,
        ..COLUMN
    },
];
const EXPECTED: Expectations<'static> = Expectations {
    version: 0,
    list: &[Expectation {
        name: "expect_column_values_to_not_be_null",
        columns: &["uid"],
        arguments: &[],
    }],
};

fn open(folder: &Path) -> Engine {
    let clock = ManualClock::new(Timestamp::from_micros(1_000_000).unwrap());
    Engine::open(Store::open(folder).unwrap(), Arc::new(clock)).unwrap()
}

fn commit(engine: &Engine) {
    let sources = [Source::new(
        HOOK.endpoint("users").connector(),
        Duration::from_days(14),
        Cdc::Append,
    )];
    let users = Dataset {
        name: "Users",
        version: 1,
        history: Dataset::DEFAULT_HISTORY,
        index: Index::NONE,
        fields: &FIELDS,
        order: Order::NONE,
        sources: &sources,
        expectations: Some(EXPECTED),
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
    let rows = (0..rows).map(|uid| {
        Incoming::from([
            ("uid".into(), Value::Int(uid)),
            ("ts".into(), Value::Int(1)),
        ])
    });
    engine.log("hook", "users", rows.collect()).unwrap();
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

    let engine = open(folder.path());
    let found = loop {
        let found = engine.expectations("main", "Users", 1).unwrap();
        if found.waiting == 0 {
            break found;
        }
    };
    assert_eq!(found.list[0].windows[0].rows, ROWS as u64);
}
