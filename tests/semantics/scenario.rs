//! Running one scenario.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, Error, ManualClock, Query};
use prost::Message;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::loose::Loose;
use crate::{compare, corrections};

/// A scenario, of which only what runs is read.
#[derive(Deserialize)]
pub(crate) struct Scenario {
    id: String,
    default_now: String,
    sync_request_b64: String,
    steps: Vec<Step>,
}

/// One step: what is done, and what must come of it.
#[derive(Deserialize)]
struct Step {
    now: Option<String>,
    #[serde(flatten)]
    action: Action,
    result: Option<Json>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Action {
    Log {
        endpoint: String,
        rows: Vec<Row>,
    },
    Lookup {
        dataset: String,
        keys: Vec<Row>,
        timestamps: Option<Vec<Json>>,
        fields: Option<Vec<String>>,
    },
    Query(Features),
    QueryOffline(Features),
    Dump {
        dataset: String,
    },
}

type Row = BTreeMap<String, Json>;

#[derive(Deserialize)]
struct Features {
    inputs: Vec<String>,
    outputs: Vec<String>,
    input_rows: Vec<Row>,
    timestamp_column: Option<String>,
}

impl Scenario {
    /// What didn't come out as expected.
    pub(crate) fn run(&self) -> Vec<String> {
        let clock = ManualClock::new(instant(&self.default_now));
        let engine = Engine::open(Store::in_memory(), Arc::new(clock.clone())).unwrap();
        let request = STANDARD.decode(&self.sync_request_b64).unwrap();
        let mut request = SyncRequest::decode(request.as_slice()).unwrap();
        corrections::complete(&self.id, &mut request);
        if let Err(error) = engine.commit("main", &request, CommitOptions::default()) {
            return vec![format!("commit: {error}")];
        }
        let loose = Loose::of(&request);
        let steps = self.steps.iter().enumerate();
        let failures = steps.filter_map(|(i, step)| {
            clock.set(instant(step.now.as_ref().unwrap_or(&self.default_now)));
            let outcome = step.action.run(&engine).map_err(|error| error.to_string());
            let judged = match corrections::of(&self.id, i) {
                Some(corrected) => step.action.judge(&loose, &outcome, Some(&corrected), false),
                None => {
                    let (expected, refused) = (step.result.as_ref(), step.error.is_some());
                    step.action.judge(&loose, &outcome, expected, refused)
                }
            };
            judged.err().map(|failure| format!("step {i}: {failure}"))
        });
        failures.collect()
    }
}

impl Action {
    /// The result, in the form in which scenarios have it.
    fn run(&self, engine: &Engine) -> Result<Json, Error> {
        match self {
            Action::Log { endpoint, rows } => {
                let logged = engine.log("hook", endpoint, rows.iter().map(values).collect())?;
                // The reference refuses all rows of a call where one doesn't fit.
                match logged.set_aside.into_iter().next() {
                    Some(aside) => Err(Error::Request(aside.reason)),
                    None => Ok(Json::Null),
                }
            }
            Action::Lookup {
                dataset,
                keys,
                timestamps,
                fields,
            } => {
                let timestamps = timestamps.clone();
                let timestamps =
                    timestamps.map(|instants| instants.into_iter().map(Value::from).collect());
                let fields = fields.as_deref().unwrap_or_default();
                let keys = keys.iter().map(values).collect();
                let found = engine.lookup("main", dataset, keys, fields, timestamps)?;
                let rows = rows(&found.columns.to_json(), found.found.len());
                Ok(json!({ "rows": rows, "found": found.found }))
            }
            Action::Query(features) | Action::QueryOffline(features) => features.run(engine),
            Action::Dump { dataset } => {
                let columns = engine.inspect("main", dataset, usize::MAX)?;
                Ok(json!({ "rows": rows(&columns.to_json(), columns.rows()) }))
            }
        }
    }

    fn judge(
        &self,
        loose: &Loose,
        outcome: &Result<Json, String>,
        expected: Option<&Json>,
        refused: bool,
    ) -> Result<(), String> {
        match (outcome, expected) {
            (Ok(result), _) if refused => Err(format!("must be refused, answered {result}")),
            (Err(_), _) if refused => Ok(()),
            (Err(error), _) => Err(error.clone()),
            (Ok(_), None) => Ok(()),
            (Ok(found), Some(expected)) => match self {
                Action::Lookup { dataset, keys, .. } => {
                    let dataset = loose.in_dataset(dataset);
                    compare::lookup(&dataset(found), &dataset(expected), keys)
                }
                Action::Dump { dataset } => {
                    let dataset = loose.in_dataset(dataset);
                    compare::bag(&dataset(found)["rows"], &dataset(expected)["rows"])
                }
                _ => compare::equal(&loose.in_features(found), &loose.in_features(expected)),
            },
        }
    }
}

impl Features {
    fn run(&self, engine: &Engine) -> Result<Json, Error> {
        let mut data: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in self.input_rows.iter().flatten() {
            data.entry(name.clone())
                .or_default()
                .push(value.clone().into());
        }
        let time = self.timestamp_column.as_ref();
        let at = time.map(|name| {
            let instants = data.remove(name).unwrap().into_iter();
            let instants = instants.map(|value| match Shape::Timestamp.accept(value).unwrap() {
                Value::Timestamp(instant) => instant,
                other => panic!("{other}"),
            });
            instants.collect::<Vec<_>>()
        });
        let query = Query {
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            data,
            at,
        };
        let answer = engine.query("main", &query)?;
        let count = if answer.0.is_empty() {
            0
        } else {
            self.input_rows.len()
        };
        let mut columns: Vec<_> = answer.0.iter().map(|column| column.name.clone()).collect();
        let mut rows = rows(&answer.to_json(), count);
        // The reference appends the instants to what it answers; the server does so too.
        if let (Some(name), Some(at)) = (time, &query.at) {
            columns.push(name.clone());
            for (row, at) in rows.iter_mut().zip(at) {
                row.insert(name.clone(), at.to_string().into());
            }
        }
        Ok(json!({ "columns": columns, "rows": rows }))
    }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn values(row: &Row) -> BTreeMap<String, Value> {
    row.iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect()
}

/// Columns as rows.
fn rows(columns: &Json, count: usize) -> Vec<Map<String, Json>> {
    let columns = columns.as_object().unwrap();
    let row = |i: usize| {
        columns
            .iter()
            .map(|(name, values)| (name.clone(), values[i].clone()))
            .collect()
    };
    (0..count).map(row).collect()
}
