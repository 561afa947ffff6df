//! What was committed, by whom and when; and what becomes of a commit when others commit too, or connections and
//! processes end in the middle of it.

use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_tests::support::{Fate, Finished, Http, Process, Proxy, Server, TOKEN};
use prost::Message as _;
use serde_json::{Value, json};

use crate::sync::{command, sync};

/// The longest that a run takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);
/// The first line of a commit that is no preview.
const COMMIT: &str = "POST /api/v1/commit?preview=false";

static EXAMPLE: Webhook = Webhook::new("example");

/// All sales, from the endpoint that the ticket example reads from.
#[dataset]
#[meta(owner = "shop@example.com")]
#[source(EXAMPLE.endpoint("ticket_sale"), disorder = "14d", cdc = append)]
struct Sale {
    ticket_id: String,
    price: i64,
    at: DateTime<Utc>,
}

#[featureset]
#[meta(owner = "shop@example.com")]
struct Fees {
    ticket_id: String,
}

/// The request of somebody else, who commits these beside what the branch has.
fn theirs(message: &str) -> Vec<u8> {
    let catalog: Catalog<'_> = fennel::entities![Sale].into_iter().collect();
    wire::encode(&catalog, None, message).encode_to_vec()
}

fn commit_theirs(http: &Http) -> Value {
    let reply = http.try_commit(&theirs("their sales"), "incremental=true");
    reply.unwrap().ok()
}

/// The commits of a branch, the latest first.
fn history(http: &Http) -> Vec<Value> {
    let mut answer = http.get("commits").ok();
    match answer["commits"].take() {
        Value::Array(commits) => commits,
        other => panic!("no list of commits: {other}"),
    }
}

fn ok(finished: Finished) -> String {
    assert_eq!(
        (finished.code, finished.err.as_str()),
        (Some(0), ""),
        "{}",
        finished.out
    );
    finished.out
}

/// Starts a `sync` against that address.
fn start(url: &str) -> Process {
    let folder = std::env::temp_dir();
    Process::start(
        command(&folder)
            .env("FENNEL_URL", url)
            .env("FENNEL_TOKEN", TOKEN)
            .env("CI", "1"),
    )
}

#[test]
fn what_was_committed_is_listed_shown_and_compared() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let url = server.url();
    let none = ok(sync(&url, TOKEN, &["history"]));
    assert!(none.ends_with("\nBranch main has no commits\n"), "{none}");

    ok(sync(&url, TOKEN, &["--message", "first tickets"]));
    let second = commit_theirs(&server.http());
    let listed = ok(sync(&url, TOKEN, &["history"]));
    let rows: Vec<Vec<&str>> = listed
        .lines()
        .skip(2)
        .map(|line| {
            let cells = line.split("  ").map(str::trim);
            cells.filter(|cell| !cell.is_empty()).collect()
        })
        .collect();
    let [latest, first] = &rows[..] else {
        panic!("{listed}")
    };
    assert_eq!(latest[0], second["commit"]);
    assert_eq!(
        (latest[2], latest[4], latest[5]),
        ("admin", "1 created", "their sales"),
        "{listed}"
    );
    assert_eq!(
        (first[4], first[5]),
        ("2 created", "first tickets"),
        "{listed}"
    );
    let one = ok(sync(
        &url,
        TOKEN,
        &["history", "--limit", "1", "--before", latest[0]],
    ));
    assert!(one.contains(first[0]) && !one.contains(latest[0]), "{one}");

    let shown = ok(sync(
        &url,
        TOKEN,
        &["show", &first[0][..6], "--definitions"],
    ));
    for line in [
        "Message: first tickets",
        "Changes: 2 created",
        "  + dataset Ticket created",
        "  featureset TicketFeatures",
        "      price.from: lookup of Ticket.price",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line}: {shown}");
    }
    let compared = ok(sync(&url, TOKEN, &["diff", "HEAD~1", "HEAD"]));
    assert!(
        compared.contains("\n  + dataset Sale created\n"),
        "{compared}"
    );
    let back = sync(&url, TOKEN, &["diff", "HEAD", "HEAD~1", "--format", "json"]);
    let back: Value = serde_json::from_str(&back.out).unwrap();
    assert_eq!(back["answer"]["to"]["id"], first[0]);
    assert_eq!(
        back["answer"]["diff"]["deleted"], 1,
        "it is live there: {back}"
    );

    let unknown = sync(&url, TOKEN, &["show", "ffffffffffff"]);
    assert_eq!(unknown.code, Some(3));
    assert!(
        unknown
            .err
            .contains("no commit and no branch `ffffffffffff`"),
        "{unknown:?}"
    );
    let before_all = sync(&url, TOKEN, &["show", "HEAD~2"]);
    assert!(
        before_all.err.contains("`HEAD` is number 2 of its branch"),
        "{before_all:?}"
    );
}

