//! What a pipeline's function says wrongly: N026, N027, N282, N284, N287, N361, N362, N363, N458.
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

#[pipeline]
fn of_nothing() -> Order { // N026
    orders
}

#[pipeline]
fn into_nothing(orders: Order) { // N362
    orders
}

#[pipeline]
fn returns_nothing(orders: Order) -> Order { // N362
    orders.filter(uid > 0);
}

#[pipeline]
fn is_empty(orders: Order) -> Order {} // N362

#[pipeline]
fn stays_in_groups(orders: Order) -> Order {
    orders.group_by(uid) // N363
}

#[pipeline]
fn of_a_method(&self, orders: Order) -> Order { // N027
    orders
}

#[pipeline]
async fn later(orders: Order) -> Order {
    orders
}

#[pipeline]
fn generic<T>(orders: T) -> Order {
    orders
}

#[pipeline]
fn destructured((a, b): Order) -> Order {
    a
}

#[pipeline(env = "")] // N282
fn for_no_environment(orders: Order) -> Order {
    orders
}

#[pipeline(env = ["~dev", "prod"])] // N284
fn for_mixed_environments(orders: Order) -> Order {
    orders
}

#[pipeline(env = "~")] // N287
fn for_no_name(orders: Order) -> Order {
    orders
}

#[pipeline(env = [])] // N458
fn for_none_at_all(orders: Order) -> Order {
    orders
}

#[pipeline(evn = "prod")]
fn unknown_argument(orders: Order) -> Order {
    orders
}

#[pipeline(inputs(Order))]
fn declared_inputs(orders: Order) -> Order {
    orders
}

#[pipeline]
struct NoFunction {
    orders: i64,
}

#[pipeline]
const NO_FUNCTION: i64 = 3;

#[pipeline]
#[meta(owner = "nobody")]
fn owned_by_nobody(orders: Order) -> Order {
    orders
}

fn main() {}
