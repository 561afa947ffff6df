//! The programs under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// Where the programs are.
#[derive(Debug)]
pub struct Programs {
    /// `fennel-server`.
    pub server: PathBuf,
    /// The ticket example's `sync`.
    pub sync: PathBuf,
}

/// The workspace's folder.
#[must_use]
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests are a folder of the workspace")
}

/// The programs, which the first call has cargo build.
///
/// # Panics
///
/// If they can't be built.
#[must_use]
pub fn programs() -> &'static Programs {
    static PROGRAMS: LazyLock<Programs> = LazyLock::new(build);
    &PROGRAMS
}

fn build() -> Programs {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--bins",
            "--package",
            "fennel-server",
            "--package",
            "ticket",
        ])
        .args(["--quiet", "--message-format", "json-render-diagnostics"])
        .current_dir(workspace())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo can be run");
    assert!(
        output.status.success(),
        "the programs under test can't be built"
    );
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let messages: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("cargo writes JSON"))
        .collect();
    let path = |name: &str| {
        let built = messages
            .iter()
            .filter(|message| message["target"]["name"] == name);
        let path = built
            .filter_map(|message| message["executable"].as_str())
            .next();
        PathBuf::from(path.unwrap_or_else(|| panic!("cargo built no program `{name}`")))
    };
    Programs {
        server: path("fennel-server"),
        sync: path("sync"),
    }
}
