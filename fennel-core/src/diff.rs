//! What a commit would change, and whether it may.
//!
//! Every entity is laid out as *facts*: a path, a text, and whether it is a metaflag. Two entities
//! differ where their facts do, so what a plan shows, what needs a new version and what makes a
//! dataset's data its own all come from one list.

mod extractors;
mod listing;
mod transition;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::connector::{Connector, Setting};
use crate::entity::{
    Dataset, Descriptor, Extraction, Feature, Kind, Meta, Origin, PreprocValue, Sink, Source,
};

pub use transition::{check_reserved, check_transition};

pub use listing::{EntityFacts, FactText, listing};

/// What a commit does to each entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The entities, datasets first, each by name.
    pub entities: Vec<EntityDiff>,
}

/// What a commit does to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDiff {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub change: Change,
    /// What is new, gone or different in it; empty unless it is changed or deprecated. Of a feature that is
    /// deleted, that alone.
    pub fields: Vec<FieldDiff>,
}

/// What happens to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Created,
    /// Something about it is different.
    Changed,
    /// It is marked deprecated, and maybe something else about it is different.
    Deprecated,
    /// It is marked deleted; or it is live on one side, and the other has nothing of it, as only commits that don't
    /// follow each other can be.
    Deleted,
    /// It was marked deleted by an earlier commit and is left out now.
    Retired,
    /// Nothing.
    Unchanged,
}

/// One fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDiff {
    /// The fact, such as `price.type` or `meta.owner`.
    pub path: String,
    /// What was; `None` where it is new.
    pub old: Option<String>,
    /// What will be; `None` where it goes away.
    pub new: Option<String>,
    /// Whether it is a metaflag or an expectation, or tells how an outside system is reached or
    /// written to: it may change under any version.
    pub metaflag: bool,
}

impl Diff {
    /// Whether the commit changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities
            .iter()
            .all(|entity| entity.change == Change::Unchanged)
    }

    /// How many entities have that change.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.entities
            .iter()
            .filter(|entity| entity.change == change)
            .count()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Created => "created",
            Change::Changed => "changed",
            Change::Deprecated => "deprecated",
            Change::Deleted => "deleted",
            Change::Retired => "retired",
            Change::Unchanged => "unchanged",
        })
    }
}

/// One statement about an entity.
#[derive(Clone, PartialEq, Eq)]
struct Fact {
    text: String,
    /// What is compared and never shown.
    hidden: Vec<String>,
    metaflag: bool,
}

/// An entity's facts by path.
type Facts = BTreeMap<String, Fact>;

struct FactList(Facts);

