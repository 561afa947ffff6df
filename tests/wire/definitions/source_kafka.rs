#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

const VAULT: Secret =
    Secret::aws("arn:aws:secretsmanager:eu-west-1:111122223333:secret:bus-AbCdEf")
        .role("arn:aws:iam::111122223333:role/reader");

static PLAIN: Kafka =
    Kafka::new("bus_plain").bootstrap_servers("b1.nimbus.io:9092,b2.nimbus.io:9092");
static SECURE: Kafka = Kafka::new("bus_secure")
    .bootstrap_servers("s1.nimbus.io:9093")
    .security_protocol(SecurityProtocol::SaslSsl)
    .sasl_mechanism(SaslMechanism::ScramSha512)
    .username(Secret::literal("reader"))
    .password(Secret::literal("hunter2"));
static VAULTED: Kafka = Kafka::new("bus_vault")
    .bootstrap_servers("s2.nimbus.io:9093")
    .security_protocol(SecurityProtocol::SaslPlaintext)
    .sasl_mechanism(SaslMechanism::ScramSha256)
    .username(VAULT.path(&["kafka", "user"]))
    .password(VAULT.path(&["kafka", "pass"]));
static CONSOLE: Kafka = Kafka::get("bus_console");

const REGISTRY: Registry = Registry::confluent("https://registry.nimbus.io");
const OTHER_REGISTRY: Registry = Registry::confluent("https://registry2.nimbus.io");

#[meta(owner = "bus@nimbus.io")]
#[source(PLAIN.topic("clicks"), disorder = "1d", cdc = append)]
#[dataset]
struct Click {
    page: String,
    at: DateTime<Utc>,
}

#[meta(owner = "bus@nimbus.io")]
#[source(
    SECURE.topic(
        "users",
        avro = REGISTRY
            .username(Secret::literal("reg_user"))
            .password(Secret::literal("reg_pass")),
    ),
    disorder = "2d",
    cdc = debezium,
    since = "2023-05-01T10:00:00Z",
    until = "2025-05-01T10:00:00.25Z",
    preproc(name = after.name),
)]
#[dataset]
struct BusUser {
    #[field(key)]
    uid: i64,
    name: String,
    at: DateTime<Utc>,
}

#[meta(owner = "bus@nimbus.io")]
#[source(
    SECURE.topic("payments").avro(REGISTRY.token(Secret::literal("tok-1"))),
    disorder = "2d",
    cdc = append,
)]
#[dataset]
struct BusPayment {
    amount: f64,
    at: DateTime<Utc>,
}

#[meta(owner = "bus@nimbus.io")]
#[source(
    VAULTED.topic("refunds").protobuf(
        OTHER_REGISTRY
            .username(VAULT.path(&["registry", "user"]))
            .password(VAULT.path(&["registry", "pass"])),
    ),
    disorder = "2d",
    cdc = append,
    bounded,
    idleness = "1d",
)]
#[source(
    VAULTED
        .topic("refunds_v2")
        .protobuf(OTHER_REGISTRY.token(VAULT.path(&["registry", "token"]))),
    disorder = "2d",
    cdc = append,
)]
#[dataset]
struct BusRefund {
    amount: f64,
    at: DateTime<Utc>,
}

#[meta(owner = "bus@nimbus.io")]
#[source(CONSOLE.topic("named").json(), disorder = "2d", cdc = append)]
#[dataset]
struct BusNamed {
    amount: f64,
    at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 5] {
    fennel::entities![Click, BusUser, BusPayment, BusRefund, BusNamed]
}
