//! The ticket example's `sync`: which server it takes, what it prints, and how it exits.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_tests::support::{Finished, Process, Server, TOKEN, programs};
use prost::Message as _;

/// The longest that a run takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// What a run begins with: no variable that it reads.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(&programs().sync);
    command.current_dir(folder);
    for variable in ["FENNEL_URL", "FENNEL_TOKEN", "CI", "NO_COLOR"] {
        command.env_remove(variable);
    }
    command
}

fn run(command: &mut Command) -> Finished {
    Process::start(command).finish(LIMIT)
}

/// Runs it against a server, in a folder that it leaves empty.
pub(crate) fn sync(url: &str, token: &str, arguments: &[&str]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    let finished = run(command
        .env("FENNEL_URL", url)
        .env("FENNEL_TOKEN", token)
        .env("CI", "1")
        .args(arguments));
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "it leaves nothing behind"
    );
    finished
}

/// The id in the line that begins so.
fn commit_id<'t>(text: &'t str, before: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.strip_prefix(before));
    let id = line
        .unwrap_or_else(|| panic!("no line {before:?} in {text}"))
        .split(' ')
        .next()
        .unwrap();
    assert!(
        id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id:?} is no commit's id"
    );
    id
}

#[test]
fn the_first_run_commits_and_the_second_finds_nothing_to_do() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let plan = sync(&server.url(), TOKEN, &["plan"]);
    assert!(plan.out.contains("Plan: 2 created\n"), "{plan:?}");
    assert!(
        plan.out
            .ends_with("This is a preview: nothing was committed\n"),
        "{plan:?}"
    );

    let first = sync(&server.url(), TOKEN, &[]);
    assert_eq!(
        (first.code, first.err.as_str()),
        (Some(0), ""),
        "{}",
        first.out
    );
    for line in [
        &format!("Server: {}, branch main", server.url()),
        "Plan: 2 created",
        "  + dataset Ticket created",
        "  + featureset TicketFeatures created",
    ] {
        assert!(
            first.out.lines().any(|found| found == line),
            "no line {line:?} in {}",
            first.out
        );
    }
    let id = commit_id(&first.out, "Committed ");

    let second = sync(&server.url(), TOKEN, &[]);
    assert_eq!(
        (second.code, second.err.as_str()),
        (Some(0), ""),
        "{}",
        second.out
    );
    assert!(second.out.contains("Plan: 2 unchanged\n"), "{}", second.out);
    assert_eq!(
        commit_id(&second.out, "Nothing changed: branch main stays at commit "),
        id
    );
}

#[test]
fn the_drawing_needs_no_server_and_is_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = run(command(folder.path()).args(["graph"]).env("CI", "1"));
    assert_eq!((drawn.code, drawn.err.as_str()), (Some(0), ""));
    let documented = include_str!("../../docs/lineage.md");
    assert!(
        documented.contains(&format!("-- graph\n{}```", drawn.out)),
        "{}",
        drawn.out
    );
}

#[test]
fn a_ci_job_without_a_server_is_an_error_that_names_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let none = run(command(folder.path()).env("CI", "1"));
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.err
            .starts_with("error: FENNEL_URL and FENNEL_TOKEN are not set, but CI is"),
        "{}",
        none.err
    );

    let no_token = run(command(folder.path()).env("FENNEL_URL", "http://127.0.0.1:1"));
    assert_eq!(no_token.code, Some(2), "{no_token:?}");
    assert!(
        no_token.err.starts_with("error: FENNEL_TOKEN is not set"),
        "{}",
        no_token.err
    );

    let no_url = run(command(folder.path()).env("FENNEL_TOKEN", TOKEN));
    assert_eq!(no_url.code, Some(2), "{no_url:?}");
    assert!(
        no_url.err.starts_with("error: FENNEL_URL is not set"),
        "{}",
        no_url.err
    );
    assert!(!no_url.err.contains(TOKEN), "{}", no_url.err);
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "no server was embedded"
    );
}

