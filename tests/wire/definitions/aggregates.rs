use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("agg@nimbus.io");

static HOOKS: Webhook = Webhook::new("agg_hooks");

#[dataset]
#[source(HOOKS.endpoint("sales"), disorder = "1d", cdc = append)]
struct Sale {
    store: i64,
    clerk: String,
    amount: f64,
    units: i64,
    fee: Decimal<2>,
    coupon: Option<String>,
    due: NaiveDate,
    shipped: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset(index)]
struct StoreStats {
    #[field(key)]
    store: i64,
    n: i64,
    n_week: i64,
    n_clerks: i64,
    n_coupons: i64,
    total: f64,
    units: i64,
    fees: Decimal<2>,
    avg: f64,
    avg_null: Option<f64>,
    avg_def: f64,
    sd: f64,
    sd_null: Option<f64>,
    sd_def: f64,
    p50: Option<f64>,
    p99: f64,
    lo: f64,
    lo_units: i64,
    lo_fee: Decimal<2>,
    lo_due: NaiveDate,
    lo_shipped: DateTime<Utc>,
    lo_null: Option<f64>,
    hi: f64,
    hi_units: i64,
    hi_null: Option<i64>,
    hi_due: NaiveDate,
    hi_shipped: DateTime<Utc>,
    hi_fee: Decimal<2>,
    last3: Vec<String>,
    last3_distinct: Vec<String>,
    last_coupons: Vec<String>,
    first2: Vec<f64>,
    first_coupons: Vec<Option<String>>,
    clerks: Vec<String>,
    coupons: Vec<String>,
    heat: f64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn stats(s: Sale) -> StoreStats {
    s.group_by(store).aggregate(
        n = count("forever"),
        n_week = count("1w"),
        n_clerks = count(clerk, "1d", unique = true, approx = true),
        n_coupons = count(coupon, "1d", dropnull = true),
        total = sum(amount, "30m"),
        units = sum(units, "2y"),
        fees = sum(fee, "forever"),
        avg = average(amount, "1d"),
        avg_null = average(amount, "1d", default = None),
        avg_def = average(units, "1d 12h", default = -7.25),
        sd = stddev(amount, "1d"),
        sd_null = stddev(amount, "1d", default = None),
        sd_def = stddev(amount, "1d", default = 0.0),
        p50 = quantile(amount, 0.5, "1d", approx = true),
        p99 = quantile(amount, 0.99, "1d", approx = true, default = 1.5),
        lo = min(amount, "1d", default = 1e9),
        lo_units = min(units, "1d", default = 5),
        lo_fee = min(fee, "1d", default = "12.34"),
        lo_due = min(due, "1d", default = "2020-02-29"),
        lo_shipped = min(shipped, "1d", default = "2020-02-29T01:02:03.000004Z"),
        lo_null = min(amount, "1d", default = None),
        hi = max(amount, "1d", default = -1.5),
        hi_units = max(units, "1d", default = 0),
        hi_null = max(units, "1d", default = None),
        hi_due = max(due, "1d", default = "1969-12-31"),
        hi_shipped = max(shipped, "1d", default = "1970-01-01T00:00:01Z"),
        hi_fee = max(fee, "1d", default = "-0.05"),
        last3 = last_k(clerk, 3, "1d", dedup = false),
        last3_distinct = last_k(clerk, 3, "1d", dedup = true),
        last_coupons = last_k(coupon, 9, "1d", dedup = false, dropnull = true),
        first2 = first_k(amount, 2, "1d", dedup = false, dropnull = false),
        first_coupons = first_k(coupon, 2, "1d", dedup = true, dropnull = false),
        clerks = distinct(clerk, "1d", unordered = true),
        coupons = distinct(coupon, "1d", unordered = true, dropnull = true),
        heat = exp_decay_sum(amount, "1h 30m", "forever"),
    )
}

#[dataset(index)]
struct ClerkStats {
    #[field(key)]
    store: i64,
    #[field(key)]
    clerk: String,
    total: f64,
    n: i64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn by_list(s: Sale) -> ClerkStats {
    s.group_by(store, clerk)
        .aggregate(total = sum(amount, "7d"), n = count("7d"), along = shipped)
}

pub(crate) fn entities() -> [Descriptor<'static>; 3] {
    fennel::entities![Sale, StoreStats, ClerkStats]
}
