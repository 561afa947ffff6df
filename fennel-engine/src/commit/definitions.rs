//! What a branch stores of its definitions: the parts of requests that say something about entities.
//!
//! A catalog that is encoded again would lose what a deleted entity says about another one that is gone. So
//! the messages are kept as they came, entity by entity. Of Python code that is what functions run: what a class or a
//! pipeline looked like is text for people.

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::entity::Kind;
use fennel_core::wire::decode;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use prost::Message;

use crate::error::{Error, Result};

/// Definitions as they are stored, and what they say.
pub(crate) struct Definitions<'a> {
    pub(crate) request: SyncRequest,
    pub(crate) catalog: Catalog<'a>,
}

impl<'a> Definitions<'a> {
    /// Reads what was stored.
    pub(crate) fn read(arena: &'a Bump, stored: &[u8]) -> Result<Self> {
        let request = Self::parse(stored)?;
        let catalog = decode(arena, &request).map_err(|problems| corrupt(&problems))?;
        Ok(Self { request, catalog })
    }

    /// What was stored, as a message.
    pub(crate) fn parse(stored: &[u8]) -> Result<SyncRequest> {
        SyncRequest::decode(stored).map_err(|error| corrupt(&error))
    }

    /// The definitions in a request.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with all that can't be read.
    pub(super) fn new(arena: &'a Bump, request: SyncRequest) -> Result<Self> {
        let catalog = decode(arena, &request).map_err(Error::Invalid)?;
        Ok(Self { request, catalog })
    }

    /// Whether an entity is among them.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.catalog.entity(kind, name).is_some()
    }
}

fn corrupt(cause: &dyn std::fmt::Display) -> Error {
    Error::Corrupt(format!(
        "a branch's definitions can't be read ({cause}); restore the store from a backup"
    ))
}

/// The parts of a request about the entities that `keep` accepts.
pub(super) fn part(request: &SyncRequest, keep: impl Fn(Kind, &str) -> bool) -> SyncRequest {
    let dataset = |name: &str| keep(Kind::Dataset, name);
    let featureset = |name: &str| keep(Kind::Featureset, name);
    let mut part = SyncRequest {
        datasets: only(&request.datasets, |entity| dataset(&entity.name)),
        expectations: only(&request.expectations, |suite| dataset(&suite.entity_name)),
        pipelines: only(&request.pipelines, |pipeline| {
            dataset(&pipeline.dataset_name)
        }),
        operators: only(&request.operators, |operator| {
            dataset(&operator.dataset_name)
        }),
        sources: only(&request.sources, |source| dataset(&source.dataset)),
        sinks: only(&request.sinks, |sink| dataset(&sink.dataset)),
        online_indices: only(&request.online_indices, |index| dataset(&index.ds_name)),
        offline_indices: only(&request.offline_indices, |index| dataset(&index.ds_name)),
        feature_sets: only(&request.feature_sets, |entity| featureset(&entity.name)),
        features: only(&request.features, |feature| {
            featureset(&feature.feature_set_name)
        }),
        extractors: only(&request.extractors, |extractor| {
            featureset(&extractor.feature_set_name)
        }),
        ..Default::default()
    };
    // What a class looked like is kept as text, for people.
    part.datasets
        .iter_mut()
        .for_each(|dataset| dataset.pycode = dataset.pycode.take().map(text));
    part.feature_sets
        .iter_mut()
        .for_each(|featureset| featureset.pycode = featureset.pycode.take().map(text));
    part.pipelines
        .iter_mut()
        .for_each(|pipeline| pipeline.pycode = None);
    part
}

/// A class's name and text, without what could run.
fn text(code: PyCode) -> PyCode {
    PyCode {
        entry_point: code.entry_point,
        source_code: code.source_code,
        ..PyCode::default()
    }
}

/// The parts of both requests, which are about different entities.
pub(super) fn join(mut one: SyncRequest, other: SyncRequest) -> SyncRequest {
    one.datasets.extend(other.datasets);
    one.expectations.extend(other.expectations);
    one.pipelines.extend(other.pipelines);
    one.operators.extend(other.operators);
    one.sources.extend(other.sources);
    one.sinks.extend(other.sinks);
    one.online_indices.extend(other.online_indices);
    one.offline_indices.extend(other.offline_indices);
    one.feature_sets.extend(other.feature_sets);
    one.features.extend(other.features);
    one.extractors.extend(other.extractors);
    one
}

fn only<T: Clone>(parts: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
    parts.iter().filter(|part| keep(part)).cloned().collect()
}
