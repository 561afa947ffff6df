#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static KIN: Kinesis = Kinesis::new("stream_kin").role_arn("arn:aws:iam::111122223333:role/kin");
static CONSOLE: Kinesis = Kinesis::get("console_kin");
static PUB: PubSub = PubSub::new("stream_pub")
    .project_id("nimbus-prod")
    .service_account_key(Secret::literal("{\"private_key\": \"k\"}"));
const ARN: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/taps";

#[meta(owner = "stream@nimbus.io")]
#[source(KIN.stream(ARN, InitPosition::Latest), disorder = "14d", cdc = append)]
#[source(KIN.stream(ARN, InitPosition::TrimHorizon), disorder = "13d", cdc = append)]
#[source(
    KIN.stream(ARN, InitPosition::At("2024-03-01")),
    disorder = "12d",
    cdc = append,
    since = "2024-03-02",
)]
#[source(
    KIN.stream(ARN, InitPosition::AtSeconds(1_700_000_000.5)),
    disorder = "11d",
    cdc = append,
)]
#[source(
    KIN.stream(ARN, InitPosition::At("2024-04-05T06:07:08Z")),
    disorder = "10d",
    cdc = append,
)]
#[source(
    CONSOLE.stream(ARN, InitPosition::AtSeconds(1_600_000_000.0)),
    disorder = "9d",
    cdc = append,
)]
#[dataset]
struct Tap {
    who: String,
    at: DateTime<Utc>,
}

#[meta(owner = "stream@nimbus.io")]
#[source(PUB.topic("pings"), disorder = "14d", cdc = upsert)]
#[dataset]
struct Ping {
    #[field(key)]
    who: String,
    n: i64,
    at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 2] {
    fennel::entities![Tap, Ping]
}
