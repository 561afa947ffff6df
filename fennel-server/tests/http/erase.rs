//! Erasing over HTTP: who may, what is told, and what the audit has of it.

use std::sync::Arc;

use fennel_core::value::Value;
use fennel_core::wire::proto::connector::pre_proc_value::Variant;
use fennel_core::wire::proto::connector::{Eval, PreProcValue, eval};
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::python::{Function, Lookups, Runner, Stop};
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::{send, token_of, token_with};
use crate::support::{TestServer, ticket_request};

const ERASE: &str = "/api/v1/dataset/Ticket/erase";

/// Tickets that can be erased, which carry `tags`.
fn erasable(tags: &[&str]) -> Vec<u8> {
    let mut request = ticket_request();
    let dataset = &mut request.datasets[0];
    let schema = dataset.dsschema.as_mut().unwrap();
    schema.erase_keys = vec!["ticket_id".into()];
    let metadata = dataset.metadata.get_or_insert_default();
    metadata.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    request.encode_to_vec()
}

/// A server with tickets `a` and `b`.
fn started(tags: &[&str]) -> TestServer {
    let server = TestServer::start();
    server.commit(&erasable(tags)).ok();
    server.log(&rows(&["a", "b"])).ok();
    server
}

fn rows(ids: &[&str]) -> Json {
    let rows = ids
        .iter()
        .map(|id| json!({"ticket_id": id, "price": 5, "at": "2024-01-01T00:00:00Z"}));
    rows.collect()
}

fn key(id: &str) -> Json {
    json!({"erase_keys": [{"ticket_id": id}]})
}

#[test]
fn rows_are_erased_and_come_again_unless_later_ones_are_purged() {
    let server = started(&[]);
    assert_eq!(server.post(ERASE, &key("a")).ok(), json!({"rows": 1}));
    assert_eq!(server.prices(&json!(["a", "b"])), json!([0, 5]));
    assert_eq!(server.post(ERASE, &key("nobody")).ok(), json!({"rows": 0}));
    assert_eq!(
        server.log(&rows(&["a"])).ok(),
        json!({"rows": 1, "set_aside": 0})
    );
    assert_eq!(server.prices(&json!(["a"])), json!([5]));
    let purge = json!({"erase_keys": {"ticket_id": ["a", "c"]}, "purge_later": true});
    assert_eq!(server.post(ERASE, &purge).ok(), json!({"rows": 1}));
    assert_eq!(
        server.log(&rows(&["a", "b", "c"])).ok(),
        json!({"rows": 1, "set_aside": 0, "refused": 2})
    );
    assert_eq!(server.prices(&json!(["a", "c"])), json!([0, 0]));
}

#[test]
fn a_wrong_request_says_what_is_wrong_and_the_audit_has_no_values() {
    let server = started(&[]);
    for (body, expected) in [
        (json!({}), "missing field `erase_keys`"),
        (
            json!({"erase_keys": [{"ticket_id": "a"}], "x": 1}),
            "unknown field `x`",
        ),
        (json!({"erase_keys": 5}), "`erase_keys` is a number"),
        (
            json!({"erase_keys": [{"id": "hush"}]}),
            "erase key 0 has no `ticket_id`",
        ),
        (
            json!({"erase_keys": [{"ticket_id": {"hush": 1}}]}),
            "erase key 0, `ticket_id`: expected",
        ),
        (
            json!({"erase_keys": [{"ticket_id": "hush", "price": 5}]}),
            "erase key 0 has `price`",
        ),
        (
            json!({"erase_keys": [], "purge_later": "yes"}),
            "invalid type",
        ),
    ] {
        let error = server.post(ERASE, &body).error(400);
        assert!(error.contains(expected), "{error}");
    }
    let error = server
        .post("/api/v1/dataset/Nothing/erase", &key("hush"))
        .error(404);
    assert_eq!(error, "no dataset `Nothing`; there is `Ticket`");
    server.post(ERASE, &key("hush")).ok();
    server.post(ERASE, &key("a")).ok();
    let audit = server.get("/api/v1/audit").text();
    assert!(!audit.contains("hush"), "{audit}");
    let audit: Json = serde_json::from_str(&audit).unwrap();
    let mut entries = audit["entries"].as_array().unwrap().iter().rev();
    // Refusals are counted, and written later.
    let is_done = |entry: &&Json| entry["what"] == "erase" && entry["outcome"] == "done";
    let last = entries.find(is_done).unwrap();
    let told = json!([
        last["what"],
        last["on"],
        last["who"],
        last["outcome"],
        last["detail"]
    ]);
    assert_eq!(
        told,
        json!(["erase", "main/Ticket", "admin", "done", {"keys": 1, "purge_later": null, "rows": 1}])
    );
}

