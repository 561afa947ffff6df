//! Queries of ten features of one key over HTTP, beside the same server's `/healthz`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Table, quantile};
use fennel_core::wire;
use fennel_server::{Config, Server, Token};
use prost::Message as _;
use tokio::sync::oneshot;

/// Measures point queries over HTTP.
#[derive(Parser)]
struct Args {
    /// How many keys there are
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// How many requests each client sends
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

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: dir.path().join("data"),
        process_token: Some(Token::new(TOKEN)?),
        ..Config::default()
    };
    let server = runtime.block_on(Server::bind(config))?;
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = runtime.spawn(server.serve(async {
        let _ = stopped.await;
    }));

    let mut client = Client::connect(address)?;
    let catalog: Catalog<'_> = fennel::entities![Row, Features].into_iter().collect();
    let request = wire::encode(&catalog, None, "").encode_to_vec();
    let commit = "/api/v1/commit?preview=false&incremental=false&backfill=true";
    client.post(commit, "application/octet-stream", &request)?;
    let loaded = load(&mut client, &args)?;
    println!(
        "Logging {} keys in requests of {} rows: {loaded:.0} rows/s on disk\n",
        args.keys, args.batch
    );

    let mut table = Table::new(&["request", "clients", "p50 µs", "p99 µs", "requests/s"]);
    for clients in [1, 8] {
        for what in ["/healthz", "10 features of a key"] {
            let (mut times, wall) = measure(address, clients, &args, what == "/healthz")?;
            times.sort_unstable();
            table.row([
                what.to_owned(),
                clients.to_string(),
                format!("{:.0}", micros(quantile(&times, 0.5))),
                format!("{:.0}", micros(quantile(&times, 0.99))),
                format!("{:.0}", times.len() as f64 / wall.as_secs_f64()),
            ]);
        }
    }
    println!("{table}");
    drop(client);
    let _ = stop.send(());
    runtime.block_on(serving)?;
    Ok(())
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Logs a row for each key; answers rows a second.
fn load(client: &mut Client, args: &Args) -> Result<f64, Error> {
    let begin = Instant::now();
    let mut first = 0;
    while first < args.keys {
        let last = (first + args.batch).min(args.keys);
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
    Ok(args.keys as f64 / begin.elapsed().as_secs_f64())
}

/// The times of all requests of so many clients at once, and how long all took together.
fn measure(
    address: SocketAddr,
    clients: u64,
    args: &Args,
    health: bool,
) -> Result<(Vec<Duration>, Duration), Error> {
    let (keys, requests) = (args.keys, args.requests);
    let begin = Instant::now();
    let threads: Vec<_> = (0..clients)
        .map(|number| {
            thread::spawn(move || -> Result<Vec<Duration>, Error> {
                let mut client = Client::connect(address)?;
                let mut key = number;
                let mut times = Vec::new();
                for _ in 0..requests {
                    key = key.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let body = format!(
                        r#"{{"inputs":["Features.id"],"outputs":["Features"],"data":{{"Features.id":[{}]}},"log":false}}"#,
                        (key >> 20) % keys
                    );
                    let begin = Instant::now();
                    if health {
                        client.get("/healthz")?;
                    } else {
                        client.post("/api/v1/query", "application/json", body.as_bytes())?;
                    }
                    times.push(begin.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a client panicked")??);
    }
    Ok((times, begin.elapsed()))
}

/// A client of one connection that is kept.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Result<Client, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            answer: vec![0; 1 << 16],
        })
    }

    fn get(&mut self, path: &str) -> Result<(), Error> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes())
    }

    fn post(&mut self, path: &str, content: &str, body: &[u8]) -> Result<(), Error> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: {content}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        self.send(&request)
    }

    /// Sends, and reads the whole answer, which must be a 200 of known length.
    fn send(&mut self, request: &[u8]) -> Result<(), Error> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..])?;
            filled += read;
            let text = String::from_utf8_lossy(&self.answer[..filled]);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.ok_or("an answer without a length")?.parse()?;
                if body.len() >= length {
                    if !head.starts_with("HTTP/1.1 200") {
                        return Err(text.into_owned().into());
                    }
                    return Ok(());
                }
            }
            if read == 0 {
                return Err(format!("the connection ended: {text}").into());
            }
        }
    }
}
