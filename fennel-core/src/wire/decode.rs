//! A `SyncRequest` as a catalog.
//!
//! The message is foreign: whatever is missing, contradicts itself or can't be done here is a
//! problem that names the entity, and all of them are reported.

use std::collections::{HashMap, HashSet};

use bumpalo::Bump;

use crate::catalog::Catalog;
use crate::entity::{
    Dataset, Extractor, Feature, Featureset, Field, Index, Kind, Location, Meta, Order, Pipeline,
    Reference,
};
use crate::ty::Type;
use crate::wire::expectation::Suites;
use crate::wire::proto::{connector, dataset, featureset, metadata, schema, services};
use crate::wire::time::read_duration as duration;
use crate::wire::{Arena, Decoded, extractor, pipeline, types};
use crate::{Problem, Problems};

/// The catalog that `request` commits. It borrows from `arena`.
///
/// # Errors
///
/// Everything in the request that is malformed or not supported. What the entities say is not
/// checked here: that is [`Catalog::check`].
pub fn decode<'a>(
    arena: &'a Bump,
    request: &services::SyncRequest,
) -> Result<Catalog<'a>, Problems> {
    let mut decoder = Decoder {
        arena: Arena::new(arena),
        request,
        parts: Parts::of(request),
        extractors: Vec::new(),
        problems: Vec::new(),
    };
    decoder.unsupported();
    let mut catalog = Catalog::default();
    for dataset in &request.datasets {
        if let Some(dataset) = decoder.dataset(dataset) {
            catalog.push_dataset(dataset);
        }
    }
    for pipeline in decoder.pipelines() {
        catalog.push_pipeline(pipeline);
    }
    for featureset in &request.feature_sets {
        catalog.push_featureset(decoder.featureset(featureset));
    }
    for extractor in std::mem::take(&mut decoder.extractors) {
        catalog.push_extractor(extractor);
    }
    decoder.strays();
    Problems(decoder.problems).into_result()?;
    Ok(catalog)
}

/// The most keys of a dataset: each lookup compares all of them.
const MAX_KEYS: usize = 64;

/// What the lists of a request hold for each entity, by its name.
#[derive(Default)]
struct Parts<'r> {
    sources: HashMap<&'r str, Vec<&'r connector::Source>>,
    sinks: HashMap<&'r str, Vec<&'r connector::Sink>>,
    features: HashMap<&'r str, Vec<&'r featureset::Feature>>,
    extractors: HashMap<&'r str, Vec<&'r featureset::Extractor>>,
    /// The versions that its indexes are of.
    online: HashMap<&'r str, Vec<u32>>,
    offline: HashMap<&'r str, Vec<u32>>,
    /// The names of its keys.
    keys: HashMap<&'r str, Vec<&'r str>>,
    /// How many options the types of its keys have: each lookup compares these types.
    key_options: HashMap<&'r str, usize>,
    /// How many columns it has, if it is a dataset.
    columns: HashMap<&'r str, usize>,
    /// How many features it has, if it is a featureset.
    members: HashMap<&'r str, usize>,
    expectations: Suites<'r>,
}

