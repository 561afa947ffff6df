//! Every call that the server describes is called by `endpoints.py`, and each that the public client has a method for by
//! that client. Who called what is what the server's log of requests says.

use std::collections::BTreeSet;

use fennel_tests::support::{Process, Server, TOKEN};
use serde_json::Value;

use crate::python::script;

/// The account of the client's token.
const CLIENT: &str = "client";

/// What the client has methods for.
const OF_THE_CLIENT: [&str; 18] = [
    "POST /api/v1/commit",
    "POST /api/v1/log",
    "POST /api/v1/query",
    "POST /api/v1/query_offline",
    "GET /api/v1/query_offline/status",
    "POST /api/v1/query_offline/cancel",
    "POST /api/v1/dataset/{name}/lookup",
    "GET /api/v1/dataset/{name}/inspect",
    "POST /api/v1/dataset/{name}/erase",
    "POST /api/v1/init",
    "POST /api/v1/delete",
    "GET /api/v1/branch/list",
    "GET /api/v1/secret/{name}",
    "POST /api/v1/secret/{name}",
    "PATCH /api/v1/secret/{name}",
    "DELETE /api/v1/secret/{name}",
    "GET /api/v1/lineage",
    "GET /api/v1/xray",
];

#[test]
fn every_call_is_called_and_by_the_client_where_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Server::command(folder.path());
    command
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .env("FENNEL_SECRET_KEY", "5a".repeat(32))
        .args(["--log-level", "debug", "--log-format", "json"]);
    let server = Server::ready(Process::start(&mut command));
    let Some(_) = script("endpoints.py", &server) else {
        return;
    };
    let described = operations(&server.http().get("openapi.json").ok());
    let answered = answered(&server.stop().err);
    let called: BTreeSet<_> = answered.iter().map(|(_, call)| call.clone()).collect();
    let uncalled: Vec<_> = described.difference(&called).collect();
    assert!(uncalled.is_empty(), "add to endpoints.py: {uncalled:?}");
    for call in OF_THE_CLIENT {
        assert!(
            described.contains(call),
            "`{call}` is not in the description"
        );
        assert!(
            answered.contains(&(CLIENT.into(), call.into())),
            "the client never called `{call}`"
        );
    }
}

/// The calls of an OpenAPI description, as `GET /api/v1/xray`.
fn operations(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().unwrap().iter();
    let calls = paths.flat_map(|(path, calls)| {
        let methods = calls.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_ascii_uppercase()))
    });
    calls.collect()
}

/// The accounts and calls of the requests that a log says were answered with 200.
fn answered(log: &str) -> BTreeSet<(String, String)> {
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let answers = events.filter(|event| event["fields"]["message"] == "answered");
    let requests = answers.map(|event| event["spans"][0].clone());
    let good = requests.filter(|request| request["status"] == 200);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    good.map(|request| {
        let call = format!("{} {}", text(&request["method"]), text(&request["route"]));
        (text(&request["account"]), call)
    })
    .collect()
}
