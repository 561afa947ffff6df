//! What an open makes of each stage in which a crash can leave an erasure.

use std::sync::{Arc, PoisonError};

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Cdc, Dataset, Descriptor, Env, Extraction, Feature, Featureset, Field, Index, Kind, Location,
    Meta, Order, Origin, Reference, Source,
};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;
use serde_json::Value as Json;

use super::*;
use crate::ingest::entry;
use crate::store::Store;
use crate::{CommitOptions, Keep, ManualClock, Query, ServedRange};

const HOOK: Webhook<'static> = Webhook::new("hook");

const fn column(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

const OWNED: Meta<'static> = Meta {
    owner: "team@example.com",
    ..Meta::EMPTY
};

const FIELDS: [Field<'static>; 3] = [
    Field {
        key: true,
        erase_key: true,
        ..column("uid", Type::Int)
    },
    column("name", Type::Optional(&Type::String)),
    Field {
        timestamp: true,
        ..column("ts", Type::Timestamp)
    },
];

const FEATURES: [Feature<'static>; 2] = [
    Feature {
        name: "uid",
        ty: Type::Int,
        extraction: None,
        meta: Meta::EMPTY,
    },
    Feature {
        name: "name",
        ty: Type::Optional(&Type::String),
        extraction: Some(Extraction {
            origin: Origin::Reference(Reference {
                kind: Kind::Dataset,
                entity: "Users",
                name: "name",
            }),
            default: None,
            version: 0,
            env: Env::ANY,
        }),
        meta: Meta::EMPTY,
    },
];

fn open(store: &Store) -> Engine {
    let clock = ManualClock::new(Timestamp::from_micros(1_000_000).unwrap());
    Engine::open(store.clone(), Arc::new(clock)).unwrap()
}

fn key(uid: i64) -> Incoming {
    Incoming::from([("uid".into(), Value::Int(uid))])
}

fn log(engine: &Engine, uids: &[i64]) {
    let row = |uid: &i64| {
        let mut row = key(*uid);
        row.insert("ts".into(), Value::Int(1));
        row.insert("name".into(), Value::Null);
        row
    };
    let rows = uids.iter().map(row).collect();
    engine.log("hook", "users", rows).unwrap();
}

/// An engine that has rows about 1, 2 and 1.
fn started(store: &Store) -> Engine {
    let engine = open(store);
    let sources = [Source::new(
        HOOK.endpoint("users").connector(),
        Duration::from_days(14),
        Cdc::Upsert,
    )];
    let users = Dataset {
        name: "Users",
        version: 1,
        history: Dataset::DEFAULT_HISTORY,
        index: Index {
            online: true,
            offline: false,
        },
        fields: &FIELDS,
        order: Order::NONE,
        sources: &sources,
        expectations: None,
        sinks: &[],
        meta: OWNED,
        location: Location::UNKNOWN,
    };
    let user = Featureset {
        name: "User",
        features: &FEATURES,
        order: Order::NONE,
        reads: Order::NONE,
        meta: OWNED,
        location: Location::UNKNOWN,
    };
    let definitions = [Descriptor::Dataset(&users), Descriptor::Featureset(&user)];
    let catalog: Catalog<'_> = definitions.into_iter().collect();
    let request = encode(&catalog, None, "");
    let options = CommitOptions::default();
    engine.commit("main", &request, options).unwrap();
    log(&engine, &[1, 2, 1]);
    engine
}

/// The rows of the table and those of the log.
fn seen(engine: &Engine) -> (Vec<Value>, usize) {
    let table = engine.inspect("main", "Users", 9).unwrap();
    let log = entry::scan(&engine.inner.store.snapshot(), 0, 0).count();
    (table.get("uid").unwrap().values.clone(), log)
}

/// Serves and keeps what is known of 1 and 2.
fn serve(engine: &Engine) {
    let uids = vec![Value::Int(1), Value::Int(2)];
    let query = Query {
        inputs: vec!["User.uid".into()],
        outputs: vec!["User.name".into()],
        data: [("User.uid".into(), uids)].into(),
        at: None,
    };
    let kept = engine.query_and_keep("main", &query, &Keep::default());
    kept.unwrap();
}

/// Of whom rows that were served are kept.
fn served(engine: &Engine) -> Vec<Json> {
    let range = ServedRange {
        workflow: "default".into(),
        ..ServedRange::default()
    };
    let served = engine.served("main", &range, 9).unwrap().rows.into_iter();
    served.map(|row| row.inputs["User.uid"].clone()).collect()
}

#[test]
fn what_is_served_of_an_erased_key_is_gone_after_a_crash() {
    let store = Store::in_memory();
    let engine = started(&store);
    let inner = &*engine.inner;
    serve(&engine);
    let registry = inner.registry.lock();
    let registry = registry.unwrap_or_else(PoisonError::into_inner);
    let keys = inner.erase_keys(&registry, ("main", "Users"), vec![key(1)]);
    inner.begin(&registry, &keys.unwrap(), None).unwrap();
    drop(registry);
    serve(&engine);
    drop(engine);
    let engine = open(&store);
    assert_eq!(served(&engine), [2, 2]);
}

#[test]
fn an_open_finishes_an_erasure_from_wherever_a_crash_left_it() {
    for stage in 0..4 {
        let store = Store::in_memory();
        let engine = started(&store);
        let inner = &*engine.inner;
        let mut registry = inner
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let keys = inner.erase_keys(&registry, ("main", "Users"), vec![key(1)]);
        let (rows, ..) = inner.begin(&registry, &keys.unwrap(), None).unwrap();
        assert_eq!(rows.count(), 2);
        match stage {
            0 => {}
            1 => {
                // Half of them.
                let mut some = rows.clone();
                some.endpoints[0].1.erased.pop();
                some.take_out(&store).unwrap();
            }
            2 => rows.take_out(&store).unwrap(),
            _ => inner.finish_rows(&mut registry, &rows).unwrap(),
        }
        drop(registry);
        if stage < 3 {
            log(&engine, &[3, 1]);
        }
        drop(engine);
        let engine = open(&store);
        let expected = match stage {
            3 => vec![2],
            _ => vec![1, 2, 3],
        };
        let expected: Vec<_> = expected.into_iter().map(Value::Int).collect();
        assert_eq!(seen(&engine), (expected.clone(), expected.len()), "{stage}");
        let pending = meta::erasure(&store.snapshot()).unwrap();
        assert_eq!(pending, None, "{stage}");
        log(&engine, &[4]);
        assert_eq!(
            seen(&engine).1,
            expected.len() + 1,
            "no number is given twice"
        );
    }
}
