//! Passes beside who fills tables.

use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::connector::{Connector, Webhook};
use fennel_core::entity::{Cdc, Dataset, Descriptor, Field, Index, Location, Meta, Order, Source};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;

use crate::store::{Space, Store};
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

#[test]
fn rows_stay_in_the_log_while_tables_are_filled() {
    let store = Store::in_memory();
    let clock = ManualClock::new(Timestamp::from_micros(0).unwrap());
    let options = Options {
        trim_after: Some(1),
        ..Options::default()
    };
    let engine = Engine::open_with(store.clone(), Arc::new(clock.clone()), &options).unwrap();
    let endpoint = Connector::Webhook(HOOK.endpoint("users"));
    let sources = [Source::new(
        endpoint,
        Duration::parse_or_zero("1h"),
        Cdc::Upsert,
    )];
    let users = Dataset {
        name: "Users",
        version: 1,
        history: Duration::parse_or_zero("1d"),
        index: Index::NONE,
        fields: &FIELDS,
        order: Order::NONE,
        sources: &sources,
        expectations: None,
        sinks: &[],
        meta: Meta {
            owner: "team@example.com",
            ..Meta::EMPTY
        },
        location: Location::UNKNOWN,
    };
    let catalog: Catalog<'_> = [Descriptor::Dataset(&users)].into_iter().collect();
    let commit = CommitOptions::default();
    engine
        .commit("main", &encode(&catalog, None, ""), commit)
        .unwrap();
    let logged = || store.scan_prefix(Space::Log, &[]).count();

    let reader = engine.inner.runner.read_log();
    log(&engine, &clock, 0..200);
    assert_eq!(logged(), 200);
    drop(reader);
    log(&engine, &clock, 200..400);
    assert!(logged() < 100, "{}", logged());
}
