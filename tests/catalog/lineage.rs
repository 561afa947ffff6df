//! What is made of what, as data.

use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_core::entity::Kind;
use fennel_core::lineage::{Graph, Node, NodeKind};

fennel::owner!("team@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[meta(tags = ["PII"], description = "What was sold")]
#[source(APP.endpoint("rows"), disorder = "1d", cdc = append)]
struct Sale {
    uid: i64,
    paid: i64,
    at: DateTime<Utc>,
}

#[dataset(index, version = 3)]
#[source(APP.endpoint("rows"), disorder = "1d", cdc = upsert)]
struct Shop {
    #[field(key)]
    uid: i64,
    city: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[meta(owner = "money@example.com", tags = ["~PII"])]
struct Turnover {
    #[field(key)]
    uid: i64,
    total: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn turnover(sales: Sale) -> Turnover {
    sales.group_by(uid).aggregate(total = sum(paid, "forever"))
}

#[featureset]
struct Money {
    uid: i64,
    #[feature(Turnover::total, default = 0)]
    #[meta(owner = "fast@example.com", deprecated)]
    total: i64,
    #[feature(Turnover::at)]
    #[meta(deleted)]
    at: Option<DateTime<Utc>>,
    #[feature(expr = total * 2)]
    double: i64,
}

#[featureset]
struct Place {
    #[feature(Money::uid)]
    uid: i64,
    #[feature(Shop::city, default = "")]
    city: String,
}

fn graph() -> Graph {
    let entities = fennel::entities![Sale, Shop, Turnover, Money, Place];
    let catalog: Catalog<'_> = entities.into_iter().collect();
    catalog.check(None).expect("the definitions are right");
    catalog.lineage_graph(None)
}

fn ids(graph: &Graph) -> Vec<&str> {
    graph.nodes.iter().map(|node| &*node.id).collect()
}

fn arrows(graph: &Graph) -> Vec<String> {
    let edges = graph.edges.iter();
    edges
        .map(|edge| format!("{} -> {}", edge.from, edge.to))
        .collect()
}

#[test]
fn rows_flow_from_sources_to_features_and_what_is_deleted_has_no_part() {
    let graph = graph();
    assert_eq!(
        ids(&graph),
        [
            "source:webhook app, endpoint rows",
            "dataset:Sale",
            "dataset:Shop",
            "pipeline:Turnover.turnover",
            "dataset:Turnover",
            "featureset:Money",
            "feature:Money.uid",
            "feature:Money.total",
            "feature:Money.double",
            "featureset:Place",
            "feature:Place.uid",
            "feature:Place.city",
        ]
    );
    assert_eq!(
        arrows(&graph),
        [
            "source:webhook app, endpoint rows -> dataset:Sale",
            "source:webhook app, endpoint rows -> dataset:Shop",
            "dataset:Sale -> pipeline:Turnover.turnover",
            "dataset:Shop -> feature:Place.city",
            "pipeline:Turnover.turnover -> dataset:Turnover",
            "dataset:Turnover -> feature:Money.total",
            "feature:Money.uid -> feature:Money.total",
            "feature:Money.uid -> feature:Place.uid",
            "feature:Money.total -> feature:Money.double",
            "feature:Place.uid -> feature:Place.city",
        ]
    );
}

#[test]
fn a_node_tells_its_owner_and_the_tags_that_it_carries() {
    let graph = graph();
    let node = |id: &str| -> &Node {
        let mut nodes = graph.nodes.iter();
        nodes.find(|node| node.id == id).expect("it is there")
    };
    let sale = node("dataset:Sale");
    assert_eq!(
        (sale.kind, &*sale.name, &*sale.of),
        (NodeKind::Dataset, "Sale", "")
    );
    assert_eq!(
        (sale.version, &*sale.description),
        (Some(1), "What was sold")
    );
    assert_eq!(
        (&*sale.owner, &*sale.tags),
        ("team@example.com", &["PII".to_owned()][..])
    );
    // `~PII` ends the tag, and is none itself.
    let turnover = node("dataset:Turnover");
    assert_eq!(
        (&*turnover.owner, turnover.tags.len()),
        ("money@example.com", 0)
    );
    assert_eq!(
        node("pipeline:Turnover.turnover").owner,
        "money@example.com"
    );
    let total = node("feature:Money.total");
    assert_eq!(
        (&*total.owner, total.deprecated),
        ("fast@example.com", true)
    );
    assert_eq!((&*total.name, &*total.of), ("total", "Money"));
    assert_eq!(node("feature:Money.uid").owner, "team@example.com");
}

#[test]
fn what_is_left_out_takes_along_all_that_is_its_own() {
    let mut graph = graph();
    let hidden = [(Kind::Dataset, "Turnover"), (Kind::Featureset, "Money")];
    graph.retain(|kind, name| !hidden.contains(&(kind, name)));
    assert_eq!(
        ids(&graph),
        [
            "source:webhook app, endpoint rows",
            "dataset:Sale",
            "dataset:Shop",
            "featureset:Place",
            "feature:Place.uid",
            "feature:Place.city",
        ]
    );
    graph.retain(|kind, _| kind == Kind::Featureset);
    assert_eq!(
        ids(&graph),
        [
            "featureset:Place",
            "feature:Place.uid",
            "feature:Place.city"
        ]
    );
    assert_eq!(arrows(&graph), ["feature:Place.uid -> feature:Place.city"]);
}

#[test]
fn one_entity_is_shown_with_what_is_around_it() {
    let graph = graph();
    let all = graph.around("Turnover", None).expect("it is there");
    assert_eq!(
        ids(&all),
        [
            "source:webhook app, endpoint rows",
            "dataset:Sale",
            "pipeline:Turnover.turnover",
            "dataset:Turnover",
            "featureset:Money",
            "feature:Money.total",
            "feature:Money.double",
        ]
    );
    let near = graph.around("Turnover", Some(1)).expect("it is there");
    assert_eq!(
        ids(&near),
        [
            "pipeline:Turnover.turnover",
            "dataset:Turnover",
            "featureset:Money",
            "feature:Money.total",
        ]
    );
    let alone = graph.around("Place", Some(0)).expect("it is there");
    assert_eq!(
        ids(&alone),
        [
            "featureset:Place",
            "feature:Place.uid",
            "feature:Place.city"
        ]
    );
    assert!(graph.around("total", None).is_none());
}

#[test]
fn its_json_is_the_documented_shape() {
    let json = serde_json::to_value(graph()).expect("it is data");
    assert_eq!(json["schema"], 1);
    assert_eq!(
        json["nodes"][4],
        serde_json::json!({
            "id": "dataset:Turnover", "kind": "dataset", "name": "Turnover", "version": 1,
            "owner": "money@example.com", "description": "", "tags": [], "deprecated": false,
        })
    );
    assert_eq!(
        json["nodes"][7],
        serde_json::json!({
            "id": "feature:Money.total", "kind": "feature", "name": "total", "of": "Money",
            "owner": "fast@example.com", "description": "", "tags": [], "deprecated": true,
        })
    );
    let read: Graph = serde_json::from_value(json).expect("it reads what it wrote");
    assert_eq!(read, graph());
}
