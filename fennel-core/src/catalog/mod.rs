//! A set of entities, checked as a whole.

mod check;
mod cycles;
mod extractors;
mod pipelines;

pub(crate) use cycles::in_order;

use std::collections::{BTreeMap, HashMap};

use crate::connector::Connector;
use crate::entity::{
    Dataset, Descriptor, Extraction, Extractor, Feature, Featureset, Kind, Pipeline, Sink, Source,
};
use crate::registry;

/// The entities of one commit, in their order. Each is found by its name at once, however many
/// there are. What a macro made brings along what this program has for it: a dataset its pipelines,
/// a featureset its extractors.
#[derive(Clone, Debug, Default)]
pub struct Catalog<'a> {
    datasets: Vec<Dataset<'a>>,
    featuresets: Vec<Featureset<'a>>,
    /// By the featureset whose features they make.
    extractors: HashMap<&'a str, Vec<Extractor<'a>>>,
    /// By the dataset that they fill.
    pipelines: BTreeMap<&'a str, Vec<Pipeline<'a>>>,
    /// Where each name was first put.
    positions: HashMap<(Kind, &'a str), usize>,
}

impl<'a> FromIterator<Descriptor<'a>> for Catalog<'a> {
    fn from_iter<I: IntoIterator<Item = Descriptor<'a>>>(entities: I) -> Self {
        let mut catalog = Catalog::default();
        catalog.extend(entities);
        catalog
    }
}

impl<'a> Extend<Descriptor<'a>> for Catalog<'a> {
    fn extend<I: IntoIterator<Item = Descriptor<'a>>>(&mut self, entities: I) {
        for entity in entities {
            match entity {
                Descriptor::Dataset(dataset) => {
                    self.push_dataset(*dataset);
                    for pipeline in registry::pipelines_of(dataset) {
                        self.push_pipeline(pipeline);
                    }
                }
                Descriptor::Featureset(featureset) => {
                    self.push_featureset(*featureset);
                    for extractor in registry::extractors_of(featureset) {
                        self.push_extractor(extractor);
                    }
                }
            }
        }
    }
}

impl<'a> Catalog<'a> {
    /// Adds a dataset. Of two with one name, both stay and the first is found by it;
    /// [`Catalog::check`] reports them.
    pub fn push_dataset(&mut self, dataset: Dataset<'a>) {
        let position = self.datasets.len();
        self.positions
            .entry((Kind::Dataset, dataset.name))
            .or_insert(position);
        self.datasets.push(dataset);
    }

    /// Adds a pipeline, behind those of its dataset that come before it by name.
    pub fn push_pipeline(&mut self, pipeline: Pipeline<'a>) {
        let pipelines = self.pipelines.entry(pipeline.dataset).or_default();
        let at = pipelines.partition_point(|other| other.name <= pipeline.name);
        pipelines.insert(at, pipeline);
    }

    /// The pipelines that fill a dataset, by name.
    #[must_use]
    pub fn pipelines(&self, dataset: &str) -> &[Pipeline<'a>] {
        self.pipelines.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// Those of them that a commit for `env` takes.
    pub fn selected_pipelines(
        &self,
        dataset: &str,
        env: Option<&str>,
    ) -> impl Iterator<Item = &Pipeline<'a>> {
        let pipelines = self.pipelines(dataset).iter();
        pipelines.filter(move |pipeline| pipeline.env.selects(env))
    }

    /// Adds a featureset, as [`Catalog::push_dataset`] does a dataset.
    pub fn push_featureset(&mut self, featureset: Featureset<'a>) {
        let position = self.featuresets.len();
        self.positions
            .entry((Kind::Featureset, featureset.name))
            .or_insert(position);
        self.featuresets.push(featureset);
    }

    /// Adds an extractor to its featureset. What is collected brings its own along.
    pub fn push_extractor(&mut self, extractor: Extractor<'a>) {
        self.extractors
            .entry(extractor.featureset)
            .or_default()
            .push(extractor);
    }

    /// The extractors of the featureset of that name.
    #[must_use]
    pub fn extractors_of(&self, featureset: &str) -> &[Extractor<'a>] {
        self.extractors.get(featureset).map_or(&[], Vec::as_slice)
    }

    /// The datasets.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset<'a>] {
        &self.datasets
    }

    /// The featuresets.
    #[must_use]
    pub fn featuresets(&self) -> &[Featureset<'a>] {
        &self.featuresets
    }

    /// The dataset of that name.
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&Dataset<'a>> {
        self.datasets
            .get(*self.positions.get(&(Kind::Dataset, name))?)
    }

    /// The featureset of that name.
    #[must_use]
    pub fn featureset(&self, name: &str) -> Option<&Featureset<'a>> {
        self.featuresets
            .get(*self.positions.get(&(Kind::Featureset, name))?)
    }

    /// The entity of that kind and name.
    #[must_use]
    pub fn entity(&self, kind: Kind, name: &str) -> Option<Descriptor<'_>> {
        match kind {
            Kind::Dataset => self.dataset(name).map(Descriptor::Dataset),
            Kind::Featureset => self.featureset(name).map(Descriptor::Featureset),
        }
    }

    /// Whether an entity is there and not marked deleted; and so its feature `member`, unless that is empty.
    #[must_use]
    pub fn is_live(&self, kind: Kind, name: &str, member: &str) -> bool {
        match self.entity(kind, name) {
            Some(Descriptor::Dataset(dataset)) => member.is_empty() && !dataset.meta.deleted,
            Some(Descriptor::Featureset(featureset)) if !featureset.meta.deleted => {
                let feature = featureset.feature(member);
                member.is_empty() || feature.is_some_and(|feature| !feature.meta.deleted)
            }
            _ => false,
        }
    }

    /// All entities, datasets first.
    pub fn entities(&self) -> impl Iterator<Item = Descriptor<'_>> {
        let datasets = self.datasets.iter().map(Descriptor::Dataset);
        datasets.chain(self.featuresets.iter().map(Descriptor::Featureset))
    }
}

/// How a feature is had in a commit for `env`.
#[must_use]
pub fn selected_extraction<'a>(feature: &Feature<'a>, env: Option<&str>) -> Option<Extraction<'a>> {
    feature
        .extraction
        .filter(|extraction| extraction.env.selects(env))
}

/// The extractors of a featureset that take part in a commit for `env`, those that are deleted
/// left out.
pub fn selected_extractors<'c, 'a>(
    catalog: &'c Catalog<'a>,
    featureset: &str,
    env: Option<&str>,
) -> impl Iterator<Item = &'c Extractor<'a>> {
    let extractors = catalog.extractors_of(featureset).iter();
    extractors.filter(move |extractor| !extractor.meta.deleted && extractor.env.selects(env))
}

/// The sources of a dataset in a commit for `env`.
pub fn selected_sources<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Source<'a>> {
    dataset
        .sources
        .iter()
        .filter(move |source| source.env.selects(env))
}

/// The sinks of a dataset in a commit for `env`.
pub fn selected_sinks<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Sink<'a>> {
    dataset
        .sinks
        .iter()
        .filter(move |sink| sink.env.selects(env))
}

/// The connectors of a dataset in a commit for `env`: those of its sources, then of its sinks.
pub fn selected_connectors<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Connector<'a>> {
    let sources = selected_sources(dataset, env).map(|source| &source.connector);
    sources.chain(selected_sinks(dataset, env).map(|sink| &sink.connector))
}