/// Stops every function.
#[derive(Debug)]
struct Stopped;

impl Runner for Stopped {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        _: &Function,
        _: &[Vec<Value>],
        _: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        Err(Stop::Stopped("took too long".into()))
    }
}

#[test]
fn nothing_is_erased_while_it_isnt_known_whom_a_row_is_about() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::configured(dir, |config| {
        config.engine.python = Some(Arc::new(Stopped));
    });
    let mut request = SyncRequest::decode(&erasable(&[])[..]).unwrap();
    let code = PyCode {
        entry_point: "named".into(),
        core_code: "def named(df): ..".into(),
        generated_code: "def named(df): ..".into(),
        ..PyCode::default()
    };
    let eval = Eval {
        schema: None,
        eval_type: Some(eval::EvalType::Pycode(code)),
    };
    let made = PreProcValue {
        variant: Some(Variant::Eval(eval)),
    };
    let source = &mut request.sources[0];
    source.pre_proc.insert("ticket_id".into(), made);
    server.commit(&request.encode_to_vec()).ok();
    assert_eq!(server.log(&rows(&["a"])).ok()["set_aside"], 1);
    assert_eq!(
        server.post(ERASE, &key("a")).error(503),
        "nothing is erased, since it isn't known whom each row of `Ticket` is about: `named` took too long; \
         erase again once that function answers, or commit one that does under a new version"
    );
    let rejects = server.get("/api/v1/dataset/Ticket/rejects").ok();
    assert_eq!(rejects["total"], 1);
    let audit = server.get("/api/v1/audit").ok();
    let entries = audit["entries"].as_array().unwrap().iter();
    let erased = entries.filter(|entry| entry["what"] == "erase");
    let outcomes: Vec<_> = erased.map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["refused"]);
}

#[test]
fn a_dataset_without_erase_keys_is_refused() {
    let server = TestServer::with_tickets();
    let error = server.post(ERASE, &key("a")).error(400);
    assert!(
        error.starts_with("dataset `Ticket` has no erase keys"),
        "{error}"
    );
}

#[test]
fn it_takes_the_right_to_write_such_rows_and_tells_others_nothing() {
    let server = started(&["PII"]);
    let erase = |token: &str, path: &str, branch: &str| {
        let call = server.call("POST", path).bearer(token).branch(branch);
        send(call, &key("a"))
    };
    let deployer = token_of(&server, "ci", &["deployer:*", "reader:*"]);
    let other = token_of(&server, "other", &["producer:example/other"]);
    let grants = json!([{"modes": ["write_data", "read_data"], "branches": ["*"], "endpoints": ["*"], "tags": ["~PII"]}]);
    let but_pii = token_with(&server, "but-pii", &grants);
    for token in [&deployer, &other, &but_pii] {
        let known = erase(token, ERASE, "main").error(403);
        assert!(
            known.contains("doesn't have `write_data` at all endpoints"),
            "{known}"
        );
        let unknown = erase(token, "/api/v1/dataset/Nothing/erase", "main").error(403);
        assert_eq!(known.replace("`Ticket`", "`Nothing`"), unknown);
        let nowhere = erase(token, ERASE, "secret").error(403);
        assert_eq!(known.replace("`main`", "`secret`"), nowhere);
    }
    let producer = token_of(&server, "shop", &["producer:example/ticket_sale"]);
    assert_eq!(erase(&producer, ERASE, "main").ok(), json!({"rows": 1}));
}
