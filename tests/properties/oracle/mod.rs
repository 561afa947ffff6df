//! What datasets hold, from the definitions alone: slow, obvious, and sharing nothing with the engine.
//!
//! Everything is computed from the whole bag of rows at once. There is no arrival but as the order of rows that
//! tie, no state and no incremental change: a version of a table is what it is because of the rows before it, an
//! aggregate at an instant is computed from the rows that its window has then.

mod aggregate;
mod expr;
mod join;
mod row;
mod stream;
mod table;
mod window;

use std::collections::BTreeMap;

use crate::graph::{Chain, Columns, Dataset, Fill, Graph, Step};
use crate::left::{Left, NOTHING_GONE};
use crate::logged::Logged;
use crate::value::V;

use aggregate::Groups;

pub(crate) use row::Row;
pub(crate) use table::{Table, Version};

/// All that datasets hold in the end.
pub(crate) struct Oracle<'g> {
    pub(crate) graph: &'g Graph,
    contents: BTreeMap<String, Content>,
    /// What there was for the dataset that is looked at, where it was made later than others.
    left: Option<&'g Left>,
}

/// What a dataset holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Rows without keys, as often as they occur.
    Stream(Vec<Row>),
    /// The versions of each key.
    Table(Table),
    /// What is computed when it is read.
    Live(Box<Groups>),
}

impl<'g> Oracle<'g> {
    /// What there is when these rows have been logged, in this order.
    pub(crate) fn new(graph: &'g Graph, history: &[Logged]) -> Self {
        Self::of_left(graph, history, &NOTHING_GONE)
    }

    /// The same where some datasets were made later, of what was left of the others.
    pub(crate) fn of_left(graph: &'g Graph, history: &[Logged], left: &'g Left) -> Self {
        let mut oracle = Oracle {
            graph,
            contents: BTreeMap::new(),
            left: None,
        };
        for dataset in &graph.datasets {
            oracle.left = Some(left).filter(|left| left.later.contains(&dataset.name));
            let content = match &dataset.fill {
                Fill::Source => source(dataset, history),
                Fill::Pipeline(chain) => oracle.chain(chain),
            };
            oracle.contents.insert(dataset.name.clone(), content);
        }
        oracle
    }

    /// What there is of another dataset.
    fn other(&self, name: &str, left: impl Fn(&Left, &str, Content) -> Content) -> Content {
        let content = self.contents[name].clone();
        match self.left {
            Some(there) => left(there, name, content),
            None => content,
        }
    }

    fn chain(&self, chain: &Chain) -> Content {
        let mut content = self.other(&chain.input, Left::taken);
        for (i, step) in chain.steps.iter().enumerate() {
            let columns = |steps| self.graph.columns_of(&chain.input, steps);
            let before = columns(&chain.steps[..i]).expect("steps name columns that there are");
            let after = columns(&chain.steps[..=i]).expect("steps name columns that there are");
            content = self.step(content, step, &before, &after);
        }
        content
    }

