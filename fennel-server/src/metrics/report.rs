//! Everything that is counted, for a scrape. Names and labels are those that Fennel documents, where it does.

use std::collections::BTreeMap;

use fennel_engine::{BranchMetrics, ExpectationMetrics};

use super::requests::{Codes, Requests};
use super::text::Text;

/// The target of feature queries.
const EXTRACT: &str = "extract_features";
/// The target of offline queries.
const EXTRACT_OFFLINE: &str = "extract_historical_features";

/// The numbers of the server and of these branches, as Prometheus reads them.
pub(crate) fn report(requests: &Requests, branches: &[(String, BranchMetrics)]) -> String {
    let mut text = Text::default();
    sources(&mut text, branches);
    datasets(&mut text, branches);
    pipelines(&mut text, branches);
    expectations(&mut text, branches);
    features(&mut text, branches);
    calls(&mut text, requests);
    text.finish()
}

fn sources(text: &mut Text, branches: &[(String, BranchMetrics)]) {
    let sources = || {
        branches
            .iter()
            .flat_map(|(branch, metrics)| metrics.sources.iter().map(move |s| (branch, s)))
    };
    let name = "fennel_source_dataset_metrics";
    let help =
        "backlog: rows that wait for the disk. event_timestamp_seconds: the latest event time.";
    text.family(name, "gauge", help);
    for (branch, source) in sources() {
        let [a, b, c] = of_source(branch, &source.source, &source.dataset);
        text.sample(name, &[a, b, c, ("metric", "backlog")], source.backlog);
        if let Some(latest) = source.latest {
            let labels = [a, b, c, ("metric", "event_timestamp_seconds")];
            text.sample(name, &labels, seconds(latest));
        }
    }
    let name = "fennel_source_dataset_counter";
    let help = "msgs_processed: rows that came. schema_error: rows that don't fit the dataset.";
    text.family(name, "counter", help);
    for (branch, source) in sources() {
        let [a, b, c] = of_source(branch, &source.source, &source.dataset);
        let format = if source.is_debezium {
            "debezium"
        } else {
            "json"
        };
        for (metric, count) in [
            ("msgs_processed", source.rows),
            ("schema_error", source.misfits),
        ] {
            text.sample(
                name,
                &[a, b, c, ("format", format), ("metric", metric)],
                count,
            );
        }
    }
    let name = "fennel_source_watermark_discarded_rows";
    text.family(name, "counter", "Rows set aside since they came late.");
    for (branch, source) in sources() {
        let labels = of_source(branch, &source.source, &source.dataset);
        text.sample(name, &labels, source.late);
    }
    let name = "fennel_source_removed_rows";
    text.family(
        name,
        "counter",
        "Rows of the source's endpoint removed from the log.",
    );
    for (branch, source) in sources() {
        let labels = of_source(branch, &source.source, &source.dataset);
        text.sample(name, &labels, source.forgotten);
    }
    let name = "fennel_source_watermark_timestamp";
    text.family(
        name,
        "gauge",
        "Rows before this are late, in seconds since 1970.",
    );
    for (branch, source) in sources() {
        if let Some(watermark) = source.watermark {
            let labels = of_source(branch, &source.source, &source.dataset);
            text.sample(name, &labels, seconds(watermark));
        }
    }
}

fn datasets(text: &mut Text, branches: &[(String, BranchMetrics)]) {
    let datasets = || {
        let all = branches.iter();
        all.flat_map(|(branch, metrics)| metrics.datasets.iter().map(move |d| (branch, d)))
    };
    let name = "fennel_dataset_removed_rows";
    let help = "Rows removed since they are older than the dataset's history.";
    text.family(name, "counter", help);
    for (branch, dataset) in datasets() {
        let labels = [
            ("branch", branch.as_str()),
            ("dataset_name", &dataset.dataset),
        ];
        text.sample(name, &labels, dataset.removed);
    }
    let name = "fennel_dataset_since_timestamp";
    let help = "From when on a dataset answers, in seconds since 1970.";
    text.family(name, "gauge", help);
    for (branch, dataset) in datasets() {
        if let Some(since) = dataset.since {
            let labels = [
                ("branch", branch.as_str()),
                ("dataset_name", &dataset.dataset),
            ];
            text.sample(name, &labels, seconds(since));
        }
    }
}

fn of_source<'l>(
    branch: &'l str,
    source: &'l str,
    dataset: &'l str,
) -> [(&'static str, &'l str); 3] {
    [
        ("branch", branch),
        ("source_name", source),
        ("dataset_name", dataset),
    ]
}

