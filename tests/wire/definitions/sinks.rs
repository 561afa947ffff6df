#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("sink@nimbus.io");

static HOOKS: Webhook = Webhook::new("sink_hooks");
static KAFKA: Kafka = Kafka::new("sink_kafka")
    .bootstrap_servers("k.nimbus.io:9092")
    .security_protocol(SecurityProtocol::SaslSsl)
    .username(Secret::literal("u"))
    .password(Secret::literal("p"));
static LAKE: S3 = S3::new("sink_lake");
static SNOW: Snowflake = Snowflake::new("sink_snow")
    .account("ab12345")
    .database("PROD")
    .username(Secret::literal("w"))
    .password(Secret::literal("p"))
    .warehouse("S")
    .schema("PUBLIC")
    .role("WRITER");
static HTTP: Http = Http::new("sink_http")
    .host("https://receiver.nimbus.io")
    .healthz("/up")
    .ca_cert(Certificate::pem("-----BEGIN CERTIFICATE-----"));
const VAULT: Secret = Secret::aws("arn:aws:secretsmanager:us-east-1:9:secret:h");
static HTTP_VAULT: Http = Http::new("sink_http_vault")
    .secret_host(VAULT.path(&["host"]))
    .healthz("/ok")
    .ca_cert(Certificate::secret(VAULT.path(&["ca"])));

#[source(HOOKS.endpoint("orders"), disorder = "1d", cdc = upsert)]
#[dataset]
struct SinkOrder {
    #[field(key)]
    oid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[sink(KAFKA.topic("big_orders").json(), cdc = debezium)]
#[sink(
    LAKE.bucket("out", prefix = "big/orders").delta(),
    every = "1d",
    how = incremental,
    renames(total = "amount"),
    since = "2024-01-01",
    until = "2025-01-01",
)]
#[sink(SNOW.table("BIG_ORDERS"), every = "2h", how = incremental, renames(oid = "id"))]
#[sink(
    HTTP.path("ingest/big", limit = 500)
        .header("X-Team", "sink")
        .header("Accept", "json"),
    cdc = debezium,
    how = incremental,
)]
#[sink(HTTP_VAULT.path("ingest/big"), cdc = debezium)]
#[dataset]
struct BigOrder {
    #[field(key)]
    oid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn big(orders: SinkOrder) -> BigOrder {
    orders.filter(total > 1000.0)
}

pub(crate) fn entities() -> [Descriptor<'static>; 2] {
    fennel::entities![SinkOrder, BigOrder]
}
