//! Running a history on the engine, and what it answers then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Columns, CommitOptions, Engine, Error, Incoming, ManualClock, Options};
use tempfile::TempDir;

use crate::arrival::Arrival;
use crate::compare::differences;
use crate::generate::{ORIGIN, STEP};
use crate::graph::{Dataset, Facts, Fill, Graph, WEBHOOK};
use crate::oracle::{Logged, Oracle};
use crate::value::V;

/// The clock, long after all rows.
const NOW: i64 = ORIGIN + 1000 * STEP;

/// What is asked of a dataset with keys: each key at each instant.
pub(crate) struct Questions {
    instants: Vec<i64>,
    /// By dataset.
    keys: BTreeMap<String, Vec<Vec<V>>>,
}

impl Questions {
    /// All keys that there ever are, and such that there are not.
    pub(crate) fn new(oracle: &Oracle<'_>, instants: Vec<i64>) -> Self {
        let datasets = oracle.graph.datasets.iter();
        let keys = datasets.map(|dataset| {
            let mut keys = oracle.keys(&dataset.name);
            let mut other = keys.first().cloned().unwrap_or_default();
            if let Some(V::Int(number)) = other.first_mut() {
                *number = 99;
                keys.push(other);
            }
            (dataset.name.clone(), keys)
        });
        Questions {
            keys: keys.collect(),
            instants,
        }
    }
}

/// The values of a row by column.
type Values = BTreeMap<String, Value>;

/// What an engine says of all datasets.
pub(crate) struct Answers {
    /// What each dataset holds, sorted.
    contents: BTreeMap<String, Vec<Values>>,
    /// Whether each key is found at each instant, and with which values.
    found: BTreeMap<String, Vec<(bool, Values)>>,
}

/// An engine with its store, which outlives it.
struct Running {
    store: Option<Store>,
    dir: TempDir,
    clock: ManualClock,
    engine: Option<Engine>,
    options: Options,
}

impl Running {
    fn start(on_disk: bool, compacts: bool) -> Result<Self, Error> {
        let now = Timestamp::from_micros(NOW).expect("a time of ours");
        let mut running = Running {
            store: (!on_disk).then(Store::in_memory),
            dir: TempDir::new().expect("a folder"),
            clock: ManualClock::new(now),
            engine: None,
            options: Options::default(),
        };
        if compacts {
            running.options.compact_after = 1;
        }
        running.restart()?;
        Ok(running)
    }

    /// Opens another engine on the same store.
    fn restart(&mut self) -> Result<(), Error> {
        // A folder is released with the last handle.
        self.engine = None;
        let store = match &self.store {
            Some(store) => store.clone(),
            None => Store::open(self.dir.path())?,
        };
        let clock = Arc::new(self.clock.clone());
        self.engine = Some(Engine::open_with(store, clock, &self.options)?);
        Ok(())
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("it is opened at the start")
    }
}

/// What the engine says when the rows have arrived in that way.
pub(crate) fn run(
    graph: &Graph,
    history: &[Logged],
    arrival: &Arrival,
    questions: &Questions,
) -> Result<Answers, Error> {
    let mut running = Running::start(arrival.on_disk, arrival.compacts)?;
    let commit = |running: &Running, graph: &Graph| {
        let options = CommitOptions::default();
        running.engine().commit("main", &graph.request(), options)
    };
    commit(&running, &graph.sources())?;
    for i in 0..=arrival.requests.len() {
        if arrival.restarts.contains(&i) {
            running.restart()?;
        }
        if arrival.commit == i {
            commit(&running, graph)?;
        }
        let Some(request) = arrival.requests.get(i) else {
            break;
        };
        let rows = arrival.order[request.clone()]
            .iter()
            .map(|row| &history[*row]);
        let Some(first) = rows.clone().next() else {
            continue;
        };
        let dataset = graph.dataset(&first.dataset);
        let rows = rows.map(|row| incoming(row, dataset)).collect();
        let logged = running.engine().log(WEBHOOK, &first.endpoint(), rows)?;
        assert_eq!(logged.set_aside, [], "all rows fit their dataset");
    }
    let mut answers = Answers {
        contents: BTreeMap::new(),
        found: BTreeMap::new(),
    };
    for dataset in &graph.datasets {
        let name = &dataset.name;
        let contents = running.engine().inspect("main", name, usize::MAX)?;
        let mut contents = rows(&contents, contents.rows());
        contents.sort_by_cached_key(text);
        answers.contents.insert(name.clone(), contents);
        if dataset.is_keyed() {
            let found = answers_of(running.engine(), dataset, questions)?;
            answers.found.insert(name.clone(), found);
        }
    }
    Ok(answers)
}

