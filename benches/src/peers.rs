//! Other systems that do the same: DuckDB and Polars, driven by Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use tempfile::TempDir;

use crate::Error;

/// A Python with packages from PyPI.
#[derive(Debug)]
pub struct Python {
    interpreter: PathBuf,
    /// Where it was installed for this run; it is removed when it is dropped.
    _environment: Option<TempDir>,
}

/// What a system took.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Took {
    /// Seconds from files to tables in memory.
    pub load: f64,
    /// Seconds from these to the result in memory.
    pub answer: f64,
    /// The most bytes of memory that its process had.
    pub memory: u64,
}

impl Python {
    /// A Python with these packages: `given`, which has them, or else a virtual environment in a temporary folder,
    /// into which `python3 -m pip` installs them from PyPI.
    ///
    /// # Errors
    ///
    /// There is no `python3`, or it can't install them, with what it printed.
    pub fn with(packages: &[&str], given: Option<&Path>) -> Result<Python, Error> {
        if let Some(given) = given {
            return Ok(Python {
                interpreter: given.to_owned(),
                _environment: None,
            });
        }
        let dir = tempfile::Builder::new()
            .prefix("fennel-bench-python-")
            .tempdir()?;
        told(Command::new("python3").args(["-m", "venv"]).arg(dir.path()))?;
        let interpreter = dir.path().join("bin").join("python3");
        let install = ["-m", "pip", "install", "--quiet"];
        told(Command::new(&interpreter).args(install).args(packages))?;
        Ok(Python {
            interpreter,
            _environment: Some(dir),
        })
    }

    /// Runs a script in `dir`; answers what it printed.
    ///
    /// # Errors
    ///
    /// The script can't be written, or ends with an error, which has what it printed.
    pub fn run(&self, dir: &Path, script: &str, arguments: &[&str]) -> Result<String, Error> {
        let path = dir.join("script.py");
        fs::write(&path, script)?;
        let mut command = Command::new(&self.interpreter);
        let output = told(command.arg(path).args(arguments).current_dir(dir))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a script that measures a system and prints a [`Took`] as JSON.
    ///
    /// # Errors
    ///
    /// As [`run`](Python::run), and where it prints something else.
    pub fn measure(&self, dir: &Path, script: &str, system: &str) -> Result<Took, Error> {
        Ok(serde_json::from_str(&self.run(dir, script, &[system])?)?)
    }
}

fn told(command: &mut Command) -> Result<Output, Error> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed:\n{told}").into())
}
