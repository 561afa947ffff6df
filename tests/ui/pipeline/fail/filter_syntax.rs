//! Conditions that are Rust, and none over columns.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    note: Option<String>,
    big: bool,
    at: DateTime<Utc>,
}

const fn is_big(amount: f64) -> bool {
    amount > 100.0
}

#[pipeline]
fn operators(orders: Order) -> Order {
    orders
        .filter(big & big)
        .filter(big | big)
        .filter(big ^ big) // N256
        .filter(uid << 1 == 2)
        .filter(amount > 0.0 = true)
}

#[pipeline]
fn blocks(orders: Order) -> Order {
    orders
        .filter({
            let limit = 100.0;
            amount > limit
        })
        .filter(match uid {
            1 => true,
            _ => false,
        })
        .filter(if let Some(note) = note { true } else { false })
        .filter((big, big))
        .filter(note?)
        .filter(vec![1].contains(uid))
        .filter(crate::is_big(amount))
        .filter(0..uid)
}

#[pipeline]
fn lists(orders: Order) -> Order {
    orders.select([uid, amount]).dropnull([note]).drop([3])
}

fn main() {}
