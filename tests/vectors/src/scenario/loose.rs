//! What answers need not have in common: the order of distinct values, and the event time of aggregates.
//!
//! An aggregate changes as rows leave its window, and the reference tells when; a server tells when the last row
//! came that it shows.

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::wire::proto::dataset::operator::Kind;
use fennel_core::wire::proto::featureset::extractor::DerivedExtractorInfo;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::spec::pre_spec::Variant;
use serde_json::Value as Json;

/// The columns and features whose values are compared loosely.
#[derive(Default)]
pub(crate) struct Loose {
    /// Of each dataset that an aggregate makes.
    datasets: BTreeMap<String, Columns>,
    /// Features whose order doesn't count.
    features: BTreeSet<String>,
}

/// The columns of a dataset.
#[derive(Default)]
struct Columns {
    timestamp: String,
    unordered: BTreeSet<String>,
}

impl Loose {
    pub(crate) fn of(request: &SyncRequest) -> Self {
        let mut loose = Self::default();
        for operator in &request.operators {
            let Some(Kind::Aggregate(aggregate)) = &operator.kind else {
                continue;
            };
            let columns = loose
                .datasets
                .entry(operator.dataset_name.clone())
                .or_default();
            let specs = aggregate
                .specs
                .iter()
                .filter_map(|spec| spec.variant.as_ref());
            columns
                .unordered
                .extend(specs.filter_map(|spec| match spec {
                    Variant::Distinct(distinct) => Some(distinct.name.clone()),
                    _ => None,
                }));
            let dataset = request
                .datasets
                .iter()
                .find(|it| it.name == operator.dataset_name);
            let schema = dataset.and_then(|dataset| dataset.dsschema.as_ref());
            columns.timestamp = schema.map_or_else(String::new, |schema| schema.timestamp.clone());
        }
        for extractor in &request.extractors {
            if let Some(DerivedExtractorInfo::FieldInfo(info)) = &extractor.derived_extractor_info
                && let Some(field) = &info.field
                && loose
                    .datasets
                    .values()
                    .any(|it| it.unordered.contains(&field.name))
            {
                let features = extractor.features.iter();
                let names = features.map(|name| format!("{}.{name}", extractor.feature_set_name));
                loose.features.extend(names);
            }
        }
        loose
    }

    /// Makes an answer about a dataset one that can be compared.
    pub(crate) fn in_dataset(&self, dataset: &str) -> impl Fn(&Json) -> Json {
        let columns = self.datasets.get(dataset);
        move |answer| {
            let mut answer = answer.clone();
            if let Some(columns) = columns {
                for row in rows(&mut answer) {
                    row.retain(|name, _| *name != columns.timestamp);
                    sort(row, &columns.unordered);
                }
            }
            answer
        }
    }

    /// Makes an answer to a feature query one that can be compared.
    pub(crate) fn in_features(&self, answer: &Json) -> Json {
        let mut answer = answer.clone();
        for row in rows(&mut answer) {
            sort(row, &self.features);
        }
        answer
    }
}

fn rows(answer: &mut Json) -> impl Iterator<Item = &mut serde_json::Map<String, Json>> {
    let rows = answer.get_mut("rows").and_then(Json::as_array_mut);
    rows.into_iter().flatten().filter_map(Json::as_object_mut)
}

fn sort(row: &mut serde_json::Map<String, Json>, unordered: &BTreeSet<String>) {
    for name in unordered {
        if let Some(Json::Array(values)) = row.get_mut(name) {
            values.sort_by_key(Json::to_string);
        }
    }
}
