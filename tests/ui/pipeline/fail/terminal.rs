//! What follows an aggregate that is computed when it is read: N060, N061, N364, N446.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Spend {
    #[field(key)]
    uid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn decaying(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = exp_decay_sum(amount, "7d", "forever"))
        .group_by(uid)
        .aggregate(total = sum(total, "1d")) // N060
}

#[pipeline]
fn decaying_in_windows(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = exp_decay_sum(amount, "7d", tumbling("1d")))
        .filter(total > 0.0) // N061
}

#[pipeline]
fn filtered(orders: Order) -> Spend {
    let spend = orders.group_by(uid).aggregate(total = sum(amount, "1d"));
    spend.filter(total > 0.0) // N364
}

#[pipeline]
fn assigned(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .assign(total = total * 2.0) // N364
}

#[pipeline]
fn selected(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .select(uid, total) // N364
}

#[pipeline]
fn dropped(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"), rest = sum(amount, "2d"))
        .drop(rest) // N364
}

#[pipeline]
fn renamed(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(sum = sum(amount, "1d"))
        .rename(total = sum) // N364
}

#[pipeline]
fn without_nulls(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = min(amount, "1d"))
        .dropnull(total) // N364
}

#[dataset]
struct Exploded {
    uid: i64,
    total: Option<f64>,
    at: DateTime<Utc>,
}

/// Rows with keys can't be exploded either: one error is enough.
#[pipeline]
fn exploded(orders: Order) -> Exploded {
    orders
        .group_by(uid)
        .aggregate(total = last_k(amount, 3, "1d"))
        .explode(total) // N364
}

#[pipeline]
fn deduplicated(orders: Order) -> Order {
    orders
        .group_by(uid)
        .aggregate(amount = sum(amount, "1d"))
        .dedup() // N364
}

#[pipeline]
fn logged(orders: Order) -> Order {
    orders
        .group_by(uid)
        .aggregate(amount = sum(amount, "1d"))
        .changelog(delete = gone) // N364, N446
        .drop(gone)
}

#[pipeline]
fn first_of(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .group_by(uid)
        .first() // N364
}

#[pipeline]
fn latest_of(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .group_by(uid)
        .latest() // N364
}

#[dataset]
struct Joined {
    #[field(key)]
    uid: i64,
    total: f64,
    other: Option<f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Other {
    #[field(key)]
    uid: i64,
    other: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn joined(orders: Order, others: Other) -> Joined {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .left_join(others, on(uid)) // N364
}

#[pipeline]
fn united(orders: Order) -> Order {
    let spend = orders.group_by(uid).aggregate(amount = sum(amount, "1d"));
    orders.union(spend) // N364
}

#[dataset]
#[expectations(expect_column_values_to_not_be_null(total))]
struct Expected {
    #[field(key)]
    uid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn expected(orders: Order) -> Expected { // N012
    orders.group_by(uid).aggregate(total = sum(amount, "1d"))
}

fn main() {}
