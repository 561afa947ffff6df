//! Accounts, roles and tokens over HTTP, for admins.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_engine::ManualClock;
use serde_json::{Value as Json, json};

use crate::support::{Call, Reply, TOKEN, TestServer};

/// Sends JSON with any method.
pub(crate) fn send(call: Call<'_>, body: &Json) -> Reply {
    let body = body.to_string();
    call.content("application/json", body.as_bytes()).send()
}

pub(crate) fn put(server: &TestServer, path: &str, body: &Json) -> Reply {
    send(server.call("PUT", path), body)
}

/// Makes an account with these roles, and a token of it.
pub(crate) fn token_of(server: &TestServer, account: &str, roles: &[&str]) -> String {
    let path = format!("/api/v1/account/{account}");
    put(server, &path, &json!({"roles": roles})).ok();
    let made = server.post("/api/v1/token", &json!({"account": account}));
    made.ok()["token"].as_str().unwrap().to_owned()
}

/// Makes a role with one grant, an account with it of the same name, and a token.
pub(crate) fn token_with(server: &TestServer, name: &str, grants: &Json) -> String {
    let path = format!("/api/v1/role/{name}");
    put(server, &path, &json!({"grants": grants})).ok();
    token_of(server, name, &[name])
}

fn id_of(server: &TestServer, account: &str) -> String {
    let tokens = server.get(&format!("/api/v1/token?account={account}")).ok();
    tokens["tokens"][0]["id"].as_str().unwrap().to_owned()
}

fn status(server: &TestServer, token: &str) -> u16 {
    let call = server.call("GET", "/api/v1/branch/list");
    call.bearer(token).send().status
}

#[test]
fn a_token_is_shown_when_it_is_made_and_never_again() {
    let server = TestServer::start();
    let made = {
        put(
            &server,
            "/api/v1/account/ci",
            &json!({"roles": ["deployer:main"], "note": "CI"}),
        )
        .ok();
        let body = json!({"account": "ci", "expires_in": "90d", "note": "GitHub"});
        server.post("/api/v1/token", &body).ok()
    };
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("fnl_") && token.len() == 68);
    assert_eq!(
        (&made["account"], &made["note"], &made["state"]),
        (&json!("ci"), &json!("GitHub"), &json!("valid"))
    );
    assert!(made["expires"].is_string() && made["last_used"].is_null());
    assert_eq!(status(&server, token), 200);
    let id = made["id"].as_str().unwrap();
    let rotated = server.post(
        &format!("/api/v1/token/{id}/rotate"),
        &json!({"overlap": "1d"}),
    );
    let second = rotated.ok()["token"].as_str().unwrap().to_owned();
    let shown = [
        "/api/v1/token",
        &format!("/api/v1/token/{id}"),
        "/api/v1/account",
        "/api/v1/role",
        "/api/v1/audit",
        "/api/v1/audit?format=jsonl",
    ]
    .map(|path| {
        let reply = server.get(path);
        assert_eq!(reply.status, 200);
        reply.text()
    });
    for text in &shown {
        for token in [token, &second, TOKEN] {
            assert!(!text.contains(token), "{text}");
        }
    }
    let shown: Json = serde_json::from_str(&shown[1]).unwrap();
    assert_eq!(shown["rotated_to"], rotated.ok()["id"]);
    assert!(
        shown["last_used"]
            .as_str()
            .unwrap()
            .ends_with(":00.000000Z"),
        "to the minute"
    );
    let account = &server.get("/api/v1/account").ok()["accounts"][1];
    assert_eq!(
        (&account["name"], &account["tokens"]),
        (&json!("ci"), &json!(2))
    );
}

