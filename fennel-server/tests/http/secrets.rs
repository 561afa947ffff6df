//! Secrets over HTTP: kept encrypted, shown to admins alone, and told nowhere else.

use std::fs;
use std::path::Path;

use fennel_core::catalog::Catalog;
use fennel_core::connector::{Kafka, Secret};
use fennel_core::entity::{Cdc, Dataset, Descriptor, Field, Index, Location, Meta, Order, Source};
use fennel_core::time::Duration;
use fennel_core::ty::Type;
use fennel_core::wire::encode;
use fennel_server::{Config, SecretKey, Server};
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::{send, token_of};
use crate::support::{Reply, TestServer, config};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn started() -> TestServer {
    TestServer::configured(tempfile::tempdir().unwrap(), with(KEY))
}

fn with(key: &str) -> impl FnOnce(&mut Config) + use<> {
    let key = SecretKey::new(key).unwrap();
    |config| config.secret_key = Some(key)
}

fn call(server: &TestServer, method: &str, name: &str, body: &Json) -> Reply {
    send(server.call(method, &format!("/api/v1/secret/{name}")), body)
}

fn value(text: &str) -> Json {
    json!({"value": text})
}

/// Whether a file of a folder has these bytes.
fn has(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return has(&path, bytes);
        }
        let found = fs::read(&path).unwrap();
        let mut rest = &found[..];
        while let Some(at) = rest.iter().position(|byte| *byte == bytes[0]) {
            if rest[at..].starts_with(bytes) {
                return true;
            }
            rest = &rest[at + 1..];
        }
        false
    })
}

#[test]
fn a_secret_is_added_read_updated_and_deleted_and_told_nowhere_else() {
    let server = started();
    let pem = "-----BEGIN hush-hush-----\nüx\r\n-----END-----\n";
    assert_eq!(
        call(&server, "POST", "kafka", &value(pem)).ok(),
        json!({"name": "kafka"})
    );
    assert_eq!(server.get("/api/v1/secret/kafka").ok(), value(pem));
    assert!(
        call(&server, "POST", "kafka", &value("hush-hush"))
            .error(409)
            .contains("PATCH")
    );
    call(&server, "PATCH", "kafka", &value("hush-hush-2")).ok();
    let server = TestServer::configured(server.stop(), with(KEY));
    assert_eq!(
        server.get("/api/v1/secret/kafka").ok(),
        value("hush-hush-2")
    );
    assert!(!has(server.dir.path(), b"hush-hush"));
    call(&server, "DELETE", "kafka", &json!({})).ok();
    assert!(
        server
            .get("/api/v1/secret/kafka")
            .error(404)
            .starts_with("no secret `kafka`")
    );
    for method in ["PATCH", "DELETE"] {
        call(&server, method, "kafka", &value("hush-hush")).error(404);
    }
    let audit = server.get("/api/v1/audit").text();
    for what in [
        "secret.add",
        "secret.read",
        "secret.update",
        "secret.delete",
    ] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    assert!(!audit.contains("hush"), "{audit}");
    assert!(!server.get("/metrics").text().contains("hush"));
}

#[test]
fn what_can_be_no_secret_is_refused_and_not_told() {
    let server = started();
    let long = "hush".repeat(1 << 18);
    for (name, body, expected) in [
        ("a", value(""), "`value` is empty"),
        ("a", value(&long), "has at most 65536"),
        ("a", json!({"value": 5}), "text `value`"),
        ("a", json!({"value": ["hush"]}), "text `value`"),
        ("a", json!({"value": "x", "hush": 1}), "text `value`"),
        ("a%20b", value("hush"), "can't be a secret's name"),
        ("a%2Fb", value("hush"), "can't be a secret's name"),
        ("%C3%A9", value("hush"), "can't be a secret's name"),
        (&"n".repeat(101), value("hush"), "can't be a secret's name"),
    ] {
        let error = call(&server, "POST", name, &body).error(400);
        assert!(
            error.contains(expected) && !error.contains("hush"),
            "{error}"
        );
    }
}

#[test]
fn only_admins_see_them_or_change_them() {
    let server = started();
    call(&server, "POST", "known", &value("hush-hush")).ok();
    let other = token_of(&server, "ci", &["deployer:*", "reader:*", "producer:*/*"]);
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        let told = |name: &str| {
            let call = server
                .call(method, &format!("/api/v1/secret/{name}"))
                .bearer(&other);
            send(call, &value("x")).error(403)
        };
        assert_eq!(told("known"), told("unknown"), "{method}");
    }
}

