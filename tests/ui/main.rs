//! What rustc says about mistakes, and that correct definitions compile.
//!
//! The wording of rustc's part changes between releases, so the messages are compared on the
//! pinned toolchain alone. After a change of a message, run
//! `TRYBUILD=overwrite cargo test -p fennel-ui-tests` and read the difference as a user would.

mod coverage;

use std::process::Command;

/// The toolchain of `rust-toolchain.toml`.
const PINNED: &str = "rustc 1.95.0 ";

#[test]
fn definitions_compile_or_say_why_not() {
    let version = Command::new("rustc")
        .arg("--version")
        .output()
        .expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with(PINNED) {
        println!("skipped: messages are compared with {PINNED}, and this is {version}");
        return;
    }
    let tests = trybuild::TestCases::new();
    for attribute in [
        "dataset",
        "expectations",
        "expr",
        "featureset",
        "pipeline",
        "record",
        "sink",
        "source",
    ] {
        tests.pass(format!("{attribute}/pass/*.rs"));
        tests.compile_fail(format!("{attribute}/fail/*.rs"));
    }
}
