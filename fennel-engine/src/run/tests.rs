//! Passes beside who fills tables, and how far they are.

use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::connector::{Connector, Webhook};
use fennel_core::entity::{
    Cdc, Dataset, Env, Field, Index, Location, Meta, Order, Pipeline, Source,
};
use fennel_core::expr::Expr;
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::Args;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;

use super::PASS_ROWS;
use crate::ingest::Replay;
use crate::meta;
use crate::python::RunBy;
use crate::store::{Space, Store};
use crate::table::Table;
use crate::{CommitOptions, Engine, Incoming, ManualClock, Options};

const HOOK: Webhook<'static> = Webhook::new("hook").retention("1d");

const HOUR: i64 = 3_600_000_000;

const fn column(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        timestamp: false,
        erase_key: false,
        meta: Meta::EMPTY,
    }
}

const FIELDS: [Field<'static>; 2] = [
    Field {
        key: true,
        ..column("uid", Type::Int)
    },
    Field {
        timestamp: true,
        ..column("ts", Type::Timestamp)
    },
];

fn log(engine: &Engine, clock: &ManualClock, hours: std::ops::Range<i64>) {
    for hour in hours {
        clock.set(Timestamp::from_micros(hour * HOUR).unwrap());
        let row: Incoming = [
            ("uid".to_owned(), Value::Int(1)),
            ("ts".to_owned(), Value::Int(hour * 3_600)),
        ]
        .into();
        engine.log("hook", "users", vec![row]).unwrap();
    }
}

const USERS: Dataset<'static> = Dataset {
    name: "Users",
    version: 1,
    history: Duration::from_days(1),
    index: Index::NONE,
    fields: &FIELDS,
    order: Order::NONE,
    sources: &[],
    expectations: None,
    sinks: &[],
    meta: Meta {
        owner: "team@example.com",
        ..Meta::EMPTY
    },
    location: Location::UNKNOWN,
};

static ALL: Flow<'static> = Flow::input(&USERS, 1).filter(Args::new(
    2,
    const { &[Expr::Literal(Literal::Bool(true))] },
));

/// Commits users, who are read by a pipeline or not.
fn commit(engine: &Engine, are_read: bool) {
    let endpoint = Connector::Webhook(HOOK.endpoint("users"));
    let sources = [Source::new(
        endpoint,
        Duration::parse_or_zero("1h"),
        Cdc::Upsert,
    )];
    let mut catalog = Catalog::default();
    catalog.push_dataset(Dataset {
        sources: &sources,
        ..USERS
    });
    if are_read {
        catalog.push_dataset(Dataset {
            name: "Copies",
            ..USERS
        });
        catalog.push_pipeline(Pipeline {
            name: "all",
            dataset: "Copies",
            inputs: &["Users"],
            steps: ALL.steps(),
            env: Env::ANY,
            meta: Meta::EMPTY,
            location: Location::UNKNOWN,
        });
    }
    let options = CommitOptions::default();
    engine
        .commit("main", &encode(&catalog, None, ""), options)
        .unwrap();
}

#[test]
fn rows_stay_in_the_log_while_tables_are_filled() {
    let store = Store::in_memory();
    let clock = ManualClock::new(Timestamp::from_micros(0).unwrap());
    let options = Options {
        trim_after: Some(1),
        ..Options::default()
    };
    let engine = Engine::open_with(store.clone(), Arc::new(clock.clone()), &options).unwrap();
    commit(&engine, false);
    let logged = || store.scan_prefix(Space::Log, &[]).count();

    let reader = engine.inner.applier.read_log();
    log(&engine, &clock, 0..200);
    assert_eq!(logged(), 200);
    drop(reader);
    log(&engine, &clock, 200..400);
    assert!(logged() < 100, "{}", logged());
}

#[test]
fn a_table_that_is_filled_knows_requests_whole() {
    let clock = ManualClock::new(Timestamp::from_micros(0).unwrap());
    let engine = Engine::open(Store::in_memory(), Arc::new(clock.clone())).unwrap();
    commit(&engine, false);
    clock.set(Timestamp::from_micros(200 * HOUR).unwrap());
    // As a commit has the turn, so that the rows aren't applied yet.
    let held = engine.inner.applier.hold();
    for hours in [[0, 100, 50], [60, 70, 80], [90, 110, 120]] {
        let row = |hour: i64| {
            let uid = ("uid".to_owned(), Value::Int(1));
            let ts = ("ts".to_owned(), Value::Int(hour * 3_600));
            Incoming::from([uid, ts])
        };
        let rows = hours.into_iter().map(row).collect();
        engine.log("hook", "users", rows).unwrap();
    }
    drop(held);

    let sources = [Source::new(
        Connector::Webhook(HOOK.endpoint("users")),
        Duration::parse_or_zero("1h"),
        Cdc::Upsert,
    )];
    let users = Dataset {
        sources: &sources,
        ..USERS
    };
    let table = Arc::new(Table::new(99, &users, None, RunBy::new(None)).unwrap());
    let registry = engine.inner.registry.lock().unwrap();
    let number = |webhook: &str, endpoint: &str| registry.endpoint(webhook, endpoint);
    let mut replay = Replay::new(&table, None, 0, number);
    let store = &engine.inner.store;
    let rows = replay.run(store, &store.snapshot(), &|_, entry| Some(entry));
    assert_eq!(rows.unwrap(), 9);
    let marks = table.sources.iter().flat_map(|source| source.all_marks());
    let marks = marks.map(|mark| (mark.until, mark.latest / HOUR));
    assert_eq!(marks.collect::<Vec<_>>(), [(3, 100), (9, 120)]);
}

#[test]
fn an_open_reads_few_rows_again_that_changed_nothing() {
    let store = Store::in_memory();
    let clock = ManualClock::new(Timestamp::from_micros(0).unwrap());
    let engine = Engine::open(store.clone(), Arc::new(clock.clone())).unwrap();
    commit(&engine, true);
    let marked = || meta::applied(&store.snapshot()).unwrap();
    log(&engine, &clock, 0..3);
    assert_eq!(marked(), 3);
    let bad = Incoming::from([("uid".into(), Value::Bool(true))]);
    for requests in 1..=25_u64 {
        let logged = engine.log("hook", "users", vec![bad.clone(); 1_000]);
        assert_eq!(logged.unwrap().rows_set_aside, 1_000);
        assert!(3 + requests * 1_000 - marked() < PASS_ROWS);
    }
    let was = marked();
    assert!(was >= 20_000, "there is no write for each request: {was}");
    drop(engine);
    let engine = Engine::open(store.clone(), Arc::new(clock.clone())).unwrap();
    assert_eq!(engine.inner.applier.applied(), 25_003);
    log(&engine, &clock, 3..4);
    assert_eq!(marked(), 25_004);
    assert_eq!(engine.inspect("main", "Copies", 9).unwrap().rows(), 4);
}
