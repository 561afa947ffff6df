//! The README shows code that is compiled and tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let blocks = blocks.filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block.to_owned()).collect()
}

#[test]
fn the_first_program_is_the_ticket_example() {
    let readme = read("README.md");
    let program = blocks(&readme, "rust")
        .first()
        .cloned()
        .expect("the README has a program");
    assert!(program.lines().count() <= 25, "the first program is short");
    assert!(
        read("examples/ticket/src/lib.rs").contains(&program),
        "the README's first program is not a part of examples/ticket/src/lib.rs"
    );
}

#[test]
fn a_project_of_ones_own_is_written_as_the_example_is() {
    let line = "fennel_sync::main!(my_features);";
    assert!(
        blocks(&read("README.md"), "rust")
            .iter()
            .any(|block| block.trim() == line)
    );
    let example = read("examples/ticket/src/bin/sync.rs");
    assert!(example.contains(&line.replace("my_features", "ticket")));
}

#[test]
fn the_manifest_of_a_project_of_ones_own_is_whole() {
    let manifest = blocks(&read("README.md"), "toml").remove(0);
    let project = tempfile::tempdir().unwrap();
    for folder in ["my_features/src/bin", "fennel"] {
        fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    let own = project.path().join("my_features");
    for (file, text) in [
        ("Cargo.toml", &*manifest),
        ("src/lib.rs", ""),
        ("src/bin/sync.rs", ""),
    ] {
        fs::write(own.join(file), text).unwrap();
    }
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(&own)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "{told}");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let package = &metadata["packages"][0];
    assert_eq!(package["edition"], "2024");
    let targets = package["targets"].as_array().unwrap().iter();
    let targets: Vec<_> = targets.map(|target| &target["name"]).collect();
    assert_eq!(targets, ["my_features", "sync"]);
    // The paths are those of a clone that is called `fennel`.
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let fennel = project.path().canonicalize().unwrap().join("fennel");
    for dependency in package["dependencies"].as_array().unwrap() {
        let path = Path::new(dependency["path"].as_str().unwrap());
        let here = root.join(path.strip_prefix(&fennel).unwrap());
        let manifest = fs::read_to_string(here.join("Cargo.toml")).unwrap();
        let name = dependency["name"].as_str().unwrap();
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

#[test]
fn what_the_readme_explains_is_a_part_of_what_the_spend_example_comes_to() {
    let readme = read("README.md");
    let command = "$ cargo run -p spend -- check --env prod --explain UserSpend\n";
    let shown = blocks(&readme, "console")
        .into_iter()
        .find_map(|block| block.strip_prefix(command).map(str::to_owned))
        .expect("the README explains `UserSpend`");
    let explained = read("examples/spend/tests/explained.txt");
    let mut lines = explained.lines();
    // "…" stands for what is left out.
    for line in shown.lines().filter(|line| line.trim() != "…") {
        assert!(
            lines.any(|explained| explained == line),
            "{line:?} is not what comes next of examples/spend/tests/explained.txt"
        );
    }
}
