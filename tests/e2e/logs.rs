//! What a server logs, and what it never does.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fennel_tests::support::{Finished, Http, Process, Server, TOKEN, workspace};
use serde_json::{Value, json};

/// What is in rows, queries, paths and headers, in one form or another.
const SECRET: &str = "hush-6f1e";
const NUMBER: i64 = 73_310_917;

/// A server that logs in JSON, asked for what is right and for what isn't, and what it logged.
fn logged(level: &str, ask: impl FnOnce(&Http)) -> (Vec<Value>, Finished) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Server::command(folder.path());
    command
        .args(["--log-format", "json", "--log-level", level])
        .env("FENNEL_ADMIN_TOKEN", TOKEN);
    let server = Server::ready(Process::start(&mut command));
    let http = server.http();
    let vector = workspace().join("tests/wire/vectors/ticket_basic.b64");
    let text: String = std::fs::read_to_string(vector)
        .unwrap()
        .split_whitespace()
        .collect();
    let request = BASE64_STANDARD.decode(text).unwrap();
    http.try_commit(&request, "").unwrap().ok();
    ask(&http);
    let finished = server.stop();
    let lines = finished.err.lines();
    let events = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    (events.collect(), finished)
}

/// Events about answers, and the spans of their requests.
fn answers(events: &[Value]) -> Vec<(&Value, &Value)> {
    let answers = events
        .iter()
        .filter(|event| event["fields"]["message"] == "answered");
    answers.map(|event| (event, &event["spans"][0])).collect()
}

#[test]
fn each_request_is_told_with_its_id_route_account_and_branch() {
    let (events, _) = logged("debug", |http| {
        let headers = [("x-request-id", "request-of-test")];
        let asked = http.send("GET", "dataset/Ticket/inspect?n=1", &headers, &[]);
        asked.unwrap().ok();
        let _ = http.get("nowhere").error(404);
    });
    let answers = answers(&events);
    let (event, span) = answers
        .iter()
        .find(|(_, span)| span["id"] == "request-of-test")
        .unwrap();
    let expected = json!({
        "name": "request", "id": "request-of-test", "method": "GET",
        "route": "/api/v1/dataset/{name}/inspect", "account": "admin", "branch": "main", "status": 200,
    });
    assert_eq!(**span, expected);
    assert!(event["fields"]["ms"].as_f64().unwrap() > 0.0);
    assert_eq!(event["level"], "DEBUG");
    let (_, span) = answers.last().unwrap();
    assert_eq!(
        (&span["route"], &span["status"]),
        (&json!("other"), &json!(404))
    );

    let committed = events
        .iter()
        .find(|event| event["fields"]["message"] == "committed");
    let committed = committed.unwrap();
    assert_eq!(committed["level"], "INFO");
    let spans = committed["spans"].as_array().unwrap().iter();
    let names: Vec<_> = spans.map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["request", "commit"]);
}

#[test]
fn info_leaves_out_requests() {
    let (events, finished) = logged("info", |http| {
        http.get("branch/list").ok();
    });
    assert!(answers(&events).is_empty());
    let told: Vec<_> = events
        .iter()
        .map(|event| &event["fields"]["message"])
        .collect();
    assert_eq!(told, ["listens", "committed", "has ended"]);
    assert!(finished.out.starts_with("fennel-server listens on http://"));
}

#[test]
fn no_token_and_no_value_is_logged() {
    let made = std::cell::RefCell::new(Vec::new());
    let (events, finished) = logged("trace", |http| {
        let token = ask(http);
        made.borrow_mut().push(token);
    });
    assert!(answers(&events).len() > 20);
    let made = made.into_inner();
    let number = NUMBER.to_string();
    let forbidden = made.iter().map(String::as_str);
    for text in forbidden.chain([TOKEN, "fnl_", SECRET, &number]) {
        let found = finished.err.lines().find(|line| line.contains(text));
        assert_eq!(found, None, "{text}");
    }
}

/// Sends values wherever they can be sent, and returns a token that was made.
fn ask(http: &Http) -> String {
    let row = json!({"ticket_id": SECRET, "price": NUMBER, "at": "2023-12-13T19:23:15Z"});
    http.log("example", "ticket_sale", &json!([row])).ok();
    let odd = json!({"ticket_id": SECRET, "price": SECRET, "at": SECRET});
    http.log("example", "ticket_sale", &json!([odd])).ok();
    let _ = http.log(SECRET, SECRET, &json!([row])).error(404);
    let _ = http
        .log("example", "ticket_sale", &json!(SECRET))
        .error(400);
    http.get("dataset/Ticket/inspect").ok();
    http.get("dataset/Ticket/rejects").ok();
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": [SECRET]},
    });
    http.post("query", &query).ok();
    let query = json!({"inputs": [SECRET], "outputs": [SECRET], "data": {SECRET: [NUMBER]}});
    let _ = http.post("query", &query).error(400);
    let lookup = json!({"keys": [{"ticket_id": SECRET}], "timestamps": [SECRET]});
    let _ = http.post("dataset/Ticket/lookup", &lookup).error(400);
    let lookup = json!({"keys": [{"ticket_id": SECRET}]});
    http.post("dataset/Ticket/lookup", &lookup).ok();

    // Parts of paths, parameters, headers, and the method.
    for path in [
        "dataset/{}/inspect",
        "commits/{}",
        "token/{}",
        "{}",
        "xray?datasets={}",
        "audit?{}=1",
    ] {
        for text in [SECRET, TOKEN] {
            let reply = http.get(&path.replace("{}", text));
            assert!(reply.status >= 400, "{path}");
        }
    }
    for (name, value) in [("x-request-id", TOKEN), ("content-type", SECRET)] {
        let headers = [(name, value)];
        http.send("POST", "query", &headers, SECRET.as_bytes())
            .unwrap();
    }
    let _ = http.on(TOKEN).get("commits").error(404);
    let stranger = Http {
        token: format!("{TOKEN}x"),
        ..http.clone()
    };
    let _ = stranger.get("commits").error(401);
    http.send(SECRET, "query", &[], &[]).unwrap();
    let _ = http.try_commit(SECRET.as_bytes(), "").unwrap();

    http.put("account/ci", &json!({"roles": ["admin"], "note": SECRET}))
        .ok();
    let made = http
        .post("token", &json!({"account": "ci", "note": SECRET}))
        .ok();
    let token = made["token"].as_str().unwrap().to_owned();
    let bearer = Http {
        token: token.clone(),
        ..http.clone()
    };
    bearer.get("branch/list").ok();
    token
}
