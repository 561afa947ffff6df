//! Queries of ten features of some keys, in process and over HTTP, beside the same server's `/healthz`, a bare server that
//! has the rows in a hash map, and `get` of another embedded store.
//!
//! Each key is asked for once, which is told as "at first", before it is asked for again.

mod bare;
mod client;
mod redb;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Random, Table, micros, quantile};
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Query, SystemClock};
use fennel_server::{Config, Server, Token};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use client::Client;
use redb::Redb;

/// Measures point queries
#[derive(Parser)]
struct Args {
    /// How many keys there are; given several times, each is measured
    #[arg(long, default_values_t = [1_000_000])]
    keys: Vec<u64>,
    /// How many keys a query asks for; given several times, each is measured
    #[arg(long, default_values_t = [1, 100, 1_000])]
    asked: Vec<u64>,
    /// For how many keys each client asks in all, in 100 requests at least
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
    /// How many rows each log request has
    #[arg(long, default_value_t = 10_000)]
    batch: u64,
}

fennel::owner!("bench@example.com");

static BENCH: Webhook = Webhook::new("bench");

#[dataset(index)]
#[source(BENCH.endpoint("rows"), disorder = "1d", cdc = upsert)]
struct Row {
    #[field(key)]
    id: i64,
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    e: f64,
    f: f64,
    g: f64,
    h: String,
    i: String,
    j: bool,
    at: DateTime<Utc>,
}

#[featureset]
struct Features {
    id: i64,
    #[feature(Row::a, default = 0)]
    a: i64,
    #[feature(Row::b, default = 0)]
    b: i64,
    #[feature(Row::c, default = 0)]
    c: i64,
    #[feature(Row::d, default = 0)]
    d: i64,
    #[feature(Row::e, default = 0.0)]
    e: f64,
    #[feature(Row::f, default = 0.0)]
    f: f64,
    #[feature(Row::g, default = 0.0)]
    g: f64,
    #[feature(Row::h, default = "")]
    h: String,
    #[feature(Row::i, default = "")]
    i: String,
    #[feature(Row::j, default = false)]
    j: bool,
}

const TOKEN: &str = "fnl_a_token_of_this_bench";

/// What is asked, and of whom.
enum Asked {
    Health(SocketAddr),
    Server(SocketAddr),
    Bare(SocketAddr),
    Engine(Engine),
    Redb(Redb),
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let runtime = Runtime::new()?;
    let mut table = Table::new(&[
        "of keys",
        "asked",
        "by",
        "clients",
        "p50 µs",
        "p99 µs",
        "requests/s",
    ]);
    for keys in &args.keys {
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        over_http(&runtime, &data, *keys, &args, &mut table)?;
        let engine = Engine::open(Store::open(&data)?, Arc::new(SystemClock))?;
        let redb = Redb::fill(&dir.path().join("redb"), *keys)?;
        for who in [Asked::Engine(engine), Asked::Redb(redb)] {
            at_first(&who, *keys, &mut table)?;
            for asked in &args.asked {
                for clients in [1, 8] {
                    table.row(measured(&who, *keys, *asked, clients, args.requests)?);
                }
            }
        }
    }
    println!("{table}");
    Ok(())
}

impl Asked {
    fn name(&self) -> &'static str {
        match self {
            Asked::Health(_) => "/healthz",
            Asked::Server(_) => "the server",
            Asked::Bare(_) => "a bare server",
            Asked::Engine(_) => "the engine",
            Asked::Redb(_) => "redb",
        }
    }
}

/// Starts both servers, loads the rows, and measures.
fn over_http(
    runtime: &Runtime,
    data: &Path,
    keys: u64,
    args: &Args,
    table: &mut Table,
) -> Result<(), Error> {
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: data.to_owned(),
        process_token: Some(Token::new(TOKEN)?),
        ..Config::default()
    };
    let server = runtime.block_on(Server::bind(config))?;
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = runtime.spawn(server.serve(async {
        let _ = stopped.await;
    }));
    let rows = (0..keys).map(|id| id as i64);
    let rows = rows.map(|id| (id, (id, format!("text {id}"))));
    let bare = bare::router(Arc::new(rows.collect()));
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let bare_address = listener.local_addr()?;
    let bare = runtime.spawn(async { axum::serve(listener, bare).await });

    let mut client = Client::connect(address)?;
    let catalog: Catalog<'_> = fennel::entities![Row, Features].into_iter().collect();
    let request = wire::encode(&catalog, None, "").encode_to_vec();
    let commit = "/api/v1/commit?preview=false&incremental=false&backfill=true";
    client.post(commit, "application/octet-stream", &request)?;
    let loaded = load(&mut client, keys, args.batch)?;
    println!(
        "Logging {keys} keys in requests of {} rows: {loaded:.0} rows/s on disk",
        args.batch
    );
    same_answers(&mut client, &mut Client::connect(bare_address)?, keys)?;

    at_first(&Asked::Server(address), keys, table)?;
    for clients in [1, 8] {
        let what = Asked::Health(address);
        table.row(measured(&what, keys, 0, clients, args.requests)?);
    }
    for asked in &args.asked {
        for what in [Asked::Bare(bare_address), Asked::Server(address)] {
            for clients in [1, 8] {
                table.row(measured(&what, keys, *asked, clients, args.requests)?);
            }
        }
    }
    bare.abort();
    drop(client);
    let _ = stop.send(());
    Ok(runtime.block_on(serving)?)
}

