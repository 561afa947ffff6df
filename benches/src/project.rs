//! A cargo workspace in a temporary folder, with its own target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Error, Passes};

/// A workspace that a bench writes and cargo builds. It is removed when it is dropped.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
}

/// What one call of cargo took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// On the clock. Other work on the machine lengthens it.
    pub wall: Duration,
    /// On all processors together, in steps of 10 ms; the same as `wall` where the system doesn't tell.
    pub cpu: Duration,
    /// How many crates were compiled or checked.
    pub crates: usize,
}

impl Project {
    /// An empty workspace with the versions of this repository's `Cargo.lock`.
    ///
    /// # Errors
    ///
    /// The temporary folder can't be written.
    pub fn new() -> Result<Project, Error> {
        let project = Project {
            dir: tempfile::Builder::new().prefix("fennel-bench-").tempdir()?,
        };
        let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\".cargo\", \"target\"]\n";
        project.write("Cargo.toml", manifest)?;
        let lock = fs::read_to_string(repository().join("Cargo.lock"))?;
        project.write("Cargo.lock", &lock)?;
        Ok(project)
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        let path = self.dir.path().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Writes a file where its text is another, so that cargo sees what changed alone.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn write_changed(&self, path: &str, text: &str) -> Result<(), Error> {
        match fs::read_to_string(self.dir.path().join(path)) {
            Ok(before) if before == text => Ok(()),
            _ => self.write(path, text),
        }
    }

    /// Writes the manifest of the member `name` with these lines of dependencies.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn member(&self, name: &str, dependencies: &str) -> Result<(), Error> {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
        );
        self.write(&format!("{name}/Cargo.toml"), &manifest)
    }

    /// Runs cargo, and waits for it.
    ///
    /// # Errors
    ///
    /// Cargo can't be started, or ends with an error, which has what it printed.
    pub fn cargo(&self, arguments: &[&str]) -> Result<Run, Error> {
        let (cpu, begin) = (cpu_of_children(), Instant::now());
        let told = self.run(arguments)?;
        let wall = begin.elapsed();
        let is_crate = |line: &&str| {
            let line = line.trim_start();
            line.starts_with("Compiling ") || line.starts_with("Checking ")
        };
        Ok(Run {
            wall,
            cpu: cpu
                .zip(cpu_of_children())
                .map_or(wall, |(before, after)| after.saturating_sub(before)),
            crates: told.lines().filter(is_crate).count(),
        })
    }

    /// What rustc's passes take of a check of the member `name` from nothing; `None` where this rustc
    /// doesn't tell.
    ///
    /// # Errors
    ///
    /// Cargo can't be started, or the member can't be checked.
    pub fn passes(&self, name: &str) -> Result<Option<Passes>, Error> {
        self.run(&["clean", "--package", name])?;
        let check = ["rustc", "--profile", "check", "--package", name, "--"];
        let timed = [&check[..], &["-Ztime-passes"]].concat();
        match self.run(&timed) {
            Ok(told) => Ok(Passes::read(&told)),
            Err(_) => self.run(&check).map(|_| None),
        }
    }

    /// Runs cargo; answers what it told.
    fn run(&self, arguments: &[&str]) -> Result<String, Error> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(arguments)
            .current_dir(&self.dir)
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TARGET_DIR", self.target())
            .stdout(Stdio::null());
        for variable in [
            "CARGO_INCREMENTAL",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
        ] {
            command.env_remove(variable);
        }
        let output = command.stderr(Stdio::piped()).spawn()?.wait_with_output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("`cargo {}` failed:\n{told}", arguments.join(" ")).into());
        }
        Ok(told.into_owned())
    }

    /// Removes everything that was built.
    ///
    /// # Errors
    ///
    /// The target folder can't be removed.
    pub fn clean(&self) -> Result<(), Error> {
        let target = self.target();
        match target.exists() {
            true => Ok(fs::remove_dir_all(target)?),
            false => Ok(()),
        }
    }

    /// Where cargo puts the program of a member, in a profile's folder.
    #[must_use]
    pub fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target().join(profile).join(name)
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join("target")
    }
}

/// The folder of this repository.
fn repository() -> &'static Path {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().expect("the benches are in the repository")
}

/// The line of a manifest that depends on a crate of this repository by its path.
#[must_use]
pub fn ours(name: &str, folder: &str) -> String {
    format!("{name} = {{ path = {:?} }}\n", repository().join(folder))
}

/// The processor time of all processes that this one started and waited for, and of those that they
/// did: the 16th and 17th field of `/proc/self/stat`, in hundredths of a second.
fn cpu_of_children() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 = fields
        .split(' ')
        .skip(13)
        .take(2)
        .map(|field| field.parse::<u64>().ok())
        .sum::<Option<u64>>()?;
    Some(Duration::from_millis(10 * ticks))
}
