//! Making a commit: new tables are filled first, then one batch moves the branch, then old tables go.

use std::sync::PoisonError;

use fennel_core::catalog::Catalog;
use fennel_core::entity::Dataset;

use super::fill::NewTables;
use super::registry::Registry;
use crate::engine::Inner;
use crate::error::Result;
use crate::graph::Graph;
use crate::meta::{self, Head, TableRecord, TableState};
use crate::store::Batch;

impl Inner {
    /// Moves a branch to `head`, whose definitions are those of `catalog`.
    pub(super) fn apply(
        &self,
        registry: &mut Registry,
        branch: &str,
        catalog: &Catalog<'_>,
        head: Head,
    ) -> Result<()> {
        let mut new = NewTables::create(&self.store, registry, catalog)?;
        let table = |dataset: &Dataset<'_>| {
            let new = new.table(catalog, dataset);
            new.or_else(|| registry.table(catalog, dataset))
        };
        let graph = Graph::new(catalog, table)?;
        let mut used = self.branches.tables_besides(branch);
        used.extend(graph.tables());
        let unused = registry.unused(&used);
        let endpoints = registry.new_endpoints(new.tables());
        let mut batch = Batch::new();
        meta::put_head(&mut batch, branch, &head);
        new.record(TableState::Ready, &mut batch);
        for (identity, id) in &unused {
            let (identity, state) = (identity.clone(), TableState::Dropping);
            meta::put_table(&mut batch, *id, &TableRecord { identity, state });
        }
        for ((webhook, endpoint), id) in &endpoints {
            meta::put_endpoint(&mut batch, *id, webhook, endpoint);
        }
        new.nearly_catch_up()?;
        // From here on nobody applies rows to pipelines, and the new tables have all rows that are applied.
        let mut held = self.runner.hold();
        new.nearly_catch_up()?;
        new.fill(&held, self.clock.now())?;
        meta::put_applied(&mut batch, held.applied);

        // From here on nobody logs. What was logged meanwhile is durable, for loggers hold the lock until then.
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        new.catch_up()?;
        self.store.write(batch)?;

        registry.endpoints.extend(endpoints);
        registry.tables.extend(new.keep());
        registry
            .tables
            .retain(|identity, _| !unused.contains_key(identity));
        *routes = registry.routes();
        held.set(registry.live());
        self.branches.set(branch, head, graph);
        drop(held);
        drop(routes);
        // What came meanwhile waits for whoever logs next, if this fails.
        let end = self
            .sequencer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        let _ = self.apply_logged(end);
        let unused: Vec<_> = unused.into_values().collect();
        self.remover.remove(&self.store, unused.into_iter());
        Ok(())
    }
}
