//! The audit: what it tells, to whom, and that it stays small.

use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_engine::ManualClock;
use serde_json::{Value as Json, json};

use crate::access::{put, send, token_of};
use crate::support::{TestServer, ticket};

fn entries(server: &TestServer, parameters: &str) -> Vec<Json> {
    let reply = server.get(&format!("/api/v1/audit{parameters}")).ok();
    reply["entries"].as_array().unwrap().clone()
}

/// What was done, to what, by whom and how it ended.
fn told(entry: &Json) -> [&str; 4] {
    ["what", "on", "who", "outcome"].map(|name| entry[name].as_str().unwrap_or("-"))
}

#[test]
fn it_tells_who_did_what_and_how_it_ended() {
    let server = TestServer::start();
    let ci = token_of(&server, "ci", &["deployer:*"]);
    let commit = |request: &[u8]| {
        let call = server.call(
            "POST",
            "/api/v1/commit?preview=false&incremental=false&backfill=true",
        );
        call.bearer(&ci)
            .content("application/octet-stream", request)
            .send()
    };
    let id = commit(&ticket()).ok()["commit"].clone();
    commit(b"").error(409);
    commit(b"").error(409);
    commit(&ticket()).ok();
    let branch =
        |path: &str, body: Json| send(server.call("POST", path).bearer(&ci).branch("dev"), &body);
    branch("/api/v1/init", json!({"clone_from": "main"})).ok();
    branch("/api/v1/delete", json!({})).ok();
    branch("/api/v1/delete", json!({})).error(404);
    put(
        &server,
        "/api/v1/role/r",
        &json!({"grants": [{"modes": ["read_data"], "branches": ["*"]}]}),
    )
    .ok();
    server.call("DELETE", "/api/v1/role/r").send().ok();

    let entries = entries(&server, "?from=1");
    let all: Vec<_> = entries.iter().map(told).collect();
    let token = all[1][1];
    assert_eq!(
        all[..7],
        [
            ["account.put", "ci", "admin", "done"],
            ["token.create", token, "admin", "done"],
            ["commit", "main", "ci", "done"],
            ["branch.init", "dev", "ci", "done"],
            ["branch.delete", "dev", "ci", "done"],
            ["role.put", "r", "admin", "done"],
            ["role.delete", "r", "admin", "done"],
        ]
    );
    // What has changed nothing is written later, equal ones as one.
    assert_eq!(
        all[7..],
        [
            ["commit", "main", "ci", all[7][3]],
            ["commit", "main", "ci", "done"],
            [
                "branch.delete",
                "dev",
                "ci",
                "refused: no branch `dev`; this account may see `main`"
            ],
        ]
    );
    let refused = &entries[7];
    assert!(
        all[7][3].starts_with("refused: ") && all[7][3].contains("Ticket"),
        "{refused}"
    );
    assert_eq!(refused["count"], 2);
    assert_eq!(
        entries[8]["detail"],
        json!({"commit": id, "changed": false})
    );
    assert_eq!(entries[2]["detail"], json!({"commit": id, "changed": true}));
    assert_eq!(entries[3]["detail"], json!({"clone_from": "main"}));
    assert_eq!(entries[2]["token"], token);
    for (i, entry) in entries.iter().enumerate() {
        assert_eq!(entry["number"], json!(i + 1));
        assert!(
            entry["from"].as_str().unwrap().starts_with("127.0.0.1:"),
            "{entry}"
        );
        assert!(entry["at"].as_str().unwrap().ends_with('Z'));
    }
}

#[test]
fn it_is_read_in_pages_as_json_or_lines() {
    let server = TestServer::start();
    for i in 0..5 {
        token_of(&server, &format!("a{i}"), &["reader:*"]);
    }
    let first = server.get("/api/v1/audit?from=1&limit=4").ok();
    assert_eq!(first["next"], json!(5));
    let rest = entries(&server, "?from=5");
    assert_eq!((rest.len(), &rest[0]["number"]), (6, &json!(5)));
    let latest = entries(&server, "?limit=2");
    assert_eq!(latest, rest[4..]);
    let end = server.get("/api/v1/audit?from=11").ok();
    assert_eq!(end, json!({"entries": [], "next": 11}));
    let lines = server.get("/api/v1/audit?from=5&format=jsonl");
    assert_eq!(lines.header("content-type"), Some("application/jsonl"));
    let lines: Vec<Json> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, rest);
    for (parameters, expected) in [
        ("?limit=0", "ask for 1 to"),
        ("?limit=10001", "ask for 1 to"),
        ("?limit=-1", "can't be read"),
        ("?from=x", "can't be read"),
        ("?format=xml", "can't be read"),
        ("?until=3", "unknown field"),
    ] {
        let error = server.get(&format!("/api/v1/audit{parameters}")).error(400);
        assert!(error.contains(expected), "{parameters}: {error}");
    }
}

