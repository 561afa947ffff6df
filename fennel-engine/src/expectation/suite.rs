//! What is asked of which rows: the expectations of all branches, by the tables that these share.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fennel_core::entity::expectation::Judge;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::Expected;
use super::record::{Counts, Since};
use crate::branch::{Branches, Graphs};
use crate::commit::Registry;
use crate::ingest::{EndpointId, Feed};
use crate::table::{Table, TableId};

/// The expectations of all tables that have some.
#[derive(Debug, Default)]
pub(crate) struct Suites {
    tables: BTreeMap<TableId, Suite>,
    /// The sources of those tables, by endpoint.
    feeds: BTreeMap<EndpointId, Vec<Feed>>,
}

/// The expectations of a table.
#[derive(Debug)]
pub(super) struct Suite(Vec<Rule>);

/// An expectation of a table.
#[derive(Debug)]
struct Rule {
    id: u64,
    judge: Arc<Judge>,
    /// Where the columns that it judges are in a row.
    columns: Vec<Place>,
    /// The sequence of the first row of the log that it judges.
    since: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    EventTime,
    Column(usize),
}

/// A row of a table: keys, then values by name.
#[derive(Debug)]
pub(super) struct Judged {
    /// Its place in the log, if it has one.
    pub(super) sequence: u64,
    pub(super) time: i64,
    pub(super) values: Vec<Value>,
}

impl Suites {
    /// From which row of the log on expectations are asked once branches have these definitions: those that were asked
    /// `before` as they were, and others of the row behind the first `logged` ones.
    pub(crate) fn asked(
        branches: &Branches,
        graphs: &Graphs,
        before: &Since,
        logged: u64,
    ) -> Since {
        let mut since = Since::new();
        branches.each_graph_with(graphs, |graph| {
            for dataset in graph.datasets() {
                for expected in &dataset.expected {
                    let place = (dataset.table.id, expected.id);
                    since.insert(place, before.get(&place).copied().unwrap_or(logged));
                }
            }
        });
        since
    }

    /// The expectations of all branches. Those of which `since` says nothing are asked of all rows.
    pub(crate) fn of(branches: &Branches, registry: &Registry, since: &Since) -> Suites {
        let mut suites = Suites::default();
        branches.each_graph(|graph| {
            for dataset in graph.datasets() {
                let id = dataset.table.id;
                let mut tables = registry.tables.values();
                let Some(table) = tables.find(|table| table.id == id) else {
                    continue;
                };
                for expected in &dataset.expected {
                    let suite = suites.tables.entry(id).or_insert_with(|| Suite(Vec::new()));
                    let since = since.get(&(id, expected.id));
                    suite.add(expected, table, since.copied().unwrap_or(0));
                }
            }
        });
        for table in registry.tables.values() {
            if !suites.tables.contains_key(&table.id) {
                continue;
            }
            for feed in Feed::all(table) {
                let source = feed.source();
                if let Some(endpoint) = registry.endpoint(&source.webhook, &source.endpoint) {
                    suites.feeds.entry(endpoint).or_default().push(feed);
                }
            }
        }
        suites
    }

    /// From which row of the log on each expectation is asked.
    pub(super) fn since(&self) -> Since {
        let suites = self.tables.iter();
        let rules = suites.flat_map(|(table, suite)| suite.0.iter().map(|rule| (*table, rule)));
        rules
            .map(|(table, rule)| ((table, rule.id), rule.since))
            .collect()
    }

    /// Whether anything is asked of a table's rows.
    pub(crate) fn asks(&self, table: TableId) -> bool {
        self.tables.contains_key(&table)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The sources whose rows are judged, by endpoint.
    pub(super) fn feeds(&self) -> &BTreeMap<EndpointId, Vec<Feed>> {
        &self.feeds
    }

    pub(super) fn suite(&self, table: TableId) -> Option<&Suite> {
        self.tables.get(&table)
    }
}

impl Suite {
    fn add(&mut self, expected: &Expected, table: &Table, since: u64) {
        if self.0.iter().any(|rule| rule.id == expected.id) {
            return;
        }
        let columns = expected.judge.columns().iter();
        let columns = columns.filter_map(|column| place(table, column));
        self.0.push(Rule {
            id: expected.id,
            judge: Arc::clone(&expected.judge),
            columns: columns.collect(),
            since,
        });
    }

    /// What rows come to, by the expectation's id.
    pub(super) fn judge(&self, rows: &[Judged]) -> BTreeMap<u64, Counts> {
        let rules = self.0.iter().map(|rule| (rule.id, rule.judge(rows)));
        rules.collect()
    }
}

impl Rule {
    /// What rows come to. Judging uses code of others, such as that of JSON schemas; if it panics, that is told as rows
    /// that weren't judged.
    fn judge(&self, rows: &[Judged]) -> Counts {
        let mine = || rows.iter().filter(|row| row.sequence >= self.since);
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let mut counts = Counts::default();
            for row in mine() {
                counts.count(self.verdict(row));
            }
            counts
        }));
        judged.unwrap_or_else(|_| Counts {
            failed: mine().count() as u64,
            ..Counts::default()
        })
    }

    fn verdict(&self, row: &Judged) -> fennel_core::entity::expectation::Verdict {
        let time = Timestamp::from_micros(row.time).map_or(Value::Null, Value::Timestamp);
        let values = self.columns.iter().map(|place| match place {
            Place::EventTime => &time,
            Place::Column(i) => row.values.get(*i).unwrap_or(&Value::Null),
        });
        let values: Vec<_> = values.collect();
        self.judge.judge(&values)
    }
}

/// Where a column is in the table's rows.
fn place(table: &Table, column: &str) -> Option<Place> {
    let position = table.position(column)?;
    if position == table.timestamp {
        return Some(Place::EventTime);
    }
    let mut columns = table.keys.iter().chain(&table.values);
    columns.position(|i| *i == position).map(Place::Column)
}
