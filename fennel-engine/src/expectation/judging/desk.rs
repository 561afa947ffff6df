//! What is to be judged and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::time::Timestamp;

use crate::expectation::record::{Counts, Record, Window};
use crate::expectation::suite::{Judged, Suites};
use crate::table::TableId;

/// What is to be judged and what came of it.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) suites: Arc<Suites>,
    /// How many rows of the log are durable.
    pub(super) logged: u64,
    /// How many of them are judged.
    pub(super) judged: u64,
    /// How many of them are judged as it is written.
    pub(super) kept: Option<u64>,
    /// Rows that pipelines wrote.
    pub(super) handed: Vec<Handed>,
    pub(super) handed_bytes: usize,
    /// Whether the thread is judging, and whether it or a commit is writing.
    pub(super) is_busy: bool,
    pub(super) is_writing: bool,
    pub(super) is_over: bool,
    /// How many wait until all is judged.
    pub(super) waiters: usize,
    /// The latest record of each table, and all that aren't written.
    pub(super) records: BTreeMap<(TableId, Window), Record>,
    pub(super) unwritten: BTreeSet<(TableId, Window)>,
    /// What rows came to since the engine was opened.
    pub(super) totals: BTreeMap<(TableId, u64), Counts>,
    /// The tables that were replaced lately, with those in whose place they were: whoever began before asks for them.
    pub(super) replaced: BTreeMap<TableId, TableId>,
}

/// Rows that a pass wrote to a table.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) table: TableId,
    pub(super) at: Timestamp,
    pub(super) rows: Vec<Judged>,
    pub(super) bytes: usize,
}

impl Desk {
    pub(super) fn has_work(&self) -> bool {
        !self.handed.is_empty() || (self.judged < self.logged && !self.suites.feeds().is_empty())
    }

    /// The table that is there now.
    pub(super) fn now(&self, table: TableId) -> TableId {
        self.replaced.get(&table).copied().unwrap_or(table)
    }

    /// Goes on with tables in place of others.
    pub(super) fn replace(&mut self, replaced: &BTreeMap<TableId, TableId>) {
        if !self.is_busy {
            self.replaced.clear();
        }
        let now = |table: TableId| replaced.get(&table).copied().unwrap_or(table);
        self.replaced.values_mut().for_each(|to| *to = now(*to));
        self.replaced.extend(replaced);
        self.handed
            .iter_mut()
            .for_each(|it| it.table = now(it.table));
        let records = std::mem::take(&mut self.records).into_iter();
        self.records = records
            .map(|((table, window), record)| ((now(table), window), record))
            .collect();
        let unwritten = std::mem::take(&mut self.unwritten).into_iter();
        self.unwritten = unwritten
            .map(|(table, window)| (now(table), window))
            .collect();
        let totals = std::mem::take(&mut self.totals).into_iter();
        self.totals = totals
            .map(|((table, id), counts)| ((now(table), id), counts))
            .collect();
    }

    /// Asks this from now on.
    pub(super) fn ask(&mut self, suites: Suites) {
        self.records.retain(|(table, _), _| suites.asks(*table));
        self.unwritten.retain(|(table, _)| suites.asks(*table));
        self.totals.retain(|(table, _), _| suites.asks(*table));
        self.handed.retain(|handed| suites.asks(handed.table));
        self.handed_bytes = self.handed.iter().map(|handed| handed.bytes).sum();
        if suites.feeds().is_empty() {
            self.judged = self.logged;
        }
        self.suites = Arc::new(suites);
    }

    /// How many rows of the log are judged, if any are to be.
    pub(super) fn told(&self) -> Option<u64> {
        (!self.suites.is_empty()).then_some(self.judged)
    }

    /// The latest window of each table.
    pub(super) fn latest(&self) -> BTreeMap<TableId, Window> {
        self.records.keys().copied().collect()
    }

    /// Notes that records are written, of which the latest of each table alone are needed on.
    pub(super) fn forget(&mut self, written: &BTreeSet<(TableId, Window)>) {
        let latest = self.latest();
        self.unwritten.retain(|place| !written.contains(place));
        let is_latest = |(table, window): &(_, _)| latest.get(table) == Some(window);
        self.records
            .retain(|place, _| is_latest(place) || !written.contains(place));
    }
}
