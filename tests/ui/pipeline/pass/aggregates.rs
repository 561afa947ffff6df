//! Every aggregate and window, in all spellings.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
pub struct Order {
    pub uid: i64,
    pub sku: String,
    pub amount: f64,
    pub items: i64,
    pub price: Decimal<2>,
    pub refund: Option<f64>,
    #[between(0..=5)]
    pub stars: i64,
    pub day: NaiveDate,
    pub shipped: DateTime<Utc>,
    #[field(timestamp)]
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct Counts {
    #[field(key)]
    pub uid: i64,
    pub orders: i64,
    pub orders_7d: i64,
    pub named: i64,
    pub of_sku: i64,
    pub skus: i64,
    pub refunds: i64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn counts(orders: Order) -> Counts {
    orders.group_by(uid).aggregate(
        orders = count("forever"),
        orders_7d = count("7d"),
        named = count(window = "1d 12h"),
        of_sku = count(sku, "7d"),
        skus = count(of = sku, window = "7d", unique = true, approx = true),
        refunds = count(refund, "7d", dropnull = true),
    )
}

#[dataset]
pub struct Numbers {
    #[field(key)]
    pub uid: i64,
    pub whole: i64,
    pub float: f64,
    pub exact: Decimal<2>,
    #[between(0..=5)]
    pub restricted: i64,
    pub without_null: f64,
    pub mean: f64,
    pub mean_or_null: Option<f64>,
    pub mean_or_one: f64,
    pub spread: f64,
    pub spread_or_null: Option<f64>,
    pub median: Option<f64>,
    pub p90: f64,
    pub fading: f64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn numbers(orders: Order) -> Numbers {
    orders.group_by(uid).aggregate(
        whole = sum(items, "1d"),
        float = sum(amount, window = "1d"),
        exact = sum(price, "1d"),
        restricted = sum(stars, "1d"),
        without_null = sum(refund, "1d"),
        mean = average(items, "1d"),
        mean_or_null = average(amount, "1d", default = None),
        mean_or_one = average(amount, "1d", default = 1),
        spread = stddev(amount, "1d"),
        spread_or_null = stddev(amount, "1d", default = None),
        median = quantile(amount, 0.5, "1d", approx = true),
        p90 = quantile(amount, p = 0.9, window = "1d", approx = true, default = 0.0),
        fading = exp_decay_sum(amount, "7d", "forever"),
    )
}

const EPOCH: &str = "1970-01-01";

#[dataset]
pub struct Extremes {
    #[field(key)]
    pub uid: i64,
    pub least: Option<f64>,
    pub least_or_zero: f64,
    pub most: i64,
    pub price: Decimal<2>,
    pub first_day: NaiveDate,
    pub last: DateTime<Utc>,
    pub last_or_null: Option<DateTime<Utc>>,
    #[field(timestamp)]
    pub at: DateTime<Utc>,
}

#[pipeline]
fn extremes(orders: Order) -> Extremes {
    orders.group_by(uid).aggregate(
        least = min(refund, "1d"),
        least_or_zero = min(amount, "1d", default = 0),
        most = max(items, "1d", default = -1),
        price = min(price, "1d", default = "0.00"),
        first_day = min(day, "1d", default = EPOCH),
        last = max(shipped, "1d", default = "1970-01-01T00:00:00Z"),
        last_or_null = max(shipped, "1d", default = None),
    )
}

#[dataset]
pub struct Lists {
    #[field(key)]
    pub uid: i64,
    pub skus: Vec<String>,
    pub refunds: Vec<f64>,
    pub newest: Vec<Option<f64>>,
    pub different: Vec<f64>,
    pub oldest: Vec<String>,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn lists(orders: Order) -> Lists {
    orders.group_by(uid).aggregate(
        skus = distinct(sku, "7d", unordered = true),
        refunds = last_k(refund, 5, "7d", dropnull = true),
        newest = last_k(refund, limit = 5, window = "forever", dedup = false),
        different = last_k(amount, 3, "7d", dedup = true),
        oldest = first_k(sku, 5, "7d"),
    )
}

#[dataset]
pub struct Daily {
    #[field(key)]
    pub uid: i64,
    pub total: f64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn tumbled(orders: Order) -> Daily {
    orders.group_by(uid).aggregate(total = sum(amount, tumbling("1d")))
}

#[pipeline]
fn tumbled_back(orders: Order) -> Daily {
    orders.group_by(uid).aggregate(total = sum(amount, tumbling(duration = "1d", lookback = "7d")))
}

#[pipeline]
fn hopped(orders: Order) -> Daily {
    orders.group_by(uid).aggregate(total = sum(amount, hopping("7d", "1d")))
}

#[pipeline]
fn hopped_forever(orders: Order) -> Daily {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, hopping("forever", stride = "1h", lookback = "1d")))
}

#[pipeline]
fn told_at_the_end(orders: Order) -> Daily {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"), emit = "final")
        .filter(total > 0.0)
}

#[pipeline]
fn told_at_once(orders: Order) -> Daily {
    orders.group_by(uid).aggregate(emit = "eager", total = sum(amount, "1d"))
}

#[pipeline]
fn by_another_time(orders: Order) -> Daily {
    orders.group_by(uid).aggregate(total = sum(amount, tumbling("1d")), along = shipped)
}

#[pipeline]
fn of_a_table(daily: Daily) -> Daily {
    daily.group_by(uid).aggregate(total = sum(total, hopping("forever", "1d")))
}

#[pipeline]
fn of_a_table_continuously(daily: Daily) -> Daily {
    daily.group_by(uid).aggregate(total = sum(total, "7d"))
}

/// What windows that end make can be grouped again.
#[pipeline]
fn of_aggregates(orders: Order) -> Daily {
    orders
        .group_by(uid, sku)
        .aggregate(total = sum(amount, hopping("forever", "1d")))
        .group_by(uid)
        .aggregate(total = sum(total, "forever"))
}

#[dataset]
pub struct Windowed {
    #[field(key)]
    pub uid: i64,
    #[field(key)]
    pub window: Window,
    pub total: f64,
    pub orders: i64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn in_sessions(orders: Order) -> Windowed {
    orders
        .group_by(uid, window = session("15m"))
        .aggregate(total = sum(amount), orders = count())
}

#[pipeline]
fn in_tumbling_windows(orders: Order) -> Windowed {
    orders
        .group_by(uid, window = tumbling("1d"))
        .aggregate(total = sum(amount, tumbling("1d")), orders = count())
        .filter(orders > 1)
}

#[pipeline]
fn in_hopping_windows(orders: Order) -> Windowed {
    orders
        .group_by(uid, window = hopping("7d", "1d"))
        .aggregate(total = sum(amount), orders = count(), emit = "final")
}

#[dataset]
pub struct Sessions {
    #[field(key)]
    pub uid: i64,
    #[field(key)]
    pub window: Window,
    pub at: DateTime<Utc>,
}

/// Windows alone need no aggregate.
#[pipeline]
fn only_windows(orders: Order) -> Sessions {
    orders.group_by(uid, window = session(gap = "15m")).aggregate()
}

fn main() {}
