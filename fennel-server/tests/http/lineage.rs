//! What is told of a branch's definitions: lineage and xray.

use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_core::wire::proto::metadata::Metadata;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_engine::ManualClock;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::{token_of, token_with};
use crate::support::{TestServer, ticket, ticket_request};

const LINEAGE: &str = "/api/v1/lineage";
const XRAY: &str = "/api/v1/xray";

fn names<'j>(list: &'j Json, key: &str) -> Vec<&'j str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it[key].as_str().unwrap()).collect()
}

#[test]
fn the_lineage_of_a_branch_is_told_from_source_to_feature() {
    let server = TestServer::with_tickets();
    let lineage = server.get(LINEAGE).ok();
    assert_eq!(lineage["schema"], 1);
    assert_eq!(
        names(&lineage["nodes"], "id"),
        [
            "source:webhook example, endpoint ticket_sale",
            "dataset:Ticket",
            "featureset:TicketFeatures",
            "feature:TicketFeatures.ticket_id",
            "feature:TicketFeatures.price",
        ]
    );
    assert_eq!(lineage["nodes"][1]["owner"], "mohit@fennel.ai");
    assert_eq!(
        lineage["edges"],
        json!([
            {"from": "source:webhook example, endpoint ticket_sale", "to": "dataset:Ticket"},
            {"from": "dataset:Ticket", "to": "feature:TicketFeatures.price"},
            {"from": "feature:TicketFeatures.ticket_id", "to": "feature:TicketFeatures.price"},
        ])
    );
    let call = server.call("GET", LINEAGE).branch("lost");
    assert!(call.send().error(404).starts_with("no branch `lost`"));
}

#[test]
fn a_branch_without_definitions_has_an_empty_lineage() {
    let server = TestServer::start();
    assert_eq!(
        server.get(LINEAGE).ok(),
        json!({"schema": 1, "nodes": [], "edges": []})
    );
    assert_eq!(
        server.get(XRAY).ok(),
        json!({"datasets": [], "featuresets": []})
    );
}

#[test]
fn xray_tells_every_property() {
    let at = Timestamp::parse("2024-05-01T12:00:00Z").unwrap();
    let clock = Arc::new(ManualClock::new(at));
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, clock);
    let mut request = ticket_request();
    request.datasets[0].pycode = Some(PyCode {
        source_code: "class Ticket: ..".into(),
        ..PyCode::default()
    });
    server.commit(&request.encode_to_vec()).ok();
    let rows =
        json!({"ticket_id": ["a", "b"], "price": [1, 2], "at": [at.to_string(), at.to_string()]});
    server.log(&rows).ok();
    let shown = server.get(XRAY).ok();
    let (dataset, featureset) = (&shown["datasets"][0], &shown["featuresets"][0]);
    let metaflags = json!({
        "owner": "mohit@fennel.ai", "description": "", "tags": [], "deprecated": false, "deleted": false,
    });
    let none = json!({
        "owner": "", "description": "", "tags": [], "deprecated": false, "deleted": false,
    });
    assert_eq!(
        *dataset,
        json!({
            "name": "Ticket",
            "dsschema": {
                "keys": [{"name": "ticket_id", "type": "String"}],
                "values": [{"name": "price", "type": "i64"}],
                "timestamp": "at",
                "erase_keys": [],
            },
            "field_metadata": {"ticket_id": none, "price": none, "at": none},
            "retention": "730d",
            "history": "730d",
            "metaflags": metaflags,
            "version": 1,
            "fullname": "main/Ticket",
            "pycode": "class Ticket: ..",
            "is_source_dataset": true,
            "tags": [],
            "rows_ingested": 2,
            "last_processed": at.to_string(),
            "last_updated": at.to_string(),
            "backlog": 0,
            "sink_destination": [],
            "lineage_tags": [],
        })
    );
    assert_eq!(featureset["name"], "TicketFeatures");
    assert_eq!(featureset["pycode"], Json::Null, "it has none");
    assert_eq!(featureset["metaflags"], metaflags);
    assert_eq!(
        (&featureset["tags"], &featureset["lineage_tags"]),
        (&json!([]), &json!([]))
    );
    let keys: Vec<_> = featureset.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["name", "metaflags", "pycode", "tags", "lineage_tags"]
    );
}

