//! What an operator is shown of a server that takes rows in and answers.

use std::fs;

use fennel::prelude::*;
use fennel_tests::support::{Process, Server, TOKEN, workspace};
use serde_json::json;

use crate::shop::request;

fennel::owner!("shop@example.com");

static SHOP: Webhook = Webhook::new("shop");

#[dataset]
#[source(SHOP.endpoint("orders"), disorder = "14d", cdc = append)]
#[expectations(expect_column_values_to_be_between(amount, max = 100))]
struct Order {
    uid: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Spend {
    #[field(key)]
    uid: i64,
    total: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn spend(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "forever"))
}

#[featureset]
struct Spender {
    uid: i64,
    #[feature(Spend::total, default = 0)]
    total: i64,
}

/// The value of the one sample of a metric that has these labels, as `name label=value`.
#[track_caller]
fn value(text: &str, sample: &str) -> f64 {
    let mut words = sample.split(' ');
    let name = words.next().unwrap_or_default();
    let labels: Vec<_> = words
        .map(|label| label.replacen('=', "=\"", 1) + "\"")
        .collect();
    let samples = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('{'))
            && labels.iter().all(|label| line.contains(label))
    });
    let samples: Vec<&str> = samples.collect();
    assert_eq!(samples.len(), 1, "{sample} in:\n{text}");
    samples[0].rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[test]
fn each_metric_of_the_docs_tells_what_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Server::command(folder.path());
    // One window holds all of the test, whenever it runs.
    command
        .args(["--expectation-window", "36500d"])
        .env("FENNEL_ADMIN_TOKEN", TOKEN);
    let server = Server::ready(Process::start(&mut command));
    let http = server.http();
    let definitions = request(fennel::entities![Order, Spend, Spender]);
    http.try_commit(&definitions, "").unwrap().ok();
    let order = |uid, amount, at| json!({"uid": uid, "amount": amount, "at": at});
    let misfit = json!({"uid": "x"});
    let rows = json!([
        order(1, 50, "2024-01-20"),
        order(2, 500, "2024-01-21"),
        misfit
    ]);
    http.log("shop", "orders", &rows).ok();
    let late = json!([order(1, 7, "2024-01-06")]);
    assert_eq!(http.log("shop", "orders", &late).ok()["set_aside"], 1);
    // Whoever asks waits until all rows are judged.
    let judged = http.get("dataset/Order/expectations").ok();
    assert_eq!(judged["waiting"], 0);
    let query = |output: &str| {
        let data = json!({"Spender.uid": [1, 2, 3]});
        let asked = json!({"inputs": ["Spender.uid"], "outputs": [output], "data": data});
        http.post("query", &asked)
    };
    let totals = json!({"Spender.total": [50, 500, 0]});
    assert_eq!(query("Spender.total").ok(), totals);
    let _ = query("Spender.lost").error(404);

    let text = http.metrics();
    let latest = 1_705_795_200.0; // 2024-01-21
    let fortnight = 14.0 * 86_400.0;
    for (sample, expected) in [
        (
            "fennel_source_dataset_metrics source_name=shop/orders metric=backlog",
            0.0,
        ),
        (
            "fennel_source_dataset_metrics dataset_name=Order metric=event_timestamp_seconds",
            latest,
        ),
        ("fennel_source_dataset_counter metric=msgs_processed", 4.0),
        ("fennel_source_dataset_counter metric=schema_error", 1.0),
        (
            "fennel_source_watermark_timestamp dataset_name=Order",
            latest - fortnight,
        ),
        (
            "fennel_source_watermark_discarded_rows dataset_name=Order",
            1.0,
        ),
        ("fennel_source_removed_rows dataset_name=Order", 0.0),
        ("fennel_dataset_removed_rows dataset_name=Spend", 0.0),
        (
            "fennel_pipeline_metrics pipeline_name=spend metric=backlog",
            0.0,
        ),
        (
            "fennel_pipeline_metrics dataset_name=Spend metric=rows",
            2.0,
        ),
        ("fennel_pipeline_metrics metric=error", 0.0),
        (
            "fennel_pipeline_metrics metric=event_timestamp_seconds",
            latest,
        ),
        (
            "fennel_expectation_status_counter dataset=Order status=success",
            1.0,
        ),
        (
            "fennel_expectation_status_counter columns=amount status=failure",
            1.0,
        ),
        ("fennel_expectation_window_metrics metric=holds", 0.0),
        (
            "fennel_expectation_window_metrics metric=unexpected_share",
            0.5,
        ),
        (
            "fennel_request_counter target=extract_features code=200",
            1.0,
        ),
        (
            "fennel_request_counter target=extract_features code=404",
            1.0,
        ),
        ("fennel_request_counter target=log code=200", 2.0),
        ("fennel_request_counter target=sync code=200", 1.0),
        (
            "fennel_request_latency_seconds_count target=extract_features",
            2.0,
        ),
        (
            "fennel_request_latency_seconds_bucket target=extract_features le=+Inf",
            2.0,
        ),
        (
            "fennel_extract_features_counter feature=total target=extract_features",
            3.0,
        ),
        (
            "fennel_extract_features_error_counter target=extract_features code=404",
            1.0,
        ),
        (
            "extract_features_latency_seconds_count target=extract_features",
            2.0,
        ),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}");
    }
    for sum in [
        "fennel_request_latency_seconds_sum",
        "extract_features_latency_seconds_sum",
    ] {
        assert!(
            value(&text, &format!("{sum} target=extract_features")) > 0.0,
            "{sum}"
        );
    }

    let page = fs::read_to_string(workspace().join("docs/operating.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split('`').next());
    let names = names.filter(|name| name.starts_with("fennel_") || name.starts_with("extract_"));
    let names: Vec<_> = names.collect();
    assert!(names.len() > 11, "{names:?}");
    for name in names {
        assert!(
            text.contains(&format!("# TYPE {name} ")),
            "{name} in:\n{text}"
        );
    }
    server.stop();
}
