use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static LAB: Webhook = Webhook::new("lab");

#[meta(owner = "lab@nimbus.io")]
#[source(LAB.endpoint("samples"), disorder = "1h", cdc = upsert)]
#[dataset(index)]
struct Sample {
    #[field(key)]
    batch: String,
    #[field(key)]
    seq: i64,
    reading: f64,
    passed: bool,
    blob: Vec<u8>,
    collected_on: NaiveDate,
    cost: Decimal<4>,
    vector: Embedding<16>,
    calibrated_at: DateTime<Utc>,
    note: Option<String>,
    retries: Option<i64>,
    drift: Option<f64>,
    flagged: Option<bool>,
    reviewed_on: Option<NaiveDate>,
    reviewed_at: Option<DateTime<Utc>>,
    #[field(timestamp)]
    recorded_at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 1] {
    fennel::entities![Sample]
}
