//! Inputs and outputs that are no datasets: N361, and rustc's own words for what is no operator: N055,
//! N056, N363.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct Request {
    uid: i64,
}

struct Plain;

#[pipeline]
fn of_a_featureset(orders: Request) -> Order { // N361
    orders
}

#[pipeline]
fn of_a_struct(orders: Plain) -> Order { // N361
    orders
}

#[pipeline]
fn into_an_int(orders: Order) -> i64 { // N361
    orders
}

#[pipeline]
fn of_unknown(orders: Oder) -> Order {
    orders
}

#[pipeline]
fn windowed(orders: Order) -> Order {
    orders.group_by(uid).window(tumbling("1d")) // N055
}

#[pipeline]
fn summarized(orders: Order) -> Order {
    orders.group_by(uid).summarize(count = count()) // N056
}

#[pipeline]
fn misspelt(orders: Order) -> Order {
    orders.fliter(uid > 0)
}

#[pipeline]
fn aggregated_alone(orders: Order) -> Order {
    orders.aggregate(count = count("1d"))
}

#[pipeline]
fn filtered_groups(orders: Order) -> Order {
    orders.group_by(uid).filter(uid > 0).first()
}

#[pipeline]
fn grouped_binding(orders: Order) -> Order {
    let groups = orders.group_by(uid);
    groups // N363
}

fn main() {}
