//! What is made of what, as data: from sources over datasets and pipelines to features and sinks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Lineage, Place, Tags, carried, read, taken};
use crate::catalog::{Catalog, selected_extractors, selected_sinks, selected_sources};
use crate::connector::Connector;
use crate::entity::{Dataset, Featureset, Kind, Meta};

/// Goes up when a field of [`Graph`] changes its meaning or goes away; new ones may come at any time.
pub const SCHEMA: u32 = 1;

/// The lineage of a catalog. What is deleted has no part in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Sources first, then datasets, each behind its pipelines, featuresets, each before its extractors and features,
    /// and sinks.
    pub nodes: Vec<Node>,
    /// What flows where, in the order of the nodes that it comes from; each once.
    pub edges: Vec<Edge>,
}

/// One thing that rows or values come from, go through or go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its kind and its full name, such as `feature:Sales.total`. No two nodes have the same.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its name. Of a source or sink, what is read or written, such as `Kafka events, topic sales`.
    pub name: String,
    /// The dataset that a pipeline fills, or the featureset of a feature or extractor; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// The dataset's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Who answers for it: its own owner, else that of what it is part of; empty for sources and sinks.
    pub owner: String,
    /// What it is, for people; empty when unset.
    pub description: String,
    /// The tags that it carries, those included that flowed into it; of a pipeline or an extractor its own.
    pub tags: Vec<String>,
    /// It still works, but is not to be used any more.
    pub deprecated: bool,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A place that rows are read from.
    Source,
    /// A dataset.
    Dataset,
    /// What fills a dataset from others.
    Pipeline,
    /// A featureset, which nothing flows to: it is what its features are part of.
    Featureset,
    /// A function that makes features of others.
    Extractor,
    /// A feature.
    Feature,
    /// A place that changes are written to.
    Sink,
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeKind::Source => "source",
            NodeKind::Dataset => "dataset",
            NodeKind::Pipeline => "pipeline",
            NodeKind::Featureset => "featureset",
            NodeKind::Extractor => "extractor",
            NodeKind::Feature => "feature",
            NodeKind::Sink => "sink",
        })
    }
}

/// That something flows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The id of the node that it comes from.
    pub from: String,
    /// The id of the node that it goes to.
    pub to: String,
}

impl<'a> Catalog<'a> {
    /// What is made of what in a commit for `env`.
    #[must_use]
    pub fn lineage_graph(&self, env: Option<&str>) -> Graph {
        let mut maker = Maker {
            catalog: self,
            env,
            tags: self.lineage(env),
            sources: BTreeMap::new(),
            sinks: BTreeMap::new(),
            nodes: Vec::new(),
            edges: BTreeSet::new(),
        };
        for dataset in self.datasets().iter().filter(|it| !it.meta.deleted) {
            maker.dataset(dataset);
        }
        for featureset in self.featuresets().iter().filter(|it| !it.meta.deleted) {
            maker.featureset(featureset);
        }
        maker.finish()
    }
}

impl Graph {
    /// Leaves out the datasets and featuresets for which `keep` is false, with all that is theirs, and sources and
    /// sinks that nothing is left of.
    pub fn retain(&mut self, keep: impl Fn(Kind, &str) -> bool) {
        let is_kept = |node: &Node| match node.entity() {
            Some((kind, name)) => keep(kind, name),
            None => true,
        };
        let kept = self.nodes.iter().filter(|node| is_kept(node));
        let ids = kept.map(|node| node.id.clone()).collect();
        self.keep(&ids);
        let edges = self.edges.iter();
        let ends: BTreeSet<&str> = edges.flat_map(|it| [&*it.from, &*it.to]).collect();
        let is_used = |node: &Node| node.entity().is_some() || ends.contains(&*node.id);
        let used = self.nodes.iter().filter(|node| is_used(node));
        let ids = used.map(|node| node.id.clone()).collect();
        self.keep(&ids);
    }

