//! What an engine says of datasets, and where that isn't what it should be.

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::value::Value;
use fennel_engine::{Columns, Engine, Error, Incoming};

use crate::compare::differences;
use crate::graph::{Dataset, Facts, Graph};
use crate::left::Left;
use crate::oracle::{Oracle, Row};
use crate::run::END;
use crate::value::V;

/// What is asked of a dataset with keys: each key at each instant.
pub(crate) struct Questions {
    instants: Vec<i64>,
    /// By dataset.
    keys: BTreeMap<String, Vec<Vec<V>>>,
}

impl Questions {
    /// All keys that there ever are, and such that there are not.
    pub(crate) fn new(oracle: &Oracle<'_>, mut instants: Vec<i64>) -> Self {
        instants.push(END);
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
    /// Whether rows that are older than their history were removed.
    trims: bool,
    /// What there was to fill from.
    pub(crate) left: Left,
}

impl Answers {
    /// What an engine says of a branch.
    pub(crate) fn of(
        (engine, branch): (&Engine, &str),
        graph: &Graph,
        questions: &Questions,
        (trims, left): (bool, Left),
    ) -> Result<Self, Error> {
        let mut answers = Answers {
            contents: BTreeMap::new(),
            found: BTreeMap::new(),
            trims,
            left,
        };
        for dataset in &graph.datasets {
            let name = &dataset.name;
            let contents = engine.inspect(branch, name, usize::MAX)?;
            let mut contents = rows(&contents, contents.rows());
            contents.sort_by_cached_key(text);
            answers.contents.insert(name.clone(), contents);
            if dataset.is_keyed() {
                let found = answers_of(engine, branch, dataset, questions)?;
                answers.found.insert(name.clone(), found);
            }
        }
        Ok(answers)
    }

    /// Where two ways came to different answers, to the bit.
    pub(crate) fn differ(&self, other: &Answers, questions: &Questions) -> Option<String> {
        // What is filled from what was left depends on when it is.
        let is_whole = |name: &String| {
            let mut both = [self, other].into_iter();
            both.all(|answers| !answers.left.partial.contains(name))
        };
        for (name, rows) in self.contents.iter().filter(|(name, _)| is_whole(name)) {
            let (found, expected) = (texts(rows), texts(&other.contents[name]));
            if !self.trims && !other.trims && found != expected {
                return Some(format!(
                    "`{name}` holds{}\n  instead of{}",
                    listed(&missing(&found, &expected)),
                    listed(&missing(&expected, &found)),
                ));
            }
        }
        for (name, found) in self.found.iter().filter(|(name, _)| is_whole(name)) {
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
            let horizon = self.left.since(&dataset.name).max(Some(horizon))?;
            if !dataset.is_keyed() {
                return self.judge_rows(oracle, dataset, horizon);
            }
            let of = (dataset, facts);
            let found = &self.found[&dataset.name];
            judge_found(found, oracle, of, (questions, horizon))
        })
    }

    /// The rows of a dataset without keys.
    fn judge_rows(&self, oracle: &Oracle<'_>, dataset: &Dataset, horizon: i64) -> Option<String> {
        let rows = self.contents[&dataset.name].iter();
        let mut found: Vec<_> = rows.map(typed).collect();
        let mut lacking = lacking(&mut found, oracle.versions(&dataset.name), dataset);
        lacking.retain(|row| row.at >= horizon);
        let lacking: Vec<_> = lacking.into_iter().map(|row| row.values).collect();
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

/// Takes rows out of those that were found. Answers which aren't there.
pub(crate) fn lacking(
    found: &mut Vec<BTreeMap<String, V>>,
    rows: Vec<Row>,
    dataset: &Dataset,
) -> Vec<Row> {
    let mut lacking = rows;
    lacking.retain(|row| {
        let mut values = row.values.clone();
        values.insert(dataset.columns.at.clone(), V::Time(row.at));
        let same = |found| differences(found, &values, &BTreeSet::new()).is_empty();
        let place = found.iter().position(same);
        place.map(|i| found.swap_remove(i)).is_none()
    });
    lacking
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

/// The rows of columns.
fn rows(columns: &Columns, count: usize) -> Vec<Values> {
    let row = |i: usize| {
        let columns = columns.0.iter();
        let values = columns.map(|column| (column.name.clone(), column.values[i].clone()));
        values.collect()
    };
    (0..count).map(row).collect()
}

pub(crate) fn values<'a>(values: impl Iterator<Item = (&'a String, &'a V)>) -> Incoming {
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

/// The rows of columns, as the oracle has them.
pub(crate) fn typed_rows(columns: &Columns) -> Vec<BTreeMap<String, V>> {
    rows(columns, columns.rows()).iter().map(typed).collect()
}

fn typed(row: &Values) -> BTreeMap<String, V> {
    let values = row.iter();
    values
        .map(|(name, value)| (name.clone(), V::of(value)))
        .collect()
}
