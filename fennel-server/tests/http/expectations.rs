//! Expectations: what came of them, told to those who may read the data, and as metrics.

use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_core::wire::proto::expectations::expectations::EntityType;
use fennel_core::wire::proto::expectations::{Expectation, Expectations};
use fennel_engine::ManualClock;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::token_with;
use crate::metrics::{scrape, value};
use crate::support::{TestServer, ticket_request};

/// The tickets, of which most should cost at least 1.
fn expecting() -> Vec<u8> {
    let mut request = ticket_request();
    let price = json!({"column": "price", "min_value": 1, "mostly": 0.5});
    request.expectations = vec![Expectations {
        entity_name: "Ticket".into(),
        entity_version: 1,
        suite: "dataset_Ticket_expectations".into(),
        expectations: vec![Expectation {
            expectation_type: "expect_column_values_to_be_between".into(),
            expectation_kwargs: price.to_string(),
        }],
        e_type: EntityType::Dataset.into(),
        ..Default::default()
    }];
    request.encode_to_vec()
}

fn ticket(price: i64) -> Json {
    json!({"ticket_id": price.to_string(), "price": price, "at": "2024-02-01"})
}

fn at(hour: &str) -> Timestamp {
    Timestamp::parse(&format!("2024-03-01T{hour}:00Z")).unwrap()
}

#[test]
fn results_are_told_by_hours_of_arrival_and_as_metrics() {
    let clock = ManualClock::new(at("10:30"));
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, Arc::new(clock.clone()));
    server.commit(&expecting()).ok();
    server.log(&json!([ticket(0), ticket(1), ticket(2)])).ok();
    clock.set(at("11:00"));
    server
        .log(&json!([ticket(0), {"ticket_id": "no price"}]))
        .ok();
    let found = server.get("/api/v1/dataset/Ticket/expectations").ok();
    assert_eq!(found["waiting"], 0);
    let expectation = &found["expectations"][0];
    assert_eq!(
        expectation["expectation"],
        "expect_column_values_to_be_between"
    );
    assert_eq!(expectation["arguments"]["column"], "price");
    assert_eq!(expectation["mostly"], 0.5);
    let window = |start: &str, end: &str, rows: u64, share: f64| {
        json!({
            "start": at(start).to_string(), "end": at(end).to_string(), "rows": rows, "ignored": 0,
            "unexpected": 1, "skipped": 0, "share": share, "holds": share < 0.5,
        })
    };
    let windows = [
        window("11:00", "12:00", 1, 1.0),
        window("10:00", "11:00", 3, 1.0 / 3.0),
    ];
    assert_eq!(expectation["windows"], json!(windows));
    let latest = server.get("/api/v1/dataset/Ticket/expectations?n=1").ok();
    assert_eq!(latest["expectations"][0]["windows"], json!([windows[0]]));

    let text = scrape(&server);
    let of = |name: &str, label: &str| {
        let labels = [
            "branch=\"main\"",
            "dataset=\"Ticket\"",
            "expectation_name=\"expect_column_values_to_be_between\"",
            "columns=\"price\"",
            label,
        ];
        value(&text, name, &labels)
    };
    let counter = "fennel_expectation_status_counter";
    assert_eq!(of(counter, "status=\"success\""), 2.0);
    assert_eq!(of(counter, "status=\"failure\""), 2.0);
    let gauge = "fennel_expectation_window_metrics";
    assert_eq!(of(gauge, "metric=\"holds\""), 0.0);
    assert_eq!(of(gauge, "metric=\"unexpected_share\""), 1.0);
}

#[test]
fn they_are_for_those_who_may_read_the_data() {
    let server = TestServer::start();
    server.commit(&expecting()).ok();
    let get = |token: &str, path: &str| server.call("GET", path).bearer(token).send();
    let path = "/api/v1/dataset/Ticket/expectations";
    for (modes, status) in [("read_data", 200), ("read_definitions", 403)] {
        let grant = json!([{"modes": [modes], "branches": ["main"]}]);
        let token = token_with(&server, modes, &grant);
        assert_eq!(get(&token, path).status, status, "{modes}");
    }
    server
        .get("/api/v1/dataset/Nothing/expectations")
        .error(404);
    server
        .get("/api/v1/dataset/Ticket/expectations?n=x")
        .error(400);
}
