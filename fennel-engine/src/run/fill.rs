//! Filling a new table from those that its pipeline takes rows of.

use fennel_core::time::Timestamp;

use super::flow::Incoming;
use super::panics::{Filling, caught};
use super::pass::put_failures;
use super::{Held, PASS_BYTES, rows_within};
use crate::error::Result;
use crate::kernel::{Changes, Row};
use crate::python::OnStop;
use crate::state::{Applied, State};
use crate::store::{Batch, Store};
use crate::table::{Cursor, Most, Table, TableId};

impl Held<'_> {
    /// Fills a new table from those that its pipeline takes rows of.
    ///
    /// # Errors
    ///
    /// [`Error::Python`](crate::Error::Python) if a function can't be called at all, or is stopped where that is to fail.
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
        let mut passes = Passes {
            filling: Filling {
                table,
                flow,
                emits: false,
                on_stop,
            },
            store,
            now,
            applied: Applied {
                before: self.applied,
                after: self.applied,
            },
            failed: 0,
        };
        let most = Most {
            rows: rows_within(self.applier.fill_rows as u64, flow.fan_out(|_| 1)) as usize,
            bytes: PASS_BYTES,
        };
        for input in flow.taken() {
            let mut cursor = Cursor::default();
            loop {
                let state = passes.state();
                let rows = input.part(&state, &mut cursor, most)?;
                if rows.is_empty() {
                    break;
                }
                passes.run(input.id, rows)?;
            }
        }
        Ok(())
    }
}

/// Passes over rows of other tables.
struct Passes<'f> {
    filling: Filling<'f>,
    store: &'f Store,
    now: Timestamp,
    applied: Applied,
    /// How many rows the pipeline couldn't make anything of.
    failed: u32,
}

impl Passes<'_> {
    fn state(&self) -> State {
        State::new(self.store.snapshot(), self.applied)
    }

    /// Brings rows of a table to the pipeline. If that panics, half of them by half.
    fn run(&mut self, of: TableId, rows: Vec<Row>) -> Result<()> {
        let mut parts = vec![rows];
        while let Some(rows) = parts.pop() {
            let changes = Changes::added(rows);
            if !self.pass(&Incoming::Rows(of, &changes), changes.added.len() == 1)? {
                let mut rows = changes.added;
                let later = rows.split_off(rows.len() / 2);
                parts.extend([later, rows]);
            }
        }
        Ok(())
    }

    /// Brings rows to the pipeline; whether it did, or they are too many, or it has panicked. One that is `alone` is set aside then.
    fn pass(&mut self, incoming: &Incoming<'_>, alone: bool) -> Result<bool> {
        let filling = &self.filling;
        let (mut state, mut failures) = (self.state(), Vec::new());
        let made = if alone {
            filling.run_one(&mut state, incoming, &mut failures)?
        } else {
            let made = caught(|| filling.run(&mut state, incoming, &mut failures));
            made.unwrap_or(Ok(None))?
        };
        if made.is_none() {
            filling.flow.forget();
            return Ok(false);
        }
        let mut batch = Batch::new();
        state.finish(&mut batch);
        let (table, applied) = (filling.table.id, self.applied.after);
        put_failures(&mut batch, table, applied, self.failed, &failures, self.now);
        self.failed += failures.len() as u32;
        self.store.write(batch)?;
        Ok(true)
    }
}