#[test]
fn an_embedded_server_has_a_history_and_branches_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut sync = command(folder.path());
        ok(Process::start(sync.args(args)).finish(LIMIT))
    };
    run(&["--message", "at home"]);
    assert!(run(&["history"]).contains("  2 created  at home\n"));
    run(&["branch", "clone", "main", "dev"]);
    assert!(run(&["branch", "list"]).ends_with("\ndev\nmain\n"));
    assert!(run(&["diff", "main", "dev"]).contains("\nChanges: 2 unchanged\n"));
}

#[test]
fn the_git_commit_is_part_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        git.current_dir(folder.path()).args(identity).args(args);
        git.output()
    };
    if git(&["init", "--quiet"]).is_err() {
        println!("skipped: there is no `git`");
        return;
    }
    std::fs::write(folder.path().join("code"), "one").unwrap();
    git(&["add", "code"]).unwrap();
    git(&["commit", "--quiet", "--message", "one"]).unwrap();
    let hash = git(&["rev-parse", "HEAD"]).unwrap().stdout;
    let hash = String::from_utf8(hash).unwrap().trim().to_owned();

    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let deploy = |branch: &str| {
        let http = server.http().on(branch);
        http.post("init", &json!({})).ok();
        let mut sync = command(folder.path());
        let sync = sync
            .env("FENNEL_URL", server.url())
            .env("FENNEL_TOKEN", TOKEN)
            .env_remove("GITHUB_SHA")
            .args(["--branch", branch]);
        ok(Process::start(sync).finish(LIMIT));
        history(&http)[0]["revision"].clone()
    };
    assert_eq!(deploy("clean"), hash);
    std::fs::write(folder.path().join("code"), "two").unwrap();
    assert_eq!(deploy("dirty"), format!("{hash}-dirty"));
}

/// A proxy before the server that does `meanwhile` between a plan and its commit, once.
fn between(server: &Server, meanwhile: impl Fn(&Http) + Send + Sync + 'static) -> Proxy {
    let (http, done) = (server.http(), AtomicBool::new(false));
    Proxy::start(http.address, move |line| {
        if line.starts_with(COMMIT) && !done.swap(true, Ordering::SeqCst) {
            meanwhile(&http);
        }
        Fate::Answer
    })
}

#[test]
fn a_branch_that_has_moved_since_the_plan_is_refused_with_what_moved() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let proxy = between(&server, |http| {
        commit_theirs(http);
    });
    let refused = sync(&proxy.url(), TOKEN, &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let commits = history(&server.http());
    assert_eq!(commits.len(), 1, "theirs alone");
    for told in [
        "branch `main` has moved since the plan was made: commit ",
        commits[0]["id"].as_str().unwrap(),
        "by admin",
        "\"their sales\"",
        "created dataset `Sale`",
    ] {
        assert!(refused.err.contains(told), "{told}: {}", refused.err);
    }
}

