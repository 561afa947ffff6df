//! The Python client in a virtual environment, which is made once and kept in the target folder.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN, environment, workspace};

const PACKAGE: &str = "fennel-ai==1.5.80";

/// The longest that a script takes, or the test fails.
const RUNNING: Duration = Duration::from_secs(180);

/// The Python that has the client. `None` where there is none.
///
/// # Panics
///
/// If there is no client and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn python(needed_by: &str) -> Option<PathBuf> {
    static PYTHON: LazyLock<Result<PathBuf, String>> =
        LazyLock::new(|| environment(env!("CARGO_TARGET_TMPDIR"), "interop-venv", &[PACKAGE]));
    match &*PYTHON {
        Ok(bin) => Some(bin.join("python")),
        Err(why) if std::env::var_os("FENNEL_REQUIRE_INTEROP").is_some() => {
            panic!("the public Python client is required and can't be run: {why}")
        }
        Err(why) => {
            // Not with a macro, whose output is shown for failures only.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: no public Python client for {needed_by}: {why}"
            );
            None
        }
    }
}

/// Runs a script of this folder with the server's address and token, and returns what it printed. `None` where
/// there is no client.
///
/// # Panics
///
/// If the script fails, or if there is no client and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn script(name: &str, server: &Server) -> Option<String> {
    let python = python(name)?;
    let folder = workspace().join("tests/interop");
    let mut command = Command::new(python);
    command
        .arg(folder.join(name))
        .args([&server.url(), TOKEN])
        .arg(workspace().join("examples/ticket/data/sales.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("no_proxy", "127.0.0.1");
    let finished = Process::start(&mut command).finish(RUNNING);
    let Finished { code, out, err } = &finished;
    assert_eq!(*code, Some(0), "{name} fails\n{out}\n{err}");
    Some(finished.out)
}
