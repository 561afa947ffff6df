//! Constants, casts and shared expressions: N258, N260, N261.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

const NAME: &str = "amount";
const RATE: f64 = f64::INFINITY;
const FORMAT: &str = "%Q";
const TOTAL: &Expr = fennel::expr!(amount * cuont);
const LIST: &Expr = fennel::expr!([1, 2]);

#[derive(Record)]
struct Pair {
    x: i64,
    y: i64,
}

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    count: i64,
    name: String,
    note: Option<String>,
    pair: Pair,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn untyped(orders: Order) -> Kept {
    orders
        .assign(
            // N260
            a = [1, 2],
            b = [],
            c = [("a", 1)],
            d = [1, 2].contains(count),
            f = None,
            // N261
            g = "amount" * 2.0,
            h = NAME * 2.0,
            i = amount * RATE,
            j = at.strftime(FORMAT),
            k = amount * TOTAL,
            l = TOTAL,
            m = LIST,
        )
        .select(uid)
}

#[pipeline]
fn casts(orders: Order) -> Kept {
    orders
        .assign(
            // N258
            a = (amount as f64) + 1.0,
            b = name.concat(note as String),
            c = if uid > 1 { amount as f64 } else { 1.0 },
            d = amount as i64,
            e = name as i64,
            f = note as String,
            g = 1 as f64,
            h = 1.5 as i64,
            i = "x" as DateTime<Utc>,
            j = "12,5" as Decimal<2>,
            k = [1, 2] as Vec<String>,
            l = [1.0] as Embedding<2>,
            m = None as i64,
            n = [("a", 1)] as Vec<i64>,
        )
        .select(uid)
}

#[pipeline]
fn filtered_by_cast(orders: Order) -> Kept {
    orders.filter((amount > 1.0) as bool).select(uid)
}

fn main() {}