#[test]
fn admins_alone_manage_access() {
    let server = TestServer::start();
    let all = json!([{
        "modes": ["read_definitions", "write_definitions", "read_data", "write_data"],
        "branches": ["*"],
        "endpoints": ["*"],
    }]);
    let token = token_with(&server, "all", &all);
    let id = id_of(&server, "all");
    let (token_path, rotate) = (
        format!("/api/v1/token/{id}"),
        format!("/api/v1/token/{id}/rotate"),
    );
    let revoke = format!("/api/v1/token/{id}/revoke");
    for (method, path) in [
        ("GET", "/api/v1/role"),
        ("PUT", "/api/v1/role/x"),
        ("DELETE", "/api/v1/role/all"),
        ("GET", "/api/v1/account"),
        ("PUT", "/api/v1/account/all"),
        ("DELETE", "/api/v1/account/all"),
        ("GET", "/api/v1/token"),
        ("POST", "/api/v1/token"),
        ("GET", &token_path),
        ("DELETE", &token_path),
        ("POST", &rotate),
        ("POST", &revoke),
        ("GET", "/api/v1/audit"),
    ] {
        let reply = send(server.call(method, path).bearer(&token), &json!({}));
        let error = reply.error(403);
        assert!(
            error.contains("account `all` doesn't have `admin` on this server"),
            "{error}"
        );
    }
    assert_eq!(status(&server, &token), 200);
}

#[test]
fn an_end_is_an_end() {
    let server = TestServer::start();
    let token = token_of(&server, "bi", &["reader:*"]);
    let id = id_of(&server, "bi");
    let revoked = server
        .call("POST", &format!("/api/v1/token/{id}/revoke"))
        .send();
    assert_eq!(revoked.ok()["state"], "revoked");
    let reply = server
        .call("GET", "/api/v1/branch/list")
        .bearer(&token)
        .send();
    assert!(reply.error(401).contains("was revoked"));
    let again = server
        .call("POST", &format!("/api/v1/token/{id}/revoke"))
        .send();
    assert_eq!(again.ok(), revoked.ok(), "it can be repeated");
    let rotated = server.post(&format!("/api/v1/token/{id}/rotate"), &json!({}));
    assert!(rotated.error(409).contains("no longer valid"));
    server
        .call("DELETE", &format!("/api/v1/token/{id}"))
        .send()
        .ok();
    assert!(
        server
            .get(&format!("/api/v1/token/{id}"))
            .error(404)
            .contains("no token")
    );
    let token = token_of(&server, "bi", &["reader:*"]);
    server.call("DELETE", "/api/v1/account/bi").send().ok();
    assert_eq!(status(&server, &token), 401);
}

#[test]
fn tokens_expire_by_the_clock_of_the_server() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let clock = Arc::new(ManualClock::new(at("2026-01-01")));
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with_clock(dir, |_| {}, clock.clone());
    put(
        &server,
        "/api/v1/account/bi",
        &json!({"roles": ["reader:*"]}),
    )
    .ok();
    let made = server
        .post(
            "/api/v1/token",
            &json!({"account": "bi", "expires_in": "30d"}),
        )
        .ok();
    assert_eq!(made["expires"], "2026-01-31T00:00:00.000000Z");
    let (token, id) = (
        made["token"].as_str().unwrap(),
        made["id"].as_str().unwrap(),
    );
    clock.set(at("2026-01-30T23:59:59Z"));
    let body = json!({"overlap": "1h"});
    let rotated = server
        .post(&format!("/api/v1/token/{id}/rotate"), &body)
        .ok();
    assert_eq!(
        rotated["old"]["expires"], made["expires"],
        "it lives no longer than before"
    );
    assert_eq!(
        rotated["expires"], "2026-03-01T23:59:59.000000Z",
        "30 days again"
    );
    assert_eq!(status(&server, token), 200);
    clock.set(at("2026-01-31"));
    let reply = server
        .call("GET", "/api/v1/branch/list")
        .bearer(token)
        .send();
    assert!(reply.error(401).contains("has expired"));
    clock.set(at("2025-01-01"));
    assert_eq!(
        status(&server, token),
        401,
        "a clock that goes back brings nothing back"
    );
    assert_eq!(status(&server, rotated["token"].as_str().unwrap()), 200);
    // What was used is known after a restart.
    let server = TestServer::with_clock(server.stop(), |_| {}, clock);
    let shown = server.get(&format!("/api/v1/token/{id}")).ok();
    assert_eq!(shown["last_used"], "2026-01-30T23:59:00.000000Z");
}