impl<'r> Parts<'r> {
    fn of(request: &'r services::SyncRequest) -> Self {
        let mut parts = Parts {
            expectations: Suites::of(&request.expectations),
            ..Parts::default()
        };
        for source in &request.sources {
            parts
                .sources
                .entry(&source.dataset)
                .or_default()
                .push(source);
        }
        for sink in &request.sinks {
            parts.sinks.entry(&sink.dataset).or_default().push(sink);
        }
        for feature in &request.features {
            parts
                .features
                .entry(&feature.feature_set_name)
                .or_default()
                .push(feature);
            *parts.members.entry(&feature.feature_set_name).or_default() += 1;
        }
        for extractor in &request.extractors {
            parts
                .extractors
                .entry(&extractor.feature_set_name)
                .or_default()
                .push(extractor);
        }
        for index in &request.online_indices {
            let versions = parts.online.entry(&index.ds_name).or_default();
            versions.push(index.ds_version);
        }
        for index in &request.offline_indices {
            let versions = parts.offline.entry(&index.ds_name).or_default();
            versions.push(index.ds_version);
        }
        for dataset in &request.datasets {
            let schema = dataset.dsschema.as_ref();
            let keys = schema.and_then(|schema| schema.keys.as_ref());
            let keys = keys.into_iter().flat_map(|keys| &keys.fields);
            // More keys than that are refused where the dataset is read.
            let keys: Vec<_> = keys.take(MAX_KEYS).collect();
            let options = keys.iter().map(|key| options_of(key.dtype.as_ref()));
            parts.key_options.insert(&dataset.name, options.sum());
            let keys = keys.iter().map(|key| key.name.as_str());
            parts.keys.insert(&dataset.name, keys.collect());
            let values = schema.and_then(|schema| schema.values.as_ref());
            let values = values.map_or(0, |values| values.fields.len());
            parts
                .columns
                .insert(&dataset.name, MAX_KEYS.saturating_add(values));
        }
        parts
    }
}

/// How many options a key's type has, inside lists too.
fn options_of(ty: Option<&schema::DataType>) -> usize {
    use schema::data_type::Dtype;

    match ty.and_then(|ty| ty.dtype.as_ref()) {
        Some(Dtype::OneOfType(one_of)) => one_of.options.len(),
        Some(Dtype::ArrayType(array)) => options_of(array.of.as_deref()),
        _ => 0,
    }
}

pub(super) struct Decoder<'a, 'r> {
    pub(super) arena: Arena<'a>,
    request: &'r services::SyncRequest,
    parts: Parts<'r>,
    /// Those that call functions.
    extractors: Vec<Extractor<'a>>,
    problems: Vec<Problem>,
}

