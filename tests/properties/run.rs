//! Running a history on the engine, and what it answers then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{Clock, Columns, CommitOptions, Engine, Error, Incoming, ManualClock, Options};
use tempfile::TempDir;

use crate::arrival::{Arrival, Erasure};
use crate::compare::differences;
use crate::generate::{ORIGIN, STEP};
use crate::graph::{Dataset, Facts, Fill, Graph, WEBHOOK};
use crate::oracle::{Logged, Oracle};
use crate::value::V;

/// The clock, long after all rows.
const NOW: i64 = ORIGIN + 1000 * STEP;
/// Longer than anything is kept.
const REST: Duration = Duration::from_days(800);
/// Later than anything arrives.
const END: i64 = NOW + 200 * REST.micros();

/// What is asked of a dataset with keys: each key at each instant.
pub(crate) struct Questions {
    instants: Vec<i64>,
    /// By dataset.
    keys: BTreeMap<String, Vec<Vec<V>>>,
}

impl Questions {
    /// The same keys in the end.
    fn in_the_end(&self) -> Self {
        Questions {
            instants: vec![END],
            keys: self.keys.clone(),
        }
    }

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
    /// Whether each key is found at each instant, and with which values; none where that isn't known any more.
    found: BTreeMap<String, Vec<Option<(bool, Values)>>>,
    /// The same of tables that were made anew in the end.
    anew: BTreeMap<String, Vec<Option<(bool, Values)>>>,
    /// Whether rows that are older than their history were removed.
    trims: bool,
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
    fn start(arrival: &Arrival) -> Result<Self, Error> {
        let now = Timestamp::from_micros(NOW).expect("a time of ours");
        let mut running = Running {
            store: (!arrival.on_disk).then(Store::in_memory),
            dir: TempDir::new().expect("a folder"),
            clock: ManualClock::new(now),
            engine: None,
            options: Options::default(),
        };
        if arrival.compacts {
            running.options.compact_after = 1;
        }
        if arrival.trims {
            running.options.trim_after = Some(1);
        }
        if arrival.fills_by_row {
            running.options.fill_rows = 1;
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

    /// Lets longer than anything is kept pass.
    fn rest(&self) {
        let now = self.clock.now().micros() + REST.micros();
        self.clock
            .set(Timestamp::from_micros(now).expect("a time of ours"));
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
    let mut running = Running::start(arrival)?;
    let commit = |running: &Running, graph: &Graph| {
        let options = CommitOptions::default();
        let mut request = graph.request();
        if arrival.erasure.is_none() {
            keep_for_good(&mut request);
        }
        running.engine().commit("main", &request, options)
    };
    commit(&running, &graph.sources())?;
    for i in 0..=arrival.requests.len() {
        if arrival.restarts.contains(&i) {
            running.restart()?;
        }
        if arrival.commit == i {
            commit(&running, graph)?;
        }
        if let Some(erasure) = &arrival.erasure {
            erase(running.engine(), graph, erasure, i)?;
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
        if arrival.trims {
            running.rest();
        }
        let logged = running.engine().log(WEBHOOK, &first.endpoint(), rows)?;
        // Rows that are erased later may make others late until then.
        let is_open = |erasure: &Erasure| i < erasure.before;
        if !arrival.erasure.as_ref().is_some_and(is_open) {
            assert_eq!(logged.set_aside, [], "all rows fit their dataset");
        }
    }
    let mut answers = Answers {
        contents: BTreeMap::new(),
        found: BTreeMap::new(),
        anew: BTreeMap::new(),
        trims: arrival.trims,
    };
    for dataset in &graph.datasets {
        let name = &dataset.name;
        let contents = running.engine().inspect("main", name, usize::MAX)?;
        let mut contents = rows(&contents, contents.rows());
        contents.sort_by_cached_key(text);
        answers.contents.insert(name.clone(), contents);
        if dataset.is_keyed() {
            let found = answers_of(running.engine(), "main", dataset, questions)?;
            answers.found.insert(name.clone(), found);
        }
    }
    if arrival.trims {
        let (engine, request) = (running.engine(), anew(graph));
        engine.init_branch("anew")?;
        engine.commit("anew", &request, CommitOptions::default())?;
        for dataset in &graph.sources().datasets {
            if dataset.is_keyed() {
                let found = answers_of(engine, "anew", dataset, &questions.in_the_end())?;
                answers.anew.insert(dataset.name.clone(), found);
            }
        }
    }
    Ok(answers)
}

/// Takes the erase keys away, for which the whole log is kept.
fn keep_for_good(request: &mut SyncRequest) {
    let schemas = request.datasets.iter_mut();
    let schemas = schemas.filter_map(|dataset| dataset.dsschema.as_mut());
    schemas.for_each(|schema| schema.erase_keys.clear());
}

/// The sources in another version, whose tables are made of what the log still has.
fn anew(graph: &Graph) -> SyncRequest {
    let mut request = graph.sources().request();
    keep_for_good(&mut request);
    for dataset in &mut request.datasets {
        dataset.version = 2;
    }
    for source in &mut request.sources {
        source.ds_version = 2;
    }
    for index in &mut request.offline_indices {
        index.ds_version = 2;
    }
    for index in &mut request.online_indices {
        index.ds_version = 2;
    }
    request
}

/// Logs the rows that come before a request and are erased later, and erases them where that is due.
fn erase(engine: &Engine, graph: &Graph, erasure: &Erasure, request: usize) -> Result<(), Error> {
    for (place, row) in &erasure.rows {
        if *place == request {
            let row_of_dataset = incoming(row, graph.dataset(&row.dataset));
            engine.log(WEBHOOK, &row.endpoint(), vec![row_of_dataset])?;
        }
    }
    if let (Some((_, row)), true) = (erasure.rows.first(), erasure.before == request) {
        let key = graph.dataset(&row.dataset).erase_key();
        let key = key.map(|name| (name.clone(), Value::Int(Erasure::KEY)));
        let erased = engine.erase("main", &row.dataset, vec![key.into_iter().collect()], None)?;
        assert_eq!(erased.rows, erasure.rows.len() as u64, "all and no other");
        assert_eq!(erased.left, None);
    }
    Ok(())
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
    branch: &str,
    dataset: &Dataset,
    questions: &Questions,
) -> Result<Vec<Option<(bool, Values)>>, Error> {
    let (mut keys, mut instants) = (Vec::new(), Vec::new());
    let key = |key: &Vec<V>| values(dataset.columns.keys.iter().map(|key| &key.name).zip(key));
    let instant = |at: &i64| Value::from(V::Time(*at).to_json());
    let is_kept = |at: &&i64| {
        let Some(first) = questions.keys[&dataset.name].first() else {
            return true;
        };
        let asked = (vec![key(first)], Some(vec![instant(at)]));
        let found = engine.lookup(branch, &dataset.name, asked.0, &[], asked.1);
        !matches!(found, Err(Error::Request(reason)) if reason.contains("a history of"))
    };
    let gone = questions.instants.iter().take_while(|at| !is_kept(at));
    let gone = gone.count();
    for key in &questions.keys[&dataset.name] {
        for at in &questions.instants[gone..] {
            keys.push(values(
                dataset.columns.keys.iter().map(|key| &key.name).zip(key),
            ));
            instants.push(Value::from(V::Time(*at).to_json()));
        }
    }
    let found = engine.lookup(branch, &dataset.name, keys, &[], Some(instants))?;
    let rows = rows(&found.columns, found.found.len());
    let mut found = found.found.into_iter().zip(rows);
    let kept = questions.instants.len() - gone;
    let mut answers = Vec::new();
    for _ in &questions.keys[&dataset.name] {
        answers.extend((0..gone).map(|_| None));
        answers.extend(found.by_ref().take(kept).map(Some));
    }
    Ok(answers)
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
            if !self.trims && !other.trims && found != expected {
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
                let is_known = found.is_some() && other.is_some();
                let (found, other) = (format!("{found:?}"), format!("{other:?}"));
                if is_known && found != other {
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
    pub(crate) fn judge(
        &self,
        oracle: &Oracle<'_>,
        latest: i64,
        questions: &Questions,
    ) -> Option<String> {
        let known = oracle
            .graph
            .facts()
            .expect("nothing depends on what is open");
        let mut datasets = oracle.graph.datasets.iter();
        datasets.find_map(|dataset| {
            let facts = &known[&dataset.name];
            // From then on nothing may be missing.
            let horizon = match self.trims {
                true => latest - oracle.graph.disorder - dataset.history,
                false => i64::MIN,
            };
            if !dataset.is_keyed() {
                return self.judge_rows(oracle, dataset, horizon);
            }
            let of = (dataset, facts);
            let found = &self.found[&dataset.name];
            let told = judge_found(found, oracle, of, (questions, horizon));
            told.or_else(|| {
                let found = self.anew.get(&dataset.name)?;
                let questions = questions.in_the_end();
                let told = judge_found(found, oracle, of, (&questions, i64::MIN));
                told.map(|told| format!("made anew, {told}"))
            })
        })
    }

    /// The rows of a dataset without keys.
    fn judge_rows(&self, oracle: &Oracle<'_>, dataset: &Dataset, horizon: i64) -> Option<String> {
        let rows = self.contents[&dataset.name].iter();
        let mut found: Vec<BTreeMap<_, _>> = rows.map(typed).collect();
        let mut lacking = Vec::new();
        for mut row in oracle.versions(&dataset.name) {
            row.values
                .insert(dataset.columns.at.clone(), V::Time(row.at));
            let same = |found| differences(found, &row.values, &BTreeSet::new()).is_empty();
            match found.iter().position(same) {
                Some(i) => drop(found.swap_remove(i)),
                None if row.at < horizon => {}
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
}

/// Where what was found of a dataset with keys isn't what the oracle says. From the horizon on, everything is known.
fn judge_found(
    answers: &[Option<(bool, Values)>],
    oracle: &Oracle<'_>,
    (dataset, facts): (&Dataset, &Facts),
    (questions, horizon): (&Questions, i64),
) -> Option<String> {
    let name = &dataset.name;
    for (i, answer) in answers.iter().enumerate() {
        let (key, at) = questions.get(name, i);
        let Some((is_found, found)) = answer else {
            if at < horizon {
                continue;
            }
            return Some(format!("`{name}` doesn't know {}", questions.of(name, i)));
        };
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