#[test]
fn a_flood_of_denied_requests_is_a_few_entries() {
    let server = TestServer::start();
    let shop = token_of(&server, "shop", &["producer:a/b"]);
    let before = entries(&server, "").len();
    for i in 0..30 {
        let call = server.call("GET", &format!("/api/v1/dataset/D{i}/inspect"));
        call.bearer("fnl_a-stranger-who-guesses").send().error(401);
        let call = server.call("GET", "/api/v1/dataset/Ticket/inspect");
        call.bearer(&shop)
            .branch(&format!("b{i}"))
            .send()
            .error(403);
    }
    let mistaken = format!("/api/v1/token/{shop}");
    server
        .call("GET", &mistaken)
        .bearer(&shop)
        .send()
        .error(403);
    let error = server.get(&mistaken).error(404);
    assert!(!error.contains(&shop), "{error}");
    let all = entries(&server, "");
    let denied = &all[before..];
    assert_eq!(denied.len(), 3, "{denied:?}");
    let (stranger, known) = (&denied[0], &denied[1]);
    assert_eq!(denied[2]["what"], "GET /api/v1/token/…");
    assert!(stranger["who"].is_null() && stranger["count"] == 30);
    assert_eq!(
        (&known["who"], &known["count"]),
        (&json!("shop"), &json!(30))
    );
    assert_eq!(known["what"], "GET /api/v1/dataset/Ticket/inspect");
    let why = known["detail"]["why"].as_str().unwrap();
    assert!(why.contains("`read_data` on branch `b0`"), "{why}");
    assert!(
        !server.get("/api/v1/audit").text().contains("fnl_"),
        "no token is told"
    );
}

#[test]
fn a_flood_of_refused_changes_is_a_few_entries() {
    let server = TestServer::start();
    let ci = token_of(&server, "ci", &["deployer:*"]);
    let before = entries(&server, "").len();
    let call = |path: &str, branch: &str| {
        let call = server.call("POST", path).bearer(&ci).branch(branch);
        send(call, &json!({}))
    };
    for i in 0..100 {
        call("/api/v1/init", "main").error(409);
        call("/api/v1/delete", &format!("b{i}")).error(404);
    }
    let all = entries(&server, "");
    let refused = &all[before..];
    assert_eq!(refused.len(), 21, "{refused:?}");
    assert_eq!(
        (told(&refused[0]), &refused[0]["count"]),
        (
            [
                "branch.init",
                "main",
                "ci",
                "refused: there is a branch `main` already; commit to it, or choose another name"
            ],
            &json!(100)
        )
    );
    assert_eq!(
        (told(&refused[20]), &refused[20]["count"]),
        (["others", "-", "-", "nothing was changed"], &json!(81))
    );
}

#[test]
fn what_is_old_can_be_taken_away_and_what_is_new_can_not() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let clock = Arc::new(ManualClock::new(at("2024-01-01")));
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, clock.clone());
    let reader = token_of(&server, "old", &["reader:*"]);
    clock.set(at("2024-01-02"));
    token_of(&server, "new", &["reader:*"]);
    let trim = |before: &str| {
        let path = format!("/api/v1/audit?before={before}");
        server.call("DELETE", &path).send()
    };
    clock.set(at("2024-02-01T12:00:00Z"));
    assert_eq!(
        trim("2024-01-01").ok(),
        json!({"entries": 0, "more": false})
    );
    assert_eq!(entries(&server, "").len(), 4, "nothing was done");
    assert_eq!(
        trim("2024-01-02").ok(),
        json!({"entries": 2, "more": false})
    );
    let left = entries(&server, "?from=1");
    let numbers: Vec<_> = left.iter().map(|entry| &entry["number"]).collect();
    assert_eq!(numbers, [3, 4, 5], "numbers stay as they were");
    assert_eq!(told(&left[2]), ["audit.trim", "audit", "admin", "done"]);
    assert_eq!(
        left[2]["detail"],
        json!({"entries": 2, "before": "2024-01-02T00:00:00.000000Z"})
    );

    let error = trim("2024-01-03").error(400);
    assert!(
        error.contains("the last 30 days stay") && error.contains("2024-01-02T12:00:00.000000Z"),
        "{error}"
    );
    assert!(trim("soon").error(400).contains("`before` can't be read"));
    assert!(trim("").error(400).contains("`before` can't be read"));
    let call = server.call("DELETE", "/api/v1/audit?before=2024-01-01");
    assert!(call.bearer(&reader).send().error(403).contains("`admin`"));
    let none = server.call("DELETE", "/api/v1/audit").send();
    assert!(none.error(400).contains("missing field `before`"));
    assert_eq!(entries(&server, "?from=3").len(), 4, "and the denial");
}

#[test]
fn it_goes_on_after_a_restart_with_what_was_denied_last() {
    let server = TestServer::start();
    token_of(&server, "shop", &["producer:a/b"]);
    server
        .call("GET", "/api/v1/token")
        .without_token()
        .send()
        .error(401);
    let server = TestServer::start_with(server.stop(), 1 << 20);
    token_of(&server, "shop", &["producer:a/c"]);
    let all = entries(&server, "");
    let whats: Vec<_> = all
        .iter()
        .map(|entry| entry["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        whats,
        [
            "account.put",
            "token.create",
            "GET /api/v1/token",
            "account.put",
            "token.create"
        ]
    );
    assert!(
        all.iter()
            .zip(1..)
            .all(|(entry, number)| entry["number"] == json!(number))
    );
}
