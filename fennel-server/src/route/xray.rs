//! `GET /api/v1/xray`: what is known of datasets and featuresets, property by property.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::State;
use axum::http::Method;
use fennel_core::catalog::{Catalog, selected_sinks};
use fennel_core::entity::{Dataset, Featureset, Field, Kind, Meta};
use fennel_core::lineage::{Lineage, Tags, carried};
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::Ingested;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::auth::{Caller, Hidden, Mode};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};

pub(super) fn calls(calls: Calls) -> Calls {
    let names = || Schema::text().default("");
    let shown = || Schema::list(Schema::map(Schema::any()));
    let call = Call::new(
        "xray",
        "Tells what is known of datasets and featuresets, property by property.",
    )
    .branch()
    .query("datasets", names(), "Names with commas between them.")
    .query(
        "featuresets",
        names(),
        "Names with commas between them; with `datasets`, all if both are empty.",
    )
    .query(
        "properties",
        names(),
        "Which properties to tell, with commas between them; all if empty.",
    )
    .answers(Schema::object([
        ("datasets", shown()),
        ("featuresets", shown()),
    ]))
    .refuses([404]);
    calls.on(Method::GET, "/api/v1/xray", xray, call)
}

/// Names with commas between them; all where there are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    datasets: String,
    #[serde(default)]
    featuresets: String,
    #[serde(default)]
    properties: String,
}

/// What is shown of a dataset, by name.
type DatasetProperty = (
    &'static str,
    for<'a> fn(&View<'_, 'a>, &Dataset<'a>) -> Json,
);

/// What is shown of a featureset, by name.
type FeaturesetProperty = (
    &'static str,
    for<'a> fn(&View<'_, 'a>, &Featureset<'a>) -> Json,
);

const OF_DATASETS: [DatasetProperty; 17] = [
    ("name", |_, it| json!(it.name)),
    ("dsschema", |_, it| schema(it)),
    ("field_metadata", |_, it| {
        let fields = it.fields.iter();
        let metas = fields.map(|field| (field.name.to_owned(), metaflags(&field.meta)));
        Json::Object(metas.collect())
    }),
    ("retention", |_, it| json!(it.history.to_string())),
    ("history", |_, it| json!(it.history.to_string())),
    ("metaflags", |_, it| metaflags(&it.meta)),
    ("version", |_, it| json!(it.version)),
    ("fullname", |view, it| view.full_name(it.name)),
    ("pycode", |view, it| view.code(Kind::Dataset, it.name)),
    ("is_source_dataset", |_, it| json!(!it.sources.is_empty())),
    ("tags", |_, it| json!(it.meta.tags)),
    ("rows_ingested", |view, it| {
        view.ingested(it, |it| json!(it.rows))
    }),
    ("last_processed", |view, it| {
        view.ingested(it, |it| instant(it.last_applied))
    }),
    ("last_updated", |view, it| {
        view.ingested(it, |it| instant(it.last))
    }),
    ("backlog", |view, it| {
        view.ingested(it, |it| json!(it.backlog))
    }),
    ("sink_destination", |_, it| {
        let sinks = selected_sinks(it, None);
        sinks.map(|sink| sink.connector.to_string()).collect()
    }),
    ("lineage_tags", |view, it| {
        told(view.lineage.dataset(it.name))
    }),
];

const OF_FEATURESETS: [FeaturesetProperty; 5] = [
    ("name", |_, it| json!(it.name)),
    ("metaflags", |_, it| metaflags(&it.meta)),
    ("pycode", |view, it| view.code(Kind::Featureset, it.name)),
    ("tags", |_, it| json!(it.meta.tags)),
    ("lineage_tags", |view, it| {
        let features = it.features.iter();
        let tags = features.filter_map(|feature| view.lineage.feature(it.name, feature.name));
        told(Some(&tags.flatten().copied().collect()))
    }),
];

/// Those that tell of rows, which takes a look at the log.
const OF_ROWS: [&str; 4] = ["rows_ingested", "last_processed", "last_updated", "backlog"];

async fn xray(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    Parameters(asked): Parameters<Asked>,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadDefinitions, &branch)?;
    let asked = asked.read()?;
    app.read(move |engine| {
        let shown = caller.read_definitions(engine, &branch, |hidden| {
            let ingested = match asked.tells_rows() {
                true => engine.ingested(&branch, |name| asked.names(Kind::Dataset, name))?,
                false => BTreeMap::new(),
            };
            engine.describe(&branch, |catalog, request| {
                let view = View {
                    branch: &branch,
                    catalog,
                    code: code(request),
                    lineage: catalog.lineage(None),
                    ingested: &ingested,
                };
                view.show(&asked, hidden)
            })?
        })?;
        Ok(Answer::json(&shown))
    })
    .await
}

/// What is asked for.
struct Wanted {
    /// Without any names, everything.
    names: BTreeSet<(Kind, String)>,
    /// Without any, all.
    properties: BTreeSet<String>,
}

