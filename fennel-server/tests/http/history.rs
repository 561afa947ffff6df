//! The commits of a branch: listed, shown and compared.

use fennel_core::wire::proto::services::SyncRequest;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::support::{TestServer, ticket, ticket_request};

const OCTETS: &str = "application/octet-stream";

/// The tickets under version 2, with another owner.
fn next() -> Vec<u8> {
    let mut request = SyncRequest {
        message: "tickets again".into(),
        ..ticket_request()
    };
    request.datasets[0].metadata.as_mut().unwrap().owner = "another@example.com".into();
    request.encode_to_vec()
}

/// A server with two commits, and their ids.
fn with_two() -> (TestServer, [String; 2]) {
    let server = TestServer::start();
    let id = |answer: Json| answer["commit"].as_str().unwrap().to_owned();
    let first = id(server.commit(&ticket()).ok());
    let call = server.call("POST", "/api/v1/commit?revision=0123abc-dirty");
    let second = id(call.content(OCTETS, &next()).send().ok());
    (server, [first, second])
}

#[test]
fn commits_are_listed_from_the_latest_on() {
    let (server, [first, second]) = with_two();
    let listed = server.get("/api/v1/commits").ok();
    assert_eq!(listed["branch"], "main");
    let [latest, oldest] = listed["commits"].as_array().unwrap().as_slice() else {
        panic!("{listed}")
    };
    let mut told = latest.clone();
    let at = told.as_object_mut().unwrap().remove("at").unwrap();
    let at = at.as_str().unwrap();
    assert!(at.len() == 27 && at.ends_with('Z'), "{at}");
    assert_eq!(
        told,
        json!({
            "id": second,
            "sequence": 2,
            "by": "admin",
            "revision": "0123abc-dirty",
            "message": "tickets again",
            "created": 0,
            "changed": 1,
            "deleted": 0,
            "retired": 0,
            "entities": [{"kind": "dataset", "name": "Ticket", "change": "changed"}],
        })
    );
    assert_eq!(oldest["id"], first);
    assert_eq!(
        (&oldest["revision"], &oldest["created"]),
        (&Json::Null, &json!(2))
    );

    let ids = |parameters: &str| {
        let page = server.get(&format!("/api/v1/commits?{parameters}")).ok();
        let commits = page["commits"].as_array().unwrap().iter();
        let ids = commits.map(|commit| commit["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids("limit=1"), [&*second]);
    assert_eq!(ids(&format!("before={second}")), [&*first]);
    assert_eq!(ids("before=HEAD~1"), [] as [&str; 0]);
}

#[test]
fn a_commit_is_shown_and_compared_by_any_of_its_names() {
    let (server, [first, second]) = with_two();
    let branch = server.call("POST", "/api/v1/init").branch("dev/a");
    branch
        .content("application/json", br#"{"clone_from": "main"}"#)
        .send()
        .ok();
    let fields = |diff: &Json| {
        let entities = diff["entities"].as_array().unwrap().iter();
        let changed = entities.flat_map(|entity| entity["fields"].as_array().unwrap());
        let paths = changed.map(|field| field["path"].as_str().unwrap().to_owned());
        paths.collect::<Vec<_>>()
    };
    for name in [&*second, &second[..5], "HEAD", "dev%2Fa"] {
        let shown = server.get(&format!("/api/v1/commits/{name}")).ok();
        assert_eq!(shown["commit"]["id"], second, "{name}");
        assert_eq!(fields(&shown["diff"]), ["meta.owner"]);
        assert_eq!(shown["definitions"][0]["name"], "Ticket");
        let facts = shown["definitions"][0]["facts"].as_array().unwrap();
        let owner = json!({"path": "meta.owner", "text": "another@example.com"});
        assert!(facts.contains(&owner), "{facts:?}");
    }
    let path = format!("/api/v1/diff?from={first}&to=dev%2Fa");
    let compared = server.get(&path).ok();
    assert_eq!(compared["from"]["id"], first);
    assert_eq!(compared["to"]["id"], second);
    assert_eq!(fields(&compared["diff"]), ["meta.owner"]);
}

#[test]
fn a_branch_that_has_moved_is_a_conflict() {
    let (server, [first, second]) = with_two();
    let commit = |base: &str| {
        let path = format!("/api/v1/commit?base={base}");
        let call = server.call("POST", &path);
        call.content(OCTETS, &ticket()).send()
    };
    for base in [&*first, "", "nowhere"] {
        let error = commit(base).error(409);
        assert!(
            error.contains(&second) && error.contains("nothing was changed"),
            "{base}: {error}"
        );
    }
    assert_eq!(commit(&second).ok()["changed"], true);
}

#[test]
fn what_can_not_be_found_or_read_is_told() {
    let (server, _) = with_two();
    for (path, status, told) in [
        ("commits?limit=0", 400, "1 to 1000"),
        ("commits?limit=1001", 400, "1 to 1000"),
        ("commits?limit=x", 400, "limit"),
        ("commits?after=HEAD", 400, "after"),
        (
            "commits?before=nothing",
            404,
            "no commit and no branch `nothing`",
        ),
        ("commits/nothing", 404, "no commit and no branch `nothing`"),
        ("commits/HEAD~2", 404, "`HEAD` is number 2"),
        ("commits/HEAD~x", 400, "`HEAD~x` names no commit"),
        ("commits/%ff", 400, "the commit in the path"),
        ("diff?from=HEAD", 400, "to"),
        ("diff?from=HEAD&to=HEAD&x=1", 400, "x"),
        ("diff?from=HEAD&to=nothing", 404, "`nothing`"),
    ] {
        let error = server.get(&format!("/api/v1/{path}")).error(status);
        assert!(error.contains(told), "{path}: {error}");
    }
    for path in ["commits", "commits/HEAD", "diff?from=HEAD&to=HEAD"] {
        let path = format!("/api/v1/{path}");
        let nowhere = server.call("GET", &path).branch("nowhere").send();
        assert!(nowhere.error(404).contains("no branch `nowhere`"), "{path}");
    }
    let posted = server.post("/api/v1/commits", &json!({}));
    assert_eq!(posted.status, 405);
}

#[test]
fn a_message_that_no_history_could_tell_is_refused() {
    let server = TestServer::start();
    let with = |length: usize| {
        let request = SyncRequest {
            message: "m".repeat(length),
            ..ticket_request()
        };
        server.commit(&request.encode_to_vec())
    };
    let error = with(10_001).error(400);
    assert_eq!(
        error,
        "the commit's message has 10001 bytes; write at most 10000"
    );
    with(10_000).ok();
}
