//! The keys of a request to erase.

use std::collections::BTreeSet;
use std::sync::Arc;

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::entity::Dataset;
use fennel_core::value::Value;
use serde_json::Value as Json;

use crate::commit::{Definitions, Registry};
use crate::engine::Inner;
use crate::error::Result;
use crate::table::Table;
use crate::{Error, Incoming};

/// The keys to erase in a dataset.
pub(crate) struct Keys {
    /// The dataset's table, from whose sources the rows come.
    pub(super) table: Arc<Table>,
    /// The positions of the erase keys among the table's columns, in the order of their names.
    pub(super) columns: Vec<usize>,
    /// The bytes of each key's values.
    pub(super) values: BTreeSet<Vec<u8>>,
    /// The same values as they are told of features.
    pub(super) told: Vec<Vec<Json>>,
}

impl Inner {
    /// The keys to erase in a dataset of a branch, checked.
    pub(super) fn erase_keys(
        &self,
        registry: &Registry,
        (branch, dataset): (&str, &str),
        keys: Vec<Incoming>,
    ) -> Result<Keys> {
        let branches = &self.branches;
        let (head, graph) =
            branches.read(branch, |it| (Arc::clone(&it.head), Arc::clone(&it.graph)))?;
        // It refuses what isn't there in the words of all calls.
        graph.dataset(dataset)?;
        let arena = Bump::new();
        let catalog = Definitions::read(&arena, &head.definitions.request)?.catalog;
        let found = catalog.dataset(dataset);
        let found = found.ok_or_else(|| missing(dataset))?;
        let mut names = erase_keys_of(&catalog, found)?;
        names.sort_unstable();
        let table = registry.table(&catalog, found);
        let table = table.ok_or_else(|| missing(dataset))?;
        let columns = names.iter().map(|name| table.position(name));
        let columns: Vec<usize> = columns
            .collect::<Option<_>>()
            .ok_or_else(|| missing(dataset))?;
        let typed = keys.into_iter().enumerate();
        let values = typed.map(|(i, key)| typed_key(&table, &columns, i, key));
        let values: Vec<Vec<Value>> = values.collect::<Result<_>>()?;
        let told = values.iter().map(|key| {
            let shapes = columns.iter().filter_map(|i| table.columns.get(*i));
            let values = shapes.zip(key);
            values
                .map(|(column, value)| column.shape.to_json(value))
                .collect()
        });
        Ok(Keys {
            told: told.collect(),
            values: values
                .iter()
                .map(|key| Table::key_bytes(key.iter()))
                .collect(),
            columns,
            table,
        })
    }
}

impl Keys {
    /// The endpoints of the dataset: webhook and name.
    pub(super) fn endpoints(&self) -> BTreeSet<(String, String)> {
        let sources = self.table.sources.iter();
        sources
            .map(|source| (source.webhook.clone(), source.endpoint.clone()))
            .collect()
    }

    /// The names of the erase keys, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter();
        columns.filter_map(|i| Some(self.table.columns.get(*i)?.name.as_str()))
    }
}

/// The erase keys of a dataset that can be erased from.
fn erase_keys_of<'a>(catalog: &Catalog<'a>, dataset: &Dataset<'a>) -> Result<Vec<&'a str>> {
    let name = dataset.name;
    let marked = dataset.fields.iter().filter(|field| field.erase_key);
    let marked: Vec<_> = marked.map(|field| field.name).collect();
    let listed = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    if marked.is_empty() {
        return Err(Error::Request(format!(
            "dataset `{name}` has no erase keys, so nothing can be erased in it; mark a key as erase key (`#[field(key, erase_key)]`) and commit that under a new version"
        )));
    }
    if dataset.sources.is_empty() {
        let pipelines = catalog.pipelines(name).iter();
        let inputs: BTreeSet<_> = pipelines.flat_map(|pipeline| pipeline.inputs).collect();
        let inputs: Vec<_> = inputs.into_iter().copied().collect();
        let from = match inputs.is_empty() {
            true => "it has no rows".to_owned(),
            false => format!(
                "its rows are made of those of {}; erase them there",
                listed(&inputs)
            ),
        };
        return Err(Error::Request(format!(
            "dataset `{name}` has no source of its own, so it can't be erased from: {from}"
        )));
    }
    Ok(marked)
}

/// The values of the `i`th key, whose columns are at these positions.
fn typed_key(table: &Table, columns: &[usize], i: usize, mut key: Incoming) -> Result<Vec<Value>> {
    let dataset = &table.dataset;
    let columns = columns
        .iter()
        .filter_map(|column| table.columns.get(*column));
    let values = columns.map(|column| {
        let name = &column.name;
        let value = key.remove(name).ok_or_else(|| {
            Error::Request(format!(
                "erase key {i} has no `{name}`, which is an erase key of dataset `{dataset}`; each names all of them"
            ))
        });
        let accepted = column.shape.accept(value?);
        accepted.map_err(|mismatch| {
            Error::Request(format!("erase key {i}, `{name}`: {mismatch}"))
        })
    });
    let values: Vec<_> = values.collect::<Result<_>>()?;
    match key.keys().next() {
        None => Ok(values),
        Some(other) => Err(Error::Request(format!(
            "erase key {i} has `{other}`, which is no erase key of dataset `{dataset}`; leave it out"
        ))),
    }
}

fn missing(dataset: &str) -> Error {
    Error::Corrupt(format!(
        "dataset `{dataset}` is on the branch and can't be found; restore the store from a backup"
    ))
}
