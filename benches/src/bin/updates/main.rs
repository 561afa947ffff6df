//! Rows that replace others: a table of accounts, one derived from it, and a count by country over both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Table, micros, quantile};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, ManualClock};

/// Measures pipelines over a table whose rows change
#[derive(Parser)]
struct Args {
    /// How many changes come; given several times, each is measured
    #[arg(long, default_values_t = [25_000, 100_000, 400_000])]
    changes: Vec<u64>,
    /// How many accounts there are
    #[arg(long, default_value_t = 20_000)]
    accounts: u64,
    /// How many changes come at once
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
}

fennel::owner!("bench@example.com");

static BENCH: Webhook = Webhook::new("bench");

#[dataset(index)]
#[source(BENCH.endpoint("accounts"), disorder = "1h", cdc = upsert)]
struct Account {
    #[field(key)]
    id: i64,
    country: i64,
    balance: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Rich {
    #[field(key)]
    id: i64,
    country: i64,
    balance: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Country {
    #[field(key)]
    country: i64,
    accounts: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn rich(accounts: Account) -> Rich {
    accounts.filter(balance > 500.0)
}

#[pipeline]
fn by_country(rich: Rich) -> Country {
    rich.group_by(country).aggregate(
        accounts = count(hopping("forever", "1m")),
        total = sum(balance, hopping("forever", "1m")),
    )
}

/// 2024-01-01.
const BEGIN: i64 = 1_704_067_200_000_000;
const COUNTRIES: u64 = 20;
const SECOND: i64 = 1_000_000;

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let mut table = Table::new(&[
        "changes",
        "engine",
        "changes/s",
        "question p50 µs",
        "p99 µs",
    ]);
    for changes in &args.changes {
        let dir = tempfile::tempdir()?;
        let stores = [
            ("in memory", Store::in_memory()),
            ("durable", Store::open(dir.path().join("data"))?),
        ];
        for (name, store) in stores {
            let (rate, questions) = measure(store, *changes, &args)?;
            table.row([
                changes.to_string(),
                name.into(),
                format!("{rate:.0}"),
                format!("{:.0}", micros(quantile(&questions, 0.5))),
                format!("{:.0}", micros(quantile(&questions, 0.99))),
            ]);
        }
    }
    println!("{table}");
    Ok(())
}

/// Changes a second until they are seen, and the times of questions.
fn measure(store: Store, changes: u64, args: &Args) -> Result<(f64, Vec<Duration>), Error> {
    let end = BEGIN + i64::try_from(changes)? * SECOND;
    let clock = ManualClock::new(Timestamp::from_micros(end).ok_or("no such instant")?);
    let engine = Engine::open(store, Arc::new(clock))?;
    let catalog: Catalog<'_> = fennel::entities![Account, Rich, Country]
        .into_iter()
        .collect();
    let request = wire::encode(&catalog, None, "");
    engine.commit("main", &request, CommitOptions::default())?;
    let begin = Instant::now();
    let all: Vec<u64> = (0..changes).collect();
    for part in all.chunks(args.batch) {
        let rows = part.iter().map(|i| row(*i, args.accounts)).collect();
        let logged = engine.log("bench", "accounts", rows)?;
        assert_eq!(logged.rows_set_aside, 0, "every row fits");
    }
    let rate = changes as f64 / begin.elapsed().as_secs_f64();
    let mut questions = Vec::new();
    for i in 0..500 {
        let country = Value::Int(i % COUNTRIES as i64);
        let key = BTreeMap::from([("country".to_owned(), country)]);
        let begin = Instant::now();
        let found = engine.lookup("main", "Country", vec![key], &[], None)?;
        questions.push(begin.elapsed());
        assert_eq!(found.found, [true], "every country has an account");
    }
    questions.sort_unstable();
    engine.close();
    Ok((rate, questions))
}

/// The `i`th change: an account, which stays in its country, has another balance.
fn row(i: u64, accounts: u64) -> BTreeMap<String, Value> {
    let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let id = mixed % accounts;
    let at = BEGIN + i as i64 * SECOND;
    BTreeMap::from([
        ("id".to_owned(), Value::Int(id as i64)),
        ("country".to_owned(), Value::Int((id % COUNTRIES) as i64)),
        (
            "balance".to_owned(),
            Value::Float((mixed >> 8) as f64 % 1000.0),
        ),
        (
            "at".to_owned(),
            Timestamp::from_micros(at).map_or(Value::Null, Value::Timestamp),
        ),
    ])
}
