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

/// What a description says that the server doesn't do, and the other way round, of the paths that it has.
fn differences(server: &TestServer, description: &Json) -> Vec<String> {
    let mut found = Vec::new();
    for (path, calls) in description["paths"].as_object().unwrap() {
        let some_path = path.replace(['{', '}'], "");
        for method in METHODS {
            let reply = server.call(method, &some_path).send();
            let is_described = calls.get(method.to_ascii_lowercase()).is_some();
            let is_routed = reply.status != 405 && !reply.text().contains("there is no call");
            match (is_described, is_routed) {
                (true, false) => found.push(format!("{method} {path} is not routed")),
                (false, true) => found.push(format!("{method} {path} is not described")),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn a_method_is_routed_if_and_only_if_it_is_described() {
    let server = TestServer::start();
    let description = description(&server);
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(differences(&server, &description), [""; 0]);
}

/// The test above would find each of them.
#[test]
fn a_description_that_is_wrong_is_told_from_the_router() {
    let server = TestServer::start();
    let right = description(&server);
    let wrong = |change: &dyn Fn(&mut serde_json::Map<String, Json>)| {
        let mut wrong = right.clone();
        change(wrong["paths"].as_object_mut().unwrap());
        differences(&server, &wrong)
    };
    let role = "/api/v1/role/{name}";
    let methods = |paths: &mut serde_json::Map<String, Json>, change: fn(&mut Json)| {
        change(paths.get_mut(role).unwrap());
    };
    assert_eq!(
        wrong(&|paths| {
            let made_up = paths[role].clone();
            paths.insert("/api/v1/made_up".into(), made_up);
        }),
        ["PUT", "DELETE"].map(|it| format!("{it} /api/v1/made_up is not routed"))
    );
    assert_eq!(
        wrong(&|paths| methods(paths, |calls| {
            calls["patch"] = calls["put"].clone();
        })),
        [format!("PATCH {role} is not routed")]
    );
    assert_eq!(
        wrong(&|paths| methods(paths, |calls| {
            calls.as_object_mut().unwrap().remove("delete");
        })),
        [format!("DELETE {role} is not described")]
    );
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
            if path.ends_with("tests.rs") {
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
