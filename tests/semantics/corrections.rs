//! What the reference is known to do wrong, and what is right instead.

use fennel_core::wire::proto::services::SyncRequest;
use serde_json::{Value as Json, json};

/// What is right for a step of a scenario, if the reference isn't.
pub(crate) fn of(scenario: &str, step: usize) -> Option<Json> {
    Some(match (scenario, step) {
        // An empty list of keys has an empty list of values; the reference fails.
        ("feat-list-lookup-empty", 1) => json!({
            "columns": ["LF.city"],
            "rows": [{ "LF.city": ["lima"] }, { "LF.city": [] }],
        }),
        // `since` and `until` bound the event times; the reference ignores them.
        ("src-since-until", 1) => json!({ "rows": [
            { "id": 2, "ts": "2024-01-01T10:00:00.000000Z" },
            { "id": 3, "ts": "2024-01-01T11:59:59.000000Z" },
        ]}),
        _ => return None,
    })
}

/// Adds what the reference's definitions say and its requests leave out.
pub(crate) fn complete(scenario: &str, request: &mut SyncRequest) {
    // The options of a webhook's source don't reach the request.
    if scenario == "src-since-until" {
        let instant = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        for source in &mut request.sources {
            source.starting_from = instant(1_704_103_200);
            source.until = instant(1_704_110_400);
        }
    }
}
