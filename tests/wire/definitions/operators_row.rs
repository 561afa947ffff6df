use fennel::prelude::*;

fennel::owner!("ops@nimbus.io");

static HOOKS: Webhook = Webhook::new("ops_hooks");

#[dataset]
#[source(HOOKS.endpoint("raw"), disorder = "1d", cdc = append)]
struct Raw {
    who: String,
    tags: Vec<String>,
    weights: Vec<f64>,
    amount: Option<f64>,
    count: i64,
    junk: Option<String>,
    at: DateTime<Utc>,
}

#[dataset]
#[source(HOOKS.endpoint("more"), disorder = "1d", cdc = append)]
struct MoreRaw {
    who: String,
    tag: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Exploded {
    who: String,
    tag: Option<String>,
    weights: Option<f64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn explode_both(raw: Raw) -> Exploded {
    raw.explode(tags, weights)
        .rename(tag = tags)
        .drop(amount, count, junk)
}

#[dataset]
struct Cleaned {
    who: String,
    tags: Vec<String>,
    amount: f64,
    double_count: i64,
    size: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn clean(raw: Raw) -> Cleaned {
    raw.dropnull(amount)
        .filter(amount > 0.5 && !(who == "bot"))
        .assign(
            double_count = count * 2,
            size = if amount > 100.0 {
                "big"
            } else if amount > 10.0 {
                "mid"
            } else {
                "small"
            },
        )
        .select(who, tags, amount, double_count, size)
}

#[dataset]
struct Merged {
    who: String,
    tag: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn merge(a: Exploded, b: MoreRaw) -> Merged {
    let left = a.drop(weights).dropnull();
    left.union(b).union(b.filter(tag == "x"))
}

#[dataset]
struct Shared {
    who: String,
    count: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn diamond(raw: Raw) -> Shared {
    let base = raw.select(who, count);
    base.filter(count > 1).union(base.filter(count < -1))
}

pub(crate) fn entities() -> [fennel_core::entity::Descriptor<'static>; 6] {
    fennel::entities![Raw, MoreRaw, Exploded, Cleaned, Merged, Shared]
}