#[test]
fn a_body_that_comes_after_its_token_was_revoked_does_nothing() {
    let server = TestServer::start();
    let token = token_of(&server, "ci", &["deployer:*"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    // The server has begun to read the body once it says so.
    let head = format!(
        "POST /api/v1/init HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nx-fennel-branch: late\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    let id = id_of(&server, "ci");
    let revoke = format!("/api/v1/token/{id}/revoke");
    server.post(&revoke, &json!({})).ok();
    stream.write_all(b"{}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let listed = server.get("/api/v1/branch/list").ok();
    assert_eq!(listed["branches"], json!([{"name": "main"}]));
}

#[test]
fn a_token_whose_place_is_taken_is_not_rotated_again() {
    let server = TestServer::start();
    put(
        &server,
        "/api/v1/account/ci",
        &json!({"roles": ["reader:*"]}),
    )
    .ok();
    let body = json!({"account": "ci", "expires_in": "90d"});
    let made = server.post("/api/v1/token", &body).ok();
    let rotate = |token: &Json| {
        let id = token["id"].as_str().unwrap();
        server.post(&format!("/api/v1/token/{id}/rotate"), &json!({}))
    };
    let second = rotate(&made).ok();
    // Another admin does the same: a token made of the old one's remaining hour would end in the middle of the day.
    let error = rotate(&made).error(409);
    let id = second["id"].as_str().unwrap();
    assert!(
        error.contains(&format!("token `{id}` takes its place")),
        "{error}"
    );
    assert!(rotate(&second).ok()["expires"].as_str() > made["expires"].as_str());
    let listed = server.get("/api/v1/token?account=ci").ok();
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 3);
}

#[test]
fn access_survives_a_restart() {
    let server = TestServer::start();
    let ci = token_of(&server, "ci", &["deployer:main"]);
    let grants = json!([{"modes": ["read_data"], "branches": ["main"], "tags": ["~PII"]}]);
    let bi = token_with(&server, "bi", &grants);
    let gone = token_of(&server, "gone", &["reader:*"]);
    let id = id_of(&server, "gone");
    server
        .call("POST", &format!("/api/v1/token/{id}/revoke"))
        .send()
        .ok();
    let shown = |server: &TestServer| {
        ["role", "account"].map(|path| server.get(&format!("/api/v1/{path}")).ok())
    };
    let before = shown(&server);
    let server = TestServer::start_with(server.stop(), 1 << 20);
    assert_eq!(shown(&server), before);
    assert_eq!(
        [&ci, &bi, &gone, &TOKEN.to_owned()].map(|token| status(&server, token)),
        [200, 200, 401, 200]
    );
}

/// Bodies that make no role, account or token, and what is told.
#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let server = TestServer::start();
    token_of(&server, "ci", &["reader:*"]);
    put(
        &server,
        "/api/v1/role/analyst",
        &json!({"grants": [{"modes": ["read_data"], "branches": ["*"]}]}),
    )
    .ok();
    let id = id_of(&server, "ci");
    let rotate = format!("token/{id}/rotate");
    let grant = |grant: Json| json!({"grants": [grant]});
    for (method, path, body, status, expected) in [
        ("PUT", "role/r", json!({"grants": []}), 400, "has no grants"),
        ("PUT", "role/r", json!({}), 400, "missing field `grants`"),
        (
            "PUT",
            "role/r",
            grant(json!({"branches": ["main"]})),
            400,
            "has no `modes`",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": [], "branches": ["main"]})),
            400,
            "has no `modes`",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read"], "branches": ["main"]})),
            400,
            "unknown variant `read`, expected one of `read_definitions`",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"], "branch": ["main"]})),
            400,
            "unknown field `branch`",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"]})),
            400,
            "on which `branches`",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"], "branches": ["*"], "tags": ["PII", "~PII"]})),
            400,
            "contradict",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"], "branches": ["*"], "tags": ["~*"]})),
            400,
            "contradict",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"], "branches": ["ветка"]})),
            400,
            "matches no branch",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["read_data"], "branches": ["a\nb"]})),
            400,
            "matches no branch",
        ),
        (
            "PUT",
            "role/r",
            grant(json!({"modes": ["write_data"], "endpoints": ["app"]})),
            400,
            "`webhook/endpoint`",
        ),
        (
            "PUT",
            "role/admin",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            409,
            "is built in",
        ),
        (
            "PUT",
            "role/Admin",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            400,
            "in case alone",
        ),
        (
            "PUT",
            "role/Analyst",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            400,
            "in case alone",
        ),
        (
            "PUT",
            "role/a%20b",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            400,
            "can't be the name",
        ),
        (
            "PUT",
            "role/%C3%A9",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            400,
            "can't be the name",
        ),
        (
            "PUT",
            "role/%FF",
            grant(json!({"modes": ["read_data"], "branches": ["*"]})),
            400,
            "can't be read",
        ),
        ("DELETE", "role/reader", json!({}), 409, "is built in"),
        ("DELETE", "role/nope", json!({}), 404, "no role"),
        (
            "PUT",
            "account/x",
            json!({"roles": []}),
            400,
            "without `roles`",
        ),
        (
            "PUT",
            "account/x",
            json!({"roles": ["nobody"]}),
            400,
            "no role \"nobody\"",
        ),
        (
            "PUT",
            "account/x",
            json!({"roles": ["deployer"]}),
            400,
            "on which branches",
        ),
        (
            "PUT",
            "account/x",
            json!({"roles": ["reader:мой"]}),
            400,
            "matches no branch",
        ),
        (
            "PUT",
            "account/x",
            json!({"roles": ["analyst:main"]}),
            400,
            "says itself where",
        ),
        (
            "PUT",
            "account/x",
            json!({"roles": ["reader:*"], "note": "a\nb"}),
            400,
            "the note",
        ),
        (
            "PUT",
            "account/CI",
            json!({"roles": ["reader:*"]}),
            400,
            "differs from `ci` in case alone",
        ),
        (
            "PUT",
            "account/a%2Fb",
            json!({"roles": ["reader:*"]}),
            400,
            "can't be the name",
        ),
        (
            "PUT",
            "account/admin",
            json!({"roles": ["reader:*"]}),
            409,
            "is built in",
        ),
        ("DELETE", "account/admin", json!({}), 409, "is built in"),
        ("DELETE", "account/nobody", json!({}), 404, "no account"),
        (
            "POST",
            "token",
            json!({"account": "nobody"}),
            404,
            "no account \"nobody\"",
        ),
        (
            "POST",
            "token",
            json!({"account": "CI"}),
            404,
            "no account \"CI\"",
        ),
        (
            "POST",
            "token",
            json!({"account": "ci", "expires_in": "soon"}),
            400,
            "`expires_in`",
        ),
        (
            "POST",
            "token",
            json!({"account": "ci", "expires_in": "-1d"}),
            400,
            "`expires_in`",
        ),
        (
            "POST",
            "token",
            json!({"account": "ci", "expires_in": "9999y"}),
            400,
            "`expires_in`",
        ),
        (
            "POST",
            "token",
            json!({"account": "ci", "token": "mine"}),
            400,
            "unknown field `token`",
        ),
        (
            "POST",
            &rotate,
            json!({"overlap": "forever"}),
            400,
            "`overlap`",
        ),
        (
            "POST",
            "token/0000000000000000/rotate",
            json!({}),
            404,
            "no token",
        ),
        (
            "POST",
            "token/0000000000000000/revoke",
            json!({}),
            404,
            "no token",
        ),
        (
            "DELETE",
            "token/0000000000000000",
            json!({}),
            404,
            "no token",
        ),
    ] {
        let path = format!("/api/v1/{path}");
        let reply = send(server.call(method, &path), &body);
        let error = reply.error(status);
        assert!(error.contains(expected), "{method} {path} {body}: {error}");
    }
    let admin = id_of(&server, "admin");
    let error = server
        .call("DELETE", &format!("/api/v1/token/{admin}"))
        .send()
        .error(409);
    assert!(error.contains("make another admin token first"), "{error}");
    assert_eq!(
        server.get("/api/v1/account").ok()["accounts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_token_with_a_line_break_or_none_at_all_is_no_token() {
    let server = TestServer::start();
    token_of(&server, "ci", &["reader:*"]);
    for value in ["", "Bearer", "Bearer \t", "Bearer a\u{0}b"] {
        let call = server.call("GET", "/api/v1/branch/list").without_token();
        let reply = call.header("authorization", value).send();
        assert!(
            [400, 401].contains(&reply.status),
            "{value:?} {}",
            reply.status
        );
    }
    let folded = format!("Bearer {TOKEN}\r\n x");
    let call = server.call("GET", "/api/v1/branch/list").without_token();
    let reply = call.header("authorization", &folded).send();
    assert!([400, 401].contains(&reply.status), "{}", reply.status);
}