impl<'a> Decoder<'a, '_> {
    fn problem(&mut self, kind: Kind, entity: &str, member: &str, message: impl Into<String>) {
        self.problems
            .push(Problem::named(kind, entity, member, message));
    }

    /// The part, or its problem on the list.
    pub(super) fn or_problem<T>(
        &mut self,
        part: Decoded<T>,
        kind: Kind,
        entity: &str,
        member: &str,
    ) -> Option<T> {
        part.map_err(|message| self.problem(kind, entity, member, message))
            .ok()
    }

    /// Names what no commit holds.
    fn unsupported(&mut self) {
        let request = self.request;
        for model in &request.models {
            let message = "models are not part of a commit";
            self.problem(Kind::Featureset, &model.name, "", message);
        }
    }

    /// The pipelines. Operators of others are sent too, for the client sends those that its env
    /// left out.
    fn pipelines(&mut self) -> Vec<Pipeline<'a>> {
        let request = self.request;
        let mut operators: HashMap<(&str, &str), Vec<&dataset::Operator>> = HashMap::new();
        for operator in &request.operators {
            let key = (
                operator.dataset_name.as_str(),
                operator.pipeline_name.as_str(),
            );
            operators.entry(key).or_default().push(operator);
        }
        let mut pipelines = Vec::new();
        let mut seen = HashSet::new();
        for message in &request.pipelines {
            let (dataset, name) = (message.dataset_name.as_str(), message.name.as_str());
            if !seen.insert((dataset, name)) {
                let message = "the dataset has two pipelines of this name; rename one";
                self.problem(Kind::Dataset, dataset, name, message);
                continue;
            }
            let operators = operators
                .get(&(dataset, name))
                .map_or(&[][..], Vec::as_slice);
            let meta = self.meta(message.metadata.as_ref());
            let pipeline = pipeline::decode(self.arena, message, operators, meta);
            pipelines.extend(self.or_problem(pipeline, Kind::Dataset, dataset, name));
        }
        // In the order in which a catalog has them, so that each is added at the end.
        pipelines.sort_by_key(|pipeline| pipeline.name);
        pipelines
    }

    /// Parts of entities that are not in the request.
    fn strays(&mut self) {
        let request = self.request;
        let known_datasets: HashSet<&str> = request
            .datasets
            .iter()
            .map(|dataset| dataset.name.as_str())
            .collect();
        let known_featuresets: HashSet<&str> = request
            .feature_sets
            .iter()
            .map(|set| set.name.as_str())
            .collect();
        let datasets = request
            .sources
            .iter()
            .map(|source| (&source.dataset, "a source"));
        let pipelines = request
            .pipelines
            .iter()
            .map(|pipeline| (&pipeline.dataset_name, "a pipeline"));
        let sinks = request.sinks.iter().map(|sink| (&sink.dataset, "a sink"));
        let datasets = datasets.chain(sinks);
        let online = request
            .online_indices
            .iter()
            .map(|index| (&index.ds_name, "an index"));
        let offline = request
            .offline_indices
            .iter()
            .map(|index| (&index.ds_name, "an index"));
        let expectations = request.expectations.iter();
        let expectations = expectations.map(|suite| (&suite.entity_name, "expectations"));
        let parts = datasets.chain(pipelines).chain(online).chain(offline);
        for (name, what) in parts.chain(expectations) {
            if !known_datasets.contains(name.as_str()) {
                let message = format!("the request has {what} of it, and not the dataset");
                self.problems
                    .push(Problem::named(Kind::Dataset, name, "", message));
            }
        }
        let features = request
            .features
            .iter()
            .map(|feature| (&feature.feature_set_name, &feature.name));
        let extractors = request.extractors.iter();
        let extractors = extractors.map(|extractor| (&extractor.feature_set_name, &extractor.name));
        for (set, name) in features.chain(extractors) {
            if !known_featuresets.contains(set.as_str()) {
                let message = "the request has this part of it, and not the featureset";
                self.problems
                    .push(Problem::named(Kind::Featureset, set, name, message));
            }
        }
    }

    fn meta(&self, metadata: Option<&metadata::Metadata>) -> Meta<'a> {
        metadata.map_or(Meta::EMPTY, |metadata| Meta {
            owner: self.arena.text(&metadata.owner),
            description: self.arena.text(&metadata.description),
            tags: self.arena.texts(&metadata.tags),
            deprecated: metadata.deprecated,
            deleted: metadata.deleted,
        })
    }

    fn dataset(&mut self, dataset: &dataset::CoreDataset) -> Option<Dataset<'a>> {
        let name = dataset.name.as_str();
        let sources = self.parts.sources.remove(name).unwrap_or_default();
        let sinks = self.parts.sinks.remove(name).unwrap_or_default();
        let (online, offline) = (
            self.parts.online.remove(name).unwrap_or_default(),
            self.parts.offline.remove(name).unwrap_or_default(),
        );
        let index = Index {
            online: self.is_indexed(dataset, "online", &online),
            offline: self.is_indexed(dataset, "offline", &offline),
        };
        let fields = self.fields(dataset);
        let columns = fields.as_ref().map_or(0, Vec::len);
        let history = duration(dataset.history.as_ref());
        let history = self.or_problem(history, Kind::Dataset, name, "history")?;
        let sources = sources.into_iter().filter_map(|source| {
            if source.ds_version != dataset.version {
                let message = format!(
                    "it is for version {}, and the dataset has version {}",
                    source.ds_version, dataset.version
                );
                self.problem(Kind::Dataset, name, "source", message);
            }
            let sampled = source.sampling_strategy.as_ref();
            let sampled = sampled.map_or(0, |sampling| sampling.columns_used.len());
            let made = source.pre_proc.len();
            // Each made column is searched among the columns and the other made ones, and so is each
            // that samples; without any, each column is searched among those that are made.
            let compared = self.arena.compares(1 + made + sampled, columns + made);
            self.or_problem(compared, Kind::Dataset, name, "source")?;
            self.source(source)
        });
        let sources: Vec<_> = sources.collect();
        let expectations = self.parts.expectations.decode(self.arena.bump(), name);
        let expectations = self.or_problem(expectations, Kind::Dataset, name, "expectations")?;
        let fields = fields?;
        let names = fields.iter().map(|field| field.name);
        let order = Order::sort(names.enumerate());
        Some(Dataset {
            name: self.arena.text(name),
            version: dataset.version,
            history: history.unwrap_or(Dataset::DEFAULT_HISTORY),
            index,
            order: Order(self.arena.slice(&order)),
            fields: self.arena.slice(&fields),
            sources: self.arena.slice(&sources),
            expectations,
            sinks: self.sinks(sinks),
            meta: self.meta(dataset.metadata.as_ref()),
            location: Location::UNKNOWN,
        })
    }

    /// Whether a dataset has an index. It has one of a kind, for the version that is committed.
    fn is_indexed(&mut self, dataset: &dataset::CoreDataset, kind: &str, versions: &[u32]) -> bool {
        let name = dataset.name.as_str();
        if versions.len() > 1 {
            let message = format!(
                "the request has {} {kind} indexes of it, and one is the most",
                versions.len()
            );
            self.problem(Kind::Dataset, name, "index", message);
        }
        if let Some(version) = versions.iter().find(|of| **of != dataset.version) {
            let message = format!(
                "its {kind} index is for version {version}, and the dataset has version {}",
                dataset.version
            );
            self.problem(Kind::Dataset, name, "index", message);
        }
        !versions.is_empty()
    }

    /// The columns: keys, values, and the event time last, which the message has by name alone.
    fn fields(&mut self, dataset: &dataset::CoreDataset) -> Option<Vec<Field<'a>>> {
        let name = dataset.name.as_str();
        let Some(schema) = &dataset.dsschema else {
            self.problem(Kind::Dataset, name, "", "it has no schema");
            return None;
        };
        let lists = [&schema.keys, &schema.values];
        let count = lists
            .into_iter()
            .flatten()
            .map(|list| list.fields.len())
            .sum();
        if !self.is_small_enough(Kind::Dataset, name, count) {
            return None;
        }
        if schema
            .keys
            .as_ref()
            .is_some_and(|keys| keys.fields.len() > MAX_KEYS)
        {
            let message = format!("it has more than {MAX_KEYS} keys, which is the most");
            self.problem(Kind::Dataset, name, "", message);
            return None;
        }
        let keys = schema
            .keys
            .iter()
            .flat_map(|keys| &keys.fields)
            .map(|field| (field, true));
        let values = schema
            .values
            .iter()
            .flat_map(|values| &values.fields)
            .map(|field| (field, false));
        let erase_keys: HashSet<&str> = schema.erase_keys.iter().map(String::as_str).collect();
        if erase_keys.len() < schema.erase_keys.len() {
            self.problem(Kind::Dataset, name, "", "it names an erase key twice");
        }
        let mut fields = Vec::new();
        let erase_keys: HashSet<&str> = schema.erase_keys.iter().map(String::as_str).collect();
        for (field, key) in keys.chain(values) {
            let column = self.arena.name(&field.name);
            let column = self.or_problem(column, Kind::Dataset, name, "")?;
            let ty = types::decode(self.arena, field.dtype.as_ref());
            let ty = self.or_problem(ty, Kind::Dataset, name, column)?;
            fields.push(Field {
                name: column,
                ty,
                key,
                erase_key: erase_keys.contains(field.name.as_str()),
                timestamp: false,
                meta: self.meta(dataset.field_metadata.get(&field.name)),
            });
        }
        let keys: HashSet<&str> = fields
            .iter()
            .filter(|field| field.key)
            .map(|field| field.name)
            .collect();
        for erase_key in &schema.erase_keys {
            if !keys.contains(erase_key.as_str()) {
                self.problem(
                    Kind::Dataset,
                    name,
                    erase_key,
                    "an erase key is a key, and this is none",
                );
            }
        }
        if schema.timestamp.is_empty() {
            self.problem(Kind::Dataset, name, "", "it names no event time");
            return None;
        }
        fields.push(Field {
            name: self.arena.text(&schema.timestamp),
            ty: Type::Timestamp,
            key: false,
            erase_key: false,
            timestamp: true,
            meta: self.meta(dataset.field_metadata.get(&schema.timestamp)),
        });
        let names: HashSet<&str> = fields.iter().map(|field| field.name).collect();
        for described in dataset.field_metadata.keys() {
            if !names.contains(described.as_str()) {
                let message = "the request describes it, and it is no column";
                self.problem(Kind::Dataset, name, described, message);
            }
        }
        Some(fields)
    }

    fn featureset(&mut self, featureset: &featureset::CoreFeatureset) -> Featureset<'a> {
        let name = featureset.name.as_str();
        let declared = self.parts.features.remove(name).unwrap_or_default();
        let extractors = self.parts.extractors.remove(name).unwrap_or_default();
        let mut features = Vec::new();
        if self.is_small_enough(Kind::Featureset, name, declared.len()) {
            features.extend(
                declared
                    .iter()
                    .filter_map(|feature| self.feature(name, feature)),
            );
            let positions = features.iter().enumerate();
            let positions: HashMap<&str, usize> = positions
                .map(|(i, feature): (usize, &Feature<'a>)| (feature.name, i))
                .collect();
            for extractor in extractors {
                if extractor.extractor_type() == featureset::ExtractorType::PyFunc {
                    let meta = self.meta(extractor.metadata.as_ref());
                    let decoded = extractor::decode(self.arena, extractor, meta);
                    let decoded = self.or_problem(decoded, Kind::Featureset, name, &extractor.name);
                    self.extractors.extend(decoded);
                    continue;
                }
                let placed = self.place(extractor, &positions, &mut features);
                self.or_problem(placed, Kind::Featureset, name, &extractor.name);
            }
        }
        let members = features.iter().enumerate();
        let order = Order::sort(members.clone().map(|(i, feature)| (i, feature.name)));
        let reads = members.filter_map(|(i, feature)| {
            let extraction = feature.extraction?;
            Some((i, extraction.reference()?.name))
        });
        let reads = Order::sort(reads);
        Featureset {
            name: self.arena.text(name),
            features: self.arena.slice(&features),
            order: Order(self.arena.slice(&order)),
            reads: Order(self.arena.slice(&reads)),
            meta: self.meta(featureset.metadata.as_ref()),
            location: Location::UNKNOWN,
        }
    }

    fn feature(&mut self, featureset: &str, feature: &featureset::Feature) -> Option<Feature<'a>> {
        let name = self.arena.name(&feature.name);
        let name = self.or_problem(name, Kind::Featureset, featureset, "")?;
        let ty = types::decode(self.arena, feature.dtype.as_ref());
        let ty = self.or_problem(ty, Kind::Featureset, featureset, name)?;
        Some(Feature {
            name,
            ty,
            extraction: None,
            meta: self.meta(feature.metadata.as_ref()),
        })
    }

    /// Whether an entity has few enough members to be checked; else that is its problem.
    fn is_small_enough(&mut self, kind: Kind, name: &str, members: usize) -> bool {
        let compared = self.arena.compares_all(members);
        self.or_problem(compared, kind, name, "").is_some()
    }

    /// The names of a dataset's keys, if the request has it.
    pub(super) fn keys_of(&self, dataset: &str) -> Option<&[&str]> {
        self.parts.keys.get(dataset).map(Vec::as_slice)
    }

    /// Counts what the check of one of `features` compares: what it reads among the entity's members,
    /// and the keys among the features.
    pub(super) fn compares_read(&self, reference: Reference<'_>, features: usize) -> Decoded<()> {
        let name = reference.entity;
        match reference.kind {
            Kind::Dataset => {
                let keys = self.parts.keys.get(name).map_or(0, Vec::len);
                let columns = self.parts.columns.get(name).copied().unwrap_or(0);
                self.arena
                    .compares(1, self.parts.key_options.get(name).copied().unwrap_or(0))?;
                self.arena.compares(1 + keys, features + columns)
            }
            Kind::Featureset => {
                let members = self.parts.members.get(name).copied().unwrap_or(0);
                self.arena.compares(1, members)
            }
        }
    }
}
