//! Every operator, in all spellings.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
pub struct Order {
    pub order_id: String,
    pub uid: i64,
    pub amount: f64,
    pub coupon: Option<String>,
    pub paid: Option<bool>,
    pub skus: Vec<i64>,
    pub prices: Vec<f64>,
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct Kept {
    pub order_id: String,
    pub amount: f64,
    pub coupon: String,
    pub big: bool,
    pub cents: i64,
    pub rate: Option<f64>,
    pub ordered_at: DateTime<Utc>,
}

const LIMIT: f64 = 100.0;

mod rates {
    pub const USD: f64 = 1.08;
}

#[pipeline]
fn rows(orders: Order) -> Kept {
    orders
        .filter(amount > 0.0)
        .filter(paid.fill_null(false) && !(uid == 0))
        .filter(true)
        .assign(big = amount > LIMIT, rate = None as Option<f64>)
        .assign(amount = amount * rates::USD, cents = 3)
        .assign(rate = (amount / 2.0) as Option<f64>)
        .dropnull(coupon)
        .rename(ordered_at = at)
        .drop(uid, paid)
        .select(order_id, amount, coupon, big, cents, rate)
}

#[dataset]
pub struct Sku {
    pub order_id: String,
    pub sku: Option<i64>,
    pub price: Option<f64>,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn skus(orders: Order) -> Sku {
    orders
        .dropnull()
        .select(order_id, skus, prices,)
        .explode(skus, prices)
        .dedup()
        .dedup(order_id, skus)
        .dedup(order_id, window = tumbling("1h"))
        .dedup(window = session("10m"))
        .rename(sku = skus, price = prices)
}

#[dataset]
pub struct Change {
    pub uid: i64,
    pub amount: f64,
    pub gone: bool,
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct Latest {
    #[field(key)]
    pub uid: i64,
    pub amount: f64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn latest(orders: Order) -> Latest {
    orders.select(uid, amount).group_by(uid).latest()
}

#[dataset]
pub struct First {
    #[field(key)]
    pub uid: i64,
    #[field(key)]
    pub order_id: String,
    pub amount: f64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn first(orders: Order) -> First {
    orders.select(order_id, uid, amount).group_by(uid, order_id).first()
}

#[pipeline]
fn changes(latest: Latest) -> Change {
    latest.changelog(delete = gone)
}

#[pipeline]
fn inserts(latest: Latest) -> Change {
    latest.changelog(insert = gone)
}

/// Operators on a table keep its key.
#[pipeline]
fn table(latest: Latest) -> Latest {
    latest
        .filter(amount > 0.0)
        .assign(amount = amount + 1.0, half = amount / 2.0)
        .drop(half)
        .rename(user = uid)
        .rename(uid = user)
        .select(uid, amount)
}

/// Nothing at all is a pipeline too.
#[pipeline]
fn copy(latest: Latest) -> Latest {
    latest
}

fn main() {}