impl Asked {
    fn read(&self) -> Result<Wanted, Failure> {
        let split = |text: &str| -> Vec<String> {
            let parts = text.split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let of = |kind, text| split(text).into_iter().map(move |name| (kind, name));
        let properties: BTreeSet<_> = split(&self.properties).into_iter().collect();
        let known: BTreeSet<&str> = OF_DATASETS.iter().map(|(name, _)| *name).collect();
        if let Some(unknown) = properties
            .iter()
            .find(|name| !known.contains(name.as_str()))
        {
            let known: Vec<_> = OF_DATASETS.iter().map(|(name, _)| *name).collect();
            let message = format!("no property `{unknown}`; there are {}", known.join(", "));
            return Err(Failure::bad_request(message));
        }
        let datasets = of(Kind::Dataset, &self.datasets);
        Ok(Wanted {
            names: datasets
                .chain(of(Kind::Featureset, &self.featuresets))
                .collect(),
            properties,
        })
    }
}

impl Wanted {
    fn names(&self, kind: Kind, name: &str) -> bool {
        self.names.is_empty() || self.names.contains(&(kind, name.to_owned()))
    }

    fn has(&self, property: &str) -> bool {
        self.properties.is_empty() || self.properties.contains(property)
    }

    fn tells_rows(&self) -> bool {
        OF_ROWS.iter().any(|property| self.has(property))
    }
}

/// What properties are read from.
struct View<'v, 'a> {
    branch: &'v str,
    catalog: &'v Catalog<'a>,
    code: HashMap<(Kind, &'v str), &'v PyCode>,
    lineage: Lineage<'a>,
    ingested: &'v BTreeMap<String, Ingested>,
}

impl<'a> View<'_, 'a> {
    /// What is asked for, without what is hidden: that is as if it weren't there.
    fn show(&self, asked: &Wanted, hidden: &Hidden) -> Result<Json, fennel_engine::Error> {
        let is_there =
            |kind, name: &str| self.catalog.entity(kind, name).is_some() && !hidden.has(kind, name);
        let mut names = asked.names.iter();
        if let Some((kind, name)) = names.find(|(kind, name)| !is_there(*kind, name)) {
            let what = format!("no {kind} `{name}` on branch `{}`", self.branch);
            return Err(fennel_engine::Error::Unknown { what });
        }
        let is_shown = |kind, name: &str| asked.names(kind, name) && !hidden.has(kind, name);
        let datasets = self.catalog.datasets().iter();
        let datasets = datasets.filter(|it| is_shown(Kind::Dataset, it.name));
        let datasets: Vec<Json> = datasets
            .map(|it| {
                let properties = OF_DATASETS.iter().filter(|(name, _)| asked.has(name));
                let properties =
                    properties.map(|(name, show)| ((*name).to_owned(), show(self, it)));
                Json::Object(properties.collect())
            })
            .collect();
        let featuresets = self.catalog.featuresets().iter();
        let featuresets = featuresets.filter(|it| is_shown(Kind::Featureset, it.name));
        let featuresets: Vec<Json> = featuresets
            .map(|it| {
                let properties = OF_FEATURESETS.iter().filter(|(name, _)| asked.has(name));
                let properties =
                    properties.map(|(name, show)| ((*name).to_owned(), show(self, it)));
                Json::Object(properties.collect())
            })
            .collect();
        Ok(json!({"datasets": datasets, "featuresets": featuresets}))
    }

    fn full_name(&self, name: &str) -> Json {
        json!(format!("{}/{name}", self.branch))
    }

    /// The text of a class in Python; null where the definition came from elsewhere.
    fn code(&self, kind: Kind, name: &str) -> Json {
        let code = self.code.get(&(kind, name));
        let text = code.map(|code| &*code.source_code);
        json!(text.filter(|text| !text.is_empty()))
    }

    /// What is told of the rows; null for what is deleted.
    fn ingested(&self, dataset: &Dataset<'a>, tell: fn(&Ingested) -> Json) -> Json {
        let ingested = self.ingested.get(dataset.name);
        ingested.map_or(Json::Null, tell)
    }
}

/// The Python code of classes.
fn code(request: &SyncRequest) -> HashMap<(Kind, &str), &PyCode> {
    let datasets = request.datasets.iter();
    let datasets =
        datasets.filter_map(|it| Some(((Kind::Dataset, &*it.name), it.pycode.as_ref()?)));
    let featuresets = request.feature_sets.iter();
    let featuresets =
        featuresets.filter_map(|it| Some(((Kind::Featureset, &*it.name), it.pycode.as_ref()?)));
    datasets.chain(featuresets).collect()
}

fn schema(dataset: &Dataset<'_>) -> Json {
    let columns = |fields: &mut dyn Iterator<Item = &Field<'_>>| -> Vec<Json> {
        fields
            .map(|field| json!({"name": field.name, "type": field.ty.to_string()}))
            .collect()
    };
    let erase_keys = dataset.fields.iter().filter(|field| field.erase_key);
    let timestamp = dataset.timestamp().and_then(|i| dataset.fields.get(i));
    json!({
        "keys": columns(&mut dataset.keys()),
        "values": columns(&mut dataset.values()),
        "timestamp": timestamp.map(|field| field.name),
        "erase_keys": erase_keys.map(|field| field.name).collect::<Vec<_>>(),
    })
}

fn metaflags(meta: &Meta<'_>) -> Json {
    json!({
        "owner": meta.owner,
        "description": meta.description,
        "tags": meta.tags,
        "deprecated": meta.deprecated,
        "deleted": meta.deleted,
    })
}

/// Tags with those that flowed in, without those that were ended.
fn told(tags: Option<&Tags<'_>>) -> Json {
    tags.into_iter().flat_map(carried).collect()
}

fn instant(at: Option<Timestamp>) -> Json {
    json!(at.map(|at| at.to_string()))
}
