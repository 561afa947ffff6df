//! Who may use the server.

use fennel_server::{Config, Server, Token};
use serde_json::json;

use crate::support::{TOKEN, TestServer, config};

#[test]
fn health_needs_no_token() {
    let server = TestServer::start();
    for path in ["/healthz", "/readyz"] {
        let reply = server.call("GET", path).without_token().send();
        assert_eq!(reply.ok(), json!({"status": "ok"}));
    }
}

#[test]
fn everything_else_needs_a_valid_token() {
    let server = TestServer::start();
    let other = "fnl_another-token";
    for (header, expected) in [
        (None, "the request has no token"),
        (Some(""), "can't be read"),
        (Some("Bearer"), "can't be read"),
        (Some("Bearer "), "can't be read"),
        (Some(TOKEN), "can't be read"),
        (Some("Basic Zm5sOmE="), "can't be read"),
        (Some("Bearer \u{e9}"), "can't be read"),
        (Some("Bearer fnl_another-token"), "is not valid"),
        (Some("Bearer fnl_a-token-for-test"), "is not valid"),
        (Some("Bearer fnl_a-token-for-tests2"), "is not valid"),
        (Some("Bearer FNL_A-TOKEN-FOR-TESTS"), "is not valid"),
    ] {
        for path in ["/api/v1/branch/list", "/api/v1/nothing", "/"] {
            let mut call = server.call("GET", path).without_token();
            if let Some(value) = header {
                call = call.header("authorization", value);
            }
            let reply = call.send();
            let error = reply.error(401);
            assert!(error.contains(expected), "{header:?}: {error}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            for token in [TOKEN, other] {
                assert!(!error.contains(token), "{error}");
            }
        }
    }
    let lenient = server.call("GET", "/api/v1/branch/list").without_token();
    assert_eq!(
        lenient
            .header("Authorization", &format!("bearer  {TOKEN}"))
            .send()
            .status,
        200
    );
}

#[test]
fn without_a_token_nothing_tells_which_branches_there_are() {
    let server = TestServer::with_tickets();
    let reply = |branch: &str, path: &str| {
        let call = server.call("POST", path).without_token().branch(branch);
        call.content("application/json", b"{}").send()
    };
    for path in [
        "/api/v1/query",
        "/api/v1/init",
        "/api/v1/dataset/Ticket/lookup",
    ] {
        let known = reply("main", path).error(401);
        assert_eq!(known, reply("no-such-branch", path).error(401));
    }
}

#[test]
fn a_refused_client_that_still_sends_gets_its_answer() {
    let server = TestServer::start();
    let body = vec![b' '; 8 << 20];
    let call = server.call("POST", "/api/v1/log").without_token();
    let error = call.content("application/json", &body).send().error(401);
    assert!(error.contains("no token"), "{error}");
}

#[test]
fn debug_shows_no_token() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        first_admin_token: Some(Token::new(TOKEN).unwrap()),
        process_token: Some(Token::new("fnl_process-token").unwrap()),
        ..config(dir.path())
    };
    let shown = format!("{config:?}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind(config)).unwrap();
    let shown = shown + &format!("{server:?} {:?}", server.token_outcome());
    assert!(!shown.contains("fnl_"), "{shown}");
}

#[test]
fn a_process_token_is_valid_for_its_process_and_no_other_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let process_token = Some(Token::new("fnl_process-token").unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Config {
        process_token,
        ..config(dir.path())
    };
    let server = runtime.block_on(Server::bind(server)).unwrap();
    assert!(server.first_token().is_none());
    drop(server);
    let server = runtime.block_on(Server::bind(config(dir.path()))).unwrap();
    assert!(
        server.first_token().is_some(),
        "the folder has had none so far"
    );
}
