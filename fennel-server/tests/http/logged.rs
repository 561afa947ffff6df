//! Features that are logged when they are served.

use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_engine::ManualClock;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::token_with;
use crate::support::{TestServer, ticket_request};

const ID: &str = "TicketFeatures.ticket_id";
const PRICE: &str = "TicketFeatures.price";

fn asked(more: &Json) -> Json {
    let mut asked = json!({
        "inputs": [ID], "outputs": [PRICE], "data": {ID: ["a", "b"]}, "log": true,
    });
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    asked
}

#[test]
fn what_was_served_is_shown_in_pages_and_asked_offline() {
    let clock = ManualClock::new(Timestamp::parse("2024-03-01T10:00:00Z").unwrap());
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, Arc::new(clock)).commit_tickets();
    server
        .log(&json!([{"ticket_id": "a", "price": 7, "at": "2024-02-01"}]))
        .ok();
    let answer = server
        .post("/api/v1/query", &asked(&json!({"workflow": "home"})))
        .ok();
    assert_eq!(answer, json!({PRICE: [7, 0]}));
    server
        .post(
            "/api/v1/query",
            &asked(&json!({"log": false, "workflow": "off"})),
        )
        .ok();
    let at = "2024-03-01T10:00:00.000000Z";
    let row = |id: &str, price: i64| json!({"served": at, "at": at, "inputs": {ID: id}, "outputs": {PRICE: price}});
    let path = "/api/v1/logged?workflow=home";
    assert_eq!(
        server.get(path).ok(),
        json!({"rows": [row("a", 7), row("b", 0)], "next": null})
    );
    let first = server
        .get(&format!("{path}&limit=1&from=2024-03-01&to=2024-03-02"))
        .ok();
    assert_eq!(first["rows"], json!([row("a", 7)]));
    let next = first["next"].as_str().unwrap();
    let second = server.get(&format!("{path}&after={next}")).ok();
    assert_eq!(second, json!({"rows": [row("b", 0)], "next": null}));
    for (path, status, told) in [
        ("/api/v1/logged?workflow=off", 404, "there is `home`"),
        ("/api/v1/logged", 404, "`default`"),
        ("/api/v1/logged?workflow=home&limit=0", 400, "limit is 0"),
        (
            "/api/v1/logged?workflow=home&from=soon",
            400,
            "`from` is not an instant",
        ),
        (
            "/api/v1/logged?workflow=home&after=x",
            400,
            "`after` is no place",
        ),
    ] {
        let refused = server.get(path).error(status);
        assert!(refused.contains(told), "{path}: {refused}");
    }

    let offline = json!({
        "input_features": [ID], "output_features": [PRICE], "timestamp_column": "at",
        "input": {"Logged": {"workflow": "home"}},
    });
    let job = server.post("/api/v1/query_offline", &offline).ok();
    assert_eq!(job["error"], Json::Null, "{job}");
    let wrong = json!({
        "input_features": [PRICE, "TicketFeatures.ticket_id"], "output_features": [PRICE],
        "timestamp_column": "at", "input": {"Logged": {"workflow": "nope"}},
    });
    server.post("/api/v1/query_offline", &wrong).error(404);
}

#[test]
fn what_can_not_be_logged_is_refused() {
    let server = TestServer::with_tickets();
    for (more, told) in [
        (json!({"sampling_rate": 2}), "`sampling_rate` is 2"),
        (json!({"workflow": ""}), "`workflow` is the name"),
        (json!({"workflow": "a\nb"}), "`workflow` is the name"),
    ] {
        let refused = server.post("/api/v1/query", &asked(&more)).error(400);
        assert!(refused.contains(told), "{refused}");
    }
    server.get("/api/v1/logged").error(404);
}

