//! An entity as facts.

use std::collections::BTreeMap;
use std::fmt;

use super::extractors;
use crate::catalog::Catalog;
use crate::connector::{Connector, Setting};
use crate::entity::{
    Dataset, Descriptor, Extraction, Feature, Kind, Meta, Origin, PreprocValue, Sink, Source,
};

/// One statement about an entity.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) text: String,
    /// What is compared and never shown.
    hidden: Vec<String>,
    pub(super) metaflag: bool,
}

/// An entity's facts by path.
pub(super) type Facts = BTreeMap<String, Fact>;

/// Facts that are being stated.
#[derive(Default)]
pub(super) struct FactList(pub(super) Facts);

impl FactList {
    pub(super) fn content(&mut self, path: impl Into<String>, text: impl fmt::Display) {
        let text = text.to_string();
        self.0.insert(
            path.into(),
            Fact {
                text,
                hidden: Vec::new(),
                metaflag: false,
            },
        );
    }

    /// A fact that is stated only where there is something to state.
    pub(super) fn optional(&mut self, path: impl Into<String>, text: Option<impl fmt::Display>) {
        if let Some(text) = text {
            self.content(path, text);
        }
    }

    /// A fact that may change under any version.
    pub(super) fn free(&mut self, path: impl Into<String>, text: impl fmt::Display) {
        let path = path.into();
        self.content(&*path, text);
        if let Some(fact) = self.0.get_mut(&path) {
            fact.metaflag = true;
        }
    }

    pub(super) fn meta(&mut self, path: &str, meta: &Meta<'_>) {
        let flags = [
            ("owner", meta.owner.to_owned()),
            ("description", meta.description.to_owned()),
            ("tags", meta.tags.join(", ")),
            (
                "deprecated",
                if meta.deprecated {
                    "true".into()
                } else {
                    String::new()
                },
            ),
            (
                "deleted",
                if meta.deleted {
                    "true".into()
                } else {
                    String::new()
                },
            ),
        ];
        for (flag, text) in flags {
            if !text.is_empty() {
                self.free(format!("{path}meta.{flag}"), text);
            }
        }
    }
}

/// What an entity says.
pub(super) fn facts(catalog: &Catalog<'_>, entity: Descriptor<'_>) -> Facts {
    let mut list = FactList::default();
    match entity {
        Descriptor::Dataset(dataset) => dataset_facts(&mut list, catalog, dataset),
        Descriptor::Featureset(featureset) => {
            list.meta("", &featureset.meta);
            for feature in featureset.features {
                feature_facts(&mut list, feature);
            }
            for extractor in catalog.extractors_of(featureset.name) {
                extractors::facts(&mut list, extractor);
            }
        }
    }
    list.0
}

fn dataset_facts(list: &mut FactList, catalog: &Catalog<'_>, dataset: &Dataset<'_>) {
    list.content("version", dataset.version);
    list.content("index.online", dataset.index.online);
    list.content("index.offline", dataset.index.offline);
    list.meta("", &dataset.meta);
    if let Some(expectations) = &dataset.expectations {
        list.free("expectations.version", expectations.version);
        for (i, expectation) in expectations.list.iter().enumerate() {
            list.free(format!("expectations[{i}]"), expectation);
        }
    }
    structure(list, catalog, dataset);
    for field in dataset.fields {
        list.meta(&format!("{}.", field.name), &field.meta);
    }
    for pipeline in catalog.pipelines(dataset.name) {
        list.meta(&format!("pipeline.{}.", pipeline.name), &pipeline.meta);
    }
    for (i, sink) in dataset.sinks.iter().enumerate() {
        sink_facts(list, i, sink);
    }
}

/// What decides a dataset's rows: all of its facts but version, index, metaflags and expectations.
/// A catalog that was read from a request has the pipelines that its env selected.
pub(super) fn structure(list: &mut FactList, catalog: &Catalog<'_>, dataset: &Dataset<'_>) {
    list.content("history", dataset.history);
    let keys: Vec<_> = dataset.keys().map(|key| key.name).collect();
    list.content("keys", keys.join(", "));
    let erase: Vec<_> = dataset
        .fields
        .iter()
        .filter(|f| f.erase_key)
        .map(|f| f.name)
        .collect();
    list.optional("erase_keys", (!erase.is_empty()).then(|| erase.join(", ")));
    list.optional(
        "timestamp",
        dataset.timestamp().map(|i| dataset.fields[i].name),
    );
    for field in dataset.fields {
        list.content(format!("{}.type", field.name), field.ty);
    }
    for (i, source) in dataset.sources.iter().enumerate() {
        source_facts(list, i, source);
    }
    for pipeline in catalog.pipelines(dataset.name) {
        let path = format!("pipeline.{}", pipeline.name);
        list.content(format!("{path}.inputs"), pipeline.inputs.join(", "));
        list.content(path, pipeline);
    }
}

