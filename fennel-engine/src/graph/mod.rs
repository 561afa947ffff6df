//! A branch's definitions, made ready to run.
//!
//! A graph is plain data that prints: what a checked catalog says, by name and number, with types as
//! [`Shape`]s and defaults as values. Deleted entities and features are only known by name.

mod align;
mod computed;
mod function;
mod lower;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use fennel_core::entity::Index;
use fennel_core::value::{Shape, Value};

pub(crate) use align::Align;
pub(crate) use computed::Computation;
pub(crate) use function::{Argument, Function, Linked, linked};

use crate::error::{Error, Result};
use crate::expectation::Expected;
use crate::table::{Table, TableId};
use crate::tags::BranchTags;

/// A branch's definitions.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    datasets: BTreeMap<String, Dataset>,
    /// The features of each featureset, in declaration order.
    featuresets: BTreeMap<String, Vec<FeatureId>>,
    features: Vec<Feature>,
    /// Features by `Featureset.feature`.
    names: HashMap<String, FeatureId>,
    lookups: Vec<Arc<Lookup>>,
    computations: Vec<Computation>,
    functions: Vec<Function>,
    /// Lookups by what they are.
    lookup_ids: HashMap<Arc<Lookup>, LookupId>,
    /// Names of what is marked deleted: datasets, featuresets, and features as `Featureset.feature`.
    deleted: BTreeSet<String>,
    /// What the definitions carry of tags, once somebody asked.
    pub(crate) tags: OnceLock<Arc<BranchTags>>,
}

/// The position of a feature in its graph.
pub(crate) type FeatureId = usize;

/// The position of a lookup in its graph.
pub(crate) type LookupId = usize;

/// The position of a computation in its graph.
pub(crate) type ComputationId = usize;

/// The position of a function in its graph.
pub(crate) type FunctionId = usize;

/// A dataset of a branch.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) table: Table,
    pub(crate) index: Index,
    /// What its rows should look like.
    pub(crate) expected: Vec<Expected>,
}

/// A feature.
#[derive(Debug)]
pub(crate) struct Feature {
    /// `Featureset.feature`.
    pub(crate) name: String,
    pub(crate) shape: Shape,
    /// How it is had; `None` where queries must give it.
    pub(crate) extraction: Option<Extraction>,
}

/// How a feature is had.
#[derive(Debug)]
pub(crate) struct Extraction {
    pub(crate) from: From,
    /// What stands for null and for nothing found; in a list lookup, for each element.
    pub(crate) default: Option<Value>,
    /// How what is read becomes a value of the feature's type.
    pub(crate) align: Align,
}

/// What a feature reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// Another feature.
    Feature(FeatureId),
    /// A column of what a lookup finds, by its position in the dataset.
    Lookup(LookupId, usize),
    /// An expression.
    Computation(ComputationId),
    /// What a function makes, at that position of its results.
    Function(FunctionId, usize),
}

/// A lookup that features and functions share, since they read one dataset by the same keys.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lookup {
    /// The dataset's name.
    pub(crate) dataset: String,
    /// The features that are the key, in the order of the dataset's keys.
    pub(crate) keys: Vec<FeatureId>,
    /// The keys are lists, and each element is looked up.
    pub(crate) each: bool,
}

impl Graph {
    /// The dataset of that name.
    pub(crate) fn dataset(&self, name: &str) -> Result<&Dataset> {
        self.datasets
            .get(name)
            .ok_or_else(|| self.unknown("dataset", name, self.datasets.keys()))
    }

    /// The features of the featureset of that name.
    pub(crate) fn featureset(&self, name: &str) -> Result<&[FeatureId]> {
        let features = self.featuresets.get(name).map(Vec::as_slice);
        features.ok_or_else(|| self.unknown("featureset", name, self.featuresets.keys()))
    }

    /// The number of the feature called `Featureset.feature`.
    pub(crate) fn find(&self, name: &str) -> Result<FeatureId> {
        if let Some(id) = self.names.get(name) {
            return Ok(*id);
        }
        let Some((featureset, _)) = name.split_once('.') else {
            let what = format!("`{name}` is no feature; write it as `Featureset.feature`");
            return Err(Error::Request(what));
        };
        let siblings = self.featureset(featureset)?.iter();
        Err(self.unknown("feature", name, siblings.map(|id| &self.feature(*id).name)))
    }

    pub(crate) fn feature(&self, id: FeatureId) -> &Feature {
        self.features
            .get(id)
            .expect("the graph's own numbers are within it")
    }

    pub(crate) fn lookup(&self, id: LookupId) -> &Lookup {
        self.lookups
            .get(id)
            .expect("the graph's own numbers are within it")
    }

    /// All lookups.
    pub(crate) fn lookups(&self) -> impl Iterator<Item = &Lookup> {
        self.lookups.iter().map(|lookup| &**lookup)
    }

    pub(crate) fn computation(&self, id: ComputationId) -> &Computation {
        self.computations
            .get(id)
            .expect("the graph's own numbers are within it")
    }

    pub(crate) fn function(&self, id: FunctionId) -> &Function {
        self.functions
            .get(id)
            .expect("the graph's own numbers are within it")
    }

    /// How many features there are; their numbers are below it.
    pub(crate) fn feature_count(&self) -> usize {
        self.features.len()
    }

    /// The datasets that are not deleted.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.values()
    }

    /// The numbers of all datasets' tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = TableId> {
        self.datasets.values().map(|dataset| dataset.table.id)
    }

    fn unknown<'a>(
        &self,
        kind: &str,
        name: &str,
        known: impl Iterator<Item = &'a String>,
    ) -> Error {
        if self.deleted.contains(name) {
            let what =
                format!("{kind} `{name}` is marked deleted; bring it back in a commit to use it");
            return Error::Unknown { what };
        }
        Error::unknown(kind, name, known.map(String::as_str))
    }
}
