//! Metrics: what is counted, who may see it, and that the board of the examples asks for nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fennel_core::time::{Duration, Timestamp};
use fennel_engine::ManualClock;
use serde_json::{Value as Json, json};

use crate::access::{token_of, token_with};
use crate::support::{TOKEN, TestServer};

const BOARD: &str = include_str!("../../../examples/grafana/fennel.json");

pub(crate) fn scrape(server: &TestServer) -> String {
    let reply = server.get("/metrics");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    reply.text()
}

/// The value of the one sample that begins so and has these labels.
pub(crate) fn value(text: &str, name: &str, labels: &[&str]) -> f64 {
    let samples = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        let is_it = rest.is_some_and(|rest| rest.starts_with(['{', ' ']));
        is_it && labels.iter().all(|label| line.contains(label))
    });
    let samples: Vec<&str> = samples.collect();
    assert_eq!(samples.len(), 1, "{name} {labels:?} in:\n{text}");
    samples[0].rsplit_once(' ').unwrap().1.parse().unwrap()
}

fn ticket(id: &str, at: &str) -> Json {
    json!({"ticket_id": id, "price": 1, "at": at})
}

#[test]
fn rows_are_counted_with_what_became_of_them() {
    let now = Timestamp::parse("2024-03-01").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, clock).commit_tickets();
    let source = [
        "source_name=\"example/ticket_sale\"",
        "dataset_name=\"Ticket\"",
        "branch=\"main\"",
    ];
    let of = |text: &str, name: &str, more: &[&str]| value(text, name, &[&source, more].concat());
    let text = scrape(&server);
    let (processed, misfits) = ("metric=\"msgs_processed\"", "metric=\"schema_error\"");
    let (counter, late) = (
        "fennel_source_dataset_counter",
        "fennel_source_watermark_discarded_rows",
    );
    assert_eq!(of(&text, counter, &[processed, "format=\"json\""]), 0.0);
    assert!(!text.contains("event_timestamp_seconds\"}"), "{text}");
    assert!(
        !text.contains("fennel_source_watermark_timestamp{"),
        "{text}"
    );

    server
        .log(&json!([ticket("a", "2024-02-01"), ticket("b", "soon")]))
        .ok();
    server.log(&json!([ticket("c", "2023-01-01")])).ok();
    let text = scrape(&server);
    assert_eq!(of(&text, counter, &[processed]), 3.0);
    assert_eq!(of(&text, counter, &[misfits]), 1.0);
    assert_eq!(of(&text, late, &[]), 1.0);
    let gauge = "fennel_source_dataset_metrics";
    assert_eq!(of(&text, gauge, &["metric=\"backlog\""]), 0.0);
    let latest = of(&text, gauge, &["metric=\"event_timestamp_seconds\""]);
    assert_eq!(latest, 1_706_745_600.0, "2024-02-01");
    let watermark = of(&text, "fennel_source_watermark_timestamp", &[]);
    let disorder = Duration::parse("14d").unwrap().micros() as f64 / 1e6;
    assert_eq!(latest - watermark, disorder);
}

#[test]
fn rows_are_counted_on_their_way_through_pipelines() {
    let server = TestServer::start();
    server.commit(&pipelines()).ok();
    let row = |at: &str| {
        json!({
            "store": 1, "clerk": "c", "amount": 1.5, "units": 2, "fee": "0.50", "coupon": null,
            "due": "2024-02-01", "shipped": "2024-02-01", "at": at,
        })
    };
    let rows = json!([row("2024-02-01"), row("2024-02-02"), row("soon")]);
    let body = json!({"webhook": "agg_hooks", "endpoint": "sales", "data": rows});
    assert_eq!(server.post("/api/v1/log", &body).ok()["set_aside"], 1);
    let text = scrape(&server);
    let expected = [
        ("rows", 2.0),
        ("error", 0.0),
        ("backlog", 0.0),
        ("event_timestamp_seconds", 1_706_832_000.0),
    ];
    for (metric, expected) in expected {
        let metric = format!("metric=\"{metric}\"");
        let of = [
            "pipeline_name=\"stats\"",
            "dataset_name=\"StoreStats\"",
            metric.as_str(),
        ];
        let found = value(&text, "fennel_pipeline_metrics", &of);
        assert_eq!(found, expected, "{metric}");
    }
}

