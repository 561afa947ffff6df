//! Scenarios as data: definitions, rows over time, and questions with the answers of the protocol's reference
//! client.
//!
//! Each `vectors/<scenario>.json` holds a commit request and steps: rows that are logged, lookups and feature
//! queries as of now or of given instants, and dumps of whole datasets. Every step runs on the engine in memory
//! with a clock that stands where the step says. Where the reference is known to deviate from the documented
//! behaviour, `corrections` has
//! what is right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod compare;
mod corrections;
mod loose;
mod scenario;

use std::fs;
use std::path::Path;

use scenario::Scenario;

#[test]
fn scenarios_answer_as_the_reference_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("semantics/vectors");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios");
    let mut failures = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let scenario: Scenario = serde_json::from_str(&text).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy();
        failures.extend(
            scenario
                .run()
                .into_iter()
                .map(|failure| format!("{name}: {failure}")),
        );
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
