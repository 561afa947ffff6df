//! Names and types that rustc resolves: constants, records and casts: N233, N257.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

const COUNT: i32 = 3;
const MARKS: [i64; 2] = [1, 2];

const SMALL: &Expr = fennel::expr!(uid < 10);
// N257
const FEW: i64 = if SMALL { 1 } else { 2 };

struct Pair {
    x: i64,
    y: i64,
}

#[dataset]
struct Order {
    uid: i64,
    name: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn constants(orders: Order) -> Kept {
    orders.assign(a = uid + COUNT).select(uid)
}

#[pipeline]
fn arrays(orders: Order) -> Kept {
    orders.assign(a = uid + MARKS).select(uid)
}

#[pipeline]
fn missing(orders: Order) -> Kept {
    orders.assign(a = uid + MISSING).select(uid)
}

// N233
#[pipeline]
fn capital(orders: Order) -> Kept {
    orders.assign(a = Uid + 1).select(uid)
}

#[pipeline]
fn path(orders: Order) -> Kept {
    orders.assign(a = uid + rates::EUR).select(uid)
}

#[pipeline]
fn record(orders: Order) -> Kept {
    orders.assign(a = Pair { x: 1, y: 2 }).select(uid)
}

#[pipeline]
fn cast(orders: Order) -> Kept {
    orders.assign(a = uid as i32).select(uid)
}

#[pipeline]
fn parsed(orders: Order) -> Kept {
    orders.assign(a = name.parse::<u8>()).select(uid)
}

fn main() {}
