//! How many rows a source met, and what became of them, in atomics so that a scrape of metrics holds up nobody.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of rows that a source met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// All of them.
    pub(crate) rows: u64,
    /// Those that don't fit the dataset.
    pub(crate) misfits: u64,
    /// Those that came later than the disorder allows, or after the end of a bounded source.
    pub(crate) late: u64,
}

/// The tally of all rows since the table was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    rows: AtomicU64,
    misfits: AtomicU64,
    late: AtomicU64,
    waiting: AtomicU64,
    forgotten: AtomicU64,
}

impl Counters {
    /// Adds what became of rows that are durable now.
    pub(super) fn add(&self, tally: Tally) {
        self.rows.fetch_add(tally.rows, Ordering::Relaxed);
        self.misfits.fetch_add(tally.misfits, Ordering::Relaxed);
        self.late.fetch_add(tally.late, Ordering::Relaxed);
    }

    /// What became of all rows so far.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            rows: self.rows.load(Ordering::Relaxed),
            misfits: self.misfits.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
        }
    }

    /// Rows that have a number and may not be durable.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Rows of the endpoint's log that were removed since nothing can be made of them any more.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Adds rows of the endpoint's log that were removed.
    pub(super) fn forget(&self, rows: u64) {
        self.forgotten.fetch_add(rows, Ordering::Relaxed);
    }

    /// Notes that so many rows wait for the disk.
    pub(super) fn begin(&self, rows: u64) {
        self.waiting.fetch_add(rows, Ordering::Relaxed);
    }

    /// Notes that so many rows wait no more.
    pub(super) fn finish(&self, rows: u64) {
        self.waiting.fetch_sub(rows, Ordering::Relaxed);
    }
}
