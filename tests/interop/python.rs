//! The Python client in a virtual environment, which is made once and kept in the target folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN, workspace};

const PACKAGE: &str = "fennel-ai==1.5.80";

/// What the client needs.
const VERSION: &str = "3.11";

/// The longest that pip takes, or the test fails.
const INSTALLING: Duration = Duration::from_secs(600);

/// The longest that a script takes, or the test fails.
const RUNNING: Duration = Duration::from_secs(180);

/// Runs a script of this folder with the server's address and token, and returns what it printed. `None` where
/// there is no client.
///
/// # Panics
///
/// If the script fails, or if there is no client and `FENNEL_REQUIRE_INTEROP` is set.
pub(crate) fn script(name: &str, server: &Server) -> Option<String> {
    static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(client);
    let python = match &*PYTHON {
        Ok(python) => python,
        Err(why) if std::env::var_os("FENNEL_REQUIRE_INTEROP").is_some() => {
            panic!("the public Python client is required and can't be run: {why}")
        }
        Err(why) => {
            // Not with a macro, whose output is shown for failures only.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: no public Python client for {name}: {why}"
            );
            return None;
        }
    };
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

/// The Python that has the client, which is installed first where it isn't yet.
fn client() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .ok_or("there is no target folder")?;
    let folder = target.join("interop-venv");
    let (python, done) = (folder.join("bin/python"), folder.join(PACKAGE));
    // Another test run may be at it too.
    let lock = File::create(target.join("interop-venv.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if done.exists() && version(&python).is_some() {
        return Ok(python);
    }
    let with = ["python3.11", "python3"]
        .into_iter()
        .find(|name| version(Path::new(name)).as_deref() == Some(VERSION));
    let with = with.ok_or_else(|| format!("there is no Python {VERSION}"))?;
    run(Command::new(with)
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    // So that a machine without a way to the package index is known soon.
    let patience = ["--timeout", "20", "--retries", "2"];
    run(Command::new(&python)
        .args(install)
        .args(patience)
        .arg(PACKAGE))?;
    fs::write(&done, "").map_err(|error| error.to_string())?;
    Ok(python)
}

/// Major and minor version, such as `3.11`; `None` if it can't be run.
fn version(python: &Path) -> Option<String> {
    let asked = "import sys; print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(python).args(["-c", asked]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run(command: &mut Command) -> Result<(), String> {
    let Finished { code, err, .. } = Process::start(command).finish(INSTALLING);
    match code {
        Some(0) => Ok(()),
        _ => Err(format!(
            "{command:?} fails: {}",
            err.lines().last().unwrap_or("it doesn't say why")
        )),
    }
}