impl FactList {
    fn content(&mut self, path: impl Into<String>, text: impl fmt::Display) {
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
    fn optional(&mut self, path: impl Into<String>, text: Option<impl fmt::Display>) {
        if let Some(text) = text {
            self.content(path, text);
        }
    }

    /// A fact that may change under any version.
    fn free(&mut self, path: impl Into<String>, text: impl fmt::Display) {
        let path = path.into();
        self.content(&*path, text);
        if let Some(fact) = self.0.get_mut(&path) {
            fact.metaflag = true;
        }
    }

    fn meta(&mut self, path: &str, meta: &Meta<'_>) {
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

fn facts(catalog: &Catalog<'_>, entity: Descriptor<'_>) -> Facts {
    let mut list = FactList(Facts::new());
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
fn structure(list: &mut FactList, catalog: &Catalog<'_>, dataset: &Dataset<'_>) {
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

fn feature_facts(list: &mut FactList, feature: &Feature<'_>) {
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

/// A text that two datasets share exactly when they hold the same rows: name, version, columns,
/// history, sources and pipelines, and neither a metaflag, an expectation nor a credential; then the
/// same of all datasets that its rows are made of, by way of however many pipelines.
#[must_use]
pub fn identity(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> String {
    let mut made_of = BTreeMap::new();
    let inputs = |dataset: &str| catalog.pipelines(dataset).iter().flat_map(|it| it.inputs);
    let mut names: Vec<_> = inputs(dataset.name).collect();
    while let Some(name) = names.pop() {
        if *name == dataset.name || made_of.contains_key(name) {
            continue;
        }
        if let Some(input) = catalog.dataset(name) {
            made_of.insert(name, structure_text(catalog, input));
            names.extend(inputs(name));
        }
    }
    let own = [structure_text(catalog, dataset)];
    let texts: Vec<_> = own.into_iter().chain(made_of.into_values()).collect();
    texts.join("\n\n")
}

fn structure_text(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> String {
    let mut list = FactList(Facts::new());
    list.content("name", dataset.name);
    list.content("version", dataset.version);
    structure(&mut list, catalog, dataset);
    let facts = list.0.iter().filter(|(_, fact)| !fact.metaflag);
    let facts = facts.map(|(path, fact)| format!("{path:?}={:?}", fact.text));
    facts.collect::<Vec<_>>().join("\n")
}

/// What changes from `old` to `new`.
#[must_use]
pub fn diff(old: &Catalog<'_>, new: &Catalog<'_>) -> Diff {
    let (old_catalog, new_catalog) = (old, new);
    let before: BTreeMap<_, _> = old.entities().map(|e| ((e.kind(), e.name()), e)).collect();
    let after: BTreeMap<_, _> = new.entities().map(|e| ((e.kind(), e.name()), e)).collect();
    let mut names: Vec<_> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let entities = names.into_iter().map(|name| {
        let (old, new) = (before.get(&name).copied(), after.get(&name).copied());
        let mut fields = match (old, new) {
            (Some(old), Some(new)) => compare(&facts(old_catalog, old), &facts(new_catalog, new)),
            _ => Vec::new(),
        };
        let change = change(old, new, &fields);
        match (change, new) {
            (Change::Changed | Change::Deprecated, Some(new)) => {
                leave_out_deleted(&mut fields, new)
            }
            _ => fields.clear(),
        }
        EntityDiff {
            kind: name.0,
            name: name.1.into(),
            change,
            fields,
        }
    });
    Diff {
        entities: entities.collect(),
    }
}

fn change(
    old: Option<Descriptor<'_>>,
    new: Option<Descriptor<'_>>,
    fields: &[FieldDiff],
) -> Change {
    match (old, new) {
        (Some(old), None) if !is_deleted(old) => Change::Deleted,
        (_, None) => Change::Retired,
        (None, Some(_)) => Change::Created,
        (Some(old), Some(new)) if !is_deleted(old) && is_deleted(new) => Change::Deleted,
        (Some(old), Some(new)) if is_deleted(old) && !is_deleted(new) => Change::Created,
        _ if fields.is_empty() => Change::Unchanged,
        (Some(old), Some(new)) if !meta(old).deprecated && meta(new).deprecated => {
            Change::Deprecated
        }
        _ => Change::Changed,
    }
}

/// Of a feature that is deleted nothing else matters: what it says may be as short as can be.
fn leave_out_deleted(fields: &mut Vec<FieldDiff>, entity: Descriptor<'_>) {
    let Descriptor::Featureset(featureset) = entity else {
        return;
    };
    let features = featureset.features.iter();
    for feature in features.filter(|feature| feature.meta.deleted) {
        let (own, flag) = (
            format!("{}.", feature.name),
            format!("{}.meta.deleted", feature.name),
        );
        fields.retain(|field| !field.path.starts_with(&own) || field.path == flag);
    }
}

fn compare(old: &Facts, new: &Facts) -> Vec<FieldDiff> {
    let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differing = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path));
    let fields = differing.map(|path| {
        let (old, new) = (old.get(path), new.get(path));
        FieldDiff {
            path: path.clone(),
            old: old.map(|fact| fact.text.clone()),
            new: new.map(|fact| match old {
                // They differ in what is not shown.
                Some(old) if old.text == fact.text => format!("another {}", fact.text),
                _ => fact.text.clone(),
            }),
            metaflag: old.or(new).is_some_and(|fact| fact.metaflag),
        }
    });
    fields.collect()
}

pub(crate) fn is_deleted(entity: Descriptor<'_>) -> bool {
    meta(entity).deleted
}

pub(crate) fn meta<'a>(entity: Descriptor<'a>) -> Meta<'a> {
    match entity {
        Descriptor::Dataset(dataset) => dataset.meta,
        Descriptor::Featureset(featureset) => featureset.meta,
    }
}
