//! Making tables anew: what the log no longer has leaves them too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bumpalo::Bump;

use super::Definitions;
use super::fill::NewTables;
use super::registry::Registry;
use crate::branch::Graphs;
use crate::engine::Inner;
use crate::error::Result;
use crate::graph::Graph;
use crate::ingest::EndpointId;
use crate::python::RunBy;
use crate::store::Batch;
use crate::table::TableId;

impl Inner {
    /// Computes all tables that take rows of these endpoints, by whatever way, anew from the log, and has `batch` written
    /// in the moment from which on they are read. Queries go on meanwhile, and so does logging but for the last moments.
    pub(crate) fn rebuild(
        &self,
        registry: &mut Registry,
        endpoints: &BTreeSet<EndpointId>,
        batch: Batch,
    ) -> Result<()> {
        let replaced = registry.fed_by(endpoints);
        let ids: BTreeSet<TableId> = replaced.values().copied().collect();
        let mut new = NewTables::new(&self.store, &self.runner);
        let mut graphs = Graphs::new();
        for (name, branch) in self.branches.with_tables(&ids) {
            let arena = Bump::new();
            let catalog = Definitions::read(&arena, &branch.head.definitions.request)?.catalog;
            new.add(registry, &catalog, |structure| {
                replaced.contains_key(structure)
            })?;
            let python = RunBy::new(registry.python.as_ref());
            let mut graph = Graph::new(&catalog, python, |dataset| {
                new.table_or_known(registry, &catalog, dataset)
            })?;
            // They say what they said before, and whoever compares them sees that.
            graph.tags.clone_from(&branch.graph.tags);
            graphs.insert(name, Some(Arc::new(graph)));
        }
        let made = graphs.clone();
        self.swap_in(registry, new, (graphs, replaced), batch, |_| {
            for (name, graph) in made {
                if let Some(graph) = graph {
                    self.branches.set_graph(&name, graph);
                }
            }
        })
    }
}

impl Registry {
    /// The tables that take rows of these endpoints, by way of others too, by structure.
    pub(crate) fn fed_by(&self, endpoints: &BTreeSet<EndpointId>) -> BTreeMap<String, TableId> {
        let is_read = |(webhook, endpoint): (&str, &str)| {
            let number = self.endpoint(webhook, endpoint);
            number.is_some_and(|number| endpoints.contains(&number))
        };
        let mut fed = BTreeMap::new();
        let mut ids = BTreeSet::new();
        loop {
            let before = ids.len();
            for (structure, table) in &self.tables {
                let mut sources = table.sources.iter();
                let mut inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
                if sources.any(|source| is_read((&source.webhook, &source.endpoint)))
                    || inputs.any(|input| ids.contains(&input.id))
                {
                    ids.insert(table.id);
                    fed.insert(structure.clone(), table.id);
                }
            }
            if ids.len() == before {
                return fed;
            }
        }
    }
}
