//! Names that are taken: N359.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn copy(orders: Order) -> Order {
    orders
}

#[pipeline]
fn copy(orders: Order) -> Order { // N359
    orders.filter(uid > 0)
}

#[pipeline]
fn of_one_name(orders: Order, orders: Order) -> Order {
    orders
}

#[pipeline]
#[pipeline]
fn twice(orders: Order) -> Order {
    orders
}

fn main() {}