fn source_facts(list: &mut FactList, i: usize, source: &Source<'_>) {
    let path = |fact: &str| format!("source[{i}].{fact}");
    connector_facts(list, &path, &source.connector, false);
    list.content(path("cdc"), source.cdc.name());
    list.content(path("disorder"), source.disorder);
    list.optional(path("every"), source.poll_interval());
    list.optional(path("since"), source.since);
    list.optional(path("until"), source.until);
    list.optional(path("bounded"), source.bounded.then_some(true));
    list.optional(path("idleness"), source.idleness);
    list.optional(
        path("sample"),
        source
            .sample
            .map(|sample| format!("{:?} by {}", sample.rate, sample.using.join(", "))),
    );
    for preproc in source.preproc {
        let text = match preproc.value {
            PreprocValue::Ref(path) => format!("column {path}"),
            PreprocValue::Expr(expr) => expr.to_string(),
            PreprocValue::Python(python) => python.source.into(),
            PreprocValue::Constant(literal) => literal.to_value().to_json().to_string(),
        };
        list.content(path(&format!("preproc.{}", preproc.column)), text);
    }
    list.optional(
        path("filter"),
        source.filter.map(|filter| filter.to_string()),
    );
    list.optional(
        path("filter_by"),
        source.filter_by.map(|python| python.source),
    );
    for column in source.columns {
        list.content(path(&format!("schema.{}", column.name)), column.ty);
    }
}

/// What an outside system is, and what is read or written there.
fn connector_facts(
    list: &mut FactList,
    path: &impl Fn(&str) -> String,
    connector: &Connector<'_>,
    free: bool,
) {
    let name = Setting::content(connector.key(), connector.name());
    let settings = connector.settings();
    for setting in [name].into_iter().chain(settings).chain(connector.facts()) {
        let fact = Fact {
            hidden: setting.hidden().iter().map(|text| (*text).into()).collect(),
            text: setting.text,
            metaflag: free || setting.access,
        };
        list.0.insert(path(setting.name), fact);
    }
}

/// Where a dataset is written to makes no difference to its rows: it may change under any version.
fn sink_facts(list: &mut FactList, i: usize, sink: &Sink<'_>) {
    let path = |fact: &str| format!("sink[{i}].{fact}");
    connector_facts(list, &path, &sink.connector, true);
    let optional = [
        ("cdc", sink.cdc.map(|cdc| cdc.name().to_owned())),
        ("every", sink.every.map(|every| every.to_string())),
        ("how", sink.how.map(|how| how.to_string())),
        ("since", sink.since.map(|since| since.to_string())),
        ("until", sink.until.map(|until| until.to_string())),
    ];
    for (name, text) in optional {
        if let Some(text) = text {
            list.free(path(name), text);
        }
    }
    for (column, name) in sink.renames {
        list.free(path(&format!("renames.{column}")), name);
    }
}

/// What a feature says.
pub(super) fn feature_facts(list: &mut FactList, feature: &Feature<'_>) {
    let path = |fact: &str| format!("{}.{fact}", feature.name);
    list.content(path("type"), feature.ty);
    list.meta(&path(""), &feature.meta);
    if let Some(extraction) = &feature.extraction {
        extraction_facts(list, feature.name, extraction, feature);
    }
}

fn extraction_facts(
    list: &mut FactList,
    name: &str,
    extraction: &Extraction<'_>,
    feature: &Feature<'_>,
) {
    let from = match extraction.origin {
        Origin::Expr(expr) => expr.to_string(),
        Origin::Reference(reference) => {
            let verb = match reference.kind {
                Kind::Dataset => "lookup of",
                Kind::Featureset => "alias of",
            };
            format!("{verb} {}.{}", reference.entity, reference.name)
        }
    };
    list.content(format!("{name}.from"), from);
    let default = extraction
        .default
        .map(|default| default.to_json(&feature.ty));
    list.optional(format!("{name}.default"), default);
    list.content(format!("{name}.version"), extraction.version);
}
