use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("env@nimbus.io");

static HOOKS: Webhook = Webhook::new("env_hooks");
static DEV_HOOKS: Webhook = Webhook::new("env_dev_hooks");

#[dataset]
#[source(HOOKS.endpoint("visits"), disorder = "1d", cdc = upsert, env = "prod")]
#[source(DEV_HOOKS.endpoint("visits"), disorder = "2d", cdc = upsert, env = ["dev", "staging"])]
struct Visit {
    #[field(key)]
    vid: i64,
    secs: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(DEV_HOOKS.endpoint("hits"), disorder = "1d", cdc = append, env = ["~prod", "~staging"])]
struct Hit {
    page: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
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
    minutes: f64,
    hours: f64,
    #[feature(LongVisit::at, env = "dev")]
    seen_dev: Option<DateTime<Utc>>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Visit, Hit, LongVisit, VisitFeatures]
}