#[test]
fn a_branch_that_has_become_what_was_planned_is_left_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let url = server.url();
    let proxy = between(&server, move |_| {
        ok(sync(&url, TOKEN, &[]));
    });
    let out = ok(sync(&proxy.url(), TOKEN, &[]));
    let commits = history(&server.http());
    assert_eq!(commits.len(), 1);
    let id = commits[0]["id"].as_str().unwrap();
    assert!(
        out.ends_with(&format!(
            "Nothing changed: branch main stays at commit {id}\n"
        )),
        "{out}"
    );
}

#[test]
fn of_deploys_at_once_one_wins_and_the_others_are_told() {
    const DEPLOYS: usize = 6;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let begin = Barrier::new(DEPLOYS);
    let replies: Vec<_> = thread::scope(|scope| {
        let deploys: Vec<_> = (0..DEPLOYS)
            .map(|deploy| {
                let (begin, http) = (&begin, server.http());
                scope.spawn(move || {
                    let catalog: Catalog<'_> = match deploy % 2 {
                        0 => fennel::entities![Sale].into_iter().collect(),
                        _ => fennel::entities![Fees].into_iter().collect(),
                    };
                    let message = format!("deploy {deploy}");
                    let request = wire::encode(&catalog, None, &message).encode_to_vec();
                    begin.wait();
                    http.try_commit(&request, &format!("base=&id=00000000000{deploy}"))
                        .unwrap()
                })
            })
            .collect();
        deploys.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let commits = history(&server.http());
    assert_eq!(commits.len(), 1, "{commits:?}");
    let winner = commits[0]["id"].as_str().unwrap();
    for (deploy, reply) in replies.iter().enumerate() {
        if reply.status == 200 {
            assert_eq!(
                reply.body["commit"], winner,
                "made it, or found it as planned"
            );
            continue;
        }
        let told = reply.error(409);
        assert!(
            told.contains("has moved since the plan was made") && told.contains(winner),
            "deploy {deploy}: {told}"
        );
    }

    let syncs: Vec<_> = {
        server.http().on("dev").post("init", &json!({})).ok();
        let folder = std::env::temp_dir();
        let start = |_| {
            let mut sync = command(&folder);
            sync.args(["--branch", "dev", "--url", &server.url(), "--token", TOKEN]);
            Process::start(&mut sync)
        };
        (0..4).map(start).collect()
    };
    for sync in syncs {
        ok(sync.finish(LIMIT));
    }
    assert_eq!(history(&server.http().on("dev")).len(), 1);
}

/// A proxy before the server that does so to the first commits.
fn losing(server: &Server, fate: Fate, commits: usize) -> Proxy {
    let seen = AtomicUsize::new(0);
    Proxy::start(server.http().address, move |line| {
        if line.starts_with(COMMIT) && seen.fetch_add(1, Ordering::SeqCst) < commits {
            fate
        } else {
            Fate::Answer
        }
    })
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_again_and_made_once() {
    for lost in [1, 5] {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path());
        let proxy = losing(&server, Fate::LoseAnswer, lost);
        let out = ok(sync(&proxy.url(), TOKEN, &[]));
        let commits = history(&server.http());
        assert_eq!(commits.len(), 1, "{lost} lost");
        let id = commits[0]["id"].as_str().unwrap();
        assert!(
            out.ends_with(&format!("Committed {id} to branch main\n")),
            "{out}"
        );
    }
}

#[test]
fn a_commit_that_never_arrived_is_told_as_such() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let proxy = losing(&server, Fate::LoseRequest, 5);
    let failed = sync(&proxy.url(), TOKEN, &[]);
    assert_eq!(failed.code, Some(5), "{failed:?}");
    assert!(
        failed.err.contains(" has not landed so far: "),
        "{failed:?}"
    );
    assert_eq!(history(&server.http()), [] as [Value; 0]);
    ok(sync(&proxy.url(), TOKEN, &[]));
    assert_eq!(history(&server.http()).len(), 1);
}