#[test]
fn queries_are_counted_by_feature_and_by_outcome() {
    let server = TestServer::with_tickets();
    server.prices(&json!(["a", "b", "c"]));
    server
        .post("/api/v1/query", &json!({"inputs": []}))
        .error(400);
    let text = scrape(&server);
    let extract = "target=\"extract_features\"";
    let feature = [
        "featureset=\"TicketFeatures\"",
        "feature=\"price\"",
        extract,
    ];
    assert_eq!(
        value(&text, "fennel_extract_features_counter", &feature),
        3.0
    );
    for (code, count) in [("code=\"200\"", 1.0), ("code=\"400\"", 1.0)] {
        assert_eq!(
            value(&text, "fennel_request_counter", &[extract, code]),
            count
        );
    }
    let errors = value(&text, "fennel_extract_features_error_counter", &[extract]);
    assert_eq!(errors, 1.0);
    let requests = "fennel_request_latency_seconds";
    assert_eq!(value(&text, &format!("{requests}_count"), &[extract]), 2.0);
    let most = value(
        &text,
        &format!("{requests}_bucket"),
        &[extract, "le=\"+Inf\""],
    );
    assert_eq!(most, 2.0);
    assert!(value(&text, &format!("{requests}_sum"), &[extract]) > 0.0);
    let extractions = value(&text, "extract_features_latency_seconds_count", &[extract]);
    assert_eq!(extractions, 1.0, "the other one was refused before");
    let sync = value(
        &text,
        "fennel_request_counter",
        &["target=\"sync\"", "code=\"200\""],
    );
    assert_eq!(sync, 1.0);
}

#[test]
fn offline_queries_are_counted_as_such() {
    let server = TestServer::with_tickets();
    server.prices(&json!(["a"]));
    let job = json!({
        "input_features": ["TicketFeatures.ticket_id"],
        "output_features": ["TicketFeatures.price"],
        "input": {"Pandas": {"TicketFeatures.ticket_id": ["a", "b"], "ts": ["2024-01-02", "soon"]}},
        "timestamp_column": "ts",
    });
    let status = crate::offline::run(&server, &job);
    assert_eq!(status["rows_failed"], 1, "{status}");
    let text = scrape(&server);
    for (target, values) in [("features", 1.0), ("historical_features", 1.0)] {
        let target = format!("target=\"extract_{target}\"");
        let counter = "fennel_extract_features_counter";
        assert_eq!(value(&text, counter, &[&target]), values, "{target}");
        let latency = "extract_features_latency_seconds_count";
        assert_eq!(value(&text, latency, &[&target]), 1.0, "{target}");
    }
}

#[test]
fn no_request_makes_up_labels_or_shows_secrets() {
    let server = TestServer::with_tickets();
    for path in [
        "/made/up",
        "/api/v1/made-up",
        "/api/v1/dataset/made-up/inspect",
        "/made-up?x",
    ] {
        server.get(path);
    }
    server.call("MADEUP", "/api/v1/query").send();
    server.call("GET", "/metrics").bearer("fnl_made-up").send();
    let rows = json!({"webhook": "made-up", "endpoint": "made-up", "data": []});
    server.post("/api/v1/log", &rows);
    let query =
        json!({"inputs": ["made.up"], "outputs": ["made-up"], "data": {}, "workflow": "made-up"});
    server.post("/api/v1/query", &query);
    let text = scrape(&server);
    for hidden in ["made", "MADEUP", TOKEN] {
        assert!(!text.contains(hidden), "{hidden} in:\n{text}");
    }
    let template = "target=\"/api/v1/dataset/{name}/inspect\"";
    assert_eq!(
        value(&text, "fennel_request_counter", &[template, "code=\"404\""]),
        1.0
    );
    assert_eq!(
        value(
            &text,
            "fennel_request_counter",
            &["target=\"other\"", "404"]
        ),
        3.0
    );
}

