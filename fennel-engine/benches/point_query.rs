//! A point query of ten features on a million keys, and how fast their rows are taken in and replayed.
//!
//! `cargo bench -p fennel-engine --bench point_query [-- <keys>]`

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Cdc, Dataset, Descriptor, Env, Extraction, Feature, Featureset, Field, Index, Kind, Location,
    Meta, Order, Origin, Reference, Source,
};
use fennel_core::literal::Literal;
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, Incoming, Query, SystemClock};

const COLUMNS: [&str; 10] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];
const META: Meta<'static> = Meta {
    owner: "bench@example.com",
    ..Meta::EMPTY
};
const ROWS_PER_REQUEST: i64 = 1_000;
const QUERIES: i64 = 50_000;

fn main() {
    let keys = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    let dir = tempfile::tempdir().expect("a folder for the store");
    let store = Store::open(dir.path()).expect("a new store opens");
    let engine = Engine::open(store, Arc::new(SystemClock)).expect("a new engine opens");
    let commit = |version| {
        let commit = engine.commit("main", &definitions(version), CommitOptions::default());
        commit.expect("the definitions are right");
    };
    commit(1);

    let begin = Instant::now();
    thread::scope(|scope| {
        for writer in 0..4 {
            let engine = &engine;
            let requests =
                (0..keys / ROWS_PER_REQUEST).filter(move |request| request % 4 == writer);
            scope.spawn(move || requests.for_each(|request| log(engine, request)));
        }
    });
    rate("rows logged, 4 writers", keys, begin.elapsed());

    for threads in [1, 8] {
        let begin = Instant::now();
        let mut times: Vec<Duration> = thread::scope(|scope| {
            let readers: Vec<_> = (0..threads)
                .map(|reader| {
                    scope.spawn({
                        let engine = &engine;
                        move || read(engine, keys, reader, QUERIES / threads)
                    })
                })
                .collect();
            readers
                .into_iter()
                .flat_map(|reader| reader.join().expect("readers don't panic"))
                .collect()
        });
        rate(
            &format!("queries, {threads} readers"),
            QUERIES,
            begin.elapsed(),
        );
        times.sort_unstable();
        let percentile = |part: usize| {
            times
                .get(times.len() * part / 1_000)
                .copied()
                .unwrap_or_default()
        };
        println!("    p50 {:?}, p99 {:?}", percentile(500), percentile(990));
    }

    let begin = Instant::now();
    commit(2);
    rate("rows replayed", keys, begin.elapsed());
}

fn rate(what: &str, count: i64, elapsed: Duration) {
    println!(
        "{what}: {count} in {elapsed:.2?}, {:.0} a second",
        count as f64 / elapsed.as_secs_f64()
    );
}

/// Logs the rows of one request.
fn log(engine: &Engine, request: i64) {
    let row = |id: i64| {
        let columns = COLUMNS.iter().enumerate();
        let mut row: Incoming = columns
            .map(|(i, column)| ((*column).into(), Value::Int(id * i as i64)))
            .collect();
        row.insert("id".into(), Value::Int(id));
        row.insert("ts".into(), Value::Int(1_700_000_000));
        row
    };
    let rows = (request * ROWS_PER_REQUEST..(request + 1) * ROWS_PER_REQUEST)
        .map(row)
        .collect();
    engine
        .log("bench", "rows", rows)
        .expect("the rows are taken");
}

/// Asks for pseudorandom keys, one a query.
fn read(engine: &Engine, keys: i64, reader: i64, queries: i64) -> Vec<Duration> {
    let mut query = Query {
        inputs: vec!["F.id".into()],
        ..Query::default()
    };
    query.outputs = COLUMNS.iter().map(|column| format!("F.{column}")).collect();
    let mut state = reader as u64 + 1;
    let times = (0..queries).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let id = (state >> 33) as i64 % keys;
        query.data.insert("F.id".into(), vec![Value::Int(id)]);
        let begin = Instant::now();
        let answer = engine.query("main", &query).expect("the query is right");
        let elapsed = begin.elapsed();
        let last = answer.0.last().and_then(|column| column.values.first());
        assert_eq!(last, Some(&Value::Int(id * 9)));
        elapsed
    });
    times.collect()
}

fn definitions(version: u32) -> SyncRequest {
    let field = |name, ty| Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    };
    let mut fields = vec![Field {
        key: true,
        ..field("id", Type::Int)
    }];
    fields.extend(COLUMNS.map(|column| field(column, Type::Int)));
    fields.push(field("ts", Type::Timestamp));
    let source = Source::new(
        Webhook::new("bench").endpoint("rows").connector(),
        fennel_core::time::Duration::from_days(14),
        Cdc::Upsert,
    );
    let dataset = Dataset {
        name: "Rows",
        version,
        history: Dataset::DEFAULT_HISTORY,
        index: Index {
            online: true,
            offline: true,
        },
        fields: &fields,
        order: Order::NONE,
        sources: &[source],
        expectations: None,
        sinks: &[],
        meta: META,
        location: Location::UNKNOWN,
    };
    let mut features = vec![Feature {
        name: "id",
        ty: Type::Int,
        extraction: None,
        meta: Meta::EMPTY,
    }];
    features.extend(COLUMNS.map(|column| {
        let reference = Reference {
            kind: Kind::Dataset,
            entity: "Rows",
            name: column,
        };
        let default = Some(Literal::Int(0));
        let extraction = Some(Extraction {
            origin: Origin::Reference(reference),
            default,
            version: 0,
            env: Env::ANY,
        });
        Feature {
            name: column,
            ty: Type::Int,
            extraction,
            meta: Meta::EMPTY,
        }
    }));
    let featureset = Featureset {
        name: "F",
        features: &features,
        order: Order::NONE,
        reads: Order::NONE,
        meta: META,
        location: Location::UNKNOWN,
    };
    let entities = [
        Descriptor::Dataset(&dataset),
        Descriptor::Featureset(&featureset),
    ];
    encode(&entities.into_iter().collect::<Catalog<'_>>(), None, "")
}
