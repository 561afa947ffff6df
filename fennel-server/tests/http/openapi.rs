//! The description of all calls, and that it is the router's.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::support::TestServer;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn description(server: &TestServer) -> Json {
    let call = server.call("GET", "/api/v1/openapi.json");
    call.without_token().send().ok()
}

#[test]
fn a_method_is_routed_if_and_only_if_it_is_described() {
    let server = TestServer::start();
    let description = description(&server);
    assert_eq!(description["openapi"], "3.1.0");
    for (path, calls) in description["paths"].as_object().unwrap() {
        let some_path = path.replace(['{', '}'], "");
        for method in METHODS {
            let reply = server.call(method, &some_path).send();
            let is_described = calls.get(method.to_ascii_lowercase()).is_some();
            assert_eq!(
                reply.status != 405,
                is_described,
                "{method} {path}: {reply:?}"
            );
            assert!(!reply.text().contains("there is no call"), "{path}");
        }
    }
}

#[test]
fn what_needs_no_token_says_so() {
    let server = TestServer::start();
    for (path, calls) in description(&server)["paths"].as_object().unwrap() {
        let some_path = path.replace(['{', '}'], "");
        for (method, described) in calls.as_object().unwrap() {
            let call = server.call(&method.to_ascii_uppercase(), &some_path);
            let is_open = described["security"] == serde_json::json!([]);
            let status = call.without_token().send().status;
            assert_eq!(status != 401, is_open, "{method} {path}: {status}");
        }
    }
}

/// A route that is made elsewhere would not be described.
#[test]
fn only_the_list_of_calls_makes_routes() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.clone()];
    let mut makers = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let makes = ["axum::routing", ".route(", ".route_service(", ".nest"];
            if makes.iter().any(|made| text.contains(made)) {
                makers.push(path.strip_prefix(&source).unwrap().to_owned());
            }
        }
    }
    assert_eq!(makers, [Path::new("openapi/mod.rs")]);
}
