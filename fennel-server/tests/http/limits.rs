//! What one client may take of the server, and all of them together.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use crate::support::{Reply, TestServer};

const SHORT: Duration = Duration::from_millis(50);

fn server(configure: impl FnOnce(&mut fennel_server::Config)) -> TestServer {
    TestServer::configured(tempfile::tempdir().unwrap(), configure)
}

#[test]
fn a_connection_that_does_not_say_what_it_wants_is_closed() {
    let server = server(|config| config.head_timeout = SHORT);
    for begun in [
        "",
        "GET /heal",
        "GET /healthz HTTP/1.1\r\nhost: te",
        "GET /healthz HTTP/1.1\r\nhost: test\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{begun:?}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_that_stops_coming_is_not_waited_for() {
    let server = server(|config| config.body_timeout = SHORT);
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-type", "application/json");
    let mut stream = call.header("content-length", "100").open();
    stream.write_all(b"{").unwrap();
    let error = Reply::read(stream).error(408);
    assert!(
        error.contains("nothing of the body came for 50ms"),
        "{error}"
    );
}

#[test]
fn connections_beyond_the_limit_wait() {
    let server = server(|config| config.max_connections = 1);
    let mut first = TcpStream::connect(server.address).unwrap();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    first.read_exact(&mut [0; 15]).unwrap();

    let mut second = server.call("GET", "/healthz").open();
    second.set_read_timeout(Some(SHORT)).unwrap();
    let waited = second.read(&mut [0]).unwrap_err();
    assert!(
        matches!(waited.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{waited}"
    );
    drop(first);
    second.set_read_timeout(None).unwrap();
    assert_eq!(Reply::read(second).status, 200);
}

/// A request that logs nothing, in so many bytes.
fn padded(length: usize) -> Vec<u8> {
    let mut body = json!({"webhook": "example", "endpoint": "ticket_sale", "data": []})
        .to_string()
        .into_bytes();
    body.resize(length, b' ');
    body
}

#[test]
fn large_requests_share_what_memory_there_is() {
    let server = server(|config| config.request_memory = 1 << 20).commit_tickets();
    let body = padded(700 << 10);
    let large = || {
        let call = server.call("POST", "/api/v1/log");
        call.content("application/json", &body).send()
    };
    assert_eq!(large().status, 200);

    let (begin, end) = body.split_at(600 << 10);
    // What of a request has come, and what of an answered one is freed yet, isn't known from outside: either of two
    // requests may be the one that finds no room. Then they meet once more.
    let meet = || {
        let call = server
            .call("POST", "/api/v1/log")
            .header("content-type", "application/json");
        let mut slow = call
            .header("content-length", &body.len().to_string())
            .open();
        slow.write_all(begin).ok()?;
        let mut replies = std::iter::repeat_with(large).take(50);
        let refused = replies.find(|reply| reply.status != 200)?;
        assert_eq!(
            server.prices(&json!(["a"])),
            json!([0]),
            "small requests are served"
        );
        slow.write_all(end).ok()?;
        let slow = Reply::read(slow);
        (slow.status == 200).then_some((slow, refused))
    };
    let mut meetings = std::iter::repeat_with(meet).take(50);
    let (slow, refused) = meetings.find_map(|met| met).unwrap();
    assert_eq!(slow.ok(), json!({"rows": 0, "set_aside": 0}));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let error = refused.error(503);
    assert!(error.contains("send it again later"), "{error}");
    let mut replies = std::iter::repeat_with(large).take(50);
    assert!(
        replies.any(|reply| reply.status == 200),
        "there is room again"
    );
}

#[test]
fn what_is_made_of_a_body_counts_too() {
    let server = server(|config| config.request_memory = 4 << 20).commit_tickets();
    let zeros = vec![0; 50_000];
    let log = |data: Json| {
        json!({"webhook": "example", "endpoint": "ticket_sale", "data": data}).to_string()
    };
    let text = json!({"price": zeros}).to_string().replace(',', "\\u002c");
    let escaped = log(json!("DATA")).replace("DATA", &text.replace('"', "\\\""));
    let empty_rows = log(json!(vec![json!({}); 10_000]));
    for body in [log(json!({"price": zeros})), escaped, empty_rows] {
        let error = server
            .call("POST", "/api/v1/log")
            .content("application/json", body.as_bytes())
            .send()
            .error(413);
        assert!(
            error.contains("4194304 bytes that the server has for all"),
            "{error}"
        );
    }

    let id = "TicketFeatures.ticket_id";
    let query = json!({"inputs": [id], "outputs": vec!["TicketFeatures.price"; 1000], "data": {id: vec!["a"; 100]}});
    let error = server.post("/api/v1/query", &query).error(413);
    assert!(error.contains("send it in several requests"), "{error}");

    // A message of empty datasets, two bytes each.
    assert!(
        server
            .commit(&[0x0a, 0].repeat(20_000))
            .error(413)
            .contains("more memory")
    );

    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&padded(5 << 20)).unwrap();
    let bomb = gzip.finish().unwrap();
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-encoding", "gzip");
    let error = call.content("application/json", &bomb).send().error(413);
    assert!(error.contains("more memory"), "{error}");
    assert_eq!(
        server.prices(&json!(["a"])),
        json!([0]),
        "all of it is given back"
    );
}