#[test]
fn xray_is_of_what_is_named() {
    let server = TestServer::with_tickets();
    let shown = |parameters: &str| server.get(&format!("{XRAY}?{parameters}")).ok();
    assert_eq!(
        shown("datasets=Ticket&properties=name,version"),
        json!({"datasets": [{"name": "Ticket", "version": 1}], "featuresets": []})
    );
    // A property that only datasets have is none of a featureset's.
    assert_eq!(
        shown("featuresets=TicketFeatures&properties=name,version"),
        json!({"datasets": [], "featuresets": [{"name": "TicketFeatures"}]})
    );
    assert_eq!(
        shown("datasets=Ticket&featuresets=TicketFeatures&properties=name"),
        json!({"datasets": [{"name": "Ticket"}], "featuresets": [{"name": "TicketFeatures"}]})
    );
    assert_eq!(
        shown("properties=backlog"),
        json!({"datasets": [{"backlog": 0}], "featuresets": [{}]})
    );
    let error =
        |parameters: &str, status| server.get(&format!("{XRAY}?{parameters}")).error(status);
    assert_eq!(
        error("datasets=Ticket,Lost", 404),
        "no dataset `Lost` on branch `main`"
    );
    assert_eq!(
        error("featuresets=Ticket", 404),
        "no featureset `Ticket` on branch `main`"
    );
    assert!(
        error("properties=nmae", 400).starts_with("no property `nmae`; there are name, dsschema, ")
    );
    error("fields=name", 400);
}

/// A dataset with `PII`, and beside it one that is made of nothing of it.
fn with_secret() -> Vec<u8> {
    let mut request = ticket_request();
    let metadata = request.datasets[0]
        .metadata
        .get_or_insert_with(Metadata::default);
    metadata.tags = vec!["PII".into()];
    request.encode_to_vec()
}

#[test]
fn what_a_caller_may_not_see_is_as_if_it_were_not_there() {
    let server = TestServer::start();
    server.commit(&with_secret()).ok();
    let all = server
        .get(&format!("{XRAY}?properties=name,tags,lineage_tags"))
        .ok();
    assert_eq!(
        all,
        json!({
            "datasets": [{"name": "Ticket", "tags": ["PII"], "lineage_tags": ["PII"]}],
            "featuresets": [{"name": "TicketFeatures", "tags": [], "lineage_tags": ["PII"]}],
        })
    );
    let grants = json!([{"modes": ["read_definitions"], "branches": ["main"], "tags": ["~PII"]}]);
    let analyst = token_with(&server, "analyst", &grants);
    let seen = |path: &str| server.call("GET", path).bearer(&analyst).send();
    assert_eq!(
        seen(LINEAGE).ok(),
        json!({"schema": 1, "nodes": [], "edges": []})
    );
    assert_eq!(seen(XRAY).ok(), json!({"datasets": [], "featuresets": []}));
    let hidden = seen(&format!("{XRAY}?datasets=Ticket")).error(404);
    let unknown = seen(&format!("{XRAY}?datasets=Tackit")).error(404);
    assert_eq!(hidden, unknown);
    assert!(!hidden.contains("Ticket"), "{hidden}");

    // Without the tag the same caller sees it.
    server.commit(&ticket()).ok();
    assert_eq!(names(&seen(XRAY).ok()["datasets"], "name"), ["Ticket"]);
    assert_eq!(seen(LINEAGE).ok(), server.get(LINEAGE).ok());
}

#[test]
fn definitions_are_for_those_who_may_see_them() {
    let server = TestServer::with_tickets();
    let producer = token_of(&server, "shop", &["producer:example/ticket_sale"]);
    let reader = token_of(&server, "bi", &["reader:main"]);
    for path in [LINEAGE, XRAY] {
        let refused = server.call("GET", path).bearer(&producer).send().error(403);
        assert!(
            refused.contains("doesn't have `read_definitions` on branch `main`"),
            "{refused}"
        );
        server.call("GET", path).bearer(&reader).send().ok();
        server
            .call("GET", path)
            .bearer(&reader)
            .branch("dev")
            .send()
            .error(403);
        server.call("GET", path).without_token().send().error(401);
    }
}