/// Logs a row for each key; answers rows a second.
fn load(client: &mut Client, keys: u64, batch: u64) -> Result<f64, Error> {
    let begin = Instant::now();
    let mut first = 0;
    while first < keys {
        let last = (first + batch).min(keys);
        let rows = (first..last).map(|id| {
            format!(
                r#"{{"id":{id},"a":{id},"b":1,"c":2,"d":3,"e":0.5,"f":1.5,"g":2.5,"h":"text {id}","i":"other","j":true,"at":"2024-01-01T00:00:00Z"}}"#
            )
        });
        let rows = rows.collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"webhook":"bench","endpoint":"rows","data":[{rows}]}}"#);
        client.post("/api/v1/log", "application/json", body.as_bytes())?;
        first = last;
    }
    Ok(keys as f64 / begin.elapsed().as_secs_f64())
}

/// Ends the bench where the bare server's answer is another.
fn same_answers(server: &mut Client, bare: &mut Client, keys: u64) -> Result<(), Error> {
    let mut seed = 7;
    let body = body(&(0..100).map(|_| key(&mut seed, keys)).collect::<Vec<_>>());
    let ours = server.post("/api/v1/query", "application/json", body.as_bytes())?;
    let theirs = bare.post("/query", "application/json", body.as_bytes())?;
    if ours == theirs {
        return Ok(());
    }
    let text = String::from_utf8_lossy;
    Err(format!(
        "the server says {}\nand the bare one {}",
        text(ours),
        text(theirs)
    )
    .into())
}

/// A row of the table: the times of the requests of so many clients at once.
fn measured(
    what: &Asked,
    keys: u64,
    asked: u64,
    clients: u64,
    requests: u64,
) -> Result<[String; 7], Error> {
    let requests = (requests / asked.max(1)).max(100);
    let begin = Instant::now();
    let times: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (1..=clients)
            .map(|client| {
                let mut seed = asked * 100 + client;
                let mut random = move |_| key(&mut seed, keys);
                let requests = (0..requests).map(move |_| (0..asked).map(&mut random).collect());
                scope.spawn(move || ask(what, requests))
            })
            .collect();
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let wall = begin.elapsed();
    let mut all = Vec::new();
    for times in times {
        all.extend(times.map_err(|_| "a client panicked")??);
    }
    Ok(row(
        (what.name().to_owned(), keys),
        asked,
        clients,
        (all, wall),
    ))
}

/// Asks for each key once, in an order that looks random, and puts how long that took into the table.
fn at_first(what: &Asked, keys: u64, table: &mut Table) -> Result<(), Error> {
    const ASKED: usize = 1_000;
    let mut ids: Vec<i64> = (0..keys as i64).collect();
    let mut random = Random::default();
    for i in (1..ids.len()).rev() {
        ids.swap(i, random.below(i as u64 + 1) as usize);
    }
    let begin = Instant::now();
    let times = ask(what, ids.chunks(ASKED).map(<[i64]>::to_vec))?;
    let by = format!("{}, at first", what.name());
    table.row(row((by, keys), ASKED as u64, 1, (times, begin.elapsed())));
    Ok(())
}

/// A row of the table, of the times of all requests and the time in which they were made.
fn row(
    (by, keys): (String, u64),
    asked: u64,
    clients: u64,
    (mut sorted, wall): (Vec<Duration>, Duration),
) -> [String; 7] {
    sorted.sort_unstable();
    [
        keys.to_string(),
        if asked == 0 {
            String::new()
        } else {
            asked.to_string()
        },
        by,
        clients.to_string(),
        format!("{:.0}", micros(quantile(&sorted, 0.5))),
        format!("{:.0}", micros(quantile(&sorted, 0.99))),
        format!("{:.0}", sorted.len() as f64 / wall.as_secs_f64()),
    ]
}

/// The times of one client's requests, each for these keys.
fn ask(what: &Asked, requests: impl Iterator<Item = Vec<i64>>) -> Result<Vec<Duration>, Error> {
    let mut times = Vec::new();
    if let Asked::Redb(redb) = what {
        for ids in requests {
            let begin = Instant::now();
            redb.ask(&ids)?;
            times.push(begin.elapsed());
        }
        return Ok(times);
    }
    if let Asked::Engine(engine) = what {
        let mut query = Query {
            inputs: vec!["Features.id".into()],
            outputs: vec!["Features".into()],
            ..Query::default()
        };
        for ids in requests {
            let ids = ids.into_iter().map(Value::Int);
            query.data = BTreeMap::from([("Features.id".into(), ids.collect())]);
            let begin = Instant::now();
            engine.query("main", &query)?;
            times.push(begin.elapsed());
        }
        return Ok(times);
    }
    let (Asked::Health(address) | Asked::Server(address) | Asked::Bare(address)) = what else {
        return Ok(times);
    };
    let path = match what {
        Asked::Server(_) => "/api/v1/query",
        _ => "/query",
    };
    let mut client = Client::connect(*address)?;
    for ids in requests {
        let body = body(&ids);
        let begin = Instant::now();
        if let Asked::Health(_) = what {
            client.get("/healthz")?;
        } else {
            client.post(path, "application/json", body.as_bytes())?;
        }
        times.push(begin.elapsed());
    }
    Ok(times)
}

/// A query of these keys.
fn body(ids: &[i64]) -> String {
    let ids = ids.iter().map(i64::to_string);
    let ids = ids.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"inputs":["Features.id"],"outputs":["Features"],"data":{{"Features.id":[{ids}]}},"log":false}}"#
    )
}

/// The next of a row of keys that look random.
fn key(seed: &mut u64, keys: u64) -> i64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 20) % keys) as i64
}
