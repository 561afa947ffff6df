//! Running pipelines: rows of the log become rows of derived tables.
//!
//! A row is acknowledged once it is in the log and in the tables of its sources. Whoever logged it then applies it,
//! and all others that wait, to the pipelines: in *passes* of rows in order of arrival, each of which is one batch
//! with its end in it. So a pass happens once, whatever crash comes between, and an open goes on where the last
//! pass ended. What comes of it doesn't depend on where passes begin and end.
//!
//! A commit that fills new tables keeps the turn until they are there. Rows are acknowledged meanwhile, and queries see
//! derived tables as they were, until the commit is made and applies what has come.

mod fill;
mod flow;
mod fresh;
mod horizon;
mod live;
mod met;
mod panics;
mod pass;
mod round;
mod trim;
mod turn;
mod watermark;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fennel_core::time::Timestamp;

pub(crate) use flow::Flow;
use fresh::Fresh;
pub(crate) use fresh::Handed;
pub(crate) use live::Live;
use pass::Passes;
pub(crate) use round::{Kept, KeptRound};
use trim::Trimming;
pub(crate) use turn::{Held, LogReader};
use turn::{Holder, Turn};

use crate::engine::Options;
use crate::error::{Error, Result};
use crate::expectation::Judging;
use crate::ingest::EndpointId;
use crate::store::Store;

/// The most rows of the log that one pass applies.
const PASS_ROWS: u64 = 10_000;

/// The most rows that a pass makes, unless it is of one row, as far as it is known beforehand how many it makes of each.
const MADE_ROWS: u64 = 250_000;

/// How many rows of which so many others are made a pass takes, at most.
fn rows_within(most: u64, fan_out: u64) -> u64 {
    (MADE_ROWS / fan_out.max(1)).clamp(1, most.max(1))
}

/// The most bytes of the log, or of a table that others are filled with, that one pass reads, unless one row has more. In
/// memory they take a few times as much.
const PASS_BYTES: usize = 32 << 20;

/// Applies rows to pipelines, one pass at a time.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    turn: Mutex<Turn>,
    /// Told when a turn is over.
    over: Condvar,
    /// Rows that a step takes before it is looked through for what it doesn't need any more.
    compact_after: usize,
    /// The most rows of a table that one pass of a fill takes.
    fill_rows: usize,
    /// How far what is older than its history is removed; `None` where all is kept. Whoever has the turn has it.
    trimming: Option<Mutex<Trimming>>,
    /// Endpoints that have rows which may not be applied, with the number of the last one's sequence and one.
    waiting: Mutex<BTreeMap<EndpointId, u64>>,
    /// Rows that needn't be read from the log.
    fresh: Fresh,
}

impl Applier {
    /// Goes on behind the first `applied` rows of the log, which has rows before `end`, and with the rounds that there were.
    pub(crate) fn new(
        (applied, end): (u64, u64),
        live: Live,
        options: &Options,
        rounds: &Kept,
    ) -> Self {
        // That rows are applied is written down with what they change, so `applied` can be behind.
        live.resume(rounds, end);
        let trimming = |after| Mutex::new(Trimming::new(after, &live, rounds, end));
        Self {
            trimming: options.trim_after.map(trimming),
            turn: Mutex::new(Turn {
                holder: Holder::Nobody,
                applied,
                marked: applied,
                live: Arc::new(live),
                log_readers: 0,
                failed: None,
            }),
            compact_after: options.compact_after,
            fill_rows: options.fill_rows,
            ..Default::default()
        }
    }

    /// Notes that an endpoint gets rows up to before `end`. Called before they are submitted, in their order.
    pub(crate) fn expect(&self, endpoint: EndpointId, end: u64) {
        let mut waiting = self.waiting();
        let last = waiting.entry(endpoint).or_default();
        *last = (*last).max(end);
    }

    /// Hands over the rows of a request that was submitted, as its sources took them; called in the order of
    /// sequences. Whether they are durable is to be told by what it gives.
    pub(crate) fn hand(
        &self,
        sequences: Range<u64>,
        endpoint: EndpointId,
        handed: Handed,
    ) -> Underway<'_> {
        let last = sequences.end.saturating_sub(1);
        self.fresh.push(sequences, endpoint, handed);
        Underway {
            fresh: &self.fresh,
            last,
            is_durable: false,
        }
    }

    /// Applies the rows before `end`, which are durable. While a commit fills tables it returns at once, since the
    /// commit applies them.
    pub(crate) fn run(
        &self,
        store: &Store,
        judging: &Judging,
        end: u64,
        now: Timestamp,
    ) -> Result<()> {
        let mut turn = self.turn();
        loop {
            match turn.holder {
                _ if turn.applied >= end => return Ok(()),
                Holder::Commit => return Ok(()),
                Holder::Pass => turn = self.over.wait(turn).unwrap_or_else(PoisonError::into_inner),
                Holder::Nobody => break,
            }
        }
        turn.holder = Holder::Pass;
        let mut passes = Passes {
            applier: self,
            store,
            judging,
            live: Arc::clone(&turn.live),
            now,
            applied: turn.applied,
            marked: turn.marked,
            trims_log: turn.log_readers == 0,
            failed: Some("a pass panicked".into()),
        };
        drop(turn);
        let outcome = passes.run(end);
        passes.failed = outcome.as_ref().err().map(ToString::to_string);
        outcome
    }

    /// How many rows of the log are applied, at least.
    pub(crate) fn applied(&self) -> u64 {
        self.turn().applied
    }

    /// The pipelines that it runs.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.turn().live)
    }

    /// Whether the last passes that there were came to their end.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.turn().failed {
            None => Ok(()),
            Some(reason) => Err(Error::Behind(reason.clone())),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<EndpointId, u64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trimming(&self) -> Option<MutexGuard<'_, Trimming>> {
        let trimming = self.trimming.as_ref()?;
        Some(trimming.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something may have become older than its history.
    fn is_trim_due(&self, live: &Live, trims_log: bool) -> bool {
        self.trimming()
            .is_some_and(|mut trimming| trimming.is_due(live, trims_log))
    }

    /// The endpoints that have rows from `applied` on.
    fn endpoints(&self, applied: u64) -> Vec<EndpointId> {
        let waiting = self.waiting();
        let later = waiting.iter().filter(|(_, end)| **end > applied);
        later.map(|(endpoint, _)| *endpoint).collect()
    }

    /// Forgets endpoints whose rows are all applied.
    fn forget(&self, applied: u64) {
        self.waiting().retain(|_, end| *end > applied);
        self.fresh.forget(applied);
    }
}

/// A request on its way to the disk. Dropped, it isn't durable.
#[derive(Debug)]
pub(crate) struct Underway<'r> {
    fresh: &'r Fresh,
    /// The sequence of its last row.
    last: u64,
    is_durable: bool,
}

impl Underway<'_> {
    /// Its rows are durable.
    pub(crate) fn arrived(mut self) {
        self.is_durable = true;
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.fresh.settle(self.last, self.is_durable);
    }
}
