//! The turn to apply rows: passes have it, or a commit that fills new tables.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::Applier;
use super::live::Live;

/// Who applies rows, and how far they are.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) holder: Holder,
    /// How many rows of the log are applied.
    pub(super) applied: u64,
    /// How many of them an open doesn't look at again.
    pub(super) marked: u64,
    pub(super) live: Arc<Live>,
    /// How many fill tables from the log.
    pub(super) log_readers: usize,
    /// Why the last passes ended early, if they did.
    pub(super) failed: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Holder {
    #[default]
    Nobody,
    Pass,
    Commit,
}

impl Applier {
    /// Waits for the turn, and keeps it until the guard is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        let mut turn = self.free_turn();
        turn.holder = Holder::Commit;
        Held {
            applier: self,
            applied: turn.applied,
        }
    }

    /// Has passes remove nothing from the log until the guard is dropped, and waits for one that may be doing so.
    pub(crate) fn read_log(&self) -> LogReader<'_> {
        self.free_turn().log_readers += 1;
        LogReader(self)
    }

    /// The turn once nobody has it.
    fn free_turn(&self) -> MutexGuard<'_, Turn> {
        let mut turn = self.turn();
        while turn.holder != Holder::Nobody {
            turn = self.over.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn
    }

    pub(super) fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a commit.
#[derive(Debug)]
pub(crate) struct Held<'r> {
    pub(super) applier: &'r Applier,
    /// How many rows of the log are applied.
    pub(crate) applied: u64,
}

impl Held<'_> {
    /// Runs these tables' pipelines from now on.
    pub(crate) fn set(&mut self, live: Live) {
        self.applier.turn().live = Arc::new(live);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Tables and the log may be others now than those that rows on their way were taken for.
        self.applier.fresh.clear();
        self.applier.turn().holder = Holder::Nobody;
        self.applier.over.notify_all();
    }
}

/// Somebody who fills tables from the log, and for whom its rows stay: what such a table has taken of a row that goes
/// nobody else could be told of, nor could it be erased.
#[derive(Debug)]
pub(crate) struct LogReader<'r>(&'r Applier);

impl Drop for LogReader<'_> {
    fn drop(&mut self) {
        self.0.turn().log_readers -= 1;
    }
}
