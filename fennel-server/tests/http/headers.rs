//! What Fennel's Python client compares byte by byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::{TestServer, ticket};

#[test]
fn every_answer_is_json_with_the_exact_header() {
    let server = TestServer::with_tickets();
    for (reply, status) in [
        (server.get("/healthz"), 200),
        (server.get("/api/v1/branch/list"), 200),
        (server.get("/api/v1/dataset/Ticket/inspect"), 200),
        (server.get("/api/v1/dataset/Ticket/rejects"), 200),
        (
            server.log(&json!({"ticket_id": [], "price": [], "at": []})),
            200,
        ),
        (server.commit(&ticket()), 200),
        (server.get("/api/v1/nothing"), 404),
        (server.get("/api/v1/log"), 405),
        (server.post("/api/v1/query", &json!({})), 400),
        (server.call("POST", "/api/v1/log").send(), 415),
        (
            server
                .call("GET", "/api/v1/branch/list")
                .without_token()
                .send(),
            401,
        ),
    ] {
        assert_eq!(reply.status, status, "{}", reply.head);
        assert!(
            reply
                .head
                .contains("\r\ncontent-type: application/json\r\n"),
            "{}",
            reply.head
        );
        serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap();
        let length = reply.body.len().to_string();
        assert_eq!(reply.header("content-length"), Some(length.as_str()));
    }
}

#[test]
fn answers_are_not_compressed_even_if_asked_for() {
    let server = TestServer::start();
    let call = server
        .call("GET", "/api/v1/branch/list")
        .header("accept-encoding", "gzip, deflate");
    let reply = call.send();
    assert_eq!(reply.header("content-encoding"), None);
    assert_eq!(reply.ok(), json!({"branches": [{"name": "main"}]}));
}

#[test]
fn a_wrong_method_names_the_right_one() {
    let server = TestServer::start();
    for (method, path, allowed) in [
        ("GET", "/api/v1/commit", "POST"),
        ("PUT", "/api/v1/dataset/Ticket/inspect", "GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
        ("DELETE", "/api/v1/branch/list", "GET,HEAD"),
    ] {
        let reply = server.call(method, path).send();
        assert!(reply.error(405).contains(method));
        assert_eq!(reply.header("allow"), Some(allowed), "{path}");
    }
}

#[test]
fn gzipped_requests_are_taken_by_every_call() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let server = TestServer::start();
    let commit = gzip(&ticket());
    let call = server
        .call("POST", "/api/v1/commit")
        .header("Content-Encoding", "gzip");
    assert_eq!(
        call.content("application/octet-stream", &commit)
            .send()
            .ok()["changed"],
        true
    );
    let rows = json!({
        "webhook": "example", "endpoint": "ticket_sale",
        "data": [{"ticket_id": "a", "price": 1, "at": "2024-01-01"}],
    });
    let log = gzip(rows.to_string().as_bytes());
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-encoding", "GZIP");
    let reply = call.content("application/json; charset=utf-8", &log).send();
    assert_eq!(reply.ok(), json!({"rows": 1, "set_aside": 0}));
    assert_eq!(server.prices(&json!(["a"])), json!([1]));
}

#[test]
fn the_inflated_size_is_limited_too() {
    let server = TestServer::start_with(tempfile::tempdir().unwrap(), 10_000);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 10_000);
    let call = server
        .call("POST", "/api/v1/query")
        .header("content-encoding", "gzip");
    let error = call.content("application/json", &bomb).send().error(413);
    assert!(error.contains("10000 bytes"), "{error}");
}
