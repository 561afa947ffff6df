//! What an open makes of each stage in which a crash can leave an erasure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

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
use fennel_core::wire::proto::connector::pre_proc_value::Variant;
use fennel_core::wire::proto::connector::{Eval, PreProcValue, eval};
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use serde_json::Value as Json;

use super::*;
use crate::ingest::entry;
use crate::python::{Function, Lookups, Runner, Stop};
use crate::store::{Space, Store};
use crate::table::{REMEMBERED, Table};
use crate::{CommitOptions, Keep, ManualClock, Options, Query, ServedRange};

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
    open_with(store, &Options::default())
}

fn open_with(store: &Store, options: &Options) -> Engine {
    let clock = ManualClock::new(Timestamp::from_micros(1_000_000).unwrap());
    Engine::open_with(store.clone(), Arc::new(clock), options).unwrap()
}

/// Runs functions that make nulls, unless they are stopped.
#[derive(Debug, Default)]
struct Nulls {
    are_stopped: AtomicBool,
}

impl Nulls {
    fn stop(&self, are_stopped: bool) {
        self.are_stopped.store(are_stopped, Ordering::Relaxed);
    }
}

impl Runner for Nulls {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        _: &Function,
        _: &[Vec<Value>],
        rows: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        match self.are_stopped.load(Ordering::Relaxed) {
            true => Err(Stop::Stopped("took too long".into())),
            false => Ok(vec![vec![Value::Null; rows]]),
        }
    }
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

/// A version of users by the endpoint `users`, and a feature of them.
fn request(version: u32) -> SyncRequest {
    let sources = [Source::new(
        HOOK.endpoint("users").connector(),
        Duration::from_days(14),
        Cdc::Upsert,
    )];
    let users = Dataset {
        name: "Users",
        version,
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
    encode(&catalog, None, "")
}

fn commit(engine: &Engine, request: &SyncRequest) {
    let options = CommitOptions::default();
    engine.commit("main", request, options).unwrap();
}

/// An engine that has rows about 1, 2 and 1.
fn started(store: &Store) -> Engine {
    let engine = open(store);
    commit(&engine, &request(1));
    log(&engine, &[1, 2, 1]);
    engine
}

/// The same, where a function makes names, of which nothing is remembered, as in folders of formats 4 to 6.
fn started_by(runner: &Arc<Nulls>, store: &Store) -> (Engine, Options) {
    let options = Options {
        python: Some(Arc::clone(runner) as Arc<dyn Runner>),
        ..Options::default()
    };
    let engine = open_with(store, &options);
    let mut request = request(1);
    let pycode = PyCode {
        entry_point: "name".into(),
        core_code: "def name(df): ..".into(),
        generated_code: "def name(df): ..".into(),
        ..PyCode::default()
    };
    let eval = Eval {
        schema: None,
        eval_type: Some(eval::EvalType::Pycode(pycode)),
    };
    let made = PreProcValue {
        variant: Some(Variant::Eval(eval)),
    };
    request.sources[0].pre_proc.insert("name".into(), made);
    commit(&engine, &request);
    log(&engine, &[1, 2, 1]);
    for table in registry(&engine).tables.values() {
        let remembered = Table::state_prefix(table.id, REMEMBERED);
        store.remove_prefix(Space::Table, &remembered).unwrap();
    }
    (engine, options)
}

fn registry(engine: &Engine) -> MutexGuard<'_, Registry> {
    let registry = engine.inner.registry.lock();
    registry.unwrap_or_else(PoisonError::into_inner)
}

/// The keys of 1.
fn keys(engine: &Engine) -> Keys {
    let inner = &engine.inner;
    let keys = inner.erase_keys(&registry(engine), ("main", "Users"), vec![key(1)]);
    keys.unwrap()
}

/// Writes down that these are to go, as earlier versions did before anything else.
fn write_down(store: &Store, rows: &Rows) {
    let mut batch = Batch::new();
    meta::put_erasure(&mut batch, &Pending::Rows(rows.clone()));
    store.write(batch).unwrap();
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
    let served = engine.served("main", &range, 9).map(|served| served.rows);
    // There is no such workflow before any are kept.
    let served = served.unwrap_or_default().into_iter();
    served.map(|row| row.inputs["User.uid"].clone()).collect()
}

#[test]
fn what_is_served_of_an_erased_key_is_gone_after_a_crash() {
    let store = Store::in_memory();
    let engine = started(&store);
    let inner = &*engine.inner;
    serve(&engine);
    let keys = keys(&engine);
    let begun = inner.begin(&registry(&engine), &keys, None).unwrap();
    serve(&engine);
    let made = inner.make_without(&mut registry(&engine), begun).unwrap();
    assert!(made.is_some());
    drop(made);
    drop(engine);
    let engine = open(&store);
    assert_eq!(served(&engine), [2, 2]);
}

/// How far an erasure is when a crash comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// It is known which rows are to go.
    Begun,
    /// That is written down, as earlier versions did it then, and so many have left the log.
    WrittenDown(usize),
    /// The tables are made without them, and so many have left the log.
    Made(usize),
    /// All have.
    Done,
}

