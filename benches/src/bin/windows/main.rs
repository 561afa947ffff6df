//! Twelve aggregates over three windows, kept up with as events come: events a second, the time of a question, and the time
//! until an engine that was killed answers again.
//!
//! Events of zipf-distributed users come over 30 simulated days, one in a hundred late by up to a minute. In the
//! same run a bare loop over vectors does what the engine does, without a log, a disk, late events or older
//! instants, for a measure of the machine.
//!
//! "Each" is all twelve as of each event, from the first event that comes to the last answer. DuckDB and Polars do that
//! with all events at once, and every answer is compared with DuckDB's; Bytewax does it as events come.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Python, Random, Table, micros, quantile, resident};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_engine::store::Store;
use fennel_engine::{Columns, CommitOptions, Engine, ManualClock};

/// Measures aggregates over windows
#[derive(Parser)]
struct Args {
    /// How many events come; given several times, each is measured
    #[arg(long, default_values_t = [100_000, 400_000, 1_600_000])]
    events: Vec<u64>,
    /// How many users there are
    #[arg(long, default_value_t = 100_000)]
    users: u32,
    /// How many events come at once
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
    /// How many questions are asked
    #[arg(long, default_value_t = 2_000)]
    questions: usize,
    /// A Python that has duckdb, polars and bytewax; without it, they are installed from PyPI for this run
    #[arg(long)]
    python: Option<PathBuf>,
}

fennel::owner!("bench@example.com");

static BENCH: Webhook = Webhook::new("bench");

