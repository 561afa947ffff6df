//! Sinks of each kind, before and after `#[dataset]`.
use fennel::prelude::*;

fennel::owner!("spend@example.com");

static EVENTS: Kafka = Kafka::get("events");
static LAKE: S3 = S3::new("lake");
static SNOW: Snowflake = Snowflake::get("snow");
static RECEIVER: Http = Http::new("receiver").host("https://receiver").healthz("/up");

#[sink(EVENTS.topic("spend"), cdc = debezium, how = incremental)]
#[sink(RECEIVER.path("spend", limit = 10).header("A", "b"), cdc = debezium, env = "prod")]
#[dataset]
#[sink(LAKE.bucket("out", path = "spend/day").delta(), how = incremental, every = "1h", since = "2024-01-01")]
#[sink(SNOW.table("SPEND"), how = incremental, renames(total = "TOTAL", tax = "TAX"), env = ["~dev"])]
struct Spend {
    total: f64,
    tax: f64,
    at: DateTime<Utc>,
}

fn main() {}
