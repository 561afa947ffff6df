//! Passes: the next rows of the log go through all pipelines, and what comes of them is written in one batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::time::Timestamp;

use super::flow::{Flow, Incoming};
use super::live::{Gathering, Live};
use super::met::{Met, Part};
use super::panics::{Filling, caught};
use super::trim::Present;
use super::turn::Holder;
use super::watermark::Watermarks;
use super::{Applier, PASS_BYTES, PASS_ROWS, rows_within};
use crate::error::{Error, Result};
use crate::expectation::Judging;
use crate::kernel::{Changes, Failure};
use crate::meta;
use crate::python::OnStop;
use crate::reject;
use crate::state::{Applied, Side, State};
use crate::store::{Batch, Store};
use crate::table::{Table, TableId};

/// Passes of one turn, which ends with them.
pub(super) struct Passes<'r> {
    pub(super) applier: &'r Applier,
    pub(super) store: &'r Store,
    pub(super) judging: &'r Judging,
    pub(super) live: Arc<Live>,
    pub(super) now: Timestamp,
    pub(super) applied: u64,
    pub(super) marked: u64,
    /// Whether they may remove rows from the log.
    pub(super) trims_log: bool,
    /// Why they ended early: by a panic until they are over.
    pub(super) failed: Option<String>,
}