#[test]
fn without_a_key_it_is_told_how_to_give_one_and_a_wrong_one_is_refused_at_the_start() {
    let server = TestServer::start();
    let error = call(&server, "POST", "a", &value("hush-hush")).error(409);
    assert!(
        error.contains("FENNEL_SECRET_KEY or --secret-key-file"),
        "{error}"
    );
    let server = TestServer::configured(server.stop(), with(KEY));
    call(&server, "POST", "a", &value("hush-hush")).ok();
    let dir = server.stop();
    let error = refusal(dir.path(), &KEY.replace('0', "f"));
    assert!(error.contains("another key"), "{error}");
    let server = TestServer::configured(dir, with(KEY));
    assert_eq!(server.get("/api/v1/secret/a").ok(), value("hush-hush"));
}

/// Why a server doesn't start on this folder with that key.
fn refusal(dir: &Path, key: &str) -> String {
    let mut other = config(dir);
    with(key)(&mut other);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(Server::bind(other)).err();
    refused.unwrap().to_string()
}

#[test]
fn who_has_lost_the_key_deletes_each_secret_and_begins_anew() {
    let server = started();
    for name in ["kafka", "mysql"] {
        call(&server, "POST", name, &value("hush-hush")).ok();
    }
    let new = KEY.replace('0', "f");
    let dir = server.stop();
    let error = refusal(dir.path(), &new);
    assert!(error.contains("(`kafka`, `mysql`)"), "{error}");
    assert!(
        error.contains("start without a key, delete each"),
        "{error}"
    );

    let server = TestServer::configured(dir, |_| {});
    for method in ["GET", "PATCH"] {
        call(&server, method, "kafka", &value("x")).error(409);
    }
    call(&server, "DELETE", "kafka", &json!({})).ok();
    call(&server, "DELETE", "kafka", &json!({})).error(404);
    let dir = server.stop();
    let error = refusal(dir.path(), &new);
    assert!(error.contains("(`mysql`)"), "{error}");

    let server = TestServer::configured(dir, |_| {});
    call(&server, "DELETE", "mysql", &json!({})).ok();
    let server = TestServer::configured(server.stop(), with(&new));
    call(&server, "POST", "kafka", &value("hush")).ok();
    let server = TestServer::configured(server.stop(), with(&new));
    assert_eq!(server.get("/api/v1/secret/kafka").ok(), value("hush"));
    assert!(refusal(server.stop().path(), KEY).contains("(`kafka`)"));
}

/// A dataset that reads from Kafka with a password of the server, and a user of AWS.
fn events() -> Vec<u8> {
    let kafka = Kafka::new("events")
        .bootstrap_servers("kafka:9092")
        .username(Secret::aws(
            "arn:aws:secretsmanager:eu-west-1:1:secret:user",
        ))
        .password(Secret::aws("kafka-password"));
    let sources = [Source::new(
        kafka.topic("events").connector(),
        Duration::from_days(1),
        Cdc::Append,
    )];
    let fields = [Field {
        name: "at",
        ty: Type::Timestamp,
        key: false,
        erase_key: false,
        timestamp: true,
        meta: Meta::EMPTY,
    }];
    let events = Dataset {
        name: "Events",
        version: 1,
        history: Dataset::DEFAULT_HISTORY,
        index: Index::NONE,
        fields: &fields,
        order: Order::NONE,
        sources: &sources,
        expectations: None,
        sinks: &[],
        meta: Meta {
            owner: "team@example.com",
            ..Meta::EMPTY
        },
        location: Location::UNKNOWN,
    };
    let catalog: Catalog<'_> = [Descriptor::Dataset(&events)].into_iter().collect();
    encode(&catalog, None, "").encode_to_vec()
}

#[test]
fn a_commit_that_names_a_secret_that_is_not_there_is_refused_by_its_name() {
    let server = started();
    let error = server.commit(&events()).error(400);
    assert!(
        error.contains("needs the secret `kafka-password`, which this server doesn't have"),
        "{error}"
    );
    assert!(!error.contains("secret:user"), "{error}");
    call(&server, "POST", "kafka-password", &value("hush-hush")).ok();
    let error = server.commit(&events()).error(400);
    assert!(!error.contains("kafka-password"), "{error}");
    assert!(error.contains("Kafka sources"), "{error}");
}

#[test]
fn a_preview_tells_only_whoever_may_commit_which_secrets_there_are() {
    let server = started();
    let definitions = events();
    let preview = |roles: &[&str]| {
        let token = token_of(&server, "who", roles);
        let call = server.call("POST", "/api/v1/commit?preview=true");
        let call = call.bearer(&token);
        let call = call.content("application/octet-stream", &definitions);
        call.send().error(400)
    };
    let of_reader = preview(&["reader:main"]);
    assert!(!of_reader.contains("kafka-password"), "{of_reader}");
    let of_deployer = preview(&["deployer:main"]);
    assert!(
        of_deployer.contains("needs the secret `kafka-password`"),
        "{of_deployer}"
    );
    call(&server, "POST", "kafka-password", &value("hush-hush")).ok();
    assert_eq!(preview(&["reader:main"]), of_reader);
}
