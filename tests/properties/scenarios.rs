//! The oracle answers scenarios as the protocol's reference client does.
//!
//! The scenarios are those that the engine is judged by, as far as their definitions are graphs. Where the reference is
//! known to deviate from the documented behaviour, [`correct`] says what is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::wire::proto::services::SyncRequest;
use prost::Message;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::compare::differences;
use crate::graph::{Aggregate, Dataset, Fill, Function, Graph, Spec, Step, Ty};
use crate::logged::Logged;
use crate::oracle::{Oracle, Row};
use crate::value::V;

#[derive(Deserialize)]
struct Scenario {
    id: String,
    default_now: String,
    sync_request_b64: String,
    steps: Vec<Asked>,
}

/// What is done, and what comes of it.
#[derive(Deserialize)]
struct Asked {
    now: Option<String>,
    #[serde(flatten)]
    action: Action,
    result: Option<Json>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Action {
    Log {
        endpoint: String,
        rows: Vec<Map<String, Json>>,
    },
    Lookup {
        dataset: String,
        keys: Vec<Map<String, Json>>,
        timestamps: Option<Vec<Json>>,
    },
    Dump {
        dataset: String,
    },
}

#[test]
fn the_oracle_answers_scenarios_as_the_reference_does() {
    let mut failures = Vec::new();
    let mut questions = 0;
    for scenario in scenarios() {
        let graph = scenario.graph();
        let mut history = Vec::new();
        for (i, asked) in scenario.steps.iter().enumerate() {
            if let Action::Log { endpoint, rows } = &asked.action {
                let dataset = graph.dataset(endpoint);
                history.extend(rows.iter().map(|row| logged(dataset, row)));
                continue;
            }
            // What the reference fails at has no result.
            let Some(mut expected) = asked.result.clone() else {
                continue;
            };
            questions += 1;
            let oracle = Oracle::new(&graph, &history);
            correct(&scenario.id, i, &mut expected);
            let now = asked.now.as_ref().unwrap_or(&scenario.default_now);
            let judged = asked.action.judge(&oracle, &expected, now);
            failures.extend(judged.map(|told| format!("{} step {i}: {told}", scenario.id)));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(questions > 90, "only {questions} questions were asked");
}

#[test]
fn graphs_say_what_the_requests_that_they_are_read_from_say() {
    for scenario in scenarios() {
        let graph = scenario.graph();
        assert_eq!(graph.problems(), None, "{}:\n{graph}", scenario.id);
        assert_eq!(Graph::read(&graph.request()), graph, "{}", scenario.id);
        let mut settled = graph.clone();
        settled.settle().unwrap();
        for (dataset, settled) in graph.datasets.iter().zip(&settled.datasets) {
            let sorted = |dataset: &Dataset| {
                let mut values = dataset.columns.values.clone();
                values.sort_by(|a, b| a.name.cmp(&b.name));
                (dataset.columns.keys.clone(), values)
            };
            assert_eq!(sorted(dataset), sorted(settled), "{}", scenario.id);
        }
    }
}

/// Scenarios of what graphs don't have: features, sources that do more than take rows, erasures, and other types.
const BEYOND: [&str; 9] = [
    "agg-decimal-date",
    "assign-struct-list",
    "erase-",
    "feat-",
    "index-flags",
    "lookup-errors",
    "multi-key-types",
    "src-",
    "struct-values",
];

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("semantics/vectors");
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        if file.extension().is_none_or(|extension| extension != "json") {
            return false;
        }
        let name = file.file_stem().unwrap().to_string_lossy();
        !BEYOND.iter().any(|beyond| name.starts_with(beyond))
    });
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

impl Scenario {
    fn graph(&self) -> Graph {
        let request = STANDARD.decode(&self.sync_request_b64).unwrap();
        let request = SyncRequest::decode(request.as_slice()).unwrap();
        let mut graph = Graph::read(&request);
        complete(&self.id, &mut graph);
        graph
    }
}

/// Adds what definitions say and the reference leaves out of its requests: the aggregates of a group with a window.
fn complete(scenario: &str, graph: &mut Graph) {
    let specs: &[(&str, &str, Function)] = match scenario {
        "agg-session" => &[("n", "", count()), ("s", "amount", Function::Sum)],
        "window-agg" => &[
            ("n", "", count()),
            ("s", "amount", Function::Sum),
            ("avg", "amount", Function::Average(Some(0.0))),
        ],
        _ => return,
    };
    let Some(Fill::Pipeline(chain)) = graph.datasets.last_mut().map(|dataset| &mut dataset.fill)
    else {
        panic!("a pipeline fills it");
    };
    if let Some(Step::Aggregate(Aggregate {
        window, specs: all, ..
    })) = chain.steps.last_mut()
    {
        let window = window.unwrap();
        all.extend(specs.iter().map(|(name, of, function)| Spec {
            name: (*name).into(),
            of: (*of).into(),
            window,
            lookback: 0,
            function: function.clone(),
        }));
    }
}

const fn count() -> Function {
    Function::Count {
        unique: false,
        dropnull: false,
    }
}

/// Makes what the reference answers to a step of a scenario right.
fn correct(scenario: &str, step: usize, result: &mut Json) {
    let Json::Array(rows) = &mut result["rows"] else {
        return;
    };
    let window = |begin: &str, end: &str| {
        let time = |time: &str| format!("2024-01-01T{time}:00Z");
        json!({
            "uid": 1,
            "window": { "begin": time(begin), "end": time(end) },
            "ts": time(end),
        })
    };
    match (scenario, step) {
        // The rows that are there at each end of a stride are added up, also those that are zero.
        ("agg-after-agg", 2) => {
            let right = [(3.0, 2), (4.0, 2), (0.0, 2), (8.0, 2)];
            for (row, (total, count)) in rows.iter_mut().skip(1).zip(right) {
                row["tot"] = json!(total);
                row["n"] = json!(count);
            }
        }
        // Each instant has the value that has decayed until then.
        ("agg-expdecay-unsorted", 1) => {
            for (row, right) in rows.iter_mut().zip([4.0, 16.0, 8.0]) {
                row["d"] = json!(right);
            }
        }
        // 4 at 11:00 and -2 at 12:00 are in the window at 13:30: 4/32 - 2/8.
        ("agg-expdecay", 1) => rows[4]["w"] = json!(-0.125),
        // Zero by zero is not null.
        ("assign-expr", 1) => {
            let row = rows.iter_mut().find(|row| row["qty"] == 0).unwrap();
            row["opt"] = json!("NaN");
        }
        // The row that is seen first stays.
        ("dedup-survivor", 1) => {
            rows[0]["amount"] = json!(1.0);
            rows[0]["qty"] = json!(1);
        }
        // The row that holds at 12:00 and 13:00 doesn't pass the filter.
        ("filter-keyed-update-out", 1) => {
            result["found"][2] = json!(false);
            result["found"][3] = json!(false);
        }
        // A window ends when its time has come, whether or not there are later rows.
        ("window-hopping", 1) => {
            rows.extend([window("10:50", "11:10"), window("11:00", "11:20")]);
        }
        ("window-tumbling", 1) => rows.push(window("11:00", "11:10")),
        _ => {}
    }
}

fn logged(dataset: &Dataset, row: &Map<String, Json>) -> Logged {
    let columns = dataset.columns.all();
    let values = columns.map(|column| {
        let value = V::read(&row[&column.name], &column.ty);
        (column.name.clone(), value)
    });
    Logged {
        is_gone: false,
        dataset: dataset.name.clone(),
        at: micros(&row[&dataset.columns.at]),
        values: values.collect(),
    }
}

fn micros(json: &Json) -> i64 {
    match V::read(json, &Ty::Time) {
        V::Time(micros) => micros,
        other => panic!("{other} is no instant"),
    }
}

impl Action {
    /// What is not as expected.
    fn judge(&self, oracle: &Oracle<'_>, expected: &Json, now: &str) -> Option<String> {
        let (Action::Lookup { dataset, .. } | Action::Dump { dataset }) = self else {
            return None;
        };
        let dataset = oracle.graph.dataset(dataset);
        // Where a scenario depends on what the rules leave open, the reference and the oracle agree.
        let facts = oracle
            .graph
            .facts()
            .and_then(|mut known| known.remove(&dataset.name));
        let (times, sets) =
            facts.map_or((false, BTreeSet::new()), |facts| (facts.timed, facts.sets));
        let columns = &dataset.columns;
        let at = times.then_some((&columns.at, Ty::Time));
        let columns = columns
            .all()
            .map(|column| (&column.name, column.ty.clone()));
        let columns: BTreeMap<_, _> = columns.chain(at).collect();
        let read = |row: &Json| -> BTreeMap<String, V> {
            let row = row.as_object().unwrap().iter();
            let known = row.filter_map(|(name, value)| Some((name, value, columns.get(name)?)));
            known
                .map(|(name, value, ty)| (name.clone(), V::read(value, ty)))
                .collect()
        };
        match self {
            Action::Lookup {
                keys, timestamps, ..
            } => {
                for i in 0..keys.len() {
                    let at = timestamps.as_ref().map(|instants| &instants[i]);
                    let at = at.filter(|at| !at.is_null()).cloned();
                    let at = micros(&at.unwrap_or_else(|| now.into()));
                    let key = dataset.columns.keys.iter();
                    let key: Vec<_> = key
                        .map(|column| V::read(&keys[i][&column.name], &column.ty))
                        .collect();
                    let found = oracle.lookup(&dataset.name, &key, at);
                    if found.is_some() != (expected["found"][i] == true) {
                        return Some(format!("key {i}: found {found:?}"));
                    }
                    let Some(mut found) = found else { continue };
                    let time = oracle.version_time(&dataset.name, &key, at);
                    found.extend(time.map(|at| (dataset.columns.at.clone(), V::Time(at))));
                    let told = differences(&found, &read(&expected["rows"][i]), &sets);
                    if !told.is_empty() {
                        return Some(format!("key {i}: {}", told.join(", ")));
                    }
                }
                None
            }
            Action::Dump { .. } => {
                let mut found: Vec<_> = oracle
                    .versions(&dataset.name)
                    .into_iter()
                    .map(|row| timed(row, dataset))
                    .collect();
                for row in expected["rows"].as_array().unwrap() {
                    let row = read(row);
                    let same = |found| differences(found, &row, &sets).is_empty();
                    let Some(i) = found.iter().position(same) else {
                        return Some(format!("there is no {row:?} in {found:?}"));
                    };
                    found.swap_remove(i);
                }
                (!found.is_empty()).then(|| format!("not expected: {found:?}"))
            }
            Action::Log { .. } => None,
        }
    }
}

/// The row with its event time.
fn timed(row: Row, dataset: &Dataset) -> BTreeMap<String, V> {
    let mut values = row.values;
    values.insert(dataset.columns.at.clone(), V::Time(row.at));
    values
}
