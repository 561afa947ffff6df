//! `filter`: N011, N234, N253, N254, N369, N370.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    note: Option<String>,
    paid: Option<bool>,
    #[meta(description = "a price above the limit")]
    big: bool,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    amount: f64,
    note: Option<String>,
    paid: Option<bool>,
    big: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn not_a_bool(orders: Order) -> Kept {
    orders
        .filter(amount) // N011
        .filter(amount * 2.0) // N011
        .filter(paid) // N369
        .filter(paid && amount > 0.0) // N369
        .filter(!amount) // N254
        .filter(big && amount) // N253
        .filter(if uid { big } else { !big }) // N234
}

#[pipeline]
fn no_such_column(orders: Order) -> Kept {
    orders
        .filter(amuont > 0.0)
        .filter(total > 0.0)
        .filter(note == 3)
        .filter(orders > 0.0)
        .filter(note.lenn() > 0)
}

#[pipeline]
fn other_arguments(orders: Order) -> Kept {
    orders
        .filter() // N370
        .filter(big, big) // N370
        .filter(keep = big) // N370
        .filter(big as bool) // N370
        .filter(true as i64) // N370
        .filter(|row| row.big) // N370
        .filter("amount > 0") // N370
        .filter(None)
}

fn main() {}
