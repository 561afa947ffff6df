//! A credential in source text is a warning, which a project can deny.
#![deny(deprecated)]
use fennel::prelude::*;

static EVENTS: Kafka = Kafka::new("events")
    .bootstrap_servers("kafka-1:9092")
    .username(Secret::env("KAFKA_USER"))
    .password(Secret::literal("hush"));

fn main() {}