#[test]
fn a_repeated_call_is_answered_as_the_first_was() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let commit = |message: &str, parameters: &str| {
        server
            .http()
            .try_commit(&theirs(message), parameters)
            .unwrap()
    };
    let first = commit("one", "id=0a1b2c3d4e5f&base=").ok();
    let again = commit("one", "id=0a1b2c3d4e5f&base=").ok();
    assert_eq!(
        (&first["repeated"], &again["repeated"]),
        (&json!(false), &json!(true))
    );
    for same in ["commit", "changed", "diff"] {
        assert_eq!(first[same], again[same], "{same}");
    }
    let other = commit("another", "id=0a1b2c3d4e5f");
    assert!(
        other
            .error(409)
            .contains("has a commit 0a1b2c3d4e5f already")
    );
    for id in [
        "",
        "0A1B2C3D4E5F",
        "0a1b2c3d4e5",
        "0a1b2c3d4e5g",
        "0a1b2c3d4e5f0",
    ] {
        let wrong = commit("one", &format!("id={id}"));
        assert!(wrong.error(400).contains("can't be a commit's id"), "{id}");
    }
    for revision in ["", "a%20b", "%0a", &"a".repeat(101)] {
        let wrong = commit("one", &format!("revision={revision}"));
        assert!(wrong.error(400).contains("`revision`"), "{revision}");
    }
    assert_eq!(history(&server.http()).len(), 1);
}

/// How many sales there are, in requests of 1,000 rows.
const SALES: usize = 30_000;

/// A server with many sales on branch `old`, of which `main` has to compute its tickets.
fn with_sales(data: &std::path::Path) -> Server {
    let server = Server::start(data);
    let old = server.http().on("old");
    old.post("init", &json!({})).ok();
    commit_theirs(&old);
    for thousand in 0..SALES / 1_000 {
        let row = |i| json!({"ticket_id": format!("{thousand}/{i}"), "price": 7, "at": 1_700_000_000 + i});
        let rows: Vec<_> = (0..1_000).map(row).collect();
        let logged = old.log("example", "ticket_sale", &json!(rows)).ok();
        assert_eq!(logged["set_aside"], 0, "{logged}");
    }
    server
}

/// Either `main` has one commit with all tickets, or none and none.
fn check_whole(http: &Http) -> bool {
    let commits = history(http);
    let last =
        json!({"keys": [{"ticket_id": format!("{}/999", SALES / 1_000 - 1)}], "fields": ["price"]});
    let found = http.post("dataset/Ticket/lookup", &last);
    match commits.as_slice() {
        [] => assert_eq!(found.status, 404, "{}", found.body),
        [_] => {
            let rows = http.get("dataset/Ticket/inspect?n=10000").ok();
            assert_eq!(rows["price"].as_array().unwrap().len(), 10_000);
            assert_eq!(found.ok()["data"]["price"], json!([7]));
        }
        more => panic!("{more:?}"),
    }
    !commits.is_empty()
}

#[test]
fn a_sync_that_is_ended_in_the_middle_leaves_a_whole_state() {
    let data = tempfile::tempdir().unwrap();
    let server = with_sales(data.path());
    let proxy = Proxy::start(server.http().address, |_| Fate::Answer);
    let running = start(&proxy.url());
    proxy.wait_for(COMMIT);
    running.signal("TERM");
    assert_eq!(
        running.finish(LIMIT).code,
        None,
        "it is ended by the signal"
    );
    // The next one waits for what the server is at.
    ok(sync(&server.url(), TOKEN, &[]));
    assert!(check_whole(&server.http()));
}

#[test]
fn a_server_that_is_ended_in_the_middle_leaves_a_whole_state() {
    let data = tempfile::tempdir().unwrap();
    let server = with_sales(data.path());
    let proxy = Proxy::start(server.http().address, |_| Fate::Answer);
    let running = start(&proxy.url());
    proxy.wait_for(COMMIT);
    server.stop();
    let told = running.finish(LIMIT);
    let server = Server::start(data.path());
    let has_landed = check_whole(&server.http());
    match told.code {
        Some(0) => assert!(has_landed, "{told:?}"),
        // Nobody is there to ask.
        Some(5) => assert!(
            told.err.contains("it is not known whether commit "),
            "{told:?}"
        ),
        _ => panic!("{told:?}"),
    }
    ok(sync(&server.url(), TOKEN, &[]));
    assert!(check_whole(&server.http()));
}

