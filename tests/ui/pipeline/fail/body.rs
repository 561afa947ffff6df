//! Bodies that are Rust, and no pipelines.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn statements(orders: Order) -> Order {
    println!("hello");
    let (a, b) = orders;
    let later;
    let paid = orders.filter(uid > 0) else { return orders };
    for order in orders {}
    orders
}

#[pipeline]
fn other_values(orders: Order) -> Order {
    if true { orders } else { orders }
}

#[pipeline]
fn without_parentheses(orders: Order) -> Order {
    orders.filter
}

#[pipeline]
fn from_the_type(orders: Order) -> Order {
    Order.filter(uid > 0)
}

#[pipeline]
fn misspelt(orders: Order) -> Order {
    order.filter(uid > 0)
}

#[pipeline]
fn with_a_type(orders: Order) -> Order {
    orders.dropnull::<i64>()
}

#[pipeline]
fn called(orders: Order) -> Order {
    filter(orders, uid > 0)
}

#[pipeline]
fn returned(orders: Order) -> Order {
    return orders.filter(uid > 0);
}

#[pipeline]
fn added(orders: Order) -> Order {
    orders + orders
}

#[pipeline]
fn ended_twice(orders: Order) -> Order {
    let paid = orders.filter(uid > 0)
    paid
}

fn main() {}
