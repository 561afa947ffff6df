//! Making a commit: new tables are filled first, then one batch moves the branch, then old tables go.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use fennel_core::catalog::Catalog;

use super::fill::NewTables;
use super::registry::Registry;
use crate::branch::Branch;
use crate::engine::Inner;
use crate::error::Result;
use crate::expectation::Suites;
use crate::graph::Graph;
use crate::history::Head;
use crate::meta::{self, TableRecord, TableState};
use crate::python::RunBy;
use crate::run::Held;
use crate::store::Batch;
use crate::table::TableId;

impl Inner {
    /// Moves a branch to `head`, whose definitions are those of `catalog`.
    pub(super) fn apply(
        &self,
        registry: &mut Registry,
        branch: &str,
        catalog: &Catalog<'_>,
        head: Head,
    ) -> Result<()> {
        let mut new = NewTables::new(&self.store, &self.runner);
        new.add(registry, catalog, |_| false)?;
        let python = RunBy::new(registry.python.as_ref());
        let graph = Graph::new(catalog, python, |dataset| {
            new.table_or_known(registry, catalog, dataset)
        })?;
        let mut used = self.branches.tables_besides(branch);
        used.extend(graph.tables());
        let unused = registry.unused(&used);
        let endpoints = registry.new_endpoints(new.tables());

        let mut batch = Batch::new();
        let lines = self.branches.read(branch, |it| it.lines.longer())?;
        meta::put_branch(&mut batch, branch, &lines);
        let place = lines.place(lines.len());
        let place = place.expect("there is a commit more than before");
        meta::put_commit(&mut batch, place, &head);
        for ((webhook, endpoint), id) in &endpoints {
            meta::put_endpoint(&mut batch, *id, webhook, endpoint);
        }
        self.swap_in(registry, new, unused, batch, |registry| {
            registry.endpoints.extend(endpoints);
            let (head, graph) = (Arc::new(head), Arc::new(graph));
            self.branches.set(branch, Branch::new(lines, head, graph));
        })
    }

    /// Fills new tables, and has `batch` written as soon as they have all rows, while nobody logs; then `made` tells
    /// everybody of it. Tables that are unused from then on go.
    pub(super) fn swap_in(
        &self,
        registry: &mut Registry,
        mut new: NewTables<'_>,
        unused: BTreeMap<String, TableId>,
        mut batch: Batch,
        made: impl FnOnce(&mut Registry),
    ) -> Result<()> {
        new.record(TableState::Ready, &mut batch);
        let backfill = tracing::info_span!("backfill", tables = new.tables().count()).entered();
        new.nearly_catch_up()?;
        // From here on nobody applies rows to pipelines, and the new tables have all rows that are applied.
        let held = self.runner.hold();
        new.nearly_catch_up()?;
        new.fill(&held, self.clock.now())?;
        drop(backfill);
        meta::put_applied(&mut batch, held.applied);

        self.switch(registry, held, unused, batch, |registry, mut batch| {
            new.catch_up()?;
            new.put_marks(&mut batch);
            new.put_since(&mut batch)?;
            self.store.write(batch)?;
            registry.tables.extend(new.keep());
            made(registry);
            Ok(())
        })
    }

    /// Moves a branch as `make` does it, which writes `batch`, while nobody logs. Tables that are unused from then on
    /// go.
    pub(crate) fn switch(
        &self,
        registry: &mut Registry,
        mut held: Held<'_>,
        unused: BTreeMap<String, TableId>,
        mut batch: Batch,
        make: impl FnOnce(&mut Registry, Batch) -> Result<()>,
    ) -> Result<()> {
        for (identity, id) in &unused {
            let (identity, state) = (identity.clone(), TableState::Dropping);
            meta::put_table(&mut batch, *id, &TableRecord { identity, state });
        }
        // What was logged before is durable, for loggers hold the lock until then.
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        make(registry, batch)?;
        registry
            .tables
            .retain(|identity, table| unused.get(identity) != Some(&table.id));
        *routes = Arc::new(registry.routes());
        held.set(registry.live());
        // As long as nobody logs, every row that has a number is durable, or never will be.
        let logged = self
            .sequencer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        let before = self.judging.suites();
        let suites = Suites::of(&self.branches, registry, &before, logged);
        self.judging.ask(suites);
        drop(held);
        drop(routes);
        // What came meanwhile waits for whoever logs next, if this fails.
        let _ = self.apply_logged(logged);
        self.remover
            .remove(&self.store, unused.into_values().collect());
        Ok(())
    }
}
