//! Panics in passes.
//!
//! Rows are durable before they are applied, and whoever logs next applies those that wait. So a panic must not come again
//! and again: a pass that panics is made anew of half as many rows, down to one. The pipeline that panics on that sets
//! aside what it panics on of what comes of the row, and everything else goes on. So is a pass in which steps would make more
//! than memory should hold at once.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::flow::{Flow, Incoming};
use crate::error::Result;
use crate::kernel::{Changes, Failure, Moved, Row};
use crate::native::message;
use crate::python::OnStop;
use crate::state::State;
use crate::table::{Table, TableId};

/// About how many bytes of rows the steps of a pipeline make in a pass where one row becomes many, unless it is of one row.
const MADE_BYTES: usize = 128 << 20;

/// About how many bytes of rows they make of one row of the log.
const ALONE_BYTES: usize = 512 << 20;

/// What `act` comes to, or what it panicked with. What that leaves half done is the caller's to drop.
pub(super) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let said = message(&*panic);
        said.unwrap_or("it doesn't say why").to_owned()
    })
}

/// A pipeline that is about to fill its table.
pub(super) struct Filling<'f> {
    pub(super) table: &'f Table,
    pub(super) flow: &'f Flow,
    /// Whether anybody takes what changes of the table.
    pub(super) emits: bool,
    pub(super) on_stop: OnStop,
}

impl Filling<'_> {
    /// Makes of what comes in what the pipeline does, and answers with what changes of the table; `None` where its steps
    /// make more than they may.
    pub(super) fn run(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Changes>> {
        state.bound(MADE_BYTES);
        self.fill(state, incoming, failures)
    }

    fn fill(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Changes>> {
        let (flow, emits) = (self.flow, self.emits);
        let changes = flow.run(state, incoming, emits, failures, self.on_stop)?;
        let Some(mut changes) = changes else {
            return Ok(None);
        };
        if self.table.computed().is_none() {
            self.table.apply(state, &mut changes, failures);
        }
        Ok(Some(changes))
    }

    /// [`run`](Self::run) for what comes of one row of the log. Where that panics, or makes more than it may, the rows that it
    /// does so on by themselves are failures, and everything else is as if they hadn't come.
    pub(super) fn run_one(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Changes>> {
        let reason = match self.attempt(state, incoming, failures)? {
            Ok(changes) => return Ok(Some(changes)),
            Err(reason) => reason,
        };
        tracing::error!(
            pipeline = self.flow.pipeline,
            "a pipeline can't be run on a row, which is set aside: {reason}"
        );
        let (kept, faults) = self.part(state, incoming)?;
        let (changes, others) = match self.attempt(state, &incoming.among(&kept), failures)? {
            Ok(changes) => (changes, faults),
            // Together they do what none does alone.
            Err(reason) => {
                let rows = self.came(incoming).into_iter();
                let faults = rows.filter_map(|(table, came)| self.failure(table, &came, &reason));
                (Changes::default(), faults.collect())
            }
        };
        failures.extend(others);
        Ok(Some(changes))
    }

    /// What comes in without the rows on which the pipeline can't be run by themselves, and these as failures.
    fn part(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
    ) -> Result<(BTreeMap<TableId, Changes>, Vec<Failure>)> {
        let (mut kept, mut faults) = (BTreeMap::new(), Vec::new());
        let mut parts = vec![self.came(incoming)];
        while let Some(mut part) = parts.pop() {
            let mut changes = BTreeMap::new();
            put(&part, &mut changes);
            let before = state.mark();
            let tried = self.attempt(state, &incoming.among(&changes), &mut Vec::new())?;
            state.undo(before);
            self.flow.forget();
            match (tried, part.as_slice()) {
                (Ok(_), _) => put(&part, &mut kept),
                (Err(reason), [(table, came)]) => {
                    faults.extend(self.failure(*table, came, &reason));
                }
                (Err(_), _) => {
                    let later = part.split_off(part.len() / 2);
                    parts.extend([later, part]);
                }
            }
        }
        Ok((kept, faults))
    }

    /// [`run`](Self::run), or why it can't be done. Nothing changes then.
    fn attempt(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        failures: &mut Vec<Failure>,
    ) -> Result<Result<Changes, String>> {
        let before = state.mark();
        state.bound(ALONE_BYTES);
        let pipeline = &self.flow.pipeline;
        let reason = match caught(|| self.fill(state, incoming, failures)) {
            Ok(Ok(Some(changes))) => return Ok(Ok(changes)),
            Ok(Ok(None)) => format!(
                "pipeline `{pipeline}` would make more than {} MiB of it; have its steps make fewer or smaller rows",
                ALONE_BYTES >> 20
            ),
            Ok(Err(error)) => return Err(error),
            Err(panic) => format!(
                "pipeline `{pipeline}` panicked on it, which is a fault of this server that you can report: {panic}"
            ),
        };
        state.undo(before);
        self.flow.forget();
        failures.clear();
        Ok(Err(reason))
    }

    /// The rows that come in, each by itself.
    fn came(&self, incoming: &Incoming<'_>) -> Vec<(TableId, Came)> {
        let inputs = self.flow.inputs.iter();
        let changes = inputs.filter_map(|input| Some((input.id, incoming.of(input.id)?)));
        let rows = changes.flat_map(|(table, changes)| {
            let removed = changes.removed.iter().cloned().map(Came::Removed);
            let added = changes.added.iter().cloned().map(Came::Added);
            let moved = changes.moved.iter().cloned().map(Came::Moved);
            let came = removed.chain(added).chain(moved);
            came.map(move |came| (table, came))
        });
        rows.collect()
    }

    /// The failure of a row that is there from now on. One that goes, or whose end moves, was a failure when it came.
    fn failure(&self, table: TableId, came: &Came, reason: &str) -> Option<Failure> {
        let Came::Added(row) = came else {
            return None;
        };
        let mut inputs = self.flow.inputs.iter();
        let input = inputs.find(|input| input.id == table)?;
        Some(input.failure(row, reason.to_owned()))
    }
}

/// A row that comes in, and how.
#[derive(Clone)]
enum Came {
    Removed(Row),
    Added(Row),
    Moved(Moved),
}

/// Puts rows into the changes of their tables.
fn put(rows: &[(TableId, Came)], to: &mut BTreeMap<TableId, Changes>) {
    for (table, came) in rows {
        let changes = to.entry(*table).or_default();
        match came {
            Came::Removed(row) => changes.removed.push(row.clone()),
            Came::Added(row) => changes.added.push(row.clone()),
            Came::Moved(moved) => changes.moved.push(moved.clone()),
        }
    }
}