    fn step(&self, content: Content, step: &Step, before: &Columns, after: &Columns) -> Content {
        match (step, content) {
            (Step::Union(other), Content::Stream(rows)) => match self.chain(other) {
                Content::Stream(others) => Content::Stream(stream::union(rows, others)),
                _ => panic!("a union is of rows without keys"),
            },
            (Step::Join(join), left) => {
                let columns = &self.graph.dataset(&join.right).columns;
                let Content::Table(table) = self.other(&join.right, Left::there) else {
                    panic!("a join is with a dataset that has keys");
                };
                let since = self.left.and_then(|left| left.since(&join.right));
                let right = (&table, since.unwrap_or(i64::MIN));
                match left {
                    Content::Stream(rows) => {
                        Content::Stream(join::stream(rows, join, columns, right))
                    }
                    Content::Table(left) => {
                        Content::Table(join::tables(&left, join, columns, right))
                    }
                    Content::Live(_) => panic!("nothing follows what is computed when it is read"),
                }
            }
            (Step::First(by), Content::Stream(rows)) => Content::Table(stream::first(rows, by)),
            (Step::Latest(by), Content::Stream(rows)) => Content::Table(stream::latest(rows, by)),
            (Step::Changelog { column, deletes }, Content::Table(table)) => {
                Content::Stream(table::changelog(&table, column, *deletes))
            }
            (Step::Explode(names), Content::Stream(rows)) => {
                Content::Stream(stream::explode(rows, names))
            }
            (Step::Dedup { by, window }, Content::Stream(rows)) => {
                Content::Stream(stream::dedup(rows, by, *window))
            }
            (Step::Aggregate(aggregate), rows) => {
                let groups = Groups::new(rows, aggregate, after);
                match aggregate.window {
                    Some(window) => Content::Table(groups.windows(window)),
                    None if aggregate.is_terminal() => Content::Live(Box::new(groups)),
                    None => Content::Table(groups.table()),
                }
            }
            // What is done to each row by itself.
            (step, Content::Stream(rows)) => {
                let rows = rows.into_iter();
                Content::Stream(rows.filter_map(|row| row.step(step, before)).collect())
            }
            (step, Content::Table(table)) => {
                Content::Table(table::step(table, step, before, after))
            }
            (step, Content::Live(_)) => panic!("nothing follows what is read live: {step}"),
        }
    }

    /// All rows of a dataset: of one with keys, all versions that are no deletes.
    pub(crate) fn versions(&self, dataset: &str) -> Vec<Row> {
        match &self.contents[dataset] {
            Content::Stream(rows) => rows.clone(),
            Content::Table(table) => {
                let versions = table.0.values().flatten();
                versions.filter_map(Version::to_row).collect()
            }
            Content::Live(_) => panic!("`{dataset}` is computed when it is read"),
        }
    }

    /// What a dataset says about a key at an instant: its values, if it is found.
    pub(crate) fn lookup(&self, dataset: &str, key: &[V], at: i64) -> Option<BTreeMap<String, V>> {
        match &self.contents[dataset] {
            Content::Stream(_) => panic!("`{dataset}` has no keys"),
            Content::Table(table) => table.as_of(key, at).and_then(|version| version.row.clone()),
            Content::Live(groups) => groups.at(key, at),
        }
    }

    /// The event time of what is found there, for a dataset that is a table of versions.
    pub(crate) fn version_time(&self, dataset: &str, key: &[V], at: i64) -> Option<i64> {
        match &self.contents[dataset] {
            Content::Table(table) => table.as_of(key, at).map(|version| version.at),
            _ => None,
        }
    }

    /// All keys that a dataset ever had.
    pub(crate) fn keys(&self, dataset: &str) -> Vec<Vec<V>> {
        match &self.contents[dataset] {
            Content::Stream(_) => Vec::new(),
            Content::Table(table) => table.0.keys().cloned().collect(),
            Content::Live(groups) => groups.held.keys().cloned().collect(),
        }
    }
}

/// What a source makes of the rows at its endpoint.
fn source(dataset: &Dataset, history: &[Logged]) -> Content {
    let rows = history.iter().enumerate();
    let rows = rows.filter(|(_, logged)| logged.dataset == dataset.name);
    let rows = rows.map(|(i, logged)| Row {
        at: logged.at,
        order: vec![i as u64],
        values: logged.values.clone(),
    });
    let rows = rows.collect();
    if !dataset.is_keyed() {
        return Content::Stream(rows);
    }
    let keys = dataset.columns.keys.iter();
    let keys: Vec<_> = keys.map(|key| key.name.clone()).collect();
    let gone = |order: &[u64]| {
        history
            .get(order[0] as usize)
            .is_some_and(|row| row.is_gone)
    };
    let mut table = stream::latest(rows, &keys);
    for versions in table.0.values_mut() {
        for version in &mut *versions {
            version.row = version.row.take().filter(|_| !gone(&version.order));
        }
        // A key that isn't there can't go.
        let mut is_there = false;
        versions
            .retain(|version| std::mem::replace(&mut is_there, version.row.is_some()) || is_there);
    }
    Content::Table(table)
}