#[test]
fn older_code_is_told_what_the_server_has_and_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let url = server.url();
    ok(sync(&url, TOKEN, &["--message", "first tickets"]));
    let added = commit_theirs(&server.http());
    let row = json!([{"ticket_id": "a", "price": 1, "at": 1_700_000_000}]);
    server.http().log("example", "ticket_sale", &row).ok();

    let refused = sync(&url, TOKEN, &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let problem = refused.err.split_once("\n  dataset `Sale`: ");
    let (_, problem) = problem.unwrap_or_else(|| panic!("{}", refused.err));
    // What else there is to know is below, in lines that fit a terminal.
    let lines: Vec<_> = problem.lines().collect();
    let end = lines
        .iter()
        .skip(1)
        .position(|line| !line.starts_with("      "));
    let lines = &lines[..=end.unwrap_or(lines.len() - 1)];
    assert!(
        lines.iter().all(|line| line.chars().count() <= 110),
        "{lines:#?}"
    );
    for told in [
        "it is live and this commit leaves it out",
        &format!(
            "it came with commit {} (",
            added["commit"].as_str().unwrap()
        ),
        "by admin",
        "\"their sales\"",
        "its one row goes with it",
        "nothing reads it, so it may be marked deleted",
    ] {
        let found = lines.iter().any(|line| line.contains(told));
        assert!(found, "{told}: {lines:#?}");
    }
}

#[test]
fn branches_are_made_listed_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let url = server.url();
    ok(sync(&url, TOKEN, &[]));
    let run = |args: &[&str]| sync(&url, TOKEN, &[&["branch"], args].concat());
    ok(run(&["create", "empty"]));
    ok(run(&["clone", "main", "dev/a"]));
    let listed = ok(run(&["list"]));
    assert!(listed.ends_with("\ndev/a\nempty\nmain\n"), "{listed}");

    // A clone has the history of its base, and a webhook's rows reach all that have the endpoint.
    let dev = server.http().on("dev/a");
    assert_eq!(history(&dev), history(&server.http()));
    let row = json!([{"ticket_id": "a", "price": 9, "at": 1_700_000_000}]);
    server.http().log("example", "ticket_sale", &row).ok();
    let key = json!({"keys": [{"ticket_id": "a"}], "fields": ["price"]});
    for http in [&dev, &server.http()] {
        let found = http.post("dataset/Ticket/lookup", &key).ok();
        assert_eq!(found["data"]["price"], json!([9]), "{}", http.branch);
    }
    let compared = ok(sync(&url, TOKEN, &["diff", "empty", "dev/a"]));
    assert!(
        compared.contains("From: nothing, the branch has no commits\n"),
        "{compared}"
    );

    for (args, told) in [
        (
            &["create", "dev/a"][..],
            "there is a branch `dev/a` already",
        ),
        (&["clone", "nowhere", "x"], "no branch `nowhere`"),
        (
            &["clone", "main", "main"],
            "there is a branch `main` already",
        ),
        (&["delete", "nowhere"], "no branch `nowhere`"),
        (
            &["delete", "main"],
            "`main` is always there and can't be deleted",
        ),
    ] {
        let refused = run(args);
        assert_eq!(refused.code, Some(3), "{args:?}");
        assert!(refused.err.contains(told), "{told}: {}", refused.err);
    }
    ok(run(&["delete", "dev/a"]));
    ok(run(&["delete", "empty"]));
    assert!(ok(run(&["list"])).ends_with("main\nmain\n"));
    assert_eq!(
        history(&server.http()).len(),
        1,
        "a branch takes only its own along"
    );
}