#[test]
fn logged_features_are_for_those_who_may_read_the_features() {
    let server = TestServer::start();
    let mut request = ticket_request();
    let price = request
        .features
        .iter_mut()
        .find(|feature| feature.name == "price");
    price.unwrap().metadata.get_or_insert_default().tags = vec!["money".into()];
    server.commit(&request.encode_to_vec()).ok();
    server.post("/api/v1/query", &asked(&json!({}))).ok();
    let get = |token: &str| server.call("GET", "/api/v1/logged").bearer(token).send();
    let reader = |name: &str, tag: &str| {
        let grant = json!([{"modes": ["read_data"], "branches": ["main"], "tags": [tag]}]);
        token_with(&server, name, &grant)
    };
    assert_eq!(get(&reader("bank", "money")).status, 200);
    let stranger = reader("stranger", "~money");
    let refused = get(&stranger).error(403);
    assert!(refused.contains("TicketFeatures.price"), "{refused}");
    let grant = json!([{"modes": ["write_data"], "endpoints": ["example/*"]}]);
    assert_eq!(get(&token_with(&server, "sender", &grant)).status, 403);
}

#[test]
fn rows_that_take_more_memory_than_requests_may_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::configured(dir, |config| config.request_memory = 4 << 20);
    let server = server.commit_tickets();
    let ids: Vec<String> = (0..10)
        .map(|i| format!("{i}{}", "x".repeat(30_000)))
        .collect();
    for _ in 0..2 {
        let body = asked(&json!({"data": {ID: ids}}));
        server.post("/api/v1/query", &body).ok();
    }
    let path = "/api/v1/logged?limit=";
    // Each row has some 30 kB, of which sixteen times as much is made.
    assert_eq!(server.get(&format!("{path}5")).status, 200);
    let told = server.get(&format!("{path}20")).error(413);
    assert!(told.contains("memory"), "{told}");
    let offline = json!({
        "input_features": [ID], "output_features": [PRICE], "timestamp_column": "at", "input": {"Logged": {}},
    });
    let told = server.post("/api/v1/query_offline", &offline).error(413);
    assert!(told.contains("memory"), "{told}");
}

#[test]
fn an_answer_has_no_more_bytes_than_it_may() {
    let server = TestServer::with_tickets();
    let ids: Vec<String> = (0..300)
        .map(|i| format!("{i:05}{}", "x".repeat(60_000)))
        .collect();
    let body = asked(&json!({"data": {ID: ids}}));
    server.post("/api/v1/query", &body).ok();
    let first = server.get("/api/v1/logged").ok();
    let shown = first["rows"].as_array().unwrap().len();
    assert!((270..280).contains(&shown), "{shown} rows in 16 MiB");
    let next = first["next"].as_str().unwrap();
    let rest = server.get(&format!("/api/v1/logged?after={next}")).ok();
    let rows = rest["rows"].as_array().unwrap();
    assert_eq!(shown + rows.len(), 300);
    assert_eq!(rows.last().unwrap()["inputs"][ID], ids[299]);
    assert_eq!(rest["next"], Json::Null);
}

#[test]
fn erasing_a_ticket_takes_what_was_logged_of_it() {
    let server = TestServer::start();
    let mut request = ticket_request();
    for schema in request.datasets.iter_mut().flat_map(|it| &mut it.dsschema) {
        schema.erase_keys = vec!["ticket_id".into()];
    }
    server.commit(&request.encode_to_vec()).ok();
    server.post("/api/v1/query", &asked(&json!({}))).ok();
    let keys = json!({"erase_keys": [{"ticket_id": "a"}]});
    let erase = || server.post("/api/v1/dataset/Ticket/erase", &keys).ok();
    assert_eq!(erase(), json!({"rows": 0, "logged": 1}));
    assert_eq!(erase(), json!({"rows": 0}));
    let rows = server.get("/api/v1/logged").ok()["rows"].clone();
    assert_eq!(rows[0]["inputs"][ID], "b");
    assert_eq!(rows[1], Json::Null);
}
