//! The program's traces, as a collector gets them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::Message;

const TOKEN: &str = "fnl_a-token-for-tests";
/// The longest that anything takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// The parts of OTLP's messages that the test looks at.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(int64, optional, tag = "3")]
    number: Option<i64>,
}

/// What `name` is among these.
fn attribute(attributes: &[Attribute], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    let value = found.value.clone()?;
    value.text.or_else(|| Some(value.number?.to_string()))
}

/// Reads a request, or an answer, with its body.
fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let lower = head.to_ascii_lowercase();
    let mut lines = lower.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}

/// A collector that takes traces with `status`: its address, and what comes.
fn collector(status: &'static str) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, exports) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let export = read(&mut stream);
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            if sender.send(export).is_err() {
                return;
            }
        }
    });
    (address, exports)
}

/// Starts a server that sends traces to `collector`, commits to it and looks a row up, and ends it; what it logged.
fn run(collector: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fennel-server"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .args(["--otlp-endpoint", collector])
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .env_remove("OTEL_SERVICE_NAME")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.as_mut().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let address = line
        .trim_end()
        .strip_prefix("fennel-server listens on http://");
    let address = address.unwrap().to_owned();
    let text = include_str!("../../tests/wire/vectors/ticket_basic.b64");
    let text: String = text.split_whitespace().collect();
    let request = BASE64_STANDARD.decode(text).unwrap();
    call(
        &address,
        "POST /api/v1/commit",
        "application/octet-stream",
        &request,
    );
    let lookup = br#"{"keys": [{"ticket_id": "hush-6f1e"}]}"#;
    call(
        &address,
        "POST /api/v1/dataset/Ticket/lookup",
        "application/json",
        lookup,
    );
    stop(child)
}

fn call(address: &str, what: &str, content: &str, body: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: {content}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let (head, body) = read(&mut stream);
    let body = String::from_utf8_lossy(&body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}{body}");
}

fn stop(child: Child) -> String {
    let mut kill = Command::new("kill");
    let sent = kill.args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let finished = child.wait_with_output().unwrap();
    let err = String::from_utf8(finished.stderr).unwrap();
    assert!(finished.status.success(), "{err}");
    err
}

#[test]
fn requests_and_what_the_engine_does_for_them_are_one_trace() {
    let (address, exports) = collector("200 OK");
    run(&address);
    let mut spans = Vec::new();
    for (head, body) in exports.try_iter() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf\r\n"),
            "{head}"
        );
        for text in ["fnl_", "hush-6f1e"] {
            let has = body.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!has, "{text}");
        }
        for of in Export::decode(&body[..]).unwrap().resources {
            let resource = of.resource.unwrap().attributes;
            let service = attribute(&resource, "service.name");
            assert_eq!(service.as_deref(), Some("fennel-server"));
            spans.extend(of.scopes.into_iter().flat_map(|scope| scope.spans));
        }
    }
    let request = |route: &str| {
        let mut spans = spans.iter().filter(|span| span.name == "request");
        let found =
            spans.find(|span| attribute(&span.attributes, "route").as_deref() == Some(route));
        found.unwrap_or_else(|| panic!("{route}: {spans:?}"))
    };
    let lookup = request("/api/v1/dataset/{name}/lookup");
    for (name, value) in [
        ("method", "POST"),
        ("account", "admin"),
        ("branch", "main"),
        ("status", "200"),
    ] {
        assert_eq!(
            attribute(&lookup.attributes, name).as_deref(),
            Some(value),
            "{name}"
        );
    }
    let commit = request("/api/v1/commit");
    let of_commit = spans.iter().filter(|span| span.trace == commit.trace);
    let child = |name: &str, parent: &Span| {
        let mut found = of_commit.clone().filter(|span| span.name == name);
        let found = found.find(|span| span.parent == parent.id);
        found.unwrap_or_else(|| panic!("{name}: {spans:?}")).clone()
    };
    child("backfill", &child("commit", commit));
}

#[test]
fn a_collector_that_refuses_is_told_of_once_and_does_no_harm() {
    let (address, exports) = collector("503 Service Unavailable");
    let err = run(&address);
    assert!(exports.try_iter().count() > 0);
    let told = err
        .lines()
        .filter(|line| line.contains("traces can't be sent"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1, "{err}");
    assert!(told[0].contains("503"), "{err}");
}

#[test]
fn an_endpoint_that_is_none_is_refused_without_being_repeated() {
    for endpoint in ["collector:4317", "https://a", "http://user:hush@a"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fennel-server"));
        command.args(["--listen", "127.0.0.1:0", "--otlp-endpoint", endpoint]);
        let output = command.current_dir(std::env::temp_dir()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(
            err.contains("http://127.0.0.1:4318") && !err.contains("hush"),
            "{err}"
        );
    }
}
