//! For how long a table keeps what it was, and from when on it knows that.
//!
//! What a key is stays for ever. What it was goes with the time: a version that has ended, or a row without a key,
//! once it is older than the dataset's history. Answers as of an instant from which on nothing has gone are as if
//! nothing had gone at all, and other ones aren't given.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use fennel_core::time::{Duration, Timestamp};

use super::Table;

/// How long a table's rows are kept. Tables of branches that share rows share it.
#[derive(Debug)]
pub(crate) struct Retention {
    history: Duration,
    /// What holds as of this instant or later is there; in microseconds since 1970.
    since: AtomicI64,
    /// Rows that were removed since the table was opened.
    removed: AtomicU64,
}

impl Retention {
    /// Of a table of which nothing has gone.
    pub(super) fn new(history: Duration) -> Self {
        Self {
            history,
            since: AtomicI64::new(i64::MIN),
            removed: AtomicU64::new(0),
        }
    }

    /// How long rows are kept.
    pub(crate) fn history(&self) -> Duration {
        self.history
    }

    /// From when on the table knows what it was; [`i64::MIN`] where nothing has gone.
    pub(crate) fn since(&self) -> i64 {
        self.since.load(Ordering::Acquire)
    }

    /// Notes that what was before `since` goes, before it does: a question that finds it gone finds this, too. Answers
    /// from when on the table knows what it was.
    pub(crate) fn raise(&self, since: i64) -> i64 {
        self.since.fetch_max(since, Ordering::AcqRel).max(since)
    }

    /// How many rows were removed since the table was opened.
    pub(crate) fn removed(&self) -> u64 {
        self.removed.load(Ordering::Relaxed)
    }

    /// Adds rows that are removed for good.
    pub(crate) fn count(&self, rows: usize) {
        self.removed.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

impl Table {
    /// Why the table can't say what it was as of an instant, if it can't. What is asked then has to be a snapshot that was
    /// taken before.
    pub(crate) fn unknown_as_of(&self, at: Timestamp) -> Option<String> {
        let since = self.retention.since();
        (at.micros() < since).then(|| {
            let since = Timestamp::from_micros(since).unwrap_or(Timestamp::MAX);
            format!(
                "dataset `{}` has a history of {}, and of what was before {since} not all is kept; ask as of that instant or later, and give the dataset a longer history for what is to come",
                self.dataset, self.retention.history
            )
        })
    }

    /// Why a row that is joined to the table as of an instant can't be told what it was, if it can't.
    pub(crate) fn untold_as_of(&self, at: i64) -> Option<String> {
        let since = self.retention.since();
        (at < since).then(|| {
            let [at, since] =
                [at, since].map(|at| Timestamp::from_micros(at).unwrap_or(Timestamp::MAX));
            format!(
                "it is joined to dataset `{}` as of {at}, which has a history of {}: of what was before {since} not all is kept",
                self.dataset, self.retention.history
            )
        })
    }
}
