//! Panics in passes.
//!
//! Rows are durable before they are applied, and whoever logs next applies those that wait. So a panic must not come again
//! and again: a pass that panics is made anew of half as many rows, down to one. The pipeline that panics on that sets it
//! aside, and everything else goes on. So is a pass in which steps would make more than memory should hold at once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::flow::{Flow, Incoming};
use crate::error::Result;
use crate::kernel::{Changes, Failure};
use crate::native::message;
use crate::python::OnStop;
use crate::state::State;
use crate::table::Table;

/// About how many bytes of rows the steps of a pipeline make in a pass where one row becomes many, unless it is of one row.
const MADE_BYTES: usize = 128 << 20;

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

    /// [`run`](Self::run) for one row. If that panics, nothing changes, and the row is a failure.
    pub(super) fn run_one(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Changes>> {
        let before = state.mark();
        state.bound(usize::MAX);
        caught(|| self.fill(state, incoming, failures)).unwrap_or_else(|panic| {
            state.undo(before);
            self.flow.forget();
            let pipeline = &self.flow.pipeline;
            tracing::error!(
                pipeline,
                "a pipeline panicked on a row, which is set aside; this is a fault of the server, please report it"
            );
            let reason = format!(
                "pipeline `{pipeline}` panicked on it, which is a fault of this server that you can report: {panic}"
            );
            failures.clear();
            failures.extend(self.failure(incoming, reason));
            Ok(Some(Changes::default()))
        })
    }

    /// A failure of what comes in: of a row that is there from now on, if any is.
    fn failure(&self, incoming: &Incoming<'_>, reason: String) -> Option<Failure> {
        let mut rows = self.flow.inputs.iter().filter_map(|input| {
            let changes = incoming.of(input.id)?;
            let new = changes.added.first();
            Some((input, new.or_else(|| changes.rows().next())?))
        });
        let (input, row) = rows.next()?;
        Some(input.failure(row, reason))
    }
}
