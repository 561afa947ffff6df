//! Questions about commits and branches: what a server is asked, and what is shown.

use serde_json::{Value as Json, json};

use super::server::{Asked, Reply, Server, json};
use super::{Ran, Run};

/// A commit as a server lists it.
fn outline(id: &str, message: &str) -> Json {
    json!({
        "id": id,
        "sequence": 3,
        "at": "2024-02-29T12:34:56.000000Z",
        "by": "ci",
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "message": message,
        "created": 1,
        "changed": 0,
        "deleted": 0,
        "retired": 0,
        "entities": [{"kind": "dataset", "name": "Ticket", "change": "created"}],
    })
}

fn diff() -> Json {
    json!({"entities": [
        {"kind": "dataset", "name": "Ticket", "change": "created", "fields": []},
    ]})
}

fn asked(reply: Reply, args: &[&str]) -> (Ran, Asked) {
    let server = Server::start(vec![reply]);
    let mut run = Run::against(&server.url);
    // A history needs no definitions.
    run.catalog = Err(fennel_core::Error::EmptyRegistry);
    let mut ran = run.run(args);
    ran.out = ran.out.replace(&server.url, "URL");
    (ran, server.asked().pop().unwrap())
}

fn first_line(asked: &Asked) -> &str {
    asked.head.lines().next().unwrap()
}

#[test]
fn a_history_is_asked_for_page_by_page() {
    let reply = json(
        200,
        &json!({"branch": "dev", "commits": [outline("aaaaaaaaaaaa", "why")]}),
    );
    let (ran, asked) = asked(
        reply,
        &[
            "history", "--branch", "dev", "--limit", "1", "--before", "HEAD~2",
        ],
    );
    assert_eq!(
        first_line(&asked),
        "GET /api/v1/commits?limit=1&before=HEAD~2 HTTP/1.1"
    );
    assert!(
        asked.head.contains("x-fennel-branch: dev"),
        "{}",
        asked.head
    );
    assert_eq!(
        ran.out,
        "\
Server: URL, branch dev
ID            TIME (UTC)           WHO  REVISION      CHANGES    MESSAGE
aaaaaaaaaaaa  2024-02-29 12:34:56  ci   0123456789ab  1 created  why
"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_commit_is_shown_with_what_it_changed() {
    let reply = || {
        let facts = json!([{"path": "price.type", "text": "f64"}]);
        json(
            200,
            &json!({
                "branch": "main",
                "commit": outline("aaaaaaaaaaaa", "why"),
                "diff": diff(),
                "definitions": [{"kind": "dataset", "name": "Ticket", "facts": facts}],
            }),
        )
    };
    let (ran, asked_for) = asked(reply(), &["show", "aaaa/b", "--definitions"]);
    assert_eq!(
        first_line(&asked_for),
        "GET /api/v1/commits/aaaa%2Fb HTTP/1.1"
    );
    assert_eq!(
        ran.out,
        "\
Server: URL, branch main
Commit: aaaaaaaaaaaa, number 3 of its branch
Time: 2024-02-29 12:34:56 UTC
By: ci
Revision: 0123456789abcdef0123456789abcdef01234567
Message: why
Changes: 1 created
  + dataset Ticket created
Definitions:
  dataset Ticket
      price.type: f64
"
    );
    let (ran, _) = asked(reply(), &["show", "HEAD", "--format", "json"]);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["outcome"], "answered");
    assert_eq!(report["answer"]["commit"]["id"], "aaaaaaaaaaaa");
    assert_eq!(report["answer"]["diff"]["created"], 1);
    assert_eq!(report["answer"]["definitions"][0]["name"], "Ticket");
}

#[test]
fn two_commits_are_compared() {
    let reply = json(
        200,
        &json!({"branch": "main", "from": null, "to": outline("aaaaaaaaaaaa", "why"), "diff": diff()}),
    );
    let (ran, asked) = asked(reply, &["diff", "dev", "HEAD"]);
    assert_eq!(
        first_line(&asked),
        "GET /api/v1/diff?from=dev&to=HEAD HTTP/1.1"
    );
    assert_eq!(
        ran.out,
        "\
Server: URL, branch main
From: nothing, the branch has no commits
To: aaaaaaaaaaaa, 2024-02-29 12:34:56 UTC, ci, why
Changes: 1 created
  + dataset Ticket created
"
    );
}

#[test]
fn branches_are_made_and_deleted_by_name() {
    for (args, line, body, said) in [
        (
            &["branch", "create", "dev/a"][..],
            "POST /api/v1/init HTTP/1.1",
            "{}",
            "Created branch dev/a, which is empty\n",
        ),
        (
            &["branch", "clone", "main", "dev/a"],
            "POST /api/v1/init HTTP/1.1",
            r#"{"clone_from":"main"}"#,
            "Created branch dev/a, which begins as main is\n",
        ),
        (
            &["branch", "delete", "dev/a"],
            "POST /api/v1/delete HTTP/1.1",
            "{}",
            "Deleted branch dev/a\n",
        ),
    ] {
        let (ran, asked) = asked(json(200, &json!({"branch": "dev/a"})), args);
        assert_eq!(first_line(&asked), line);
        assert_eq!(String::from_utf8(asked.body).unwrap(), body);
        let head = asked.head.to_lowercase();
        for header in ["x-fennel-branch: dev/a", "content-type: application/json"] {
            assert!(head.lines().any(|line| line == header), "{head}");
        }
        assert!(ran.out.ends_with(said), "{ran:?}");
        assert_eq!(ran.code, 0);
    }
    let listed = json!({"branches": [{"name": "dev/a"}, {"name": "main"}]});
    let (ran, asked) = asked(json(200, &listed), &["branch", "list"]);
    assert_eq!(first_line(&asked), "GET /api/v1/branch/list HTTP/1.1");
    assert!(ran.out.ends_with("\ndev/a\nmain\n"), "{ran:?}");
}

#[test]
fn a_branch_that_is_there_behind_a_lost_answer_may_be_this_runs_own() {
    let there = || json(409, &json!({"err_msg": "there is a branch `dev`"}));
    let args = ["branch", "create", "dev"];
    let server = Server::start(vec![Reply::Hangup, there()]);
    let ran = Run::against(&server.url).run(&args);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            3,
            "error: the server refuses (status 409): there is a branch `dev`; perhaps that was this run itself, for the answer to an earlier try was lost: `sync branch list` tells\n"
        )
    );
    let (ran, _) = asked(there(), &args);
    assert_eq!(
        ran.err,
        "error: the server refuses (status 409): there is a branch `dev`\n"
    );
}

#[test]
fn what_the_server_does_not_have_is_told_in_its_words() {
    let (ran, _) = asked(
        json(404, &json!({"err_msg": "no commit `x`"})),
        &["show", "x"],
    );
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (3, "error: the server refuses (status 404): no commit `x`\n")
    );
}

#[test]
fn what_the_token_may_not_do_is_told_in_the_servers_words() {
    let words = "account `ci` doesn't have `read_definitions` on branch `main`";
    for args in [&["history"][..], &["branch", "delete", "dev"]] {
        let (ran, _) = asked(json(403, &json!({"err_msg": words})), args);
        assert_eq!(ran.code, 4);
        assert_eq!(
            ran.err,
            format!("error: the token may not do this (status 403): {words}\n")
        );
    }
}

#[test]
fn names_of_branches_are_checked_before_anything_is_sent() {
    let ran = Run::against("http://fennel.invalid").run(&["branch", "create", "a b"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not a branch's name"), "{ran:?}");
}
