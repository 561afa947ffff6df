//! What there is beside branches: the tables that they share, and the numbers of endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::diff::identity;
use fennel_core::entity::Dataset;
use fennel_core::kernel::{Kernel, Program};

use crate::error::{Error, Result};
use crate::expectation;
use crate::ingest::{EndpointId, Routes};
use crate::meta;
use crate::python::Runner;
use crate::run::Live;
use crate::store::{Batch, Space, Store};
use crate::table::{Table, TableId};

/// Tables and endpoints.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// The tables that branches have, by structure.
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    /// The lowest number that no table ever had.
    pub(crate) next_table: TableId,
    /// Endpoints that any branch ever had, by webhook and name.
    pub(crate) endpoints: BTreeMap<(String, String), EndpointId>,
    /// Who runs Python functions.
    pub(crate) python: Option<Arc<dyn Runner>>,
}

impl Registry {
    /// The table of a dataset's structure, if there is one.
    pub(crate) fn table(&self, catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> Option<Arc<Table>> {
        self.tables.get(&identity(catalog, dataset)).cloned()
    }

    /// The tables that are not among `used`, by structure.
    pub(crate) fn unused(&self, used: &BTreeSet<TableId>) -> BTreeMap<String, TableId> {
        let tables = self
            .tables
            .iter()
            .map(|(identity, table)| (identity.clone(), table.id));
        tables.filter(|(_, id)| !used.contains(id)).collect()
    }

    /// The number of an endpoint, if it ever had one.
    pub(crate) fn endpoint(&self, webhook: &str, endpoint: &str) -> Option<EndpointId> {
        self.endpoints
            .get(&(webhook.into(), endpoint.into()))
            .copied()
    }

    /// The webhooks and names of endpoints.
    pub(crate) fn names_of(&self, endpoints: &BTreeSet<EndpointId>) -> BTreeSet<(String, String)> {
        let named = self.endpoints.iter();
        let named = named.filter(|(_, id)| endpoints.contains(id));
        named.map(|(name, _)| name.clone()).collect()
    }

    /// The endpoints of `tables` that have no number yet, each with one.
    pub(super) fn new_endpoints<'t>(
        &self,
        tables: impl Iterator<Item = &'t Arc<Table>>,
    ) -> Vec<((String, String), EndpointId)> {
        let sources = tables.flat_map(|table| &table.sources);
        let names = sources.map(|source| (source.webhook.clone(), source.endpoint.clone()));
        let new: BTreeSet<_> = names
            .filter(|name| !self.endpoints.contains_key(name))
            .collect();
        new.into_iter()
            .zip(self.endpoints.len() as EndpointId..)
            .collect()
    }

    /// The tables that pipelines fill and read.
    pub(crate) fn live(&self) -> Live {
        let number = |webhook: &str, endpoint: &str| self.endpoint(webhook, endpoint);
        Live::new(self.tables.values(), number)
    }

    /// Where rows go: to all tables.
    pub(crate) fn routes(&self) -> Routes {
        let number = |webhook: &str, endpoint: &str| {
            self.endpoint(webhook, endpoint)
                .expect("endpoints get a number with their first table")
        };
        Routes::new(self.tables.values(), number)
    }
}

/// The live datasets of a checked catalog, each behind those that its pipelines read, with what their pipelines come to.
pub(crate) fn in_order<'c, 'a>(
    catalog: &'c Catalog<'a>,
) -> Result<(Program<'a>, Vec<&'c Dataset<'a>>)> {
    let program = catalog.lower(None).map_err(|problems| {
        Error::Corrupt(format!(
            "definitions that were checked can't be run: {problems}"
        ))
    })?;
    let nodes = program.nodes.iter();
    let names = nodes.filter_map(|node| match node.kernel {
        Kernel::Table(name) => Some(name),
        _ => None,
    });
    let datasets = names.filter_map(|name| catalog.dataset(name)).collect();
    Ok((program, datasets))
}

/// The name of the pipeline that fills a dataset; empty where none does.
pub(crate) fn pipeline_of<'a>(catalog: &Catalog<'a>, dataset: &Dataset<'_>) -> &'a str {
    let mut pipelines = catalog.selected_pipelines(dataset.name, None);
    pipelines.next().map_or("", |pipeline| pipeline.name)
}

/// The datasets of a catalog that have a table.
pub(super) fn live<'c, 'a>(catalog: &'c Catalog<'a>) -> impl Iterator<Item = &'c Dataset<'a>> {
    catalog
        .datasets()
        .iter()
        .filter(|dataset| !dataset.meta.deleted)
}

/// The datasets whose structure has no table yet.
pub(super) fn missing<'c, 'a>(
    registry: &Registry,
    catalog: &'c Catalog<'a>,
) -> impl Iterator<Item = &'c Dataset<'a>> {
    live(catalog).filter(|dataset| registry.table(catalog, dataset).is_none())
}

/// Removes what a table holds, and then its record. After a crash or an error it is to be done again.
pub(super) fn drop_table(store: &Store, table: TableId) -> Result<()> {
    store.remove_prefix(Space::Table, &Table::prefix(table))?;
    store.remove_prefix(Space::Rejects, &Table::prefix(table))?;
    store.remove_prefix(Space::Meta, &meta::phases(table))?;
    store.remove_prefix(Space::Meta, &meta::marks_of(table))?;
    store.remove_prefix(Space::Meta, &meta::since_of(table))?;
    store.remove_prefix(Space::Meta, &meta::rounds_of(table))?;
    store.remove_prefix(Space::Meta, &expectation::windows_of(table))?;
    store.remove_prefix(Space::Meta, &expectation::asked_of(table))?;
    let mut batch = Batch::new();
    meta::delete_table(&mut batch, table);
    Ok(store.write(batch)?)
}
