//! What `#[sink]` can't read.
use fennel::prelude::*;

fennel::owner!("spend@example.com");

static EVENTS: Kafka = Kafka::get("events");

#[dataset]
#[sink(cdc = debezium)]
#[sink(EVENTS.topic("t"), cdc = changes)]
#[sink(EVENTS.topic("t"), cdc = debezium, how = "incremental")]
#[sink(EVENTS.topic("t"), cdc = debezium, how = snapshot("done"))]
#[sink(EVENTS.topic("t"), cdc = debezium, renames = "total")]
#[sink(EVENTS.topic("t"), cdc = debezium, disorder = "1d")]
struct Spend {
    at: DateTime<Utc>,
}

#[sink(EVENTS.topic("t"), cdc = debezium)]
struct Plain {
    at: DateTime<Utc>,
}

#[featureset]
#[sink(EVENTS.topic("t"), cdc = debezium)]
struct Features {
    uid: i64,
}

fn main() {}
