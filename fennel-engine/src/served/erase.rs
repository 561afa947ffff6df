//! Served rows that name an erased key.
//!
//! A served row has features, not keys. So a feature stands for a key where it is looked up by: a lookup of a dataset that
//! has the erase keys among its keys and rows of the erased endpoints, by whatever way, says which features are those keys.
//! Which lookups there are is a matter of the definitions by which the row was served.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::key::{of_branch, prefixes};
use super::{ServedRow, row};
use crate::branch::Branches;
use crate::error::Result;
use crate::graph::{Dataset, FeatureId, From, Graph};
use crate::store::{Batch, Space, Store};
use crate::table::{Table, TableId};

/// The served rows that name one of some keys.
#[derive(Debug)]
pub(crate) struct Named {
    /// Where the rows come in that are erased: webhook and endpoint.
    pub(crate) endpoints: BTreeSet<(String, String)>,
    pub(crate) whom: Whom,
}

/// Whom served rows name.
#[derive(Debug)]
pub(crate) enum Whom {
    /// One of these keys: the names of the erase keys, and of each key a value for each of them, in their order.
    Keys(Vec<String>, Vec<Vec<Json>>),
    /// Anybody, by whatever key.
    Anybody,
}

/// A way to name a key: for each erase key the features that are it.
type Way = Vec<BTreeSet<String>>;

impl Named {
    /// Where they are.
    pub(crate) fn places(&self, branches: &Branches, store: &Store) -> Result<Vec<Vec<u8>>> {
        let snapshot = store.snapshot();
        let mut places = Vec::new();
        for (branch, graph) in branches.graphs() {
            let of = self.of(&graph);
            if of.ways.is_empty() {
                continue;
            }
            for prefix in prefixes(&snapshot, &of_branch(&branch))? {
                for entry in snapshot.scan_prefix(Space::Log, &prefix) {
                    let (key, value) = entry?;
                    let place = key.get(prefix.len()..).unwrap_or_default();
                    if of.has(&row(place, &value)?) {
                        places.push(key.to_vec());
                    }
                }
            }
        }
        Ok(places)
    }

    /// Those that are served by some definitions.
    pub(super) fn of(&self, graph: &Graph) -> NamedBy<'_> {
        NamedBy {
            whom: &self.whom,
            ways: self.ways(graph),
        }
    }

    /// The ways to name a key, by each lookup that says one.
    fn ways(&self, graph: &Graph) -> BTreeSet<Way> {
        let aliases = Aliases::of(graph);
        let mut fed = Fed::by(&self.endpoints);
        let mut ways = BTreeSet::new();
        for lookup in graph.lookups() {
            let Ok(dataset) = graph.dataset(&lookup.dataset) else {
                continue;
            };
            if !fed.has(&dataset.table) {
                continue;
            }
            let same = |feature: &FeatureId| -> BTreeSet<String> {
                let same = aliases.same(*feature);
                same.map(|id| graph.feature(id).name.clone()).collect()
            };
            match &self.whom {
                Whom::Keys(names, _) => {
                    let features = names.iter().map(|name| {
                        let feature = lookup.keys.get(key(dataset, name)?)?;
                        Some(same(feature))
                    });
                    ways.extend(features.collect::<Option<Way>>());
                }
                Whom::Anybody => ways.extend(lookup.keys.iter().map(|key| vec![same(key)])),
            }
        }
        ways
    }
}

/// The rows that name one of some keys, of those that are served by the same definitions.
pub(super) struct NamedBy<'n> {
    whom: &'n Whom,
    ways: BTreeSet<Way>,
}

impl NamedBy<'_> {
    /// Whether a row is one of them.
    pub(super) fn has(&self, row: &ServedRow) -> bool {
        self.ways.iter().any(|way| self.is_named(way, row))
    }

    /// Whether a row names one of the keys by features for each erase key.
    fn is_named(&self, way: &Way, row: &ServedRow) -> bool {
        let has = |features: &BTreeSet<String>, value: Option<&Json>| {
            let in_one = |of: &Map<String, Json>| {
                let mut features = features.iter().filter_map(|feature| of.get(feature));
                features.any(|feature| value.is_none_or(|value| is(feature, value)))
            };
            in_one(&row.inputs) || in_one(&row.outputs)
        };
        match self.whom {
            Whom::Anybody => way.iter().all(|features| has(features, None)),
            Whom::Keys(_, keys) => keys.iter().any(|key| {
                let mut named = way.iter().zip(key);
                named.all(|(features, value)| has(features, Some(value)))
            }),
        }
    }
}

/// The tables that take rows of some endpoints, by way of others too.
struct Fed<'e> {
    endpoints: &'e BTreeSet<(String, String)>,
    known: BTreeMap<TableId, bool>,
}

impl<'e> Fed<'e> {
    fn by(endpoints: &'e BTreeSet<(String, String)>) -> Self {
        let known = BTreeMap::new();
        Self { endpoints, known }
    }

    fn has(&mut self, table: &Table) -> bool {
        if let Some(known) = self.known.get(&table.id) {
            return *known;
        }
        let mut sources = table.sources.iter();
        let reads = sources.any(|source| {
            let (webhook, endpoint) = (source.webhook.clone(), source.endpoint.clone());
            self.endpoints.contains(&(webhook, endpoint))
        });
        let mut inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
        let is_fed = reads || inputs.any(|input| self.has(input));
        self.known.insert(table.id, is_fed);
        is_fed
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