    /// The part around the dataset or featureset of that name: what it is made of and what is made of it, up to
    /// `steps` edges away, or however far. `None` where there is neither.
    #[must_use]
    pub fn around(&self, name: &str, steps: Option<usize>) -> Option<Graph> {
        let is_named = |node: &&Node| node.entity().is_some_and(|(_, entity)| entity == name);
        let centre: BTreeSet<&str> = self
            .nodes
            .iter()
            .filter(is_named)
            // What fills it is one step away from it.
            .filter(|node| node.kind != NodeKind::Pipeline)
            .map(|node| &*node.id)
            .collect();
        if centre.is_empty() {
            return None;
        }
        let (mut up, mut down) = (BTreeMap::new(), BTreeMap::new());
        for Edge { from, to } in &self.edges {
            up.entry(&**to).or_insert_with(Vec::new).push(&**from);
            down.entry(&**from).or_insert_with(Vec::new).push(&**to);
        }
        let above = reach(&centre, &up, steps);
        let near: BTreeSet<&str> = above
            .union(&reach(&centre, &down, steps))
            .copied()
            .collect();
        let featuresets: BTreeSet<&str> = self
            .nodes
            .iter()
            .filter(|node| near.contains(&*node.id) && node.kind != NodeKind::Pipeline)
            .map(|node| &*node.of)
            .collect();
        let kept = self.nodes.iter().filter(|node| {
            let has_some = node.kind == NodeKind::Featureset && featuresets.contains(&*node.name);
            has_some || near.contains(&*node.id)
        });
        let ids = kept.map(|node| node.id.clone()).collect();
        let mut graph = self.clone();
        graph.keep(&ids);
        Some(graph)
    }

    fn keep(&mut self, ids: &BTreeSet<String>) {
        self.nodes.retain(|node| ids.contains(&node.id));
        let edges = &mut self.edges;
        edges.retain(|edge| ids.contains(&edge.from) && ids.contains(&edge.to));
    }
}

/// What is at most `steps` edges away from `start`, which is too.
fn reach<'g>(
    start: &BTreeSet<&'g str>,
    next: &BTreeMap<&'g str, Vec<&'g str>>,
    steps: Option<usize>,
) -> BTreeSet<&'g str> {
    let mut reached = start.clone();
    let mut border = start.clone();
    let mut taken = 0;
    while !border.is_empty() && steps.is_none_or(|steps| taken < steps) {
        let ahead = border.iter().filter_map(|id| next.get(id)).flatten();
        let ahead: BTreeSet<_> = ahead.copied().collect();
        border = ahead.difference(&reached).copied().collect();
        reached.extend(&border);
        taken += 1;
    }
    reached
}

impl Node {
    /// The dataset or featureset that it is, or is part of; `None` for sources and sinks.
    #[must_use]
    pub fn entity(&self) -> Option<(Kind, &str)> {
        match self.kind {
            NodeKind::Source | NodeKind::Sink => None,
            NodeKind::Dataset => Some((Kind::Dataset, &self.name)),
            NodeKind::Pipeline => Some((Kind::Dataset, &self.of)),
            NodeKind::Featureset => Some((Kind::Featureset, &self.name)),
            NodeKind::Extractor | NodeKind::Feature => Some((Kind::Featureset, &self.of)),
        }
    }

    fn new(
        kind: NodeKind,
        of: &str,
        name: &str,
        [owner, next]: [&str; 2],
        meta: &Meta<'_>,
    ) -> Self {
        Node {
            id: id(kind, of, name),
            kind,
            name: name.into(),
            of: of.into(),
            version: None,
            owner: if owner.is_empty() { next } else { owner }.into(),
            description: meta.description.into(),
            tags: meta.tags.iter().map(|tag| (*tag).into()).collect(),
            deprecated: meta.deprecated,
        }
    }

    /// With the tags that flowed into it as well.
    fn tagged(mut self, tags: Option<&Tags<'_>>) -> Self {
        self.tags = tags.into_iter().flat_map(carried).map(Into::into).collect();
        self
    }
}

fn id(kind: NodeKind, of: &str, name: &str) -> String {
    match of {
        "" => format!("{kind}:{name}"),
        of => format!("{kind}:{of}.{name}"),
    }
}

fn id_of((kind, entity, name): Place<'_>) -> String {
    match kind {
        Kind::Dataset => id(NodeKind::Dataset, "", entity),
        Kind::Featureset => id(NodeKind::Feature, entity, name),
    }
}

/// A graph that is being made.
struct Maker<'c, 'a> {
    catalog: &'c Catalog<'a>,
    env: Option<&'c str>,
    tags: Lineage<'a>,
    /// By id: what several datasets read is one place.
    sources: BTreeMap<String, Node>,
    sinks: BTreeMap<String, Node>,
    nodes: Vec<Node>,
    edges: BTreeSet<Edge>,
}

