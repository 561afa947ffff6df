//! A user's repository: the ticket example by itself, with the kit in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fennel_tests::support::{Process, programs, workspace};

/// The longest that a command takes, or the test fails. The first one builds the project.
const LIMIT: Duration = Duration::from_secs(900);

/// The repository, which one test has at a time.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Project {
    /// Copies it anew, all of it committed. It is always in the same folder, so that cargo knows what it has built.
    pub(crate) fn copy() -> Self {
        let alone = alone();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ci-project");
        let _ = fs::remove_dir_all(&folder);
        let ticket = workspace().join("examples/ticket");
        let kit = workspace().join("examples/ci");
        for (from, to) in [
            (ticket.join("src/lib.rs"), "src/lib.rs"),
            (ticket.join("src/bin/sync.rs"), "src/bin/sync.rs"),
            (workspace().join("Cargo.lock"), "Cargo.lock"),
            (kit.join("fennel.toml"), "fennel.toml"),
            (kit.join("checks.sh"), "ci/checks.sh"),
        ] {
            let to = folder.join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        let root = workspace().display();
        let manifest = format!(
            "[package]\nname = \"ticket\"\nedition = \"2024\"\n\n[dependencies]\nfennel = {{ path = \"{root}\" }}\nfennel-sync = {{ path = \"{root}/fennel-sync\" }}\n\n[workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(
            folder.join(".gitignore"),
            "/target\n/plan.md\n/comment.md\n",
        )
        .unwrap();
        let project = Project {
            folder,
            _alone: alone,
        };
        // Takes out of the lock file what this project has no use for. What only other platforms need may not be there.
        project.done("cargo", &["tree", "--offline", "--quiet", "--depth", "0"]);
        project.done("git", &["init", "--quiet", "--initial-branch", "main"]);
        project.commit("All of it");
        project
    }

    /// Commits what differs.
    pub(crate) fn commit(&self, message: &str) {
        self.done("git", &["add", "--all"]);
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        self.done(
            "git",
            &[&identity[..], &["commit", "--quiet", "--message", message]].concat(),
        );
    }

    /// Changes a file.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn done(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        let finished = Process::start(&mut command).finish(LIMIT);
        assert_eq!(
            finished.code,
            Some(0),
            "{program} {arguments:?}: {finished:?}"
        );
    }
}

/// Lets one test at a time have cargo's folder: each project that it builds there is called `sync`, and `cargo run` starts
/// what was built last.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where cargo builds, so that it finds there what the tests' own build has made.
pub(crate) fn target() -> &'static Path {
    let debug = programs().sync.parent().unwrap();
    debug.parent().unwrap()
}
