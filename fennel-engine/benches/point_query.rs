//! A point query of ten features on a million keys, answered and logged, and how fast their rows are taken in, also beside
//! expectations, and replayed.
//!
//! `cargo bench -p fennel-engine --bench point_query [-- <keys>]`

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Argument, Cdc, Dataset, Descriptor, Env, Expectation, Expectations, Extraction, Feature,
    Featureset, Field, Index, Kind, Location, Meta, Order, Origin, Reference, Source,
};
use fennel_core::literal::Literal;
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{Columns, CommitOptions, Engine, Error, Incoming, Keep, Query, SystemClock};

const COLUMNS: [&str; 10] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];
const META: Meta<'static> = Meta {
    owner: "bench@example.com",
    ..Meta::EMPTY
};
const ROWS_PER_REQUEST: i64 = 1_000;
const QUERIES: i64 = 50_000;
/// Each waits for the disk.
const KEPT: i64 = 4_000;

/// What the rows of the second engine are asked, beside its rows being taken in.
const EXPECTED: Expectations<'static> = Expectations {
    version: 0,
    list: &[
        Expectation {
            name: "expect_column_values_to_be_between",
            columns: &["c1"],
            arguments: &[Argument {
                name: "min_value",
                value: Literal::Int(0),
            }],
        },
        Expectation {
            name: "expect_column_values_to_not_be_null",
            columns: &["c2"],
            arguments: &[],
        },
        Expectation {
            name: "expect_column_pair_values_A_to_be_greater_than_B",
            columns: &["c9", "c8"],
            arguments: &[Argument {
                name: "or_equal",
                value: Literal::Bool(true),
            }],
        },
    ],
};

fn main() {
    let keys = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    let dir = tempfile::tempdir().expect("a folder for the store");
    let engine = open(dir.path());
    commit(&engine, 1, None);
    log_all(&engine, keys, "rows logged, 4 writers");
    for threads in [1, 8] {
        let what = format!("queries, {threads} readers");
        query_all(&engine, keys, threads, QUERIES, &what, |engine, query| {
            engine.query("main", query)
        });
    }
    for threads in [1, 8] {
        let what = format!("queries that are logged, {threads} readers");
        query_all(&engine, keys, threads, KEPT, &what, |engine, query| {
            engine.query_and_keep("main", query, &Keep::default())
        });
    }
    let begin = Instant::now();
    commit(&engine, 2, None);
    rate("rows replayed", keys, begin.elapsed());
    drop(engine);

    let dir = tempfile::tempdir().expect("a folder for the store");
    let engine = open(dir.path());
    commit(&engine, 1, Some(EXPECTED));
    let begin = Instant::now();
    log_all(
        &engine,
        keys,
        "rows logged beside three expectations, 4 writers",
    );
    while waiting(&engine) > 0 {}
    rate("rows logged and judged", keys, begin.elapsed());
}

fn open(folder: &Path) -> Engine {
    let store = Store::open(folder).expect("a new store opens");
    Engine::open(store, Arc::new(SystemClock)).expect("a new engine opens")
}

fn commit(engine: &Engine, version: u32, expectations: Option<Expectations<'_>>) {
    let request = definitions(version, expectations);
    let commit = engine.commit("main", &request, CommitOptions::default());
    commit.expect("the definitions are right");
}

/// How many rows aren't judged yet.
fn waiting(engine: &Engine) -> u64 {
    let found = engine.expectations("main", "Rows", 1);
    found.expect("the dataset is there").waiting
}

fn log_all(engine: &Engine, keys: i64, what: &str) {
    let begin = Instant::now();
    thread::scope(|scope| {
        for writer in 0..4 {
            let requests =
                (0..keys / ROWS_PER_REQUEST).filter(move |request| request % 4 == writer);
            scope.spawn(move || requests.for_each(|request| log(engine, request)));
        }
    });
    rate(what, keys, begin.elapsed());
}

fn query_all(
    engine: &Engine,
    keys: i64,
    threads: i64,
    queries: i64,
    what: &str,
    ask: impl Fn(&Engine, &Query) -> Result<Columns, Error> + Sync,
) {
    let begin = Instant::now();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let readers: Vec<_> = (0..threads)
            .map(|reader| {
                let ask = &ask;
                scope.spawn(move || read(engine, keys, reader, queries / threads, ask))
            })
            .collect();
        readers
            .into_iter()
            .flat_map(|reader| reader.join().expect("readers don't panic"))
            .collect()
    });
    rate(what, queries, begin.elapsed());
    times.sort_unstable();
    let percentile = |part: usize| {
        let time = times.get(times.len() * part / 1_000);
        time.copied().unwrap_or_default()
    };
    println!("    p50 {:?}, p99 {:?}", percentile(500), percentile(990));
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
fn read(
    engine: &Engine,
    keys: i64,
    reader: i64,
    queries: i64,
    ask: &impl Fn(&Engine, &Query) -> Result<Columns, Error>,
) -> Vec<Duration> {
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
        let answer = ask(engine, &query).expect("the query is right");
        let elapsed = begin.elapsed();
        let last = answer.0.last().and_then(|column| column.values.first());
        assert_eq!(last, Some(&Value::Int(id * 9)));
        elapsed
    });
    times.collect()
}

fn definitions(version: u32, expectations: Option<Expectations<'_>>) -> SyncRequest {
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
        expectations,
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
