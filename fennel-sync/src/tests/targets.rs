//! Which server a run talks to, as users see it.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::tempdir;

use super::server::{Server, json};
use super::{Run, TOKEN};
use crate::embedded::{EmbeddedServer, Running};

thread_local! {
    /// What happened to the embedded server of this test.
    static EVENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(event: impl Into<String>) {
    EVENTS.with_borrow_mut(|events| events.push(event.into()));
}

static EMBEDDED: EmbeddedServer = EmbeddedServer { start };

fn start(folder: &Path) -> Result<Running, String> {
    fs::create_dir_all(folder).unwrap();
    note(format!("started in {}", folder.display()));
    let unchanged = json!({"commit": "0a1b2c3d4e5f", "changed": false, "diff": {"entities": []}});
    let server = Server::start(vec![json(200, &unchanged)]);
    Ok(Running {
        url: server.url.clone(),
        token: TOKEN.into(),
        stop: Box::new(|| {
            note(format!("stopped after {}", server.asked().len()));
        }),
    })
}

static BROKEN: EmbeddedServer = EmbeddedServer {
    start: |_| Err("./.fennel is in use by another program".into()),
};

fn run(embedded: &'static EmbeddedServer, variables: &[(&'static str, &str)]) -> super::Ran {
    run_within(Path::new("/nowhere"), embedded, variables)
}

fn run_within(
    folder: &Path,
    embedded: &'static EmbeddedServer,
    variables: &[(&'static str, &str)],
) -> super::Ran {
    let mut run = Run::alone().within(folder);
    run.embedded = Some(embedded);
    for (name, value) in variables {
        run = run.with(name, value);
    }
    run.run(&[])
}

#[test]
fn with_nothing_said_it_is_the_embedded_server_which_says_where_its_data_is() {
    let folder = tempdir().unwrap();
    let ran = run_within(folder.path(), &EMBEDDED, &[("CI", "false")]);
    assert_eq!(
        ran.out,
        "Server: embedded, with its data in ./.fennel, since FENNEL_URL is not set; branch main
Plan: no entities
Nothing changed: branch main stays at commit 0a1b2c3d4e5f
"
    );
    assert_eq!(ran.code, 0);
    let events = EVENTS.with_borrow(Clone::clone);
    let data = folder.path().join(".fennel");
    let started = format!("started in {}", data.display());
    assert_eq!(events, [started.as_str(), "stopped after 1"]);
}

#[test]
fn a_data_folder_is_passed_over_by_git_where_the_run_makes_it() {
    let folder = tempdir().unwrap();
    let ignored = folder.path().join(".fennel/.gitignore");
    run_within(folder.path(), &EMBEDDED, &[]);
    assert_eq!(fs::read_to_string(&ignored).unwrap(), "*\n");
    // Whoever has taken it away has a reason.
    fs::remove_file(&ignored).unwrap();
    run_within(folder.path(), &EMBEDDED, &[]);
    assert!(!ignored.exists());
}

#[test]
fn an_embedded_server_that_cannot_start_is_not_reachable() {
    let ran = run(&BROKEN, &[]);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "error: the embedded server can't start: ./.fennel is in use by another program\n"
    );
}

#[test]
fn ci_needs_a_server_that_stays() {
    for (variables, start) in [
        (
            &[("CI", "true")][..],
            "FENNEL_URL and FENNEL_TOKEN are not set, but CI is;",
        ),
        (
            &[("CI", "1"), ("FENNEL_URL", "http://x")],
            "FENNEL_TOKEN is not set,",
        ),
        (
            &[("CI", "1"), ("FENNEL_TOKEN", TOKEN)],
            "FENNEL_URL is not set,",
        ),
        (
            &[("FENNEL_URL", ""), ("FENNEL_TOKEN", "")],
            "FENNEL_TOKEN is empty;",
        ),
        (
            &[("FENNEL_URL", ""), ("FENNEL_TOKEN", "x")],
            "FENNEL_URL is empty;",
        ),
    ] {
        let ran = run(&EMBEDDED, variables);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.starts_with(&format!("error: {start}")), "{ran:?}");
    }
    assert!(EVENTS.with_borrow(Vec::is_empty));
}
