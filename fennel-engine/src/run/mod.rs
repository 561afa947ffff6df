//! Running pipelines: rows of the log become rows of derived tables.
//!
//! A row is acknowledged once it is in the log and in the tables of its sources. Whoever logged it then applies it,
//! and all others that wait, to the pipelines: in *passes* of rows in order of arrival, each of which is one batch
//! with its end in it. So a pass happens once, whatever crash comes between, and an open goes on where the last
//! pass ended. What comes of it doesn't depend on where passes begin and end.
//!
//! A commit that fills new tables keeps the turn until they are there. Rows are acknowledged meanwhile, and queries see
//! derived tables as they were, until the commit is made and applies what has come.

mod flow;
mod fresh;
mod horizon;
mod live;
mod met;
mod round;
mod trim;
mod watermark;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fennel_core::time::Timestamp;

pub(crate) use flow::Flow;
use flow::Incoming;
use fresh::Fresh;
pub(crate) use fresh::Handed;
use live::Gathering;
pub(crate) use live::Live;
use met::Part;
pub(crate) use round::{Kept, KeptRound};
use trim::{Present, Trimming};
use watermark::Watermarks;

use crate::engine::Options;
use crate::error::{Error, Result};
use crate::expectation::Judging;
use crate::ingest::EndpointId;
use crate::kernel::{Changes, Failure};
use crate::meta;
use crate::python::OnStop;
use crate::reject;
use crate::state::{Applied, Side, State};
use crate::store::{Batch, Store};
use crate::table::{Cursor, Most, Table, TableId};

/// The most rows of the log that one pass applies.
const PASS_ROWS: u64 = 10_000;

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

/// Who applies rows, and how far they are.
#[derive(Debug, Default)]
struct Turn {
    holder: Holder,
    /// How many rows of the log are applied.
    applied: u64,
    /// How many of them an open doesn't look at again.
    marked: u64,
    live: Arc<Live>,
    /// How many fill tables from the log.
    log_readers: usize,
    /// Why the last passes ended early, if they did.
    failed: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Holder {
    #[default]
    Nobody,
    Pass,
    Commit,
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

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The turn of a commit.
#[derive(Debug)]
pub(crate) struct Held<'r> {
    applier: &'r Applier,
    /// How many rows of the log are applied.
    pub(crate) applied: u64,
}

impl Held<'_> {
    /// Fills a new table from those that its pipeline takes rows of.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a function can't be called at all, or is stopped where that is to fail.
    pub(crate) fn fill(
        &self,
        store: &Store,
        table: &Table,
        now: Timestamp,
        on_stop: OnStop,
    ) -> Result<()> {
        let Some(flow) = &table.flow else {
            return Ok(());
        };
        let applied = Applied {
            before: self.applied,
            after: self.applied,
        };
        let most = Most {
            rows: self.applier.fill_rows,
            bytes: PASS_BYTES,
        };
        let mut failed = 0;
        for input in flow.taken() {
            let mut cursor = Cursor::default();
            loop {
                let mut state = State::new(store.snapshot(), applied);
                let rows = input.part(&state, &mut cursor, most)?;
                if rows.is_empty() {
                    break;
                }
                let incoming = Incoming::Rows(input.id, Changes::added(rows));
                let mut failures = Vec::new();
                let mut changes = flow.run(&mut state, &incoming, false, &mut failures, on_stop)?;
                if table.computed().is_none() {
                    table.apply(&mut state, &mut changes, &mut failures);
                }
                let mut batch = Batch::new();
                state.finish(&mut batch);
                put_failures(&mut batch, table.id, self.applied, failed, &failures, now);
                failed += failures.len() as u32;
                store.write(batch)?;
            }
        }
        Ok(())
    }

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

/// Passes of one turn, which ends with them.
struct Passes<'r> {
    applier: &'r Applier,
    store: &'r Store,
    judging: &'r Judging,
    live: Arc<Live>,
    now: Timestamp,
    applied: u64,
    marked: u64,
    /// Whether they may remove rows from the log.
    trims_log: bool,
    /// Why they ended early: by a panic until they are over.
    failed: Option<String>,
}