impl<'a> Maker<'_, 'a> {
    fn edge(&mut self, from: &str, to: &str) {
        self.edges.insert(Edge {
            from: from.into(),
            to: to.into(),
        });
    }

    fn dataset(&mut self, dataset: &Dataset<'a>) {
        let (catalog, meta) = (self.catalog, &dataset.meta);
        let owners = [meta.owner, ""];
        let node = Node::new(NodeKind::Dataset, "", dataset.name, owners, meta);
        let id = node.id.clone();
        for source in selected_sources(dataset, self.env) {
            let place = place(NodeKind::Source, &source.connector);
            self.edge(&place.id, &id);
            self.sources.insert(place.id.clone(), place);
        }
        for pipeline in catalog.selected_pipelines(dataset.name, self.env) {
            let owners = [pipeline.meta.owner, meta.owner];
            let (of, meta) = (dataset.name, &pipeline.meta);
            let made = Node::new(NodeKind::Pipeline, of, pipeline.name, owners, meta);
            for input in pipeline.inputs {
                self.edge(&id_of((Kind::Dataset, input, "")), &made.id);
            }
            self.edge(&made.id, &id);
            self.nodes.push(made);
        }
        self.nodes.push(Node {
            version: Some(dataset.version),
            ..node.tagged(self.tags.dataset(dataset.name))
        });
        for sink in selected_sinks(dataset, self.env) {
            let place = place(NodeKind::Sink, &sink.connector);
            self.edge(&id, &place.id);
            self.sinks.insert(place.id.clone(), place);
        }
    }

    fn featureset(&mut self, featureset: &Featureset<'a>) {
        let (catalog, meta, of) = (self.catalog, &featureset.meta, featureset.name);
        let node = Node::new(NodeKind::Featureset, "", of, [meta.owner, ""], meta);
        let whole = self.nodes.len();
        self.nodes.push(node);
        for extractor in selected_extractors(catalog, of, self.env) {
            let owners = [extractor.meta.owner, meta.owner];
            let name = extractor.name;
            let node = Node::new(NodeKind::Extractor, of, name, owners, &extractor.meta);
            for input in taken(extractor) {
                self.edge(&id_of(input), &node.id);
            }
            for output in extractor.outputs {
                self.edge(&node.id, &id_of((Kind::Featureset, of, output)));
            }
            self.nodes.push(node);
        }
        let mut all = Tags::new();
        for feature in featureset.features.iter().filter(|it| !it.meta.deleted) {
            let owners = [feature.meta.owner, meta.owner];
            let node = Node::new(NodeKind::Feature, of, feature.name, owners, &feature.meta);
            for input in read(catalog, self.env, of, feature.name) {
                self.edge(&id_of(input), &node.id);
            }
            let tags = self.tags.feature(of, feature.name);
            all.extend(tags.into_iter().flatten());
            self.nodes.push(node.tagged(tags));
        }
        if let Some(node) = self.nodes.get_mut(whole) {
            *node = node.clone().tagged(Some(&all));
        }
    }

    /// All of it, without edges of what is deleted.
    fn finish(self) -> Graph {
        let sources = self.sources.into_values();
        let nodes: Vec<_> = sources
            .chain(self.nodes)
            .chain(self.sinks.into_values())
            .collect();
        let at: HashMap<&str, usize> = nodes.iter().map(|it| &*it.id).zip(0..).collect();
        let ends = |edge: &Edge| Some((*at.get(&*edge.from)?, *at.get(&*edge.to)?));
        let mut edges: Vec<_> = self
            .edges
            .into_iter()
            .filter(|it| ends(it).is_some())
            .collect();
        edges.sort_by_key(ends);
        Graph {
            schema: SCHEMA,
            nodes,
            edges,
        }
    }
}

/// A place that rows come from or go to. All that tells which it is makes its id.
fn place(kind: NodeKind, connector: &Connector<'_>) -> Node {
    let name = connector.to_string();
    let mut node = Node::new(kind, "", &name, [""; 2], &Meta::EMPTY);
    let more = connector.facts().into_iter().skip(1);
    let told = more.filter(|fact| !fact.text.is_empty() && !fact.access && fact.secret.is_none());
    for fact in told {
        node.id += &format!(", {} {}", fact.name, fact.text);
    }
    node
}
