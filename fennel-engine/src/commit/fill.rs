//! New tables: computed from the log before the commit that needs them is made.

use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::diff::identity;
use fennel_core::entity::Dataset;
use fennel_core::time::Timestamp;

use super::registry::{Registry, drop_table, in_order, pipeline_of};
use crate::error::Result;
use crate::ingest::Replay;
use crate::meta::{self, TableRecord, TableState};
use crate::run::{Flow, Held};
use crate::store::{Batch, Store};
use crate::table::Table;

/// The tables that a commit adds.
///
/// They are recorded as being filled first, so that a crash leaves nothing that the next open doesn't find.
/// Dropping this without [`keep`](NewTables::keep) undoes it.
#[derive(Debug)]
pub(super) struct NewTables<'s> {
    store: &'s Store,
    tables: Vec<(String, Arc<Table>, Replay)>,
    kept: bool,
}

impl<'s> NewTables<'s> {
    /// Gives each dataset of a checked catalog whose structure has no table an empty one. The first `applied` rows of
    /// the log are applied to pipelines.
    pub(super) fn create(
        store: &'s Store,
        registry: &mut Registry,
        catalog: &Catalog<'_>,
        applied: u64,
    ) -> Result<Self> {
        let mut new = Self {
            store,
            tables: Vec::new(),
            kept: false,
        };
        let (program, datasets) = in_order(catalog)?;
        for dataset in datasets {
            if registry.table(catalog, dataset).is_some() {
                continue;
            }
            let id = registry.next_table;
            let pipeline = pipeline_of(catalog, dataset);
            let flow = Flow::new(&program, (dataset, pipeline), id, |name| {
                let input = catalog.dataset(name)?;
                let new = new.table(catalog, input);
                new.or_else(|| registry.table(catalog, input))
            })?;
            let table = Arc::new(Table::new(id, dataset, flow.map(Arc::new))?);
            registry.next_table += 1;
            let replay = Replay::new(&table, applied, |webhook, endpoint| {
                registry.endpoint(webhook, endpoint)
            });
            new.tables.push((identity(catalog, dataset), table, replay));
        }
        if !new.tables.is_empty() {
            let mut batch = Batch::new();
            meta::put_next_table(&mut batch, registry.next_table);
            new.record(TableState::Filling, &mut batch);
            store.write(batch)?;
        }
        Ok(new)
    }

    /// Fills the tables that have pipelines, each behind those that it reads.
    pub(super) fn fill(&self, held: &Held<'_>, now: Timestamp) -> Result<()> {
        self.tables()
            .try_for_each(|table| held.fill(self.store, table, now))
    }

    /// Applies the rows that are in the log and weren't applied yet, and returns how many there were.
    pub(super) fn catch_up(&mut self) -> Result<u64> {
        let mut rows = 0;
        for (_, _, replay) in &mut self.tables {
            rows += replay.run(self.store, &self.store.snapshot())?;
        }
        Ok(rows)
    }

    /// Applies what is in the log until few rows come meanwhile, so that a last
    /// [`catch_up`](NewTables::catch_up) that holds loggers up is short.
    pub(super) fn nearly_catch_up(&mut self) -> Result<()> {
        /// So many rows are applied in about the time of a slow write.
        const FEW: u64 = 10_000;
        /// Against loggers that are faster than a replay for ever.
        const PASSES: usize = 16;
        for _ in 0..PASSES {
            if self.catch_up()? < FEW {
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

    /// Puts from when on the tables know what they were: what they are made of may not be whole any more.
    pub(super) fn put_since(&self, batch: &mut Batch) -> Result<()> {
        let snapshot = self.store.snapshot();
        for (_, table, replay) in &self.tables {
            let inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
            let mut since = inputs.map(|input| input.retention.since()).max();
            for endpoint in replay.endpoints() {
                since = since.max(meta::log_since(&snapshot, endpoint)?);
            }
            if let Some(since) = since.filter(|since| *since > i64::MIN) {
                meta::put_since(batch, table.id, table.retention.raise(since));
            }
        }
        Ok(())
    }

    /// The tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.iter().map(|(_, table, _)| table)
    }

    /// The table of a dataset's structure, if it is new.
    pub(super) fn table(&self, catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> Option<Arc<Table>> {
        let wanted = identity(catalog, dataset);
        let mut tables = self.tables.iter();
        tables
            .find(|(identity, ..)| *identity == wanted)
            .map(|(_, table, _)| Arc::clone(table))
    }

    /// The commit is made: the tables stay.
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
