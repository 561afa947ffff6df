//! Runs that come to a good end.

use serde_json::{Value as Json, json};

use super::server::{Asked, Reply, Server, json};
use super::{Ran, Run, TOKEN, definitions};

/// A server's answer to a commit of the test's definitions.
fn answer(change: &str, commit: Option<&str>, preview: bool) -> Reply {
    json(
        200,
        &json!({
            "summary": ["whatever\n"],
            "commit": commit,
            "changed": change != "unchanged",
            "repeated": false,
            "preview": preview,
            "branch": "main",
            "diff": {"entities": [
                {"kind": "dataset", "name": "Ticket", "change": change, "fields": []},
                {"kind": "featureset", "name": "TicketFeatures", "change": change, "fields": []},
            ]},
        }),
    )
}

fn first_line(asked: &Asked) -> &str {
    asked.head.lines().next().unwrap()
}

#[test]
fn a_first_commit_shows_the_plan_and_the_id() {
    let server = Server::start(vec![
        answer("created", None, true),
        answer("created", Some("0a1b2c3d4e5f"), false),
    ]);
    let ran = Run::against(&server.url).run(&[]);
    assert_eq!(
        ran.out,
        format!(
            "Server: {}, branch main
Plan: 2 created
  + dataset Ticket created
  + featureset TicketFeatures created
Committed 0a1b2c3d4e5f to branch main
",
            server.url
        )
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn the_requests_are_the_protocols() {
    let server = Server::start(vec![
        answer("created", Some("000000000001"), true),
        answer("created", Some("0a1b2c3d4e5f"), false),
    ]);
    Run::against(&server.url).run(&[
        "sync",
        "--branch",
        "dev/a",
        "--message",
        "why",
        "--incremental",
        "--no-backfill",
    ]);
    let asked = server.asked();
    let [planned, made] = [first_line(&asked[0]), first_line(&asked[1])];
    assert_eq!(
        planned,
        "POST /api/v1/commit?preview=true&incremental=true&backfill=false HTTP/1.1"
    );
    let (before, id) = made.split_once("&id=").unwrap();
    assert_eq!(
        before,
        "POST /api/v1/commit?preview=false&incremental=true&backfill=false"
    );
    let (id, after) = id.split_at(12);
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
    assert_eq!(after, "&base=000000000001 HTTP/1.1");
    let request = fennel_core::wire::encode(&definitions::catalog(), None, "why");
    for asked in asked {
        let head = asked.head.to_lowercase();
        for header in [
            format!("authorization: bearer {TOKEN}"),
            "x-fennel-branch: dev/a".into(),
            "content-type: application/octet-stream".into(),
        ] {
            assert!(head.lines().any(|line| line == header), "{header}: {head}");
        }
        assert_eq!(asked.body, prost::Message::encode_to_vec(&request));
    }
}

#[test]
fn a_second_run_changes_nothing_and_asks_once() {
    let server = Server::start(vec![answer("unchanged", Some("0a1b2c3d4e5f"), true)]);
    let ran = Run::against(&server.url).run(&["sync"]);
    assert_eq!(
        ran.out,
        format!(
            "Server: {}, branch main
Plan: 2 unchanged
Nothing changed: branch main stays at commit 0a1b2c3d4e5f
",
            server.url
        )
    );
    assert_eq!((ran.code, server.asked().len()), (0, 1));
}

#[test]
fn a_plan_and_a_preview_ask_once_and_say_that_nothing_was_done() {
    for args in [&["plan"][..], &["sync", "--preview"], &["--preview"]] {
        let server = Server::start(vec![answer("created", None, true)]);
        let ran = Run::against(&server.url).run(args);
        assert!(
            ran.out
                .ends_with("\nThis is a preview: nothing was committed\n"),
            "{ran:?}"
        );
        let asked = server.asked();
        assert_eq!((ran.code, asked.len()), (0, 1));
        assert!(first_line(&asked[0]).contains("preview=true"));
    }
}

#[test]
fn flags_go_before_variables() {
    let server = Server::start(vec![answer("unchanged", None, true)]);
    let ran = Run::against("http://fennel.invalid")
        .with("CI", "true")
        .run(&["--url", &server.url, "--branch", "b"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.ends_with("Nothing changed on branch b\n"),
        "{ran:?}"
    );
}

#[test]
fn what_was_done_is_shown_where_it_is_not_what_was_planned() {
    let server = Server::start(vec![
        answer("changed", None, true),
        answer("unchanged", Some("0a1b2c3d4e5f"), false),
    ]);
    let ran = Run::against(&server.url).run(&[]);
    assert!(
        ran.out.ends_with(
            "  ~ featureset TicketFeatures changed
The branch has changed since then. What was done:
Plan: 2 unchanged
Nothing changed: branch main stays at commit 0a1b2c3d4e5f
"
        ),
        "{ran:?}"
    );
}

#[test]
fn passing_failures_are_gone_through() {
    let unavailable = || Reply::Answer(503, "", "<html>a proxy's words</html>".into());
    let server = Server::start(vec![
        unavailable(),
        unavailable(),
        answer("created", None, true),
        Reply::Hangup,
        Reply::Answer(429, "retry-after: 0\r\n", String::new()),
        answer("created", Some("0a1b2c3d4e5f"), false),
    ]);
    let ran = Run::against(&server.url).run(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(server.asked().len(), 6);
}

/// The id that a commit was sent with.
fn sent_id(asked: &Asked) -> String {
    let (_, id) = first_line(asked).split_once("&id=").unwrap();
    id.split('&').next().unwrap().into()
}

#[test]
fn every_try_of_a_commit_bears_the_same_id_and_base() {
    let server = Server::start(vec![
        answer("created", None, true),
        Reply::Hangup,
        answer("created", Some("0a1b2c3d4e5f"), false),
    ]);
    let ran = Run::against(&server.url).run(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let asked = server.asked();
    assert_eq!(first_line(&asked[1]), first_line(&asked[2]));
    assert!(
        first_line(&asked[1]).contains("&base= "),
        "the branch had no commit"
    );
}

#[test]
fn the_commit_that_a_job_has_checked_out_is_told() {
    let hash = "0123456789abcdef0123456789abcdef01234567";
    for (told, sent) in [(hash, true), ("main", false)] {
        let server = Server::start(vec![
            answer("created", None, true),
            answer("created", Some("0a1b2c3d4e5f"), false),
        ]);
        Run::against(&server.url).with("GITHUB_SHA", told).run(&[]);
        let asked = server.asked();
        let line = first_line(&asked[1]);
        assert_eq!(line.contains(&format!("&revision={hash}")), sent, "{line}");
    }
}

/// A server that loses every answer to a commit, and then answers otherwise.
fn after_lost_answers(then: impl IntoIterator<Item = Reply>) -> (Ran, Vec<Asked>) {
    let mut replies = vec![answer("created", None, true)];
    replies.extend((0..5).map(|_| Reply::Hangup));
    replies.extend(then);
    let server = Server::start(replies);
    let ran = Run::against(&server.url).run(&[]);
    (ran, server.asked())
}

#[test]
fn a_commit_without_an_answer_is_asked_for() {
    let none = json(404, &json!({"err_msg": "no commit"}));
    let (ran, asked) = after_lost_answers([none]);
    let id = sent_id(&asked[1]);
    assert_eq!(
        first_line(&asked[6]),
        format!("GET /api/v1/commits/{id} HTTP/1.1")
    );
    assert_eq!(ran.code, 5);
    assert!(
        ran.err
            .starts_with(&format!("error: commit {id} has not landed so far: ")),
        "{ran:?}"
    );

    let (ran, asked) = after_lost_answers((0..5).map(|_| Reply::Hangup));
    assert_eq!(ran.code, 5);
    let id = sent_id(&asked[1]);
    assert!(
        ran.err.starts_with(&format!(
            "error: it is not known whether commit {id} has landed: "
        )),
        "{ran:?}"
    );
}

#[test]
fn json_is_alone_on_standard_output() {
    let server = Server::start(vec![
        answer("created", None, true),
        answer("created", Some("0a1b2c3d4e5f"), false),
    ]);
    let ran = Run::against(&server.url).run(&["--format", "json"]);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["outcome"], "committed");
    assert_eq!(report["commit"], "0a1b2c3d4e5f");
    assert_eq!(report["plan"]["created"], 2);
    assert_eq!(
        report["definitions"],
        json!({"datasets": 1, "featuresets": 1})
    );
    assert!(
        ran.err.ends_with("Committed 0a1b2c3d4e5f to branch main\n"),
        "{ran:?}"
    );
}