/// The rows of columns.
fn rows(columns: &Columns, count: usize) -> Vec<Values> {
    let row = |i: usize| {
        let columns = columns.0.iter();
        let values = columns.map(|column| (column.name.clone(), column.values[i].clone()));
        values.collect()
    };
    (0..count).map(row).collect()
}

fn answers_of(
    engine: &Engine,
    dataset: &Dataset,
    questions: &Questions,
) -> Result<Vec<(bool, Values)>, Error> {
    let (mut keys, mut instants) = (Vec::new(), Vec::new());
    for key in &questions.keys[&dataset.name] {
        for at in &questions.instants {
            keys.push(values(
                dataset.columns.keys.iter().map(|key| &key.name).zip(key),
            ));
            instants.push(Value::from(V::Time(*at).to_json()));
        }
    }
    let found = engine.lookup("main", &dataset.name, keys, &[], Some(instants))?;
    let rows = rows(&found.columns, found.found.len());
    Ok(found.found.into_iter().zip(rows).collect())
}

fn incoming(row: &Logged, dataset: &Dataset) -> Incoming {
    if row.is_gone {
        let keys = dataset.columns.keys.iter();
        let key = values(keys.map(|key| (&key.name, &row.values[&key.name])));
        return BTreeMap::from([
            ("op".into(), Value::String("d".into())),
            ("before".into(), Value::Map(key)),
            ("ts_ms".into(), Value::Int(row.at / 1_000)),
        ]);
    }
    let at = (&dataset.columns.at, &V::Time(row.at));
    values(row.values.iter().chain([at]))
}

fn values<'a>(values: impl Iterator<Item = (&'a String, &'a V)>) -> Incoming {
    values
        .map(|(name, value)| (name.clone(), value.to_json().into()))
        .collect()
}

/// The row to the bit: NaN is as NaN, and 0.0 other than -0.0.
fn text(row: &Values) -> String {
    format!("{row:?}")
}

fn texts(rows: &[Values]) -> Vec<String> {
    rows.iter().map(text).collect()
}

/// What of a bag another lacks.
fn missing(of: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut rows = of.to_vec();
    rows.retain(|row| match others.iter().position(|other| other == row) {
        Some(i) => {
            others.swap_remove(i);
            false
        }
        None => true,
    });
    rows
}

/// A line for each.
fn listed(rows: &[String]) -> String {
    rows.iter().map(|row| format!("\n    {row}")).collect()
}

fn typed(row: &Values) -> BTreeMap<String, V> {
    let values = row.iter();
    values
        .map(|(name, value)| (name.clone(), V::of(value)))
        .collect()
}

impl Graph {
    /// The sources alone.
    fn sources(&self) -> Graph {
        let datasets = self.datasets.iter();
        let sources = datasets.filter(|dataset| dataset.fill == Fill::Source);
        Graph {
            datasets: sources.cloned().collect(),
            disorder: self.disorder,
        }
    }
}

