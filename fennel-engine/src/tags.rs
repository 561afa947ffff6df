//! Which tags the datasets and features of a branch carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::entity::Kind;
use fennel_core::lineage::carried;

use crate::commit::Definitions;
use crate::error::Result;
use crate::{Engine, Error};

/// The tags of a branch's datasets and features, with what flowed into them; see [`fennel_core::lineage`]. Where a
/// tag was ended there is none: `~tag` is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchTags {
    datasets: BTreeMap<String, Vec<String>>,
    featuresets: BTreeMap<String, Vec<FeatureTags>>,
}

/// The tags of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FeatureTags {
    name: String,
    is_deleted: bool,
    tags: Vec<String>,
}

impl Engine {
    /// The tags of a branch's definitions. As long as nothing is committed to it, calls answer the same [`Arc`]; after
    /// a commit another one, also where the tags are equal.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there.
    pub fn tags(&self, branch: &str) -> Result<Arc<BranchTags>, Error> {
        let (head, graph) = self.inner.branches.read(branch, |branch| {
            (Arc::clone(&branch.head), Arc::clone(&branch.graph))
        })?;
        if let Some(tags) = graph.tags.get() {
            return Ok(Arc::clone(tags));
        }
        let arena = Bump::new();
        let tags = BranchTags::of(&Definitions::read(&arena, &head.definitions.request)?.catalog);
        Ok(Arc::clone(graph.tags.get_or_init(|| Arc::new(tags))))
    }
}

impl BranchTags {
    /// The tags of definitions.
    pub(crate) fn of(catalog: &Catalog<'_>) -> Self {
        let lineage = catalog.lineage(None);
        let datasets = catalog.datasets().iter().map(|dataset| {
            let tags = lineage.dataset(dataset.name);
            (dataset.name.to_owned(), positive(tags))
        });
        let featuresets = catalog.featuresets().iter().map(|featureset| {
            let features = featureset.features.iter().map(|feature| FeatureTags {
                name: feature.name.to_owned(),
                is_deleted: featureset.meta.deleted || feature.meta.deleted,
                tags: positive(lineage.feature(featureset.name, feature.name)),
            });
            (featureset.name.to_owned(), features.collect())
        });
        Self {
            datasets: datasets.collect(),
            featuresets: featuresets.collect(),
        }
    }

    /// The tags of a dataset; none for one that isn't there.
    pub fn dataset(&self, name: &str) -> impl Iterator<Item = &str> {
        self.datasets
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The features that an output of a query names, which is `Featureset.feature`, or `Featureset` for all that are
    /// not deleted: each as the feature's name and its tags. None where there are none.
    pub fn output(&self, name: &str) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        let (featureset, feature) = name
            .split_once('.')
            .map_or((name, None), |(set, feature)| (set, Some(feature)));
        let features = self.featuresets.get(featureset).into_iter().flatten();
        features
            .filter(move |known| match feature {
                Some(feature) => known.name == feature,
                None => !known.is_deleted,
            })
            .map(|feature| {
                let tags = feature.tags.iter().map(String::as_str);
                (feature.name.as_str(), tags)
            })
    }

    /// All datasets and featuresets, marked deleted or not, each with its tags; a featureset has those of all its
    /// features, some more than once.
    pub fn entities(&self) -> impl Iterator<Item = (Kind, &str, Vec<&str>)> {
        let datasets = self.datasets.iter().map(|(name, tags)| {
            let tags = tags.iter().map(String::as_str).collect();
            (Kind::Dataset, name.as_str(), tags)
        });
        let featuresets = self.featuresets.iter().map(|(name, features)| {
            let tags = features.iter().flat_map(|feature| &feature.tags);
            let tags = tags.map(String::as_str).collect();
            (Kind::Featureset, name.as_str(), tags)
        });
        datasets.chain(featuresets)
    }

    /// The tags of a dataset or a featureset, as in [`entities`](BranchTags::entities); none for one that isn't there.
    #[must_use]
    pub fn entity(&self, kind: Kind, name: &str) -> Vec<&str> {
        match kind {
            Kind::Dataset => self.dataset(name).collect(),
            Kind::Featureset => {
                let features = self.featuresets.get(name).into_iter().flatten();
                let tags = features.flat_map(|feature| &feature.tags);
                tags.map(String::as_str).collect()
            }
        }
    }
}

fn positive(tags: Option<&fennel_core::lineage::Tags<'_>>) -> Vec<String> {
    tags.into_iter()
        .flat_map(carried)
        .map(str::to_owned)
        .collect()
}