impl Passes<'_> {
    fn run(&mut self, end: u64) -> Result<()> {
        if self.live.is_empty() && !self.applier.is_trim_due(&self.live, self.trims_log) {
            self.applied = end;
        }
        while self.applied < end {
            let most = end.min(self.applied.saturating_add(PASS_ROWS));
            let pass = self.pass(most).inspect_err(|_| self.live.forget());
            self.applied = pass?;
        }
        self.applier.forget(self.applied);
        Ok(())
    }

    /// Applies the next rows before `most`, and answers how many rows of the log are applied then.
    fn pass(&mut self, most: u64) -> Result<u64> {
        let snapshot = self.store.snapshot();
        let needed = |endpoint| self.live.feeds(endpoint);
        let handed = self.applier.fresh.take(self.applied..most, needed);
        let endpoints = match &handed {
            Some(_) => Vec::new(),
            None => self.applier.endpoints(self.applied),
        };
        let until = self
            .live
            .end_within(&snapshot, &endpoints, self.applied..most, PASS_BYTES)?;
        let applied = Applied {
            before: self.applied,
            after: until,
        };
        let rows = until - self.applied;
        let _span = tracing::debug_span!("pass", rows).entered();
        let mut state = State::new(snapshot, applied);
        let gathering = match handed {
            Some(rows) => Gathering::of(&self.live, rows),
            None => self.live.taken(&state, &endpoints)?,
        };
        let mut changed = gathering.changes(&state)?;
        let is_due = self.applier.is_trim_due(&self.live, self.trims_log);
        // Rows that change nothing cost no write, unless an open would have to read many of them again.
        let is_far = until.saturating_sub(self.marked) >= PASS_ROWS;
        if changed.values().all(Changes::is_empty) && !is_due && !is_far {
            return Ok(until);
        }
        let mut batch = Batch::new();
        let mut parts = Vec::new();
        let suites = self.judging.suites();
        let mut written = Vec::new();
        for table in self.live.derived() {
            let Some(flow) = &table.flow else {
                continue;
            };
            let has_changed = |input: &std::sync::Arc<Table>| {
                changed
                    .get(&input.id)
                    .is_some_and(|changes| !changes.is_empty())
            };
            if !flow.inputs.iter().any(has_changed) {
                continue;
            }
            let mut failures = Vec::new();
            let is_judged = suites.asks(table.id);
            let is_read = self.live.is_read(table.id);
            let emits = is_read || is_judged;
            let incoming = Incoming::Changes(&changed);
            let on_stop = OnStop::SetAside;
            let mut changes = flow.run(&mut state, &incoming, emits, &mut failures, on_stop)?;
            if table.computed().is_none() {
                table.apply(&mut state, &mut changes, &mut failures);
            }
            put_failures(&mut batch, table.id, until, 0, &failures, self.now);
            let part = Part::new(flow, |id| changed.get(&id), failures.len());
            parts.push((&flow.met, part));
            if emits {
                changed.insert(table.id, changes);
            }
            if is_judged {
                written.push(table);
            }
        }
        self.compact(&mut state, &mut batch)?;
        if is_due && let Some(mut trimming) = self.applier.trimming() {
            let present = Present {
                now: self.now,
                rows: until - self.applied,
                trims_log: self.trims_log,
            };
            trimming.run(&self.live, &mut state, &mut batch, &present)?;
        }
        state.finish(&mut batch);
        meta::put_applied(&mut batch, until);
        self.store.write(batch)?;
        self.marked = until;
        parts.iter().for_each(|(met, part)| met.add(part));
        for table in written {
            if let Some(changes) = changed.get(&table.id) {
                self.judging.hand(table, changes, self.now);
            }
        }
        Ok(until)
    }

    /// Removes some of what no row can need any more.
    fn compact(&self, state: &mut State, batch: &mut Batch) -> Result<()> {
        let after = self.applier.compact_after as u64;
        let flows = self.live.derived().iter();
        let flows = flows.filter_map(|table| Some((table.id, table.flow.as_ref()?)));
        let mut due = flows.filter(|(_, flow)| flow.is_due(after)).peekable();
        if due.peek().is_none() {
            return Ok(());
        }
        let _span = tracing::debug_span!("compact").entered();
        let applied = state.applied(Side::After);
        let watermarks = Watermarks::new(self.live.derived().iter(), applied);
        due.try_for_each(|(table, flow)| {
            for (step, round) in flow.compact(state, |id| watermarks.of(id), after)? {
                meta::put_round(batch, (table, step), &round);
            }
            Ok(())
        })
    }
}

/// Whatever came of the passes, a panic too, others go on behind the last one that was made.
impl Drop for Passes<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.live.forget();
        }
        let mut turn = self.applier.turn();
        turn.applied = self.applied;
        turn.marked = self.marked;
        turn.failed = self.failed.take();
        turn.holder = Holder::Nobody;
        drop(turn);
        self.applier.over.notify_all();
    }
}

/// Keeps rows that a pipeline couldn't make anything of.
fn put_failures(
    batch: &mut Batch,
    table: TableId,
    until: u64,
    first: u32,
    failures: &[Failure],
    now: Timestamp,
) {
    for (failure, i) in failures.iter().zip(first..) {
        let row = failure.row.iter().cloned().collect();
        let place = (until.saturating_sub(1), i);
        reject::put(batch, table, place, now, &failure.reason, &row);
    }
}