#[test]
fn an_open_finishes_an_erasure_from_wherever_a_crash_left_it() {
    for stage in [
        Stage::Begun,
        Stage::WrittenDown(0),
        Stage::WrittenDown(1),
        Stage::WrittenDown(2),
        Stage::Made(0),
        Stage::Made(1),
        Stage::Made(2),
        Stage::Done,
    ] {
        let store = Store::in_memory();
        let engine = started(&store);
        let inner = &*engine.inner;
        let take_out = |rows: &Rows, some: usize| {
            assert_eq!(rows.count(), 2);
            let mut rows = rows.clone();
            rows.endpoints[0].1.erased.truncate(some);
            rows.take_out(&store).unwrap();
        };
        let keys = keys(&engine);
        let begun = inner.begin(&registry(&engine), &keys, None).unwrap();
        let make = |begun: Begun<'_>| {
            let made = inner.make_without(&mut registry(&engine), begun);
            made.unwrap().unwrap()
        };
        let made = match stage {
            Stage::Begun => None,
            Stage::WrittenDown(some) => {
                let rows = begun.search.found();
                write_down(&store, &rows);
                take_out(&rows, some);
                None
            }
            Stage::Made(some) => {
                let (switched, rows, _) = make(begun);
                take_out(&rows, some);
                Some(switched)
            }
            Stage::Done => {
                let (switched, rows, _) = make(begun);
                inner.take_out(&rows).unwrap();
                Some(switched)
            }
        };
        log(&engine, &[3, 1]);
        drop(made);
        drop(engine);
        let engine = open(&store);
        let logged = if stage == Stage::Begun { 5 } else { 3 };
        let uids = [1, 2, 3].map(Value::Int).to_vec();
        assert_eq!(seen(&engine), (uids, logged), "{stage:?}");
        let pending = meta::erasure(&store.snapshot()).unwrap();
        assert_eq!(pending, None, "{stage:?}");
        log(&engine, &[4]);
        assert_eq!(seen(&engine).1, logged + 1, "no number is given twice");
    }
}

#[test]
fn features_are_kept_again_when_an_erasure_fails() {
    let store = Store::in_memory();
    let runner = Arc::new(Nulls::default());
    let (engine, _) = started_by(&runner, &store);
    let before = seen(&engine);
    runner.stop(true);
    let refused = engine.erase("main", "Users", vec![key(1)], None);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "nothing is erased, since `Users` can't be made anew without these rows: `name` took too long; \
         erase again once that function answers, or commit one that does under a new version"
    );
    assert_eq!(seen(&engine), before);
    serve(&engine);
    assert_eq!(served(&engine), [1, 2]);
}

#[test]
fn an_open_that_cant_finish_an_erasure_keeps_no_features_that_it_may_be_about() {
    let store = Store::in_memory();
    let runner = Arc::new(Nulls::default());
    let (engine, options) = started_by(&runner, &store);
    let rows = {
        let keys = keys(&engine);
        let begun = engine.inner.begin(&registry(&engine), &keys, None);
        begun.unwrap().search.found()
    };
    write_down(&store, &rows);
    drop(engine);
    runner.stop(true);
    let engine = open_with(&store, &options);
    let erase_nobody = || engine.erase("main", "Users", vec![key(7)], None);
    for _ in 0..2 {
        let uids = [1, 2].map(Value::Int).to_vec();
        assert_eq!(seen(&engine), (uids, 1), "the table still tells of 1");
        serve(&engine);
        assert_eq!(served(&engine), [0; 0]);
        let refused = erase_nobody().unwrap_err();
        assert!(matches!(refused, Error::Python(_)), "{refused}");
    }
    runner.stop(false);
    assert_eq!(erase_nobody().unwrap().rows, 0);
    assert_eq!(seen(&engine), (vec![Value::Int(2)], 1));
    serve(&engine);
    assert_eq!(served(&engine), [1, 2]);
}

#[test]
fn an_erasure_again_takes_off_the_disk_what_was_read_before() {
    let dir = tempfile::tempdir().unwrap();
    let options = crate::store::Options {
        reserve_bytes: 0,
        ..Default::default()
    };
    let store = Store::open_with(dir.path(), &options).unwrap();
    let engine = started(&store);
    let erase = || {
        let erased = engine.erase("main", "Users", vec![key(1)], None).unwrap();
        (erased.rows, erased.left.is_none())
    };
    let reader = store.snapshot();
    assert_eq!(erase(), (2, false));
    assert_eq!(erase(), (0, false), "it is read still");
    drop(reader);
    assert_eq!(erase(), (0, true));
    assert_eq!(meta::erasure(&store.snapshot()).unwrap(), None);
}

#[test]
fn a_table_that_is_filled_after_an_erasure_failed_lacks_what_was_erased() {
    let store = Store::in_memory();
    let engine = started(&store);
    let inner = &*engine.inner;
    let keys = keys(&engine);
    let begun = inner.begin(&registry(&engine), &keys, None).unwrap();
    let made = inner.make_without(&mut registry(&engine), begun);
    // There is no space to take the rows out of the log.
    let (switched, ..) = made.unwrap().unwrap();
    inner.resume(switched);
    commit(&engine, &request(2));
    assert_eq!(seen(&engine), (vec![Value::Int(2)], 1));
}