#[test]
fn a_token_that_the_server_does_not_know_exits_with_4() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let refused = sync(&server.url(), "another-token-than-its-own", &[]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(
        refused
            .err
            .starts_with("error: the server does not accept the token in FENNEL_TOKEN"),
        "{}",
        refused.err
    );
    assert!(
        !refused.err.contains("another-token-than-its-own"),
        "{}",
        refused.err
    );
    assert!(
        sync(&server.url(), TOKEN, &["plan"])
            .out
            .contains("Plan: 2 created\n"),
        "nothing was done"
    );
}

#[test]
fn a_server_that_is_not_there_exits_with_5() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let unreachable = sync(&url, TOKEN, &[]);
    assert_eq!(unreachable.code, Some(5), "{unreachable:?}");
    assert!(
        unreachable
            .err
            .starts_with(&format!("error: {url} can't be reached, after 5 tries")),
        "{}",
        unreachable.err
    );
}

/// What someone else committed, from another repository.
mod others {
    use super::*;

    static SHOP: Webhook = Webhook::new("shop");

    #[dataset]
    #[meta(owner = "shop@example.com")]
    #[source(SHOP.endpoint("purchase"), disorder = "1d", cdc = append)]
    pub(super) struct Purchase {
        amount: f64,
        at: DateTime<Utc>,
    }

    /// Like the ticket example's, with another type of price.
    #[dataset(index)]
    #[meta(owner = "shop@example.com")]
    pub(super) struct Ticket {
        #[field(key)]
        ticket_id: String,
        price: f64,
        at: DateTime<Utc>,
    }
}

#[test]
fn what_the_server_refuses_exits_with_3_and_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let catalog: Catalog<'_> = fennel::entities![others::Purchase, others::Ticket]
        .into_iter()
        .collect();
    let theirs = wire::encode(&catalog, None, "theirs").encode_to_vec();
    server.http().try_commit(&theirs, "").unwrap().ok();

    let refused = sync(&server.url(), TOKEN, &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let mut lines = refused.err.lines();
    assert_eq!(
        lines.next(),
        Some("error: the server refuses this commit (status 409) for 2 problems")
    );
    assert!(
        refused.err.contains("  dataset `Purchase`: "),
        "left out, and not deleted: {}",
        refused.err
    );
    assert!(
        refused.err.contains("  dataset `Ticket"),
        "other columns, same version: {}",
        refused.err
    );
    assert!(
        refused.err.contains("examples/ticket/src/lib.rs:"),
        "where that is: {}",
        refused.err
    );

    let again = server.http().try_commit(&theirs, "").unwrap().ok();
    assert_eq!(again["changed"], false, "{again}");
    let other_branch = sync(&server.url(), TOKEN, &["--branch", "nowhere"]);
    assert_eq!(other_branch.code, Some(3), "{other_branch:?}");
    assert!(
        other_branch
            .err
            .contains("no branch `nowhere`; there is `main`"),
        "{}",
        other_branch.err
    );
}

#[test]
fn without_a_server_it_has_one_of_its_own_in_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&mut command(folder.path()));
    assert_eq!(
        (first.code, first.err.as_str()),
        (Some(0), ""),
        "{}",
        first.out
    );
    assert!(
        first.out.starts_with(
            "Server: embedded, with its data in ./.fennel, since FENNEL_URL is not set"
        ),
        "{}",
        first.out
    );
    let id = commit_id(&first.out, "Committed ");
    let second = run(command(folder.path()).env("CI", "false"));
    assert_eq!(
        (second.code, second.err.as_str()),
        (Some(0), ""),
        "{}",
        second.out
    );
    assert_eq!(
        commit_id(&second.out, "Nothing changed: branch main stays at commit "),
        id
    );
    let made: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(made, [".fennel"]);
    let ignored = std::fs::read_to_string(folder.path().join(".fennel/.gitignore"));
    assert_eq!(ignored.unwrap(), "*\n", "git passes over it");

    let server = Server::start(&folder.path().join(".fennel"));
    let served = sync(&server.url(), TOKEN, &[]);
    assert_eq!(
        commit_id(&served.out, "Nothing changed: branch main stays at commit "),
        id
    );
}
