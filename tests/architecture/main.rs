//! The crates know each other as ARCHITECTURE.md says, and no more.

mod readme;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Each crate, what it may depend on of ours, and what only behind a feature.
const ALLOWED: [(&str, &[&str], &[&str]); 8] = [
    ("fennel-macros", &[], &[]),
    ("fennel-core", &[], &[]),
    ("fennel-sync", &["fennel-core"], &[]),
    ("fennel-engine", &["fennel-core"], &[]),
    ("fennel-offline", &["fennel-core", "fennel-engine"], &[]),
    ("fennel-python", &["fennel-core", "fennel-engine"], &[]),
    (
        "fennel-server",
        &[
            "fennel-core",
            "fennel-engine",
            "fennel-offline",
            "fennel-python",
        ],
        &[],
    ),
    (
        "fennel",
        &["fennel-core", "fennel-macros"],
        &["fennel-engine", "fennel-server", "fennel-sync"],
    ),
];

/// What a user's CI must not compile in order to sync.
const HEAVY: [&str; 7] = [
    "axum",
    "fjall",
    "arrow-array",
    "chrono-tz",
    "protox",
    "parquet",
    "object_store",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

/// The dependencies of a package that are built with it: name, and whether a feature brings it.
fn dependencies(metadata: &Value, package: &str) -> Vec<(String, bool)> {
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages
        .iter()
        .find(|found| found["name"] == package)
        .expect("the package is there");
    let dependencies = package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter();
    let built = dependencies.filter(|dependency| dependency["kind"].is_null());
    let pairs = built.map(|dependency| {
        let name = dependency["name"].as_str().expect("a name").to_owned();
        (name, dependency["optional"] == true)
    });
    pairs.collect()
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    for (package, allowed, optional) in ALLOWED {
        for (dependency, is_optional) in dependencies(&metadata, package) {
            if !ours.contains(dependency.as_str()) {
                continue;
            }
            assert!(
                allowed.contains(&dependency.as_str())
                    || (is_optional && optional.contains(&dependency.as_str())),
                "{package} depends on {dependency}, which ARCHITECTURE.md doesn't draw"
            );
        }
    }
}

#[test]
fn what_a_users_ci_compiles_stays_light() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            "fennel",
            "-p",
            "fennel-sync",
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    for heavy in HEAVY {
        let found = tree
            .lines()
            .any(|line| line.split(' ').next() == Some(heavy));
        assert!(!found, "syncing alone must not compile {heavy}");
    }
}
