//! New tables: computed from the log before what needs them is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::diff::identity;
use fennel_core::entity::Dataset;
use fennel_core::time::Timestamp;

use super::registry::{Registry, drop_table, in_order, pipeline_of};
use crate::erase::Search;
use crate::error::{Error, Result};
use crate::ingest::Replay;
use crate::meta::{self, TableRecord, TableState};
use crate::python::{OnStop, RunBy};
use crate::run::{Applier, Flow, Held, LogReader};
use crate::store::{Batch, Store};
use crate::table::{Table, TableId};

/// The tables that a commit adds, or that replace others when rows are erased.
///
/// They are recorded as being filled first, so that a crash leaves nothing that the next open doesn't find.
/// Dropping this without [`keep`](NewTables::keep) undoes it.
pub(super) struct NewTables<'s> {
    store: &'s Store,
    /// So many rows of the log are applied to pipelines.
    applied: u64,
    _log: LogReader<'s>,
    tables: Vec<(String, Arc<Table>, Replay)>,
    /// What becomes of rows for which a Python function of a pipeline is stopped.
    on_stop: OnStop,
    /// Finds the rows of the log that they are made without.
    without: Option<Search<'s>>,
    kept: bool,
}

impl<'s> NewTables<'s> {
    /// None so far.
    pub(super) fn new(store: &'s Store, applier: &'s Applier) -> Self {
        let log = applier.read_log();
        Self {
            store,
            applied: applier.applied(),
            _log: log,
            tables: Vec::new(),
            on_stop: OnStop::SetAside,
            without: None,
            kept: false,
        }
    }

    /// None so far that replace others, which are made without the rows that are searched for, if any are. They aren't made
    /// at all where a function is stopped: what it had made of other rows would be lost.
    pub(super) fn anew(
        store: &'s Store,
        applier: &'s Applier,
        without: Option<Search<'s>>,
    ) -> Self {
        let mut new = Self::new(store, applier);
        (new.on_stop, new.without) = (OnStop::Fail, without);
        new
    }

    /// Gives each dataset of a checked catalog whose structure has no table an empty one. Those of the structures that
    /// `is_replaced` names get one as if they had none.
    pub(super) fn add(
        &mut self,
        registry: &mut Registry,
        catalog: &Catalog<'_>,
        is_replaced: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let before = self.tables.len();
        let (program, datasets) = in_order(catalog)?;
        for dataset in datasets {
            let structure = identity(catalog, dataset);
            let before = registry.tables.get(&structure).map(Arc::clone);
            let is_there = before.is_some() && !is_replaced(&structure);
            if is_there || self.table(catalog, dataset).is_some() {
                continue;
            }
            let id = registry.next_table;
            let pipeline = pipeline_of(catalog, dataset);
            let python = RunBy::new(registry.python.as_ref());
            let flow = Flow::new(&program, (dataset, pipeline), (id, python), |name| {
                self.table_or_known(registry, catalog, catalog.dataset(name)?)
            })?;
            let table = Arc::new(Table::new(id, dataset, flow.map(Arc::new), python)?);
            registry.next_table += 1;
            let replay = Replay::new(&table, before, self.applied, |webhook, endpoint| {
                registry.endpoint(webhook, endpoint)
            });
            self.tables.push((structure, table, replay));
        }
        if self.tables.len() > before {
            let mut batch = Batch::new();
            meta::put_next_table(&mut batch, registry.next_table);
            self.record(TableState::Filling, &mut batch);
            self.store.write(batch)?;
        }
        Ok(())
    }

    /// Fills the tables that have pipelines, each behind those that it reads.
    pub(super) fn fill(&self, held: &Held<'_>, now: Timestamp) -> Result<()> {
        self.know_since()?;
        self.tables().try_for_each(|table| {
            let filled = held.fill(self.store, table, now, self.on_stop);
            filled.map_err(|error| told(table, error, self.on_stop))
        })
    }

    /// Has the tables know from when on they are whole: what they are made of may not be any more. Pipelines that join them
    /// go by it.
    fn know_since(&self) -> Result<()> {
        let snapshot = self.store.snapshot();
        for (_, table, replay) in &self.tables {
            let inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
            let mut since = inputs.map(|input| input.retention.since()).max();
            for endpoint in replay.endpoints() {
                since = since.max(meta::log_since(&snapshot, endpoint)?);
            }
            table.retention.raise(since.unwrap_or(i64::MIN));
        }
        Ok(())
    }

