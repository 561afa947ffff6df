//! A training set: the features of labels as of their instants, over the history of their keys.
//!
//! DuckDB's `ASOF JOIN` and Polars' `join_asof` do the same with tables in memory, in the same run; the answers are
//! compared with DuckDB's, row by row.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Python, Random, Table, Took, peak, reset_peak};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_engine::store::Store;
use fennel_engine::{Column, CommitOptions, Engine, ManualClock, Query};

/// Measures training sets
#[derive(Parser)]
struct Args {
    /// How many labels there are; given several times, each is measured
    #[arg(long, default_values_t = [100_000])]
    labels: Vec<u64>,
    /// How many rows their history has, once for each number of labels
    #[arg(long, default_values_t = [1_000_000])]
    history: Vec<u64>,
    /// A Python that has duckdb and polars; without it, both are installed from PyPI for this run
    #[arg(long)]
    python: Option<PathBuf>,
}

fennel::owner!("bench@example.com");

static BENCH: Webhook = Webhook::new("bench");

#[dataset(index)]
#[source(BENCH.endpoint("accounts"), disorder = "1d", cdc = upsert)]
struct Account {
    #[field(key)]
    uid: i64,
    balance: f64,
    score: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct Features {
    uid: i64,
    #[feature(Account::balance)]
    balance: Option<f64>,
    #[feature(Account::score)]
    score: Option<i64>,
}

/// 2024-01-01.
const BEGIN: i64 = 1_704_067_200_000_000;
/// Rows that a key has, on the average.
const ROWS_PER_KEY: u64 = 10;
/// Microseconds between rows.
const STEP: u64 = 30_000_000;
/// Rows that come at once.
const BATCH: u64 = 10_000;

fn main() -> Result<(), Error> {
    let args = Args::parse();
    if args.labels.len() != args.history.len() {
        return Err("give --labels and --history equally often".into());
    }
    let python = Python::with(&["duckdb", "polars"], args.python.as_deref());
    if let Err(reason) = &python {
        println!("DuckDB and Polars are left out: {reason}\n");
    }
    let mut table = Table::new(&[
        "labels", "history", "by", "load s", "answer s", "labels/s", "peak MB",
    ]);
    for (labels, history) in args.labels.iter().zip(&args.history) {
        let dir = tempfile::tempdir()?;
        let keys = (history / ROWS_PER_KEY).max(1);
        let engine = open(&dir.path().join("data"))?;
        let begin = Instant::now();
        let logged = log(&engine, *history, keys, &dir.path().join("history.csv"))?;
        let load = begin.elapsed().as_secs_f64() - logged;
        let labels = label(*labels, *history, keys, &dir.path().join("labels.csv"))?;
        let mut row = |by: &str, took: Took| {
            table.row([
                labels.len().to_string(),
                history.to_string(),
                by.to_owned(),
                format!("{:.1}", took.load),
                format!("{:.3}", took.answer),
                format!("{:.0}", labels.len() as f64 / took.answer),
                format!("{:.0}", took.memory as f64 / 1e6),
            ]);
        };
        type Ask = fn(&Engine, &[Label]) -> Result<(f64, Vec<Column>), Error>;
        let ways: [(&str, Ask); 2] = [("query", query), ("lookup", lookup)];
        for (by, ask) in ways {
            reset_peak();
            let (answer, columns) = ask(&engine, &labels)?;
            let took = Took {
                load,
                answer,
                memory: peak(),
            };
            row(by, took);
            fs::write(dir.path().join(by), csv(&columns)?)?;
        }
        engine.close();
        drop(engine);
        let Ok(python) = &python else {
            continue;
        };
        for (by, system) in [
            ("DuckDB ASOF JOIN", "duckdb"),
            ("Polars join_asof", "polars"),
        ] {
            row(
                by,
                python.measure(dir.path(), include_str!("peers.py"), system)?,
            );
        }
        for by in ["query", "lookup"] {
            compare(dir.path(), by)?;
        }
        println!("{} labels: all answers equal DuckDB's", labels.len());
    }
    println!("\n{table}");
    Ok(())
}

/// A label: whose, and as of when.
struct Label {
    uid: i64,
    at: Timestamp,
}

fn open(data: &Path) -> Result<Engine, Error> {
    let clock = ManualClock::new(instant(u64::from(u32::MAX) * STEP)?);
    let engine = Engine::open(Store::open(data)?, Arc::new(clock))?;
    let catalog: Catalog<'_> = fennel::entities![Account, Features].into_iter().collect();
    engine.commit(
        "main",
        &wire::encode(&catalog, None, ""),
        CommitOptions::default(),
    )?;
    Ok(engine)
}

/// Logs the history, and writes it for the others; answers the seconds that the writing took.
fn log(engine: &Engine, history: u64, keys: u64, file: &Path) -> Result<f64, Error> {
    let mut random = Random::default();
    let mut file = BufWriter::new(File::create(file)?);
    let mut writing = 0.0;
    writeln!(file, "uid,at,balance,score")?;
    let mut first = 0;
    while first < history {
        let begin = Instant::now();
        let last = history.min(first + BATCH);
        let mut rows = Vec::with_capacity(BATCH as usize);
        for i in first..last {
            let uid = i64::try_from(random.below(keys))?;
            let at = instant(i * STEP)?;
            let balance = (random.unit() * 1e6).round() / 100.0;
            let score = i64::try_from(random.below(1_000))?;
            writeln!(file, "{uid},{},{balance},{score}", at.micros())?;
            rows.push(BTreeMap::from([
                ("uid".to_owned(), Value::Int(uid)),
                ("balance".to_owned(), Value::Float(balance)),
                ("score".to_owned(), Value::Int(score)),
                ("at".to_owned(), Value::Timestamp(at)),
            ]));
        }
        writing += begin.elapsed().as_secs_f64();
        let logged = engine.log("bench", "accounts", rows)?;
        assert_eq!(logged.rows_set_aside, 0, "every row fits");
        first = last;
    }
    file.flush()?;
    Ok(writing)
}

/// Labels of random keys and instants, also written for the others.
fn label(labels: u64, history: u64, keys: u64, file: &Path) -> Result<Vec<Label>, Error> {
    let mut random = Random::default();
    let mut file = BufWriter::new(File::create(file)?);
    writeln!(file, "label,uid,at")?;
    let mut made = Vec::new();
    for i in 0..labels {
        let uid = i64::try_from(random.below(keys))?;
        let at = instant(random.below(history * STEP))?;
        writeln!(file, "{i},{uid},{}", at.micros())?;
        made.push(Label { uid, at });
    }
    file.flush()?;
    Ok(made)
}

fn instant(micros: u64) -> Result<Timestamp, Error> {
    let micros = BEGIN + i64::try_from(micros)?;
    Timestamp::from_micros(micros).ok_or_else(|| "no such instant".into())
}

/// Asks for the features of all labels at once; answers the seconds and the columns.
fn query(engine: &Engine, labels: &[Label]) -> Result<(f64, Vec<Column>), Error> {
    let keys = labels.iter().map(|label| Value::Int(label.uid)).collect();
    let query = Query {
        inputs: vec!["Features.uid".into()],
        outputs: vec!["Features.balance".into(), "Features.score".into()],
        data: BTreeMap::from([("Features.uid".into(), keys)]),
        at: Some(labels.iter().map(|label| label.at).collect()),
    };
    let begin = Instant::now();
    let columns = engine.query("main", &query)?;
    Ok((begin.elapsed().as_secs_f64(), columns.0))
}

/// Looks all labels up at once; answers the seconds and the columns.
fn lookup(engine: &Engine, labels: &[Label]) -> Result<(f64, Vec<Column>), Error> {
    let key = |label: &Label| BTreeMap::from([("uid".into(), Value::Int(label.uid))]);
    let keys = labels.iter().map(key).collect();
    let instants = labels.iter().map(|label| Value::Timestamp(label.at));
    let instants = Some(instants.collect());
    let fields = ["balance".into(), "score".into()];
    let begin = Instant::now();
    let found = engine.lookup("main", "Account", keys, &fields, instants)?;
    Ok((begin.elapsed().as_secs_f64(), found.columns.0))
}

/// The columns as DuckDB writes its table.
fn csv(columns: &[Column]) -> Result<String, Error> {
    let [balances, scores] = columns else {
        return Err(format!("there are {} columns", columns.len()).into());
    };
    let mut text = String::from("label,balance,score\n");
    for (i, (balance, score)) in balances.values.iter().zip(&scores.values).enumerate() {
        let line = match (balance, score) {
            (Value::Float(balance), Value::Int(score)) => format!("{i},{balance:?},{score}\n"),
            (Value::Null, Value::Null) => format!("{i},,\n"),
            other => return Err(format!("label {i} has {other:?}").into()),
        };
        text.push_str(&line);
    }
    Ok(text)
}

/// Ends the bench where an answer isn't DuckDB's.
fn compare(dir: &Path, by: &str) -> Result<(), Error> {
    let ours = fs::read_to_string(dir.join(by))?;
    let theirs = fs::read_to_string(dir.join("duckdb.csv"))?;
    match ours
        .lines()
        .zip(theirs.lines())
        .find(|(ours, theirs)| ours != theirs)
    {
        Some((ours, theirs)) => Err(format!("by {by} `{ours}`, by DuckDB `{theirs}`").into()),
        None if ours.len() != theirs.len() => {
            Err(format!("by {by} another number of labels").into())
        }
        None => Ok(()),
    }
}
