//! A catalog as a `SyncRequest`.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, selected_extraction, selected_sinks, selected_sources};
use crate::connector::{Connector, Variables};
use crate::entity::{Dataset, Kind, Meta, Origin, Pipeline, Reference};
use crate::wire::proto::{dataset, featureset, index, metadata, schema, services};
use crate::wire::time::write_duration as duration;
use crate::wire::{derived, expectation, extractor, pipeline, sink, source, types};

/// The request that commits `catalog` for `env`. The catalog has been checked for that env. Secrets
/// in environment variables are sent empty: [`encode_with`] fills them in.
#[must_use]
pub fn encode(catalog: &Catalog<'_>, env: Option<&str>, message: &str) -> services::SyncRequest {
    encode_with(catalog, env, message, &Variables::NONE)
}

/// [`encode`], with what is in the environment variables that secrets name.
#[must_use]
pub fn encode_with(
    catalog: &Catalog<'_>,
    env: Option<&str>,
    message: &str,
    variables: &Variables,
) -> services::SyncRequest {
    let mut request = services::SyncRequest {
        message: message.into(),
        ..Default::default()
    };
    let mut databases = BTreeSet::new();
    for dataset in catalog.datasets() {
        request.datasets.push(core_dataset(dataset));
        if dataset.index.online {
            request.online_indices.push(index::OnlineIndex {
                ds_name: dataset.name.into(),
                ds_version: dataset.version,
                duration: Some(forever()),
                ..Default::default()
            });
        }
        if dataset.index.offline {
            request.offline_indices.push(index::OfflineIndex {
                ds_name: dataset.name.into(),
                ds_version: dataset.version,
                duration: Some(forever()),
                ..Default::default()
            });
        }
        for pipeline in catalog.selected_pipelines(dataset.name, env) {
            let schemas = pipeline.schemas(|name| catalog.dataset(name));
            request.pipelines.push(core_pipeline(pipeline, dataset));
            request.operators.extend(pipeline::encode(
                pipeline,
                dataset,
                &schemas.unwrap_or_default(),
            ));
        }
        request.expectations.extend(expectation::suite(dataset));
        let mut database = |connector: &Connector<'_>| {
            databases
                .insert(connector.name().to_owned())
                .then(|| connector.database(variables))
        };
        for source in selected_sources(dataset, env) {
            request
                .sources
                .push(source::write(dataset, source, variables));
            request.extdbs.extend(database(&source.connector));
        }
        for sink in selected_sinks(dataset, env) {
            request.sinks.push(sink::write(dataset, sink, variables));
            request.extdbs.extend(database(&sink.connector));
        }
    }
    for featureset in catalog.featuresets() {
        request.feature_sets.push(featureset::CoreFeatureset {
            name: featureset.name.into(),
            metadata: Some(metadata(&featureset.meta)),
            ..Default::default()
        });
        request.features.extend(
            featureset
                .features
                .iter()
                .map(|feature| featureset::Feature {
                    name: feature.name.into(),
                    dtype: Some(types::encode(&feature.ty)),
                    metadata: Some(metadata(&feature.meta)),
                    feature_set_name: featureset.name.into(),
                    ..Default::default()
                }),
        );
        let mut reading = Vec::new();
        for (i, feature) in featureset.features.iter().enumerate() {
            // What is deleted may outlive what it read; then there is nothing to send of that.
            let deleted = featureset.meta.deleted || feature.meta.deleted;
            let extraction = selected_extraction(feature, env).filter(|extraction| {
                let reads = |reference: Reference<'_>| is_there(catalog, &reference);
                !deleted || extraction.reference().is_none_or(reads)
            });
            match extraction.map(|extraction| (extraction, extraction.origin)) {
                Some((extraction, Origin::Expr(expr))) => request
                    .extractors
                    .push(derived::computed(featureset, i, &extraction, &expr)),
                Some((extraction, Origin::Reference(reference))) => {
                    reading.push(derived::reading(
                        catalog,
                        featureset,
                        i,
                        &extraction,
                        &reference,
                    ));
                }
                None => {}
            }
        }
        // The protocol has what is computed first.
        request.extractors.append(&mut reading);
        request
            .extractors
            .extend(extractor::encode(catalog, featureset, env));
    }
    request
}

/// Whether the catalog has the column or the feature.
fn is_there(catalog: &Catalog<'_>, reference: &Reference<'_>) -> bool {
    let Reference { kind, entity, name } = reference;
    match kind {
        Kind::Dataset => catalog
            .dataset(entity)
            .is_some_and(|dataset| dataset.field(name).is_some()),
        Kind::Featureset => catalog
            .featureset(entity)
            .is_some_and(|featureset| featureset.feature(name).is_some()),
    }
}

/// The word that the protocol's index durations hold.
fn forever() -> index::IndexDuration {
    index::IndexDuration {
        variant: Some(index::index_duration::Variant::Forever("forever".into())),
    }
}

fn core_dataset(dataset: &Dataset<'_>) -> dataset::CoreDataset {
    let fields = |fields: &mut dyn Iterator<Item = &crate::entity::Field<'_>>| schema::Schema {
        fields: fields
            .map(|field| types::encode_field(field.name, &field.ty))
            .collect(),
    };
    dataset::CoreDataset {
        name: dataset.name.into(),
        metadata: Some(metadata(&dataset.meta)),
        dsschema: Some(schema::DsSchema {
            keys: Some(fields(&mut dataset.keys())),
            values: Some(fields(&mut dataset.values())),
            timestamp: dataset
                .timestamp()
                .map_or_else(String::new, |i| dataset.fields[i].name.into()),
            erase_keys: dataset
                .fields
                .iter()
                .filter(|field| field.erase_key)
                .map(|field| field.name.into())
                .collect(),
        }),
        history: Some(duration(dataset.history)),
        retention: Some(duration(dataset.history)),
        field_metadata: dataset
            .fields
            .iter()
            .map(|field| (field.name.into(), metadata(&field.meta)))
            .collect(),
        is_source_dataset: !dataset.sources.is_empty(),
        version: dataset.version,
        ..Default::default()
    }
}

fn core_pipeline(pipeline: &Pipeline<'_>, dataset: &Dataset<'_>) -> dataset::Pipeline {
    dataset::Pipeline {
        name: pipeline.name.into(),
        dataset_name: dataset.name.into(),
        signature: pipeline.name.into(),
        metadata: Some(metadata(&pipeline.meta)),
        input_dataset_names: pipeline.inputs.iter().map(|name| (*name).into()).collect(),
        ds_version: dataset.version,
        ..Default::default()
    }
}

pub(super) fn metadata(meta: &Meta<'_>) -> metadata::Metadata {
    metadata::Metadata {
        owner: meta.owner.into(),
        description: meta.description.into(),
        tags: meta.tags.iter().map(|tag| (*tag).into()).collect(),
        deprecated: meta.deprecated,
        deleted: meta.deleted,
    }
}
