use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("chain@nimbus.io");

static HOOKS: Webhook = Webhook::new("chain");

#[dataset(version = 2)]
#[source(HOOKS.endpoint("raw"), disorder = "1d", cdc = append)]
struct ChainRaw {
    who: i64,
    kind: String,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset(version = 4, history = "30d")]
struct ChainClean {
    who: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn clean(raw: ChainRaw) -> ChainClean {
    raw.filter(kind == "sale").drop(kind)
}

#[dataset(version = 3, index)]
struct ChainStats {
    #[field(key)]
    who: i64,
    total: f64,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn stats(clean: ChainClean) -> ChainStats {
    clean
        .group_by(who)
        .aggregate(total = sum(amount, "forever"), n = count("forever"))
}

#[dataset]
#[meta(deleted)]
#[source(HOOKS.endpoint("old"), disorder = "1d", cdc = append)]
struct ChainOld {
    who: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct ChainFeatures {
    who: i64,
    #[feature(ChainStats::total, default = 0.0, version = 2)]
    total: f64,
    #[feature(ChainStats::n, default = 0)]
    #[meta(deleted)]
    n: i64,
    #[feature(expr = total / 2.0)]
    avg: f64,
}

#[featureset]
#[meta(deleted)]
struct ChainOldFeatures {
    who: i64,
    #[feature(expr = who * 2)]
    twice: i64,
}

pub(crate) fn entities() -> [Descriptor<'static>; 6] {
    fennel::entities![
        ChainRaw,
        ChainClean,
        ChainStats,
        ChainOld,
        ChainFeatures,
        ChainOldFeatures,
    ]
}
