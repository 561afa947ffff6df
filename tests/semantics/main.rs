//! Scenarios as data: definitions, rows over time, and questions with the answers of the protocol's reference
//! client. How they run and are judged is in [`fennel_vectors`].

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use fennel_tests::support::workspace;
use fennel_vectors::Verdict;

#[test]
fn scenarios_answer_as_the_reference_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("semantics/vectors");
    let mut failures = Vec::new();
    for judged in fennel_vectors::judge(&folder).unwrap() {
        if !matches!(judged.verdict, Verdict::Equal | Verdict::Right(_)) {
            failures.push(judged.to_string());
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Runs the example that judges folders of vectors.
fn vectors(folders: &[&Path]) -> (Option<i32>, String) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "run",
        "--quiet",
        "--package",
        "fennel-engine",
        "--example",
        "vectors",
        "--",
    ]);
    let Output { status, stdout, .. } = cargo
        .args(folders)
        .current_dir(workspace())
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn the_example_judges_the_public_vectors() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, out) = vectors(&[
        &tests.join("expr/vectors"),
        &tests.join("semantics/vectors"),
    ]);
    assert_eq!(code, Some(0), "{out}");
    let last = out.lines().last().unwrap();
    assert!(last.ends_with(" passed, 0 failed"), "{last}");
    assert!(out.contains("    1: `/` is always of floats\n"), "{out}");
}

#[test]
fn the_example_tells_what_is_wrong() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, name) = (tempfile::tempdir().unwrap(), "latest.json");
    let text = fs::read_to_string(tests.join("semantics/vectors").join(name)).unwrap();
    let mut scenario: serde_json::Value = serde_json::from_str(&text).unwrap();
    let steps = scenario["steps"].as_array_mut().unwrap();
    let lookup = steps
        .iter_mut()
        .find(|step| step["op"] == "lookup")
        .unwrap();
    lookup["result"]["found"][0] = "neither".into();
    fs::write(folder.path().join(name), scenario.to_string()).unwrap();
    fs::write(folder.path().join("broken.json"), "{}").unwrap();
    fs::write(folder.path().join("broken.jsonl"), "{}\n").unwrap();
    let (code, out) = vectors(&[folder.path()]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("    latest: step 1: expected [\"neither\","),
        "{out}"
    );
    assert!(
        out.contains("    broken:1: it can't be read: missing field"),
        "{out}"
    );
    assert!(out.ends_with("0 passed, 3 failed\n"), "{out}");
}
