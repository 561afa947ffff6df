use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static HR: Webhook = Webhook::new("hr");

#[meta(owner = "hr@nimbus.io")]
#[source(HR.endpoint("people"), disorder = "7d", cdc = upsert)]
#[dataset(index)]
struct Person {
    #[field(key)]
    pid: i64,
    #[between(18..=99)]
    age: i64,
    #[between(0.0..=1.0, strict_min)]
    score: f64,
    #[between(-1.5..2.5, strict_min)]
    rate: f64,
    #[one_of("junior", "senior", "lead")]
    grade: String,
    #[one_of(1, 2, 3)]
    level: i64,
    #[regex("^[A-Z]{3}-[0-9]+$")]
    code: String,
    updated: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 1] {
    fennel::entities![Person]
}
