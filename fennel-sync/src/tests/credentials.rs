//! Credentials in environment variables.

use fennel_core::catalog::Catalog;
use fennel_core::connector::{Kafka, Registry, Secret};
use fennel_core::entity::{Cdc, Dataset, Env, Sink, Source};
use fennel_core::time::Duration;
use fennel_core::wire::proto::services::SyncRequest;
use prost::Message as _;
use serde_json::json;

use super::Run;
use super::definitions::TICKET;
use super::server::{Server, json as answer};

const EVENTS: Kafka<'static> = Kafka::new("events")
    .bootstrap_servers("kafka:9092")
    .username(Secret::env("KAFKA_USER"))
    .password(Secret::env("KAFKA_PASSWORD"));
const SCHEMAS: Registry<'static> =
    Registry::confluent("https://registry").token(Secret::env("REGISTRY_TOKEN"));
const TICKETS: Dataset<'static> = Dataset {
    sources: &[Source {
        env: Env(&["prod"]),
        ..Source::new(
            EVENTS.topic("tickets").avro(SCHEMAS).connector(),
            Duration::from_days(1),
            Cdc::Upsert,
        )
    }],
    ..TICKET
};
const SPEND: Dataset<'static> = Dataset {
    name: "Spend",
    sinks: &[Sink {
        connector: EVENTS.topic("spend").connector(),
        cdc: Some(Cdc::Debezium),
        every: None,
        how: None,
        renames: &[],
        since: None,
        until: None,
        env: Env::ANY,
    }],
    ..TICKET
};

fn run(mut run: Run<'_>, args: &[&str]) -> super::Ran {
    let mut catalog = Catalog::default();
    catalog.push_dataset(TICKETS);
    catalog.push_dataset(SPEND);
    run.catalog = Ok(catalog);
    run.run(args)
}

#[test]
fn what_needs_no_server_needs_no_credentials() {
    for command in ["check", "dump"] {
        let ran = run(Run::alone(), &[command]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn each_missing_variable_is_named_with_what_needs_it() {
    for args in [&["plan"][..], &[]] {
        let server = Run::against("http://fennel.invalid").with("KAFKA_PASSWORD", "");
        let ran = run(server, args);
        assert_eq!(
            ran.err,
            "error: the definitions have 3 problems
  dataset `Ticket.events`: the username of Kafka `events` is in the environment variable KAFKA_USER, which is not set or empty; set it (src/lib.rs:9)
  dataset `Ticket.events`: the password of Kafka `events` is in the environment variable KAFKA_PASSWORD, which is not set or empty; set it (src/lib.rs:9)
  dataset `Ticket.events`: the registry.token of Kafka `events` is in the environment variable REGISTRY_TOKEN, which is not set or empty; set it (src/lib.rs:9)
"
        );
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    }
}

#[test]
fn variables_of_other_envs_are_not_needed() {
    let server = Run::against("http://fennel.invalid");
    let ran = run(server, &["plan", "--env", "dev"]);
    assert!(!ran.err.contains("REGISTRY_TOKEN"), "{}", ran.err);
    assert!(ran.err.contains("KAFKA_USER"), "{}", ran.err);
}

#[test]
fn the_request_holds_the_values_and_the_screens_do_not() {
    let reply = answer(
        200,
        &json!({
            "summary": [],
            "commit": null,
            "changed": true,
            "preview": true,
            "branch": "main",
            "diff": {"entities": [
                {"kind": "dataset", "name": "Ticket", "change": "created", "fields": []},
            ]},
        }),
    );
    let server = Server::start(vec![reply]);
    let with = Run::against(&server.url)
        .with("KAFKA_USER", "the-user")
        .with("KAFKA_PASSWORD", "the-password")
        .with("REGISTRY_TOKEN", "the-token");
    let ran = run(with, &["plan"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = server.asked();
    let request = SyncRequest::decode(asked[0].body.as_slice()).unwrap();
    let sent = String::from_utf8_lossy(&request.encode_to_vec()).into_owned();
    for value in ["the-user", "the-password", "the-token"] {
        assert!(sent.contains(value), "{value}");
        assert!(!format!("{ran:?}").contains(value), "{value}");
    }
}