fn pipelines(text: &mut Text, branches: &[(String, BranchMetrics)]) {
    let name = "fennel_pipeline_metrics";
    let help = "backlog: rows not applied yet. event_timestamp_seconds: the latest event time. rows, error: rows taken, and those that failed.";
    text.family(name, "gauge", help);
    for (branch, metrics) in branches {
        for pipeline in &metrics.pipelines {
            let of = |metric| {
                [
                    ("branch", branch.as_str()),
                    ("pipeline_name", &pipeline.pipeline),
                    ("dataset_name", &pipeline.dataset),
                    ("metric", metric),
                ]
            };
            text.sample(name, &of("backlog"), pipeline.backlog);
            text.sample(name, &of("rows"), pipeline.rows);
            text.sample(name, &of("error"), pipeline.errors);
            if let Some(latest) = pipeline.latest {
                text.sample(name, &of("event_timestamp_seconds"), seconds(latest));
            }
        }
    }
}

fn expectations(text: &mut Text, branches: &[(String, BranchMetrics)]) {
    let all = || {
        branches
            .iter()
            .flat_map(|(branch, metrics)| metrics.expectations.iter().map(move |e| (branch, e)))
    };
    let name = "fennel_expectation_status_counter";
    let help = "Rows that met an expectation (success), and those that didn't (failure).";
    text.family(name, "counter", help);
    for (branch, expectation) in all() {
        let [a, b, c, d] = of_expectation(branch, expectation);
        text.sample(name, &[a, b, c, d, ("status", "success")], expectation.met);
        text.sample(
            name,
            &[a, b, c, d, ("status", "failure")],
            expectation.unmet,
        );
    }
    let name = "fennel_expectation_window_metrics";
    let help = "holds: whether an expectation holds in the present window, 1 or 0. unexpected_share: the part of its rows that don't meet it.";
    text.family(name, "gauge", help);
    for (branch, expectation) in all() {
        let [a, b, c, d] = of_expectation(branch, expectation);
        let holds = u64::from(expectation.holds);
        text.sample(name, &[a, b, c, d, ("metric", "holds")], holds);
        let labels = [a, b, c, d, ("metric", "unexpected_share")];
        text.sample(name, &labels, expectation.share);
    }
}

fn of_expectation<'l>(
    branch: &'l str,
    expectation: &'l ExpectationMetrics,
) -> [(&'static str, &'l str); 4] {
    [
        ("branch", branch),
        ("dataset", &expectation.dataset),
        ("expectation_name", &expectation.name),
        ("columns", &expectation.columns),
    ]
}

fn features(text: &mut Text, branches: &[(String, BranchMetrics)]) {
    let name = "fennel_extract_features_counter";
    text.family(name, "counter", "Values of a feature that were answered.");
    for (branch, metrics) in branches {
        for feature in &metrics.features {
            let (featureset, column) = feature.name.split_once('.').unwrap_or_default();
            for (target, values) in [
                (EXTRACT, feature.online),
                (EXTRACT_OFFLINE, feature.offline),
            ] {
                let labels = [
                    ("branch", branch.as_str()),
                    ("featureset", featureset),
                    ("feature", column),
                    ("target", target),
                ];
                text.sample(name, &labels, values);
            }
        }
    }
}

fn calls(text: &mut Text, requests: &Requests) {
    let targets = requests.all();
    let name = "fennel_request_counter";
    text.family(name, "counter", "Requests by target and status.");
    for (target, of) in &targets {
        for (code, count) in of.codes.read() {
            text.sample(
                name,
                &[("target", target), ("code", &code.to_string())],
                count,
            );
        }
    }
    let name = "fennel_request_latency_seconds";
    text.family(name, "histogram", "How long requests took, by target.");
    for (target, of) in &targets {
        text.histogram(name, &[("target", target)], &of.durations.read());
    }
    let name = "fennel_extract_features_error_counter";
    text.family(
        name,
        "counter",
        "Feature queries that were refused or failed, and parts of offline ones with rows that did.",
    );
    for (target, later) in [
        (EXTRACT, None),
        (EXTRACT_OFFLINE, Some(&requests.offline_failures)),
    ] {
        let answered = targets.get(target).map(|of| &of.codes);
        let codes = answered.into_iter().chain(later).flat_map(Codes::read);
        let mut errors: BTreeMap<u16, u64> = BTreeMap::new();
        for (code, count) in codes.filter(|(code, _)| *code >= 400) {
            *errors.entry(code).or_default() += count;
        }
        for (code, count) in errors {
            let labels = [("target", target), ("code", &*code.to_string())];
            text.sample(name, &labels, count);
        }
    }
    let name = "extract_features_latency_seconds";
    text.family(
        name,
        "histogram",
        "How long the engine took to answer features.",
    );
    for (target, extractions) in [
        (EXTRACT, &requests.extractions),
        (EXTRACT_OFFLINE, &requests.offline_extractions),
    ] {
        text.histogram(name, &[("target", target)], &extractions.read());
    }
}

/// Microseconds since 1970 as seconds.
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
