//! The key of secrets, given by a file, lost, and replaced.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fennel_tests::support::{Http, Process, Reply, Server, TOKEN};
use serde_json::json;

/// The longest that a start takes which is refused, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A server on a folder, with what it takes besides.
fn process(folder: &Path, arguments: &[&Path]) -> Process {
    let mut command = Server::command(folder);
    if !arguments.is_empty() {
        command.arg("--secret-key-file").args(arguments);
    }
    Process::start(command.env("FENNEL_ADMIN_TOKEN", TOKEN))
}

/// Why a server with this key doesn't start.
fn refused(folder: &Path, key: &Path) -> String {
    let finished = process(folder, &[key]).finish(LIMIT);
    assert_ne!(finished.code, Some(0));
    finished.err
}

fn call(http: &Http, method: &str, body: &[u8]) -> Reply {
    let json = [("content-type", "application/json")];
    http.send(method, "secret/kafka", &json, body).unwrap()
}

#[test]
fn a_key_is_read_from_a_file_and_a_lost_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys) = (folder.path().join("data"), folder.path());
    let (first, second, none) = (keys.join("first"), keys.join("second"), keys.join("none"));
    // As `openssl rand -hex 32` writes one.
    fs::write(&first, format!("{}\n", "5a".repeat(32))).unwrap();
    fs::write(&second, format!("{}\n", "a5".repeat(32))).unwrap();
    fs::write(keys.join("short"), "5a").unwrap();
    let said = refused(&data, &none);
    assert!(
        said.contains("--secret-key-file") && said.contains("can't be read"),
        "{said}"
    );
    let said = refused(&data, &keys.join("short"));
    assert!(said.contains("64 hexadecimal digits"), "{said}");

    let secret = json!({"value": "hush-hush"}).to_string();
    let server = Server::ready(process(&data, &[&first]));
    call(&server.http(), "POST", secret.as_bytes()).ok();
    server.stop();
    let server = Server::ready(process(&data, &[&first]));
    let told = call(&server.http(), "GET", &[]).ok();
    assert_eq!(told, json!({"value": "hush-hush"}));
    server.stop();

    let said = refused(&data, &second);
    assert!(said.contains("another key (`kafka`)"), "{said}");
    assert!(said.contains("start without a key"), "{said}");
    let server = Server::ready(process(&data, &[]));
    call(&server.http(), "DELETE", &[]).ok();
    server.stop();
    let server = Server::ready(process(&data, &[&second]));
    call(&server.http(), "POST", secret.as_bytes()).ok();
    server.stop();
}
