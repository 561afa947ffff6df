//! How tags flow from what is read to what is made of it.
//!
//! A dataset has its own tags, those of its columns, and those of the datasets that its pipelines
//! take. A feature has its own, its featureset's, and those of what it reads: a feature, or a dataset
//! and the features that are its keys. `~tag` ends the flow of a tag:
//!
//! 1. The tags of all that is read are put together. Where both `tag` and `~tag` are among them, both
//!    vanish.
//! 2. An own `~tag` removes `tag` and stays, an own `tag` removes `~tag` and stays.
//!
//! A column's `~tag` says something of that column alone, and nothing of its dataset.
//!
//! [`Graph`] is the same for people and programs: all that a catalog has, from sources to features and sinks.

mod draw;
mod graph;

pub use graph::{Edge, Graph, Node, NodeKind, SCHEMA};

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, in_order, selected_extraction, selected_extractors};
use crate::entity::{Dataset, Extractor, Featureset, Kind, Origin};

/// Tags, and `~tag` where one was ended.
pub type Tags<'a> = BTreeSet<&'a str>;

/// The tags that are carried on: without `~tag`, which only says that one was ended.
pub fn carried<'a>(tags: &Tags<'a>) -> impl Iterator<Item = &'a str> {
    tags.iter().copied().filter(|tag| !is_end(tag))
}

/// Whether a tag ends another one.
fn is_end(tag: &str) -> bool {
    tag.starts_with('~')
}

/// The tags of datasets and features with what flowed into them.
#[derive(Clone, Debug, Default)]
pub struct Lineage<'a> {
    tags: BTreeMap<Place<'a>, Tags<'a>>,
}

/// A dataset, with no second name, or a feature.
pub(crate) type Place<'a> = (Kind, &'a str, &'a str);

impl<'a> Catalog<'a> {
    /// Where tags flow to in a commit for `env`. What leads back to itself is followed once.
    #[must_use]
    pub fn lineage(&self, env: Option<&str>) -> Lineage<'a> {
        let parents = |place| parents(self, env, place);
        let mut tags = BTreeMap::new();
        for place in in_order(places(self), parents) {
            let inherited = parents(place);
            let inherited = inherited.iter().filter_map(|parent| tags.get(parent));
            let flowed = flow(inherited, &own(self, place));
            tags.insert(place, flowed);
        }
        Lineage { tags }
    }
}

impl<'a> Lineage<'a> {
    /// The tags of a dataset.
    #[must_use]
    pub fn dataset(&self, name: &'a str) -> Option<&Tags<'a>> {
        self.tags.get(&(Kind::Dataset, name, ""))
    }

    /// The tags of a feature.
    #[must_use]
    pub fn feature(&self, featureset: &'a str, name: &'a str) -> Option<&Tags<'a>> {
        self.tags.get(&(Kind::Featureset, featureset, name))
    }

    /// The tags of every dataset and feature.
    pub(crate) fn places(&self) -> &BTreeMap<Place<'a>, Tags<'a>> {
        &self.tags
    }
}

/// All datasets, then all features.
pub(crate) fn places<'a>(catalog: &Catalog<'a>) -> impl Iterator<Item = Place<'a>> {
    let datasets = catalog.datasets().iter();
    let datasets = datasets.map(|dataset| (Kind::Dataset, dataset.name, ""));
    let features = catalog.featuresets().iter().flat_map(|featureset| {
        let features = featureset.features.iter();
        features.map(|feature| (Kind::Featureset, featureset.name, feature.name))
    });
    datasets.chain(features)
}

/// What a dataset or a feature is made of; tags flow in from there.
pub(crate) fn parents<'a>(
    catalog: &Catalog<'a>,
    env: Option<&str>,
    place: Place<'a>,
) -> Vec<Place<'a>> {
    let (kind, entity, name) = place;
    if kind == Kind::Dataset {
        let pipelines = catalog.selected_pipelines(entity, env);
        let inputs = pipelines.flat_map(|pipeline| pipeline.inputs);
        return inputs.map(|input| (Kind::Dataset, *input, "")).collect();
    }
    let mut parents = Vec::new();
    for extractor in selected_extractors(catalog, entity, env) {
        if extractor.outputs.contains(&name) {
            parents.extend(taken(extractor));
        }
    }
    parents.extend(read(catalog, env, entity, name));
    parents
}

/// What an extractor takes: features, and datasets to look up in.
fn taken<'a>(extractor: &Extractor<'a>) -> impl Iterator<Item = Place<'a>> + use<'a> {
    let inputs = extractor.inputs.iter();
    let inputs = inputs.map(|input| (input.kind, input.entity, input.name));
    let datasets = extractor.datasets.iter();
    inputs.chain(datasets.map(|dataset| (Kind::Dataset, *dataset, "")))
}

/// What a feature reads that its attribute says how to have.
fn read<'a>(
    catalog: &Catalog<'a>,
    env: Option<&str>,
    featureset: &'a str,
    name: &str,
) -> Vec<Place<'a>> {
    let own = |name| (Kind::Featureset, featureset, name);
    let mut parents = Vec::new();
    let feature = catalog
        .featureset(featureset)
        .and_then(|it| it.feature(name));
    let Some(extraction) = feature.and_then(|feature| selected_extraction(feature, env)) else {
        return parents;
    };
    match extraction.origin {
        Origin::Expr(expr) => parents.extend(expr.names().into_iter().map(own)),
        Origin::Reference(reference) => match (reference.kind, catalog.dataset(reference.entity)) {
            (Kind::Featureset, _) => {
                parents.push((Kind::Featureset, reference.entity, reference.name));
            }
            (Kind::Dataset, Some(dataset)) => {
                parents.extend(dataset.keys().map(|key| own(key.name)));
                parents.push((Kind::Dataset, dataset.name, ""));
            }
            (Kind::Dataset, None) => {}
        },
    }
    parents
}

/// The tags that are declared there itself.
pub(crate) fn own<'a>(catalog: &Catalog<'a>, (kind, entity, name): Place<'a>) -> Vec<&'a str> {
    let of_dataset = |dataset: &Dataset<'a>| {
        let columns = dataset.fields.iter().flat_map(|field| field.meta.tags);
        let columns = columns.filter(|tag| !is_end(tag));
        dataset.meta.tags.iter().chain(columns).copied().collect()
    };
    let of_feature = |featureset: &Featureset<'a>| {
        let feature = featureset.feature(name).map_or(&[][..], |it| it.meta.tags);
        featureset
            .meta
            .tags
            .iter()
            .chain(feature)
            .copied()
            .collect()
    };
    match kind {
        Kind::Dataset => catalog.dataset(entity).map_or_else(Vec::new, of_dataset),
        Kind::Featureset => catalog.featureset(entity).map_or_else(Vec::new, of_feature),
    }
}

/// The tags of what inherits some and has its own.
fn flow<'t, 'a: 't>(inherited: impl Iterator<Item = &'t Tags<'a>>, own: &[&'a str]) -> Tags<'a> {
    let inherited: Tags<'a> = inherited.flatten().copied().collect();
    let stays = |tag: &&&str| !inherited.iter().chain(own).any(|other| cancel(tag, other));
    let inherited = inherited.iter().filter(stays).copied();
    inherited.chain(own.iter().copied()).collect()
}

/// Whether one is `~` of the other.
fn cancel(a: &str, b: &str) -> bool {
    a.strip_prefix('~') == Some(b) || b.strip_prefix('~') == Some(a)
}
