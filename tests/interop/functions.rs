//! Python functions, committed by the public client to a server that runs them.

use std::path::Path;
use std::process::Command;

use fennel_tests::support::{Process, Server, TOKEN};

use crate::python::{python, script};

/// What starts a server that runs functions with this Python.
pub(crate) fn command(folder: &Path, python: &Path) -> Command {
    let mut command = Server::command(folder);
    command
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .arg("--python")
        .arg(python);
    command
}

pub(crate) fn start(command: &mut Command) -> Server {
    Server::ready(Process::start(command))
}

#[test]
fn functions_of_every_kind_run_and_go_on_after_a_restart() {
    let Some(python) = python("functions.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut command(folder.path(), &python));
    script("functions.py", &server);
    server.stop();
    let server = start(&mut command(folder.path(), &python));
    script("functions_again.py", &server);
    server.stop();
    let mut without = Process::start(&mut Server::command(folder.path()));
    let said = without.complaints(std::time::Duration::from_secs(60));
    assert!(
        said.contains("calls the Python function") && said.contains("--python"),
        "{said}"
    );
}

#[test]
fn mistakes_are_told_so_that_python_users_can_mend_them() {
    let Some(python) = python("mistakes.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &python);
    command
        .env("FENNEL_SECRET_KEY", "5a".repeat(32))
        .args(["--python-timeout", "2"]);
    let said = script("mistakes.py", &start(&mut command)).unwrap_or_default();
    assert!(
        said.ends_with(" texts about mistakes can be read\n"),
        "{said}"
    );
}

#[test]
fn functions_that_fail_are_told_by_name_and_hold_nothing_up() {
    let Some(python) = python("failing.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let printed = folder.path().join("printed");
    let mut command = command(&folder.path().join("data"), &python);
    // Workers run in the folder for files that don't stay.
    let running_in = folder.path().join("running-in");
    std::fs::create_dir(&running_in).unwrap();
    std::fs::write(running_in.join("left_here.py"), "").unwrap();
    command.env("TMPDIR", &running_in);
    command.args(["--python-timeout", "2", "--python-memory", "200"]);
    command.arg("--python-output").arg(&printed);
    let server = start(&mut command);
    script("failing.py", &server);
    let finished = server.stop();
    let said = finished.out + &finished.err;
    assert!(!said.contains("hunter2"), "{said}");
    let printed = std::fs::read_to_string(&printed).unwrap();
    assert_eq!(printed.matches("hunter2").count(), 3, "{printed}");
    for name in ["hidden", "left"] {
        let process = std::fs::read_to_string(running_in.join(name)).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        assert!(
            status.is_err() || status.is_ok_and(|status| status.contains("State:\tZ")),
            "process {process} is there still"
        );
    }
}

#[test]
fn a_server_that_cannot_run_functions_says_what_to_do() {
    let Some(python) = python("unrunnable.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str| folder.path().join(name);
    // Without the flag, each function is named.
    let server = Server::start(&data("none"));
    let said = script("unrunnable.py", &server).unwrap_or_default();
    for what in [
        "dataset `Sale.shop`: the preproc of `kind` is a Python function, which this server does not run: write it as an expression, or start the server with --python",
        "dataset `Sale.shop`: its `where` is a Python function",
        "dataset `Made.steps`: its `filter` is a Python function",
        "dataset `Made.steps`: its `assign` of `made` is a Python function",
        "dataset `Made.steps`: its `transform` is a Python function",
        "featureset `Twice.doubled`: this extractor is a Python function, which this server does not run: write it in Rust with #[extractors]",
    ] {
        assert!(said.contains(what), "{what} is not in {said}");
    }
    // With a Python that can't, there is no server.
    let refused = |python: &Path| {
        let process = Process::start(&mut command(&data("made"), python));
        let finished = process.finish(std::time::Duration::from_secs(60));
        assert_eq!((finished.code, &*finished.out), (Some(1), ""));
        assert!(!data("made").exists(), "a start that fails makes no folder");
        finished.err
    };
    let bare = data("bare");
    let venv = Command::new(&python)
        .args(["-m", "venv", "--without-pip"])
        .arg(&bare)
        .status();
    assert!(venv.unwrap().success());
    let said = refused(&bare.join("bin/python"));
    assert!(
        said.contains("has no pandas: install it with") && said.contains("-m pip install pandas"),
        "{said}"
    );
}
