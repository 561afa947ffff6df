//! Starting, restarting and stopping.

use std::io::{Read, Write};
use std::net::TcpStream;

use fennel_server::{Error, FirstToken, Server};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::{Reply, TestServer, config, ticket};

const MAX_BODY: usize = 1 << 20;

#[test]
fn a_restart_keeps_the_token_the_definitions_and_the_rows() {
    let server = TestServer::with_tickets();
    let commit = server.commit(&ticket()).ok()["commit"].clone();
    server
        .log(&json!([{"ticket_id": "a", "price": 1, "at": "2024-01-01"}]))
        .ok();

    let server = TestServer::start_with(server.stop(), MAX_BODY);
    assert_eq!(server.prices(&json!(["a"])), json!([1]));
    let again = server.commit(&ticket()).ok();
    assert_eq!(
        (&again["changed"], &again["commit"]),
        (&json!(false), &commit)
    );
}

#[test]
fn the_first_token_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let bind = || runtime.block_on(Server::bind(config(dir.path()))).unwrap();
    let first = bind();
    let token = first.first_token().unwrap().reveal().to_owned();
    assert!(
        token.starts_with("fnl_") && token.len() == 4 + 64,
        "256 bits in hexadecimal"
    );
    runtime.block_on(first.confirm_first_token()).unwrap();
    drop(first);

    let second = bind();
    assert!(second.first_token().is_none());
    assert!(matches!(second.token_outcome(), FirstToken::Kept));
    drop(second);
    for file in walk(dir.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let holds = bytes
            .windows(token.len())
            .any(|part| part == token.as_bytes());
        assert!(!holds, "{} holds the token", file.display());
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| {
        if path.is_dir() {
            walk(&path)
        } else {
            vec![path]
        }
    });
    files.collect()
}

#[test]
fn a_folder_or_an_address_in_use_is_an_error_that_names_it() {
    let server = TestServer::start();
    let runtime = Runtime::new().unwrap();
    let error = runtime
        .block_on(Server::bind(config(server.dir.path())))
        .unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");

    let mut taken = config(tempfile::tempdir().unwrap().path());
    taken.listen = server.address;
    let error = runtime
        .block_on(Server::bind(taken))
        .unwrap_err()
        .to_string();
    assert!(error.contains(&server.address.to_string()), "{error}");
}

#[test]
fn a_server_that_stops_finishes_what_it_has_begun() {
    let mut server = TestServer::with_tickets();
    let body = json!({
        "webhook": "example", "endpoint": "ticket_sale",
        "data": [{"ticket_id": "a", "price": 1, "at": "2024-01-01"}],
    });
    let body = body.to_string();
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-type", "application/json");
    let call = call.header("content-length", &body.len().to_string());
    let mut stream = call.header("expect", "100-continue").open();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();

    server.begin_stop();
    // It takes no more connections from some moment on.
    while TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(Reply::read(stream).ok(), json!({"rows": 1, "set_aside": 0}));

    let server = TestServer::start_with(server.stop(), MAX_BODY);
    assert_eq!(server.prices(&json!(["a"])), json!([1]));
}

#[test]
fn an_idle_connection_does_not_hold_a_server_up() {
    let server = TestServer::start();
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    server.stop();
}
