//! Python packages in virtual environments, which are made once and kept in the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Finished, Process};

/// The Python that the packages are for.
const VERSION: &str = "3.11";

/// The longest that pip takes, or the test fails.
const INSTALLING: Duration = Duration::from_secs(600);

/// The `bin` folder of the environment `name` with these packages, each given with its version. They are installed
/// first where they aren't yet. `target` is a folder of cargo's for the test.
///
/// # Errors
///
/// Why there is none: no Python, or no way to the package index.
pub fn environment(target: &str, name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let target = Path::new(target)
        .parent()
        .ok_or("there is no target folder")?;
    let folder = target.join(name);
    let (bin, done) = (folder.join("bin"), folder.join(packages.join(" ")));
    let python = bin.join("python");
    // Another test run may be at it too.
    let lock =
        File::create(target.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if done.exists() && version(&python).is_some() {
        return Ok(bin);
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
        .args(packages))?;
    fs::write(&done, "").map_err(|error| error.to_string())?;
    Ok(bin)
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
