//! The OpenAPI description, as a program that reads such descriptions finds it: schemathesis sends requests that it
//! allows and requests that it doesn't, and judges each answer by it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_server::{Config, SecretKey, Server, Token};
use fennel_tests::support::{Http, Process, workspace};
use prost::Message;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::python::installed;

const PACKAGE: &str = "schemathesis==4.32.5";

/// How many requests of a call are made up at random, beside those that go by its description.
const EXAMPLES: &str = "50";

/// The longest that all of it takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(180);

/// Not one that is kept in the data folder, so that no request can revoke it.
const TOKEN: &str = "fnl_process-token-of-tests";

#[test]
fn answers_are_as_described_whatever_is_sent() {
    let Some(bin) = installed("openapi-venv", PACKAGE, "the OpenAPI description") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // Offline queries of files are tried as well, with a folder that has none.
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: folder.path().join("data"),
        offline_dirs: vec![files],
        process_token: Some(Token::new(TOKEN).unwrap()),
        secret_key: Some(SecretKey::new(&"a1".repeat(32)).unwrap()),
        ..Config::default()
    };
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind(config)).unwrap();
    let http = Http {
        address: server.address(),
        token: TOKEN.into(),
        branch: "main".into(),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = runtime.spawn(server.serve(async {
        let _ = stopped.await;
    }));
    fill(&http);
    let mut description = strict(http.get("openapi.json").ok());
    for (call, place, value) in examples(&http) {
        add_example(&mut description, call, place, value);
    }

    let report = try_all(&bin, folder.path(), &http, &description);
    check_answered(&description, &report);
    let _ = stop.send(());
    runtime.block_on(serving).unwrap();
}

/// Has schemathesis try a server, and returns its report.
fn try_all(bin: &Path, folder: &Path, http: &Http, description: &Value) -> Value {
    let path = folder.join("openapi.json");
    fs::write(&path, description.to_string()).unwrap();
    let mut command = Command::new(bin.join("schemathesis"));
    command
        .arg("--config-file")
        .arg(workspace().join("tests/interop/schemathesis.toml"))
        .arg("run")
        .arg(&path)
        .args(["--url", &format!("http://{}", http.address)])
        .args(["--max-examples", EXAMPLES, "--seed", "7425"])
        .args(["--warnings", "off", "--report-json-path", "report.json"])
        .current_dir(folder)
        .env("FENNEL_TOKEN", TOKEN)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("no_proxy", "127.0.0.1");
    let finished = Process::start(&mut command).finish(LIMIT);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.out, finished.err);
    let report = fs::read_to_string(folder.join("report.json")).unwrap();
    serde_json::from_str(&report).unwrap()
}

/// Commits the ticket example, of which rows can be erased, logs some rows, one of which doesn't fit, and makes branches,
/// an account and secrets.
fn fill(http: &Http) {
    let vector = workspace().join("tests/wire/vectors/ticket_basic.b64");
    let text = fs::read_to_string(vector).unwrap();
    let text: String = text.split_whitespace().collect();
    let request = BASE64_STANDARD.decode(text).unwrap();
    let mut request = SyncRequest::decode(&*request).unwrap();
    for schema in request.datasets.iter_mut().flat_map(|it| &mut it.dsschema) {
        schema.erase_keys = vec!["ticket_id".into()];
    }
    http.try_commit(&request.encode_to_vec(), "").unwrap().ok();
    let rows = json!([
        {"ticket_id": "JAZ-0211-B02", "price": 4250, "at": "2023-12-13T19:23:15Z"},
        {"ticket_id": "JAZ-0211-J22", "price": "much", "at": "2023-12-15T13:58:05Z"},
    ]);
    let logged = http.log("example", "ticket_sale", &rows).ok();
    assert_eq!(logged, json!({"rows": 2, "set_aside": 1}));
    for branch in ["empty", "gone"] {
        http.on(branch).post("init", &json!({})).ok();
    }
    http.put("account/ci", &json!({"roles": ["admin"]})).ok();
    for name in ["shown", "changed", "gone"] {
        let secret = json!({"value": "kept"});
        http.post(&format!("secret/{name}"), &secret).ok();
    }
}

