//! Making tables anew: what the log no longer has leaves them too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use bumpalo::Bump;

use super::Definitions;
use super::apply::Switched;
use super::fill::NewTables;
use super::registry::Registry;
use crate::branch::Graphs;
use crate::engine::Inner;
use crate::erase::{Pending, Rows, Search};
use crate::error::Result;
use crate::graph::Graph;
use crate::ingest::EndpointId;
use crate::meta;
use crate::python::RunBy;
use crate::store::Batch;
use crate::table::TableId;

impl Inner {
    /// Computes all tables that take rows of these endpoints, by whatever way, anew from the log, and has `batch` written
    /// in the moment from which on they are read. Queries go on meanwhile, and so does logging but for the last moments.
    ///
    /// With `without` they are as if the rows that it searches for had never come. Which these are is written with the
    /// batch, and given: they are to leave the log before the turn is given back.
    ///
    /// # Errors
    ///
    /// [`Error::Python`](crate::Error::Python) if a function can't be called, or is stopped. Nothing is changed then.
    pub(crate) fn rebuild(
        &self,
        registry: &mut Registry,
        endpoints: &BTreeSet<EndpointId>,
        without: Option<Search<'_>>,
        batch: Batch,
    ) -> Result<(Switched<'_>, Rows)> {
        let replaced = registry.fed_by(endpoints);
        let ids: BTreeSet<TableId> = replaced.values().copied().collect();
        let mut new = NewTables::anew(&self.store, &self.applier, without);
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
        let mut rows = Rows::default();
        let made = graphs.clone();
        let switched = self.swap_in(registry, new, (graphs, replaced), batch, |new, batch| {
            let mut last = Vec::new();
            if let Some(search) = new.without() {
                rows = search.found();
                meta::put_erasure(batch, &Pending::Log(rows.clone()));
                last.extend(search.last_kept());
            }
            move |_: &mut Registry| {
                let sequencer = self.sequencer.lock();
                let mut sequencer = sequencer.unwrap_or_else(PoisonError::into_inner);
                for (endpoint, last) in last {
                    sequencer.forget_after(endpoint, last);
                }
                for (name, graph) in made {
                    if let Some(graph) = graph {
                        self.branches.set_graph(&name, graph);
                    }
                }
            }
        })?;
        Ok((switched, rows))
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
