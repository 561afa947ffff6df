//! Changes of a database's table over HTTP, as Debezium sends them.

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_core::wire::proto::connector::CdcStrategy;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_tests::support::Server;
use prost::Message as _;
use serde_json::{Value, json};

static DB: Webhook = Webhook::new("db");

#[dataset(index)]
#[meta(owner = "tests@example.com")]
#[source(DB.endpoint("users"), disorder = "14d", cdc = debezium)]
struct Customer {
    #[field(key)]
    id: i64,
    city: String,
    photo: Option<Vec<u8>>,
    updated: DateTime<Utc>,
}

#[dataset(index)]
#[meta(owner = "tests@example.com")]
struct Living {
    #[field(key)]
    city: String,
    customers: i64,
    updated: DateTime<Utc>,
}

#[pipeline]
fn living(customers: Customer) -> Living {
    customers
        .group_by(city)
        .aggregate(customers = count("forever"))
}

fn definitions() -> SyncRequest {
    let catalog: Catalog<'_> = fennel::entities![Customer, Living].into_iter().collect();
    wire::encode(&catalog, None, "")
}

/// An event with its schema, as Kafka Connect writes it.
fn event(op: &str, before: &Value, after: &Value, seconds: i64) -> Value {
    let millis = 1_700_000_000_000_i64 + seconds * 1_000;
    json!({
        "schema": {"type": "struct", "name": "shop.public.customer.Envelope"},
        "payload": {
            "op": op, "before": before, "after": after,
            "source": {"connector": "postgresql", "table": "customer", "ts_ms": millis},
            "ts_ms": millis + 842,
        },
    })
}

fn customer(id: i64, city: &str, seconds: i64) -> Value {
    // Microseconds, as `io.debezium.time.MicroTimestamp` counts.
    json!({"id": id, "city": city, "photo": "/9g=", "updated": (1_700_000_000 + seconds) * 1_000_000})
}

#[test]
fn changes_of_a_database_come_through_a_webhook() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let http = server.http();
    let committed = http.try_commit(&definitions().encode_to_vec(), "");
    committed.unwrap().ok();
    let (none, key) = (
        Value::Null,
        json!({"id": 1, "city": "", "photo": null, "updated": null}),
    );
    let events = json!([
        event("r", &none, &customer(1, "Rome", 0), 0),
        event("c", &none, &customer(2, "Rome", 1), 1),
        event("u", &customer(2, "Rome", 1), &customer(2, "Oslo", 2), 2),
        event("d", &key, &none, 3),
        {"schema": null, "payload": null},
        event("t", &none, &none, 4),
    ]);
    let logged = http.log("db", "users", &events).ok();
    assert_eq!(logged, json!({"rows": 6, "set_aside": 1}));
    let rejects = http.get("dataset/Customer/rejects").ok();
    assert_eq!(
        rejects["rows"][0]["reason"],
        "`op` is \"t\"; expected \"c\", \"r\", \"u\" or \"d\""
    );
    let answers = |http: &fennel_tests::support::Http| {
        let at = |seconds: i64| 1_700_000_000 + seconds;
        let body = json!({
            "keys": [{"id": 1}, {"id": 1}, {"id": 2}],
            "fields": ["city", "photo"],
            "timestamps": [at(2), at(3), at(3)],
        });
        let customers = http.post("dataset/Customer/lookup", &body).ok();
        let body = json!({
            "keys": [{"city": "Rome"}, {"city": "Rome"}, {"city": "Oslo"}],
            "fields": ["customers"],
            "timestamps": [at(1), at(3), at(3)],
        });
        let living = http.post("dataset/Living/lookup", &body).ok();
        (
            customers["data"]["city"].clone(),
            living["data"]["customers"].clone(),
        )
    };
    let before = answers(&http);
    assert_eq!(before, (json!(["Rome", null, "Oslo"]), json!([2, 0, 1])));
    server.stop();
    let server = Server::start(data.path());
    assert_eq!(answers(&server.http()), before);
}

#[test]
fn a_webhook_has_no_feed_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let mut request = definitions();
    for source in &mut request.sources {
        source.set_cdc(CdcStrategy::Native);
    }
    let refused = server
        .http()
        .try_commit(&request.encode_to_vec(), "")
        .unwrap();
    assert_eq!(refused.status, 400, "{refused:?}");
    let text = refused.body.to_string();
    assert!(
        text.contains("webhook sources have no change feed of their own"),
        "{text}"
    );
}