#[test]
fn a_token_sees_the_branches_of_which_it_may_read_all() {
    let server = TestServer::with_tickets();
    server
        .call("POST", "/api/v1/init")
        .branch("dev")
        .content("application/json", br#"{"clone_from": "main"}"#)
        .send()
        .ok();
    assert!(scrape(&server).contains("branch=\"dev\""));
    let get = |token: &str| server.call("GET", "/metrics").bearer(token).send();
    let main = get(&token_of(&server, "prometheus", &["reader:main"]));
    assert_eq!(main.status, 200);
    assert!(main.text().contains("branch=\"main\"") && !main.text().contains("branch=\"dev\""));
    let some = json!([{"modes": ["read_data"], "branches": ["main"], "tags": ["~PII"]}]);
    for token in [
        token_of(&server, "ci", &["deployer:main"]),
        token_of(&server, "shop", &["producer:example/ticket_sale"]),
        token_of(&server, "other", &["reader:production"]),
        token_with(&server, "analyst", &some),
    ] {
        let error = get(&token).error(403);
        assert!(error.contains("doesn't have `read_data`"), "{error}");
    }
    let none = server.call("GET", "/metrics").without_token().send();
    none.error(401);
}

#[test]
fn every_answer_has_the_id_of_its_request() {
    let server = TestServer::start();
    let id = |path: &str, given: Option<&str>| {
        let call = server.call("GET", path);
        let call = match given {
            Some(given) => call.header("X-Request-Id", given),
            None => call,
        };
        call.send().header("x-request-id").unwrap().to_owned()
    };
    let mut made = BTreeSet::new();
    for path in ["/healthz", "/metrics", "/nothing", "/api/v1/commit"] {
        assert_eq!(id(path, Some("4bf92f35-77b3")), "4bf92f35-77b3");
        made.insert(id(path, None));
        made.insert(id(path, Some("a b")));
    }
    assert_eq!(made.len(), 8, "no two are the same");
    let refused = server.call("GET", "/metrics").without_token().send();
    assert!(refused.header("x-request-id").is_some());
}

#[test]
fn the_board_asks_for_metrics_and_labels_that_there_are() {
    let server = TestServer::start();
    server.commit(&pipelines()).ok();
    server.get("/api/v1/nothing");
    let text = scrape(&server);
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut names = BTreeSet::new();
    for family in families {
        match family.split_once(' ').unwrap() {
            (name, "histogram") => {
                names.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
            }
            (name, _) => {
                names.insert(name.to_owned());
            }
        }
    }
    let board: Json = serde_json::from_str(BOARD).unwrap();
    let mut asked = BTreeSet::new();
    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let found = words.filter(|word| {
                word.starts_with("fennel_") || word.starts_with("extract_features_")
            });
            let found: Vec<&str> = found.collect();
            assert_eq!(found.len(), 1, "{expression}");
            assert!(names.contains(found[0]), "{expression}: no such metric");
            asked.insert(found[0].to_owned());
            for metric in expression.split("metric=\"").skip(1) {
                let metric = metric.split('"').next().unwrap();
                let help = text
                    .lines()
                    .find(|line| line.starts_with(&format!("# HELP {} ", found[0])));
                assert!(
                    help.unwrap().contains(metric),
                    "{expression}: no such `metric`"
                );
            }
        }
    }
    assert!(asked.len() > 8, "{asked:?}");
}

/// Datasets with pipelines, as the public Python client sends them.
fn pipelines() -> Vec<u8> {
    let text = include_str!("../../../tests/wire/vectors/aggregates.b64");
    let text: String = text.split_whitespace().collect();
    BASE64_STANDARD.decode(text).unwrap()
}
