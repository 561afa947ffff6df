//! Served rows that name an erased key.
//!
//! A served row has features, not keys. So a feature stands for a key where it is looked up by: a lookup of a dataset that
//! has the erase keys among its keys and rows of the erased endpoints, by whatever way, says which features are those keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::key::{of_branch, prefixes};
use super::{ServedRow, row};
use crate::branch::Branches;
use crate::error::Result;
use crate::graph::{Dataset, FeatureId, From, Graph};
use crate::store::{Batch, Space, Store};
use crate::table::TableId;

/// The served rows that name one of some keys.
#[derive(Debug)]
pub(crate) struct Named {
    /// The keys, each with a value for each erase key, in their order.
    keys: Vec<Vec<Json>>,
    /// By branch: the features that are the erase keys, in their order. Each way to name a key by itself.
    by: BTreeMap<String, Vec<Vec<BTreeSet<String>>>>,
}

impl Named {
    /// Rows of branches by which `keys` of the erase keys `names` are named, where rows of theirs come into `tables`.
    pub(crate) fn new(
        branches: &Branches,
        tables: &BTreeSet<TableId>,
        names: &[&str],
        keys: Vec<Vec<Json>>,
    ) -> Named {
        let mut by = BTreeMap::new();
        for (name, branch) in branches.with_tables(tables) {
            let ways = ways(&branch.graph, tables, names);
            if !ways.is_empty() {
                by.insert(name, ways);
            }
        }
        Named { keys, by }
    }

    /// Where they are.
    pub(crate) fn places(&self, store: &Store) -> Result<Vec<Vec<u8>>> {
        let snapshot = store.snapshot();
        let mut places = Vec::new();
        for (branch, ways) in &self.by {
            for prefix in prefixes(&snapshot, &of_branch(branch))? {
                for entry in snapshot.scan_prefix(Space::Log, &prefix) {
                    let (key, value) = entry?;
                    let place = key.get(prefix.len()..).unwrap_or_default();
                    let row = row(place, &value)?;
                    if self.names(ways, &row) {
                        places.push(key.to_vec());
                    }
                }
            }
        }
        Ok(places)
    }

    /// Whether a row of a branch is one of them.
    pub(super) fn has(&self, branch: &str, row: &ServedRow) -> bool {
        let ways = self.by.get(branch);
        ways.is_some_and(|ways| self.names(ways, row))
    }

    /// Whether a row names one of the keys in any of these ways.
    fn names(&self, ways: &[Vec<BTreeSet<String>>], row: &ServedRow) -> bool {
        ways.iter().any(|way| self.is_named(way, row))
    }

    /// Whether a row names one of the keys by features for each erase key.
    fn is_named(&self, way: &[BTreeSet<String>], row: &ServedRow) -> bool {
        let has = |features: &BTreeSet<String>, value: &Json| {
            let in_one = |of: &Map<String, Json>| {
                let mut features = features.iter().filter_map(|feature| of.get(feature));
                features.any(|feature| is(feature, value))
            };
            in_one(&row.inputs) || in_one(&row.outputs)
        };
        let mut keys = self.keys.iter();
        keys.any(|key| {
            way.iter()
                .zip(key)
                .all(|(features, value)| has(features, value))
        })
    }
}

/// Takes rows out that are at these places. Done again, it changes nothing.
pub(crate) fn take_out(store: &Store, places: &[Vec<u8>]) -> Result<()> {
    /// Rows that are deleted together.
    const CHUNK: usize = 1_000;
    for places in places.chunks(CHUNK) {
        let mut batch = Batch::new();
        for place in places {
            batch.delete(Space::Log, place.clone());
        }
        store.write(batch)?;
    }
    Ok(())
}

/// Whether a feature is that value, or a list that has it.
fn is(feature: &Json, value: &Json) -> bool {
    feature == value || feature.as_array().is_some_and(|list| list.contains(value))
}

/// The features that are the erase keys, by each lookup that says it.
fn ways(graph: &Graph, tables: &BTreeSet<TableId>, names: &[&str]) -> Vec<Vec<BTreeSet<String>>> {
    let aliases = Aliases::of(graph);
    let mut ways = BTreeSet::new();
    for lookup in graph.lookups() {
        let Ok(dataset) = graph.dataset(&lookup.dataset) else {
            continue;
        };
        if !tables.contains(&dataset.table.id) {
            continue;
        }
        let features = names.iter().map(|name| {
            let feature = lookup.keys.get(key(dataset, name)?)?;
            let same = aliases.same(*feature);
            Some(same.map(|id| graph.feature(id).name.clone()).collect())
        });
        ways.extend(features.collect::<Option<Vec<BTreeSet<_>>>>());
    }
    ways.into_iter().collect()
}

/// Which key of a dataset is called so.
fn key(dataset: &Dataset, name: &str) -> Option<usize> {
    let mut keys = dataset.table.keys.iter();
    keys.position(|position| {
        let column = dataset.table.columns.get(*position);
        column.is_some_and(|column| column.name == name)
    })
}

/// Features that are the same: those that are read of another one, and that.
struct Aliases {
    /// The feature that each is, in the end.
    of: Vec<FeatureId>,
}

impl Aliases {
    fn of(graph: &Graph) -> Aliases {
        let first = |mut id: FeatureId| {
            for _ in 0..graph.feature_count() {
                match graph.feature(id).extraction.as_ref().map(|it| it.from) {
                    Some(From::Feature(other)) => id = other,
                    _ => break,
                }
            }
            id
        };
        Aliases {
            of: (0..graph.feature_count()).map(first).collect(),
        }
    }

    fn same(&self, id: FeatureId) -> impl Iterator<Item = FeatureId> {
        let first = self.of.get(id).copied();
        let all = self.of.iter().enumerate();
        all.filter(move |(_, of)| Some(**of) == first)
            .map(|(id, _)| id)
    }
}