#[dataset]
#[source(BENCH.endpoint("spent"), disorder = "1h", cdc = append)]
struct Spent {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Spending {
    #[field(key)]
    uid: i64,
    count_1d: i64,
    sum_1d: f64,
    average_1d: f64,
    max_1d: f64,
    count_7d: i64,
    sum_7d: f64,
    average_7d: f64,
    max_7d: f64,
    count_28d: i64,
    sum_28d: f64,
    average_28d: f64,
    max_28d: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn spending(spent: Spent) -> Spending {
    spent.group_by(uid).aggregate(
        count_1d = count("1d"),
        sum_1d = sum(amount, "1d"),
        average_1d = average(amount, "1d"),
        max_1d = max(amount, "1d", default = 0.0),
        count_7d = count("7d"),
        sum_7d = sum(amount, "7d"),
        average_7d = average(amount, "7d"),
        max_7d = max(amount, "7d", default = 0.0),
        count_28d = count("28d"),
        sum_28d = sum(amount, "28d"),
        average_28d = average(amount, "28d"),
        max_28d = max(amount, "28d", default = 0.0),
    )
}

const DAY: i64 = 86_400_000_000;
const WINDOWS: [i64; 3] = [DAY, 7 * DAY, 28 * DAY];
/// 2024-01-01.
const BEGIN: i64 = 1_704_067_200_000_000;

/// An event.
#[derive(Clone, Copy)]
struct Event {
    user: u32,
    amount: f64,
    at: i64,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let python = Python::with(&["duckdb", "polars", "bytewax"], args.python.as_deref())?;
    let mut table = Table::new(&[
        "events",
        "engine",
        "events/s",
        "of the loop",
        "each, events/s",
        "question p50 µs",
        "p99 µs",
        "busiest user µs",
        "MB",
        "open ms",
    ]);
    for count in &args.events {
        let events = generate(*count, args.users);
        let bare = bare(&events, args.users);
        table.row([
            count.to_string(),
            "bare loop".into(),
            format!("{bare:.0}"),
            "1.00".into(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        write(&events, dir.path())?;
        for (by, system) in [
            ("DuckDB", "duckdb"),
            ("Polars", "polars"),
            ("Bytewax", "bytewax"),
        ] {
            let took = python.measure(dir.path(), include_str!("peers.py"), system)?;
            let each = events.len() as f64 / (took.load + took.answer);
            let memory = took.memory as f64 / 1e6;
            let mut row = [const { String::new() }; 10];
            row[0] = count.to_string();
            row[1] = by.into();
            row[4] = format!("{each:.0}");
            row[8] = format!("{memory:.0}");
            table.row(row);
        }
        for (name, store, data) in [
            ("in memory", Store::in_memory(), None),
            ("durable", Store::open(&data)?, Some(&data)),
        ] {
            let before = resident();
            let measured = measure(store, &events, &args, dir.path())?;
            let memory = resident().saturating_sub(before);
            let opened = data.map(|data| open(data)).transpose()?;
            table.row([
                count.to_string(),
                name.into(),
                format!("{:.0}", measured.rate),
                format!("{:.2}", measured.rate / bare),
                format!("{:.0}", measured.each),
                format!("{:.0}", micros(quantile(&measured.questions, 0.5))),
                format!("{:.0}", micros(quantile(&measured.questions, 0.99))),
                format!("{:.0}", micros(measured.busiest)),
                format!("{:.0}", memory as f64 / 1e6),
                opened.map_or_else(String::new, |time| {
                    format!("{:.0}", time.as_secs_f64() * 1e3)
                }),
            ]);
        }
    }
    println!("{table}");
    Ok(())
}

/// What was measured of an engine.
struct Measured {
    /// Events a second, until they are seen.
    rate: f64,
    /// Events a second, until what all aggregates are as of each is told.
    each: f64,
    questions: Vec<Duration>,
    busiest: Duration,
}

fn measure(store: Store, events: &[Event], args: &Args, dir: &Path) -> Result<Measured, Error> {
    let engine = Engine::open(store, Arc::new(clock()?))?;
    let catalog: Catalog<'_> = fennel::entities![Spent, Spending].into_iter().collect();
    engine.commit(
        "main",
        &wire::encode(&catalog, None, ""),
        CommitOptions::default(),
    )?;
    let begin = Instant::now();
    for events in events.chunks(args.batch) {
        let rows = events.iter().map(|event| {
            let at = Timestamp::from_micros(event.at).map_or(Value::Null, Value::Timestamp);
            BTreeMap::from([
                ("uid".to_owned(), Value::Int(event.user.into())),
                ("amount".to_owned(), Value::Float(event.amount)),
                ("at".to_owned(), at),
            ])
        });
        let logged = engine.log("bench", "spent", rows.collect())?;
        assert_eq!(logged.rows_set_aside, 0, "every event fits");
    }
    let rate = events.len() as f64 / begin.elapsed().as_secs_f64();
    let answers = answer(&engine, events)?;
    let each = events.len() as f64 / begin.elapsed().as_secs_f64();
    compare(&answers, dir)?;
    drop(answers);
    let mut questions = Vec::with_capacity(args.questions);
    for event in events
        .iter()
        .step_by((events.len() / args.questions).max(1))
    {
        questions.push(ask(&engine, event.user, event.at)?);
    }
    questions.sort_unstable();
    // The first question makes what later ones use.
    ask(&engine, 0, BEGIN + 29 * DAY)?;
    let busiest = (0..100).map(|i| ask(&engine, 0, BEGIN + 29 * DAY + i * 1_234_567));
    let mut busiest = busiest.collect::<Result<Vec<_>, _>>()?;
    busiest.sort_unstable();
    engine.close();
    Ok(Measured {
        rate,
        each,
        questions,
        busiest: quantile(&busiest, 0.5),
    })
}

/// What all aggregates are as of each event, of its user.
fn answer(engine: &Engine, events: &[Event]) -> Result<Columns, Error> {
    let key = |event: &Event| BTreeMap::from([("uid".into(), Value::Int(event.user.into()))]);
    let keys = events.iter().map(key).collect();
    let instant = |event: &Event| {
        let at = Timestamp::from_micros(event.at);
        at.map_or(Value::Null, Value::Timestamp)
    };
    let instants = events.iter().map(instant).collect();
    let fields = ["1d", "7d", "28d"].into_iter().flat_map(|window| {
        let names = ["count", "sum", "average", "max"].into_iter();
        names.map(move |name| format!("{name}_{window}"))
    });
    let fields: Vec<_> = fields.collect();
    let found = engine.lookup("main", "Spending", keys, &fields, Some(instants))?;
    Ok(found.columns)
}

/// Writes the events for the others.
fn write(events: &[Event], dir: &Path) -> Result<(), Error> {
    let mut file = BufWriter::new(File::create(dir.join("events.csv"))?);
    writeln!(file, "event,uid,instant,amount")?;
    for (i, Event { user, amount, at }) in events.iter().enumerate() {
        writeln!(file, "{i},{user},{at},{amount}")?;
    }
    Ok(file.flush()?)
}

/// Ends the bench where an answer isn't DuckDB's. Its sums are rounded at each step, ours once.
fn compare(answers: &Columns, dir: &Path) -> Result<(), Error> {
    let theirs = fs::read_to_string(dir.join("duckdb.csv"))?;
    let mut lines = theirs.lines().skip(1);
    let rows = answers.0.first().map_or(0, |column| column.values.len());
    for event in 0..rows {
        let line = lines.next().ok_or("DuckDB has fewer events")?;
        let theirs = line.split(',').skip(1);
        for (column, theirs) in answers.0.iter().zip(theirs) {
            let ours = match column.values.get(event) {
                Some(Value::Int(ours)) => *ours as f64,
                Some(Value::Float(ours)) => *ours,
                other => return Err(format!("event {event} has {other:?}").into()),
            };
            let off = (ours - theirs.parse::<f64>()?).abs();
            if off > 1e-9 * ours.abs().max(1.0) {
                let name = &column.name;
                return Err(format!("event {event}, {name}: {ours}, by DuckDB {theirs}").into());
            }
        }
    }
    Ok(())
}

/// A clock behind all events.
fn clock() -> Result<ManualClock, Error> {
    let now = Timestamp::from_micros(BEGIN + 31 * DAY).ok_or("no such instant")?;
    Ok(ManualClock::new(now))
}

/// The time until an engine answers that finds this folder as it was left: nothing is written down at the end, so a kill
/// leaves no more to do.
fn open(data: &Path) -> Result<Duration, Error> {
    let begin = Instant::now();
    let engine = Engine::open(Store::open(data)?, Arc::new(clock()?))?;
    ask(&engine, 0, BEGIN + 29 * DAY)?;
    Ok(begin.elapsed())
}

/// The time to look a user up as of an instant.
fn ask(engine: &Engine, user: u32, at: i64) -> Result<Duration, Error> {
    let key = BTreeMap::from([("uid".to_owned(), Value::Int(user.into()))]);
    let at = Timestamp::from_micros(at).map_or(Value::Null, Value::Timestamp);
    let begin = Instant::now();
    let found = engine.lookup("main", "Spending", vec![key], &[], Some(vec![at]))?;
    let time = begin.elapsed();
    assert!(found.found == [true], "the user had an event by then");
    Ok(time)
}

/// Events a second that a loop takes in which keeps the aggregates of each user as of their last event.
fn bare(events: &[Event], users: u32) -> f64 {
    #[derive(Clone, Default)]
    struct Kept {
        events: VecDeque<(i64, f64)>,
        sum: f64,
        /// Descending amounts, the greatest first.
        max: VecDeque<(i64, f64)>,
    }
    let mut kept = vec![[Kept::default(), Kept::default(), Kept::default()]; users as usize];
    let begin = Instant::now();
    for event in events {
        for (kept, window) in kept[event.user as usize].iter_mut().zip(WINDOWS) {
            while let Some((at, amount)) = kept.events.front().copied()
                && at < event.at - window
            {
                kept.events.pop_front();
                kept.sum -= amount;
            }
            while kept
                .max
                .front()
                .is_some_and(|(at, _)| *at < event.at - window)
            {
                kept.max.pop_front();
            }
            while kept
                .max
                .back()
                .is_some_and(|(_, amount)| *amount <= event.amount)
            {
                kept.max.pop_back();
            }
            kept.events.push_back((event.at, event.amount));
            kept.max.push_back((event.at, event.amount));
            kept.sum += event.amount;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    std::hint::black_box(&kept);
    events.len() as f64 / seconds
}

/// Events in the order in which they come.
fn generate(count: u64, users: u32) -> Vec<Event> {
    let mut random = Random::default();
    let weights = (1..=users).map(|rank| 1.0 / f64::from(rank));
    let mut total = 0.0;
    let sums: Vec<f64> = weights
        .map(|weight| {
            total += weight;
            total
        })
        .collect();
    let step = 30 * DAY / i64::try_from(count).unwrap_or(i64::MAX).max(1);
    let events = (0..count).map(|i| {
        let point = random.unit() * total;
        let user = sums.partition_point(|sum| *sum < point);
        let late = if random.unit() < 0.01 {
            random.unit() * 60e6
        } else {
            0.0
        };
        Event {
            user: u32::try_from(user).unwrap_or(0),
            amount: (random.unit() * 1e4).round() / 100.0,
            at: BEGIN + step * i64::try_from(i).unwrap_or(0) - late as i64,
        }
    });
    events.collect()
}
