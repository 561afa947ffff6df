//! An engine to test with, and short ways to ask it.

use std::path::Path;
use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::{Options, Store};
use fennel_engine::{
    Columns, Commit, CommitOptions, Engine, Error, Incoming, Logged, ManualClock, Query,
};
use serde_json::{Value as Json, json};

/// An engine, and the clock that it goes by.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) clock: ManualClock,
}

/// An instant on 2024-01-01, so many seconds after midnight.
pub(crate) fn second(seconds: i64) -> Timestamp {
    let midnight = Timestamp::parse("2024-01-01").unwrap();
    Timestamp::from_micros(midnight.micros() + seconds * 1_000_000).unwrap()
}

/// A store in `dir` that needs no free disk.
pub(crate) fn store(dir: &Path) -> Store {
    let options = Options {
        reserve_bytes: 0,
        ..Options::default()
    };
    Store::open_with(dir, &options).unwrap()
}

/// Rows as they come, from a JSON list of objects in which `ts` counts seconds of 2024-01-01.
pub(crate) fn rows(rows: &Json) -> Vec<Incoming> {
    let rows = rows.as_array().unwrap().iter();
    let row = |row: &Json| {
        let columns = row.as_object().unwrap().iter();
        let columns = columns.map(|(name, value)| match (name.as_str(), value.as_i64()) {
            ("ts", Some(seconds)) => (name.clone(), Value::Timestamp(second(seconds))),
            _ => (name.clone(), Value::from(value.clone())),
        });
        columns.collect()
    };
    rows.map(row).collect()
}

impl Fixture {
    /// An engine in memory; it is noon on 2024-01-01.
    pub(crate) fn in_memory() -> Self {
        Self::on(Store::in_memory())
    }

    pub(crate) fn on(store: Store) -> Self {
        let clock = ManualClock::new(second(43_200));
        let engine = Engine::open(store, Arc::new(clock.clone())).unwrap();
        Self { engine, clock }
    }

    /// An engine in memory with these definitions on `main`.
    pub(crate) fn with(request: &SyncRequest) -> Self {
        let fixture = Self::in_memory();
        fixture.commit(request);
        fixture
    }

    pub(crate) fn commit(&self, request: &SyncRequest) -> Commit {
        self.commit_on("main", request)
    }

    pub(crate) fn commit_on(&self, branch: &str, request: &SyncRequest) -> Commit {
        self.engine
            .commit(branch, request, CommitOptions::default())
            .unwrap()
    }

    pub(crate) fn try_commit(&self, request: &SyncRequest) -> Result<Commit, Error> {
        self.engine
            .commit("main", request, CommitOptions::default())
    }

    /// Logs to the webhook `hook`.
    pub(crate) fn log(&self, endpoint: &str, data: &Json) -> Logged {
        self.engine.log("hook", endpoint, rows(data)).unwrap()
    }

    /// All rows of a dataset of `main`.
    pub(crate) fn dump(&self, dataset: &str) -> Json {
        self.dump_on("main", dataset)
    }

    pub(crate) fn dump_on(&self, branch: &str, dataset: &str) -> Json {
        self.engine
            .inspect(branch, dataset, usize::MAX)
            .unwrap()
            .to_json()
    }

    /// A column of `Users` for one `uid`, as of each second of 2024-01-01.
    pub(crate) fn users_as_of(&self, uid: i64, column: &str, seconds: &[i64]) -> Json {
        let keys = seconds
            .iter()
            .map(|_| Incoming::from([("uid".into(), Value::Int(uid))]));
        let at = seconds
            .iter()
            .map(|seconds| Value::Timestamp(second(*seconds)))
            .collect();
        let found = self
            .engine
            .lookup("main", "Users", keys.collect(), &[column.into()], Some(at));
        found.unwrap().columns.to_json()[column].clone()
    }

    /// The answer of an online query on `main`, whose data is a JSON object of columns.
    pub(crate) fn query(&self, data: &Json, outputs: &[&str]) -> Result<Columns, Error> {
        self.engine.query("main", &query(data, outputs))
    }

    pub(crate) fn answer(&self, data: &Json, outputs: &[&str]) -> Json {
        self.query(data, outputs).unwrap().to_json()
    }
}

/// An online query whose inputs are all the columns of `data`.
pub(crate) fn query(data: &Json, outputs: &[&str]) -> Query {
    let columns = data.as_object().unwrap().iter();
    let values = |values: &Json| {
        values
            .as_array()
            .unwrap()
            .iter()
            .cloned()
            .map(Value::from)
            .collect()
    };
    let data: std::collections::BTreeMap<_, _> = columns
        .map(|(name, column)| (name.clone(), values(column)))
        .collect();
    Query {
        inputs: data.keys().cloned().collect(),
        outputs: outputs.iter().map(|name| String::from(*name)).collect(),
        data,
        at: None,
    }
}

/// A row of `Users`.
pub(crate) fn user(uid: i64, city: &str, ts: i64) -> Json {
    json!({ "uid": uid, "city": city, "age": null, "ts": ts })
}

/// The text of an error that must come.
pub(crate) fn refusal<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => panic!("it must be refused"),
        Err(error) => error.to_string(),
    }
}