/// What a pass comes to.
struct Made<'l> {
    /// How many rows of the log are applied with it.
    until: u64,
    /// What is to be written, if anything is.
    batch: Option<Batch>,
    /// What it brings to pipelines.
    met: Vec<(&'l Met, Part)>,
    /// What changes of tables whose rows are judged.
    judged: Vec<(&'l Table, Changes)>,
}

/// A pass that is being made.
struct Making<'l> {
    /// How many rows of the log are applied with it.
    until: u64,
    /// Whether its row is set aside by pipelines that panic on it.
    alone: bool,
    state: State,
    batch: Batch,
    /// What changes in tables that others read, or whose rows are judged.
    changed: BTreeMap<TableId, Changes>,
    /// What it brings to pipelines.
    met: Vec<(&'l Met, Part)>,
    /// The tables whose rows are judged.
    judged: Vec<&'l Table>,
}

impl Passes<'_> {
    pub(super) fn run(&mut self, end: u64) -> Result<()> {
        if self.live.is_empty() && !self.applier.is_trim_due(&self.live, self.trims_log) {
            self.applied = end;
        }
        let whole = rows_within(PASS_ROWS, self.live.fan_out());
        let (mut rows, mut alone) = (whole, false);
        while self.applied < end {
            let most = end.min(self.applied.saturating_add(rows));
            if self.pass(most, alone)? {
                (rows, alone) = (whole.min(rows * 2), false);
            } else {
                let tried = most - self.applied;
                (rows, alone) = (tried.div_ceil(2), tried == 1);
            }
        }
        self.applier.forget(self.applied);
        Ok(())
    }

    /// Applies the next rows before `most`, or some of them; whether it did, or they are too many, or it has panicked. One
    /// that is `alone` is applied by all that don't panic on it.
    fn pass(&mut self, most: u64, alone: bool) -> Result<bool> {
        let live = Arc::clone(&self.live);
        let made = match caught(|| self.make(&live, most, alone)) {
            Ok(made) => made.inspect_err(|_| live.forget())?,
            Err(panic) if alone => {
                live.forget();
                let reason = format!("a pass panicked, which is a fault of this server: {panic}");
                return Err(Error::Behind(reason));
            }
            Err(_) => None,
        };
        let Some(made) = made else {
            live.forget();
            return Ok(false);
        };
        if let Some(batch) = made.batch {
            let written = self.store.write(batch);
            written.inspect_err(|_| live.forget())?;
            self.marked = made.until;
        }
        self.applied = made.until;
        made.met.iter().for_each(|(met, part)| met.add(part));
        for (table, changes) in &made.judged {
            self.judging.hand(table, changes, self.now);
        }
        Ok(true)
    }

    /// What a pass over the next rows before `most` comes to; `None` where it is too much.
    fn make<'l>(&self, live: &'l Live, most: u64, alone: bool) -> Result<Option<Made<'l>>> {
        let snapshot = self.store.snapshot();
        let needed = |endpoint| live.feeds(endpoint);
        let handed = self.applier.fresh.take(self.applied..most, needed);
        let endpoints = match &handed {
            Some(_) => Vec::new(),
            None => self.applier.endpoints(self.applied),
        };
        let until = live.end_within(&snapshot, &endpoints, self.applied..most, PASS_BYTES)?;
        let applied = Applied {
            before: self.applied,
            after: until,
        };
        let rows = until - self.applied;
        let _span = tracing::debug_span!("pass", rows).entered();
        let state = State::new(snapshot, applied);
        let gathering = match handed {
            Some(rows) => Gathering::of(live, rows),
            None => live.taken(&state, &endpoints)?,
        };
        let changed = gathering.changes(&state)?;
        let is_due = !alone && self.applier.is_trim_due(live, self.trims_log);
        // Rows that change nothing cost no write, unless an open would have to read many of them again.
        let is_far = until.saturating_sub(self.marked) >= PASS_ROWS;
        if changed.values().all(Changes::is_empty) && !is_due && !is_far {
            return Ok(Some(Made {
                until,
                batch: None,
                met: Vec::new(),
                judged: Vec::new(),
            }));
        }
        let mut making = Making {
            until,
            alone,
            state,
            batch: Batch::new(),
            changed,
            met: Vec::new(),
            judged: Vec::new(),
        };
        let suites = self.judging.suites();
        for table in live.derived() {
            if let Some(flow) = &table.flow
                && !self.step(table, flow, suites.asks(table.id), &mut making)?
            {
                return Ok(None);
            }
        }
        if !alone {
            self.compact(&mut making)?;
        }
        if is_due && let Some(mut trimming) = self.applier.trimming() {
            let present = Present {
                now: self.now,
                rows: until - self.applied,
                trims_log: self.trims_log,
            };
            trimming.run(live, &mut making.state, &mut making.batch, &present)?;
        }
        let Making {
            state,
            mut batch,
            mut changed,
            met,
            judged,
            ..
        } = making;
        state.finish(&mut batch);
        meta::put_applied(&mut batch, until);
        let judged = judged.into_iter();
        let judged = judged.filter_map(|table| Some((table, changed.remove(&table.id)?)));
        Ok(Some(Made {
            until,
            batch: Some(batch),
            met,
            judged: judged.collect(),
        }))
    }

    /// Runs the pipeline of one table, if anything has changed that it takes; whether that isn't too much.
    fn step<'l>(
        &self,
        table: &'l Table,
        flow: &'l Flow,
        is_judged: bool,
        making: &mut Making<'l>,
    ) -> Result<bool> {
        let has_changed = |input: &Arc<Table>| {
            let changes = making.changed.get(&input.id);
            changes.is_some_and(|changes| !changes.is_empty())
        };
        if !flow.inputs.iter().any(has_changed) {
            return Ok(true);
        }
        let mut failures = Vec::new();
        let filling = Filling {
            table,
            flow,
            emits: is_judged || self.live.is_read(table.id),
            on_stop: OnStop::SetAside,
        };
        let incoming = Incoming::Changes(&making.changed);
        let changes = match making.alone {
            true => filling.run_one(&mut making.state, &incoming, &mut failures)?,
            false => filling.run(&mut making.state, &incoming, &mut failures)?,
        };
        let Some(changes) = changes else {
            return Ok(false);
        };
        put_failures(
            &mut making.batch,
            table.id,
            making.until,
            0,
            &failures,
            self.now,
        );
        let part = Part::new(flow, |id| making.changed.get(&id), failures.len());
        making.met.push((&flow.met, part));
        if filling.emits {
            making.changed.insert(table.id, changes);
        }
        if is_judged {
            making.judged.push(table);
        }
        Ok(true)
    }

    /// Removes some of what no row can need any more.
    fn compact(&self, making: &mut Making<'_>) -> Result<()> {
        let Making { state, batch, .. } = making;
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
pub(super) fn put_failures(
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
