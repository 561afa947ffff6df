//! Programs of others against the server over HTTP: the public Python client, `fennel-ai` 1.5.80, schemathesis, which tries
//! the OpenAPI description, and moto's S3.
//!
//! Without Python 3.11 or a package index these tests say that they are skipped. Where `FENNEL_REQUIRE_INTEROP` is
//! set they fail instead.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod endpoints;
mod every_type;
mod functions;
mod offline;
mod openapi;
mod pages;
mod python;

use std::fs;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN, programs, workspace};
use serde_json::Value;

use python::script;

/// The longest that a run of `sync` takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// Commits the ticket example with its own `sync`.
fn sync(server: &Server) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(&programs().sync);
    command
        .current_dir(folder.path())
        .env("FENNEL_URL", server.url())
        .env("FENNEL_TOKEN", TOKEN);
    let finished = Process::start(&mut command).finish(LIMIT);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished
}

#[test]
fn what_python_commits_and_logs_is_served_and_is_nothing_new_to_sync() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let Some(said) = script("python_first.py", &server) else {
        return;
    };
    let id = said
        .lines()
        .find_map(|line| line.strip_prefix("branch `main` is at commit "));
    let id = id.unwrap_or_else(|| panic!("no commit: {said}"));
    let second = sync(&server);
    assert!(
        second.out.ends_with(&format!(
            "Nothing changed: branch main stays at commit {id}\n"
        )),
        "{}",
        second.out
    );
}

#[test]
fn what_sync_commits_is_served_to_python_and_is_nothing_new_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let first = sync(&server);
    assert!(first.out.contains("Plan: 2 created"), "{}", first.out);
    let sales = fs::read_to_string(workspace().join("examples/ticket/data/sales.json")).unwrap();
    let sales: Value = serde_json::from_str(&sales).unwrap();
    server.http().post("log", &sales).ok();
    script("rust_first.py", &server);
}

#[test]
fn branches_are_apart_and_webhooks_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    script("branches.py", &Server::start(folder.path()));
}

#[test]
fn definitions_and_rows_are_shown_to_python() {
    let folder = tempfile::tempdir().unwrap();
    script("inspected.py", &Server::start(folder.path()));
}

#[test]
fn python_erases_rows_that_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    script("erased.py", &Server::start(folder.path()));
}

#[test]
fn python_keeps_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Server::command(folder.path());
    let command = command
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .env("FENNEL_SECRET_KEY", "5a".repeat(32));
    script("kept_secrets.py", &Server::ready(Process::start(command)));
}

#[test]
fn refusals_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    script("refusals.py", &Server::start(folder.path()));
}

#[test]
fn nested_and_restricted_types_come_back_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    script("nested.py", &Server::start(folder.path()));
}

#[test]
fn sinks_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    script("sinks.py", &Server::start(folder.path()));
}

#[test]
fn what_python_expects_of_rows_is_judged_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let Some(said) = script("expectations.py", &server) else {
        return;
    };
    assert!(said.contains("21 expectations were judged"), "{said}");
}

#[test]
fn what_python_has_logged_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let Some(said) = script("logged.py", &server) else {
        return;
    };
    assert!(said.contains("3 rows were logged"), "{said}");
}

#[test]
fn what_the_client_does_in_its_own_way_is_borne() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let Some(_) = script("quirks.py", &server) else {
        return;
    };
    // Another process of Python has another order of sets.
    let again = script("quirks.py", &server).unwrap_or_default();
    assert!(again.ends_with("nothing is new\n"), "{again}");
}