impl Answers {
    /// Where two ways came to different answers, to the bit.
    pub(crate) fn differ(&self, other: &Answers, questions: &Questions) -> Option<String> {
        for (name, rows) in &self.contents {
            let (found, expected) = (texts(rows), texts(&other.contents[name]));
            if found != expected {
                return Some(format!(
                    "`{name}` holds{}\n  instead of{}",
                    listed(&missing(&found, &expected)),
                    listed(&missing(&expected, &found)),
                ));
            }
        }
        for (name, found) in &self.found {
            let others = &other.found[name];
            for (i, (found, other)) in found.iter().zip(others).enumerate() {
                let (found, other) = (format!("{found:?}"), format!("{other:?}"));
                if found != other {
                    let question = questions.of(name, i);
                    return Some(format!(
                        "`{name}` says {question}\n    {found}\n  instead of\n    {other}"
                    ));
                }
            }
        }
        None
    }

    /// Where the answers are not those of the oracle.
    pub(crate) fn judge(&self, oracle: &Oracle<'_>, questions: &Questions) -> Option<String> {
        let known = oracle
            .graph
            .facts()
            .expect("nothing depends on what is open");
        let mut datasets = oracle.graph.datasets.iter();
        datasets.find_map(|dataset| {
            let facts = &known[&dataset.name];
            match dataset.is_keyed() {
                true => self.judge_found(oracle, dataset, facts, questions),
                false => self.judge_rows(oracle, dataset),
            }
        })
    }

    /// The rows of a dataset without keys.
    fn judge_rows(&self, oracle: &Oracle<'_>, dataset: &Dataset) -> Option<String> {
        let rows = self.contents[&dataset.name].iter();
        let mut found: Vec<BTreeMap<_, _>> = rows.map(typed).collect();
        let mut lacking = Vec::new();
        for mut row in oracle.versions(&dataset.name) {
            row.values
                .insert(dataset.columns.at.clone(), V::Time(row.at));
            let same = |found| differences(found, &row.values, &BTreeSet::new()).is_empty();
            match found.iter().position(same) {
                Some(i) => drop(found.swap_remove(i)),
                None => lacking.push(row.values),
            }
        }
        let text = |rows: &[BTreeMap<String, V>]| {
            let rows = rows.iter().map(|row| format!("{row:?}"));
            listed(&rows.collect::<Vec<_>>())
        };
        (!found.is_empty() || !lacking.is_empty()).then(|| {
            let (found, lacking) = (text(&found), text(&lacking));
            format!("`{}` holds{found}\n  and lacks{lacking}", dataset.name)
        })
    }

    fn judge_found(
        &self,
        oracle: &Oracle<'_>,
        dataset: &Dataset,
        facts: &Facts,
        questions: &Questions,
    ) -> Option<String> {
        let name = &dataset.name;
        for (i, (is_found, found)) in self.found[name].iter().enumerate() {
            let (key, at) = questions.get(name, i);
            let expected = oracle.lookup(name, key, at);
            let told = match (expected, is_found) {
                (None, false) => continue,
                (None, true) => format!("{found:?}, expected nothing"),
                (Some(expected), false) => format!("nothing, expected {expected:?}"),
                (Some(mut expected), true) => {
                    if facts.timed
                        && let Some(time) = oracle.version_time(name, key, at)
                    {
                        expected.insert(dataset.columns.at.clone(), V::Time(time));
                    }
                    let told = differences(&typed(found), &expected, &facts.sets);
                    if told.is_empty() {
                        continue;
                    }
                    told.join(", ")
                }
            };
            return Some(format!("`{name}` says {}: {told}", questions.of(name, i)));
        }
        None
    }
}

impl Questions {
    /// The key and the instant of a dataset's question.
    fn get(&self, dataset: &str, i: usize) -> (&[V], i64) {
        let count = self.instants.len();
        (&self.keys[dataset][i / count], self.instants[i % count])
    }

    fn of(&self, dataset: &str, i: usize) -> String {
        let (key, at) = self.get(dataset, i);
        let key: Vec<_> = key.iter().map(ToString::to_string).collect();
        format!("of [{}] at {}", key.join(", "), V::Time(at))
    }
}
