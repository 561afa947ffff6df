//! Methods, variants and arguments that there are not: rustc says so by itself.
use fennel::prelude::*;

fennel::owner!("events@example.com");

static LAKE: S3 = S3::new("lake");
static TAPS: Kinesis = Kinesis::new("taps").role_arn("arn:aws:iam::1:role/taps");
static PINGS: PubSub = PubSub::get("pings");
static EVENTS: Kafka = Kafka::new("events")
    .security_protocol(SecurityProtocol::Ssl) // N175
    .password("hush");

const ARN: &str = "arn:aws:kinesis:eu-west-1:1:stream/taps";

#[dataset]
#[source(LAKE.table("t"), disorder = "1d", cdc = append)] // N166
struct Table {
    at: DateTime<Utc>,
}

#[dataset]
#[source(LAKE.bucket("b", path = "p").py(), disorder = "1d", cdc = append)] // N179
struct Script {
    at: DateTime<Utc>,
}

#[dataset]
#[source(LAKE.bucket("b", pth = "p"), disorder = "1d", cdc = append)]
struct Misspelt {
    at: DateTime<Utc>,
}

#[dataset]
#[source(TAPS.stream(ARN), disorder = "1d", cdc = append)] // N168
struct Nowhere {
    at: DateTime<Utc>,
}

#[dataset]
#[source(TAPS.stream(ARN, InitPosition::Latest).csv(), disorder = "1d", cdc = append)] // N169
struct Lines {
    at: DateTime<Utc>,
}

#[dataset]
#[source(PINGS.topic("p").avro(), disorder = "1d", cdc = append)] // N428
struct Pings {
    at: DateTime<Utc>,
}

#[dataset]
#[source(EVENTS.topic("a").avro(Registry::glue("https://registry")), disorder = "1d", cdc = append)] // N427
struct Glued {
    at: DateTime<Utc>,
}

#[dataset]
#[source(EVENTS.topic("a").csv(), disorder = "1d", cdc = append)] // N427
struct Commas {
    at: DateTime<Utc>,
}

fn main() {}
