//! Scenarios: definitions, rows over time, and questions.
//!
//! A scenario has a commit request and steps: rows that are logged, lookups and feature queries as of now or of given
//! instants, and dumps of whole datasets. Every step runs on an engine in memory whose clock stands where the step says.

mod compare;
pub mod corrections;
mod loose;

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

use crate::{Judged, Verdict};
use loose::Loose;

/// A scenario, of which only what runs is read.
#[derive(Deserialize)]
struct Scenario {
    id: String,
    /// What a correct server should answer, where the reference's answers are approximations.
    trust_note: Option<String>,
    #[serde(default)]
    default_now: String,
    sync_request_b64: Option<String>,
    /// Why the reference refuses the definitions, when they are declared or committed.
    definition_error: Option<String>,
    commit_error: Option<String>,
    #[serde(default)]
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
    Erase {
        dataset: String,
        keys: Vec<Row>,
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

/// Judges the scenario that a file has.
#[must_use]
pub fn judge(text: &str, name: &str) -> Judged {
    let verdict = match serde_json::from_str::<Scenario>(text) {
        Ok(scenario) => scenario
            .verdict()
            .unwrap_or_else(|broken| Verdict::Wrong(format!("it can't be read: {broken}"))),
        Err(error) => Verdict::Wrong(format!("it can't be read: {error}")),
    };
    Judged {
        name: name.into(),
        verdict,
    }
}

impl Scenario {
    /// What comes of it; an error says what of it can't be read.
    fn verdict(&self) -> Result<Verdict, String> {
        let refusal = self
            .definition_error
            .as_ref()
            .or(self.commit_error.as_ref());
        let request = match (&self.sync_request_b64, refusal) {
            (Some(request), _) => request,
            (None, Some(why)) => {
                let why =
                    format!("the reference's client makes no request of what it refuses: {why}");
                return Ok(Verdict::Left(why));
            }
            (None, None) => return Err("it has neither a request nor a refusal".into()),
        };
        let request = STANDARD
            .decode(request)
            .map_err(|error| error.to_string())?;
        let request = SyncRequest::decode(request.as_slice());
        let mut request = request.map_err(|error| error.to_string())?;
        corrections::complete(&self.id, &mut request);
        let now = match self.steps.is_empty() {
            true => Timestamp::MAX,
            false => instant(&self.default_now)?,
        };
        let clock = ManualClock::new(now);
        let engine = Engine::open(Store::in_memory(), Arc::new(clock.clone()));
        let engine = engine.map_err(|error| error.to_string())?;
        if let Err(error) = engine.commit("main", &request, CommitOptions::default()) {
            let error = error.to_string();
            return Ok(match refusal {
                Some(_) => Verdict::Equal,
                None if error.contains("Python") => Verdict::Left(error),
                None => Verdict::Wrong(format!("commit: {error}")),
            });
        }
        if let Some(why) = refusal {
            return Ok(Verdict::Wrong(format!(
                "it is taken, expected a refusal: {why}"
            )));
        }
        let loose = Loose::of(&request);
        let mut failures = Vec::new();
        let mut is_corrected = false;
        for (i, step) in self.steps.iter().enumerate() {
            clock.set(instant(step.now.as_ref().unwrap_or(&self.default_now))?);
            let outcome = step.action.run(&engine).map_err(|error| error.to_string());
            let corrected = corrections::of(&self.id, i);
            is_corrected |= corrected.is_some();
            let (expected, refused) = match &corrected {
                Some(corrected) => (Some(corrected), false),
                None => (step.result.as_ref(), step.error.is_some()),
            };
            if let Err(failure) = step.action.judge(&loose, &outcome, expected, refused) {
                failures.push(format!("step {i}: {failure}"));
            }
        }
        Ok(match &self.trust_note {
            _ if !failures.is_empty() => Verdict::Wrong(failures.join("\n")),
            Some(note) => Verdict::Right(note.clone()),
            None if is_corrected => Verdict::Right("as is documented; the reference isn't".into()),
            None => Verdict::Equal,
        })
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
            Action::Erase { dataset, keys } => {
                let keys = keys.iter().map(values).collect();
                let erased = engine.erase("main", dataset, keys, None)?;
                Ok(json!(erased.rows))
            }
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
            let instants = data.remove(name).unwrap_or_default().into_iter();
            let instants = instants.map(|value| match Shape::Timestamp.accept(value) {
                Ok(Value::Timestamp(instant)) => Ok(instant),
                Ok(other) => Err(Error::Request(format!("`{name}`: {other} is no instant"))),
                Err(mismatch) => Err(Error::Request(format!("`{name}`: {mismatch}"))),
            });
            instants.collect::<Result<Vec<_>, _>>()
        });
        let at = at.transpose()?;
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

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| format!("{text}: {error}"))
}

fn values(row: &Row) -> BTreeMap<String, Value> {
    row.iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect()
}

/// Columns as rows.
fn rows(columns: &Json, count: usize) -> Vec<Map<String, Json>> {
    let columns = columns.as_object();
    let row = |i: usize| {
        let columns = columns.into_iter().flatten();
        columns
            .map(|(name, values)| (name.clone(), values[i].clone()))
            .collect()
    };
    (0..count).map(row).collect()
}
