use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("env@nimbus.io");

static HOOKS: Webhook = Webhook::new("env_hooks");
static DEV_HOOKS: Webhook = Webhook::new("env_dev_hooks");
pub(super) static BUS: Kafka = Kafka::new("env_bus").bootstrap_servers("b:9092");

#[dataset]
#[source(HOOKS.endpoint("visits"), disorder = "1d", cdc = upsert, env = "prod")]
#[source(DEV_HOOKS.endpoint("visits"), disorder = "2d", cdc = upsert, env = ["dev", "staging"])]
pub(super) struct Visit {
    #[field(key)]
    vid: i64,
    secs: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(BUS.topic("hits").json(), disorder = "1d", cdc = append, env = "~dev")]
#[source(DEV_HOOKS.endpoint("hits"), disorder = "1d", cdc = append, env = ["~prod", "~staging"])]
pub(super) struct Hit {
    page: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[sink(BUS.topic("long_visits").json(), cdc = debezium, env = "prod")]
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
    #[feature(expr = vid / 60, env = ["prod", "qa"])]
    minutes: f64,
    #[feature(expr = vid / 3600, env = "~prod")]
    hours: f64,
    #[feature(LongVisit::at, env = "dev")]
    seen_dev: Option<DateTime<Utc>>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Visit, Hit, LongVisit, VisitFeatures]
}
