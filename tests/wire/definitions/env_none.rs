use fennel::prelude::*;
use fennel_core::entity::Descriptor;

use super::env_prod::{BUS, Hit, Visit};

fennel::owner!("env@nimbus.io");

#[dataset(index)]
#[sink(BUS.topic("long_visits").json(), cdc = debezium, env = "prod")]
#[sink(BUS.topic("long_visits_dev").json(), cdc = debezium, env = ["dev"])]
struct LongVisit {
    #[field(key)]
    vid: i64,
    secs: i64,
    at: DateTime<Utc>,
}

#[pipeline(env = "prod")]
fn strict(v: Visit) -> LongVisit {
    v.filter(secs > 600)
}

#[pipeline(env = ["dev", "staging"])]
fn lax(v: Visit) -> LongVisit {
    v.filter(secs > 6)
}

#[featureset]
struct VisitFeatures {
    vid: i64,
    #[feature(LongVisit::secs, env = "prod")]
    secs: Option<i64>,
    #[feature(expr = vid / 60, env = ["prod", "qa"], version = 7)]
    minutes: f64,
    #[feature(expr = vid / 3600, env = "~prod")]
    hours: f64,
    #[feature(LongVisit::at, env = "dev")]
    seen_dev: Option<DateTime<Utc>>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Visit, Hit, LongVisit, VisitFeatures]
}
