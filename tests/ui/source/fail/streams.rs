//! Topics and streams.
use fennel::prelude::*;

fennel::owner!("events@example.com");

static EVENTS: Kafka = Kafka::new("events").bootstrap_servers("kafka-1:9092");
static HALF: Kafka = Kafka::new("half")
    .bootstrap_servers("kafka-1:9092")
    .password(Secret::env("KAFKA_PASSWORD"));
static LOST: Kafka = Kafka::new("lost");
static TAPS: Kinesis = Kinesis::new("taps").role_arn("arn:aws:iam::1:role/taps");
static PINGS: PubSub = PubSub::new("pings").project_id("shop");
static RECEIVER: Http = Http::new("receiver").host("https://receiver").healthz("/up");

const ARN: &str = "arn:aws:kinesis:eu-west-1:1:stream/taps";
const SCHEMAS: Registry = Registry::confluent("https://registry");
const USER: Secret = Secret::env("USER");
const PASSWORD: Secret = Secret::env("PASSWORD");
const TOKEN: Secret = Secret::env("TOKEN");

#[dataset]
#[source(TAPS.stream(ARN, InitPosition::At("today")), disorder = "1d", cdc = append)] // N167
#[source(TAPS.stream(ARN, InitPosition::At("latest(..)")), disorder = "1d", cdc = append)] // N170
#[source(TAPS.stream(ARN, InitPosition::AtSeconds(1e300)), disorder = "1d", cdc = append)]
#[source(TAPS, disorder = "1d", cdc = append)]
struct Tap {
    at: DateTime<Utc>,
}

#[dataset]
#[source(EVENTS.topic("a").protobuf(SCHEMAS.token(TOKEN).password(PASSWORD)), disorder = "1d", cdc = append)] // N201
#[source(EVENTS.topic("a").protobuf(SCHEMAS.token(TOKEN).username(USER)), disorder = "1d", cdc = append)] // N202
#[source(EVENTS.topic("a").protobuf(SCHEMAS.username(USER)), disorder = "1d", cdc = append)] // N203
#[source(EVENTS.topic("a").protobuf(SCHEMAS.password(PASSWORD)), disorder = "1d", cdc = append)] // N204
#[source(EVENTS.topic("a").protobuf(SCHEMAS), disorder = "1d", cdc = append)] // N205
#[source(EVENTS.topic("a").avro(SCHEMAS.token(TOKEN).password(PASSWORD)), disorder = "1d", cdc = append)] // N457
#[source(EVENTS.topic("a").avro(SCHEMAS.username(USER)), disorder = "1d", cdc = append)] // N457
struct Registered {
    at: DateTime<Utc>,
}

#[dataset]
#[source(EVENTS, disorder = "1d", cdc = append)] // N163
#[source(EVENTS.topic("a"), disorder = "1d", cdc = append, every = "30m")]
#[source(EVENTS.topic("a"), disorder = "1d", cdc = native)]
#[source(EVENTS.topic("a").protobuf(SCHEMAS.token(TOKEN)), disorder = "1d", cdc = debezium)]
#[source(EVENTS.topic("a"), disorder = "1d", cdc = append, since = "2024-01-02", until = "2024-01-01")] // N178
#[source(EVENTS.topic("a"), disorder = "1d", cdc = append, since = "2024-01-01", until = "2024-01-01")] // N459
#[source(HALF.topic("a"), disorder = "1d", cdc = append)]
#[source(LOST.topic("a"), disorder = "1d", cdc = append)]
#[source(PINGS.topic("a"), disorder = "1d", cdc = append)]
#[source(PINGS.topic("a"), disorder = "1d", cdc = debezium)]
#[source(RECEIVER.path("a"), disorder = "1d", cdc = append)] // N418
struct Event {
    at: DateTime<Utc>,
}

fn main() {}
