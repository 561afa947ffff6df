//! What pipelines met, counted for those who watch them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::flow::Flow;
use crate::kernel::Changes;
use crate::table::TableId;

/// What a pipeline met since it was opened, in atomics so that a scrape holds up no pass.
#[derive(Debug)]
pub(crate) struct Met {
    rows: AtomicU64,
    errors: AtomicU64,
    /// The latest event time, in microseconds since 1970; [`i64::MIN`] before the first row.
    latest: AtomicI64,
}

impl Default for Met {
    fn default() -> Self {
        Self {
            rows: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            latest: AtomicI64::new(i64::MIN),
        }
    }
}

impl Met {
    /// Rows that came from its inputs, went or had their end moved.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Rows that it could make nothing of.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// The latest event time among its rows, in microseconds since 1970.
    pub(crate) fn latest(&self) -> Option<i64> {
        Some(self.latest.load(Ordering::Relaxed)).filter(|latest| *latest > i64::MIN)
    }

    /// Adds what a pass brought that is durable now.
    pub(super) fn add(&self, part: &Part) {
        self.rows.fetch_add(part.rows, Ordering::Relaxed);
        self.errors.fetch_add(part.errors, Ordering::Relaxed);
        self.latest.fetch_max(part.latest, Ordering::Relaxed);
    }
}

/// What a pass brings to a pipeline.
pub(super) struct Part {
    rows: u64,
    errors: u64,
    latest: i64,
}

impl Part {
    /// Of changes in the inputs of `flow`, with so many rows that failed.
    pub(super) fn new<'c>(
        flow: &Flow,
        changes: impl Fn(TableId) -> Option<&'c Changes>,
        errors: usize,
    ) -> Self {
        let mut part = Self {
            rows: 0,
            errors: errors as u64,
            latest: i64::MIN,
        };
        for input in &flow.inputs {
            let Some(changes) = changes(input.id) else {
                continue;
            };
            part.rows += changes.rows().count() as u64;
            let latest = changes.rows().map(|row| row.time).max();
            part.latest = part.latest.max(latest.unwrap_or(i64::MIN));
        }
        part
    }
}
