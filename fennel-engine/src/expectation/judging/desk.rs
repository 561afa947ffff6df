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
    /// Whether the thread is judging or writing.
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