    /// Applies the rows that are in the log and weren't applied yet, and returns how many there were.
    pub(super) fn catch_up(&mut self) -> Result<u64> {
        let snapshot = self.store.snapshot();
        if let Some(search) = &mut self.without {
            search.catch_up(&snapshot)?;
        }
        let without = self.without.as_ref();
        let left = |endpoint, entry| match without {
            Some(search) => search.without(endpoint, entry),
            None => Some(entry),
        };
        let on_stop = self.on_stop;
        let replays = self.tables.iter_mut().map(|(_, table, replay)| {
            let rows = replay.run(self.store, &snapshot, &left);
            rows.map_err(|error| told(table, error, on_stop))
        });
        replays.sum()
    }

    /// The search for the rows that they are made without.
    pub(super) fn without(&self) -> Option<&Search<'s>> {
        self.without.as_ref()
    }

    /// Applies what is in the log until few rows come meanwhile, so that a last
    /// [`catch_up`](NewTables::catch_up) that holds loggers up is short.
    pub(super) fn nearly_catch_up(&mut self) -> Result<()> {
        /// So many rows are applied in about the time of a slow write.
        const FEW: u64 = 10_000;
        /// Against loggers that are faster than a replay for ever.
        const PASSES: usize = 16;
        let calls_python = self
            .tables
            .iter()
            .any(|(_, _, replay)| replay.calls_python());
        let few = if calls_python { 1 } else { FEW };
        for _ in 0..PASSES {
            if self.catch_up()? < few {
                break;
            }
        }
        Ok(())
    }

    /// Sets the state of all tables.
    pub(super) fn record(&self, state: TableState, batch: &mut Batch) {
        for (identity, table, _) in &self.tables {
            meta::put_table(
                batch,
                table.id,
                &TableRecord {
                    identity: identity.clone(),
                    state,
                },
            );
        }
    }

    /// Puts how far the tables' sources are.
    pub(super) fn put_marks(&self, batch: &mut Batch) {
        for table in self.tables() {
            for (source, i) in table.sources.iter().zip(0..) {
                for mark in source.all_marks() {
                    meta::put_mark(batch, (table.id, i), mark);
                }
            }
        }
    }

    /// Puts from when on the tables know what they were.
    pub(super) fn put_since(&self, batch: &mut Batch) {
        for table in self.tables() {
            let since = table.retention.since();
            if since > i64::MIN {
                meta::put_since(batch, table.id, since);
            }
        }
    }

    /// Those of the `unused` tables in whose place these are.
    pub(super) fn replaced(
        &self,
        unused: &BTreeMap<String, TableId>,
    ) -> BTreeMap<TableId, TableId> {
        let tables = self.tables.iter();
        let replaced = tables.filter_map(|(identity, table, _)| {
            let before = unused.get(identity)?;
            Some((*before, table.id))
        });
        replaced.collect()
    }

    /// The tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.iter().map(|(_, table, _)| table)
    }

    /// The table that a dataset has from now on.
    pub(super) fn table_or_known(
        &self,
        registry: &Registry,
        catalog: &Catalog<'_>,
        dataset: &Dataset<'_>,
    ) -> Option<Arc<Table>> {
        let new = self.table(catalog, dataset);
        new.or_else(|| registry.table(catalog, dataset))
    }

    /// The table of a dataset's structure, if it is new.
    fn table(&self, catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> Option<Arc<Table>> {
        let wanted = identity(catalog, dataset);
        let mut tables = self.tables.iter();
        tables
            .find(|(identity, ..)| *identity == wanted)
            .map(|(_, table, _)| Arc::clone(table))
    }

    /// What needs them is made: the tables stay.
    pub(super) fn keep(mut self) -> Vec<(String, Arc<Table>)> {
        self.kept = true;
        let tables = std::mem::take(&mut self.tables).into_iter();
        tables
            .map(|(identity, table, _)| (identity, table))
            .collect()
    }
}

impl Drop for NewTables<'_> {
    fn drop(&mut self) {
        for (_, table, _) in self.tables.iter().filter(|_| !self.kept) {
            // What can't be removed now is removed by the next open.
            let _ = drop_table(self.store, table.id);
        }
    }
}

/// Why a table isn't made.
fn told(table: &Table, error: Error, on_stop: OnStop) -> Error {
    match (error, on_stop) {
        (Error::Python(what), OnStop::Fail) => Error::Python(format!(
            "`{}` can't be made anew without these rows: {what}",
            table.dataset
        )),
        (error, _) => error,
    }
}