/// A request of each call that needs names which are there, so that its answer is seen: the call, which parameter, or
/// `body`, and its value.
fn examples(http: &Http) -> Vec<(&'static str, &'static str, Value)> {
    let token = || {
        let made = http.post("token", &json!({"account": "ci"})).ok();
        made["id"].clone()
    };
    let lookup = json!({"keys": [{"ticket_id": "JAZ-0211-B02"}], "timestamps": [1_702_600_000]});
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ["JAZ-0211-B02"]},
        "log": true,
    });
    // So that there are logged features to show.
    let _ = http.post("query", &query).ok();
    let offline = json!({
        "input_features": ["TicketFeatures.ticket_id"],
        "output_features": ["TicketFeatures.price"],
        "timestamp_column": "at",
        "input": {"Pandas": {"TicketFeatures.ticket_id": ["JAZ-0211-B02"], "at": ["2023-12-14"]}},
    });
    let job = completed(http, &offline);
    let row = json!({"ticket_id": "JAZ-0211-D07", "price": 3800, "at": "2023-12-17T21:12:35Z"});
    let log = json!({"webhook": "example", "endpoint": "ticket_sale", "data": [row]});
    vec![
        // A request of no bytes says that there are no definitions, as on that branch.
        ("commit", "x-fennel-branch", json!("empty")),
        ("commit", "body", json!("")),
        ("show_commit", "commit", json!("HEAD")),
        ("compare_commits", "from", json!("HEAD")),
        ("compare_commits", "to", json!("HEAD")),
        ("log", "body", log),
        ("query", "body", query),
        ("query_offline", "body", offline),
        ("offline_status", "request_id", job.clone()),
        ("offline_result", "request_id", job.clone()),
        ("cancel_offline", "request_id", job),
        ("lookup", "name", json!("Ticket")),
        ("lookup", "body", lookup),
        ("inspect", "name", json!("Ticket")),
        ("rejects", "name", json!("Ticket")),
        ("expectations", "name", json!("Ticket")),
        ("erase", "name", json!("Ticket")),
        // Nobody's, since whatever is found takes a rewrite of the whole data folder.
        (
            "erase",
            "body",
            json!({"erase_keys": [{"ticket_id": "JAZ-0211-Z99"}]}),
        ),
        ("show_secret", "name", json!("shown")),
        ("add_secret", "name", json!("new")),
        ("update_secret", "name", json!("changed")),
        ("delete_secret", "name", json!("gone")),
        ("delete_branch", "x-fennel-branch", json!("gone")),
        ("delete_branch", "body", json!({})),
        ("show_token", "id", token()),
        ("delete_token", "id", token()),
        ("revoke_token", "id", token()),
        ("rotate_token", "id", token()),
        ("rotate_token", "body", json!({"overlap": "1h"})),
    ]
}

/// The id of an offline query, once it has its output.
fn completed(http: &Http, request: &Value) -> Value {
    let id = http.post("query_offline", request).ok()["request_id"].clone();
    let path = format!("query_offline/status?request_id={}", id.as_str().unwrap());
    let until = Instant::now() + LIMIT;
    while http.get(&path).ok()["status"] != "completed" {
        assert!(Instant::now() < until, "{}", http.get(&path).ok());
        std::thread::yield_now();
    }
    id
}

fn add_example(description: &mut Value, call: &str, place: &str, value: Value) {
    let paths = description["paths"].as_object_mut().unwrap();
    let calls = paths.values_mut().filter_map(Value::as_object_mut);
    let mut calls = calls.flat_map(|calls| calls.values_mut());
    let call = calls
        .find(|described| described["operationId"] == call)
        .unwrap();
    if place == "body" {
        let contents = call["requestBody"]["content"].as_object_mut().unwrap();
        // Of protobuf's two types schemathesis can write the first.
        let first = contents.values_mut().next().unwrap();
        first["example"] = value;
    } else {
        let mut parameters = call["parameters"].as_array_mut().unwrap().iter_mut();
        let parameter = parameters.find(|parameter| parameter["name"] == place);
        parameter.unwrap()["example"] = value;
    }
}

/// Each call has answered at least once: a description of which every request is refused would be wrong, too.
fn check_answered(description: &Value, report: &Value) {
    for (path, calls) in description["paths"].as_object().unwrap() {
        for method in calls.as_object().unwrap().keys() {
            let call = format!("{} {path}", method.to_ascii_uppercase());
            let phases = report["valid_rates"][&call].as_object();
            let phases = phases.into_iter().flat_map(|phases| phases.values());
            let answered = phases.filter_map(|phase| phase["accepted"].as_u64());
            assert!(answered.sum::<u64>() > 0, "`{call}` was never answered 200");
        }
    }
}

/// The same description, in which no object of an answer has other members than are told. What is served leaves that
/// open for later versions; here a member that is not described is a mistake.
fn strict(mut description: Value) -> Value {
    let paths = description["paths"].as_object_mut().unwrap();
    for call in paths.values_mut().filter_map(Value::as_object_mut) {
        for call in call.values_mut() {
            close(&mut call["responses"]);
        }
    }
    close(&mut description["components"]["schemas"]);
    description
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            parts.values_mut().for_each(close);
            if parts.get("type").is_some_and(|kind| kind == "object")
                && parts.get("properties").is_some_and(Value::is_object)
            {
                parts.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(close),
        _ => {}
    }
}
