//! Sinks.
use fennel::prelude::*;

fennel::owner!("spend@example.com");

static APP: Webhook = Webhook::new("app");
static EVENTS: Kafka = Kafka::get("events");
static TAPS: Kinesis = Kinesis::get("taps");
static SHOP: MySql = MySql::get("shop");
static LAKE: S3 = S3::new("lake");
static KEYS: S3 = S3::new("keys")
    .access_key_id(Secret::env("KEY_ID"))
    .secret_access_key(Secret::env("KEY"));
static SNOW: Snowflake = Snowflake::get("snow");
static RECEIVER: Http = Http::new("receiver").host("https://receiver").healthz("/up");

const SCHEMAS: Registry = Registry::confluent("https://registry");

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append)]
#[sink(EVENTS.topic("t"), cdc = debezium)] // N171
struct Sourced {
    at: DateTime<Utc>,
}

#[dataset]
#[sink(EVENTS.topic("t").avro(SCHEMAS), cdc = debezium)] // N172
#[sink(EVENTS.topic("t"), cdc = native)] // N173
#[sink(EVENTS.topic("t"))]
#[sink(EVENTS, cdc = debezium)] // N429
#[sink(EVENTS.topic("t"), cdc = debezium, every = "1h")] // N430
#[sink(EVENTS.topic("t"), cdc = debezium, how = recreate)] // N430
#[sink(EVENTS.topic("t"), cdc = debezium, renames(total = "amount"))] // N430
#[sink(EVENTS.topic("t"), cdc = debezium, since = "2024-01-01")] // N430
struct Topics {
    total: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[sink(TAPS.stream("arn", InitPosition::Latest), cdc = debezium)] // N174
#[sink(SHOP.table("t", cursor = "c"), how = incremental)] // N429
#[sink(APP.endpoint("a"), cdc = debezium)]
struct Elsewhere {
    at: DateTime<Utc>,
}

#[dataset]
#[sink(SNOW.table("T"), how = incremental, cdc = debezium)] // N206
#[sink(SNOW.table("T"), how = recreate)] // N207
#[sink(SNOW.table("T", cursor = "C"), how = incremental)] // N208
#[sink(SNOW.table("T"))]
#[sink(SNOW.table("T"), how = incremental, since = "2024-01-01", until = "2024-01-01")] // N459
#[sink(SNOW.table("T"), how = incremental, every = "forever")]
#[sink(SNOW.table("T"), how = incremental, renames(totl = "amount"))]
#[sink(SNOW.table("T"), how = incremental, renames(total = "amount", tax = "amount"))]
struct Tables {
    total: f64,
    tax: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[sink(RECEIVER.path("p"), cdc = debezium, every = "1h")] // N209
#[sink(RECEIVER.path("p"), cdc = append)] // N210
#[sink(RECEIVER.path("p"), cdc = debezium, how = recreate)] // N211
#[sink(RECEIVER.path("p"), cdc = debezium, renames(total = "amount"))] // N212
#[sink(RECEIVER.path("p"), cdc = debezium, since = "2024-01-01", until = "2025-01-01")] // N213
#[sink(RECEIVER.path("p", limit = 0), cdc = debezium)]
struct Paths {
    total: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[sink(LAKE.bucket("b", prefix = "p").delta(), how = incremental, cdc = debezium)] // N214
#[sink(LAKE.bucket("b", prefix = "p").json(), how = incremental)] // N215
#[sink(LAKE.bucket("b", prefix = "p").delta(), how = recreate)] // N216
#[sink(LAKE.bucket("b", prefix = "p").delta(), how = snapshot("_SUCCESS", 3))]
#[sink(KEYS.bucket("b", prefix = "p").delta(), how = incremental)] // N217
struct Objects {
    at: DateTime<Utc>,
}

fn main() {}
