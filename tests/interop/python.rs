//! Python packages, the client before all, in virtual environments that are made once and kept in the target folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN, environment, workspace};

const PACKAGE: &str = "fennel-ai==1.5.80";

/// The longest that a script takes, or the test fails.
const RUNNING: Duration = Duration::from_secs(180);

/// The folder with the programs of a package, which is installed once. `None` where it can't be.
///
/// # Panics
///
/// If it can't be installed and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn installed(venv: &'static str, package: &str, needed_by: &str) -> Option<PathBuf> {
    static FOUND: Mutex<BTreeMap<&str, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found
        .entry(venv)
        .or_insert_with(|| environment(env!("CARGO_TARGET_TMPDIR"), venv, &[package]));
    match found {
        Ok(bin) => Some(bin.clone()),
        Err(why) if std::env::var_os("FENNEL_REQUIRE_INTEROP").is_some() => {
            panic!("{package} is required and can't be run: {why}")
        }
        Err(why) => {
            // Not with a macro, whose output is shown for failures only.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: no {package} for {needed_by}: {why}"
            );
            None
        }
    }
}

/// The Python that has the client. `None` where there is none.
///
/// # Panics
///
/// If there is no client and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn python(needed_by: &str) -> Option<PathBuf> {
    let bin = installed("interop-venv", PACKAGE, needed_by)?;
    Some(bin.join("python"))
}

/// Runs a script of this folder with the server's address and token, and returns what it printed. `None` where
/// there is no client.
///
/// # Panics
///
/// If the script fails, or if there is no client and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn script(name: &str, server: &Server) -> Option<String> {
    script_with(name, server, &[])
}

/// [`script`], with these variables in its environment.
///
/// # Panics
///
/// As [`script`].
pub(crate) fn script_with(
    name: &str,
    server: &Server,
    variables: &[(&str, &str)],
) -> Option<String> {
    let python = python(name)?;
    let folder = workspace().join("tests/interop");
    let mut command = Command::new(python);
    command
        .arg(folder.join(name))
        .args([&server.url(), TOKEN])
        .arg(workspace().join("examples/ticket/data/sales.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("no_proxy", "127.0.0.1")
        .envs(variables.iter().copied());
    let finished = Process::start(&mut command).finish(RUNNING);
    let Finished { code, out, err } = &finished;
    assert_eq!(*code, Some(0), "{name} fails\n{out}\n{err}");
    Some(finished.out)
}
