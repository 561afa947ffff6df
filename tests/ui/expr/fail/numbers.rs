//! Functions and operators of numbers: N231, N235, N236, N237, N254, N255.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset]
struct Order {
    uid: i64,
    count: Option<i64>,
    amount: f64,
    paid: bool,
    name: String,
    price: Decimal<2>,
    day: NaiveDate,
    counts: Vec<i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

// N235
#[pipeline]
fn not_of_texts(orders: Order) -> Kept {
    orders
        .assign(
            a = name.abs(),
            b = name.ceil(),
            c = name.floor(),
            d = name.round(),
            e = name.sqrt(),
            f = name.sin(),
            g = name.log(),
            h = name.pow(2),
            i = name.is_nan(),
            j = paid.is_infinite(),
            k = price.abs(),
            l = at.round(),
            m = day.to_string(),
            n = (uid > 1).floor(),
        )
        .select(uid)
}

#[pipeline]
fn arguments(orders: Order) -> Kept {
    orders
        .assign(
            // N236
            a = amount.round(-1),
            // N237
            b = amount.round(1.1),
            c = amount.round(uid),
            d = amount.round(309),
            // N231
            e = uid.pow(-2),
            f = uid.pow(name),
            g = amount.log(uid),
            h = amount.log(base = "e"),
            i = amount.pow(),
            j = amount.abs(1),
            k = amount.round(digits = 2),
            l = amount.round(1, precision = 2),
            m = amount.pow(exponent = 2, 3),
            n = amount.round(1, 2),
            o = amount.sqr(),
            p = amount.frobnicate(),
        )
        .select(uid)
}

// N255
#[pipeline]
fn arithmetic(orders: Order) -> Kept {
    orders
        .assign(
            a = paid + 1,
            b = uid - paid,
            c = price * 2,
            d = at - at,
            e = amount / name,
            f = name % 2,
            g = uid.floor_div(name),
            h = floor_div(name, 2),
            i = name + name,
            j = counts + 1,
            k = day - day,
            l = (amount > 1.0) + 1,
        )
        .select(uid)
}

// N254
#[pipeline]
fn signs(orders: Order) -> Kept {
    orders
        .assign(
            a = -name,
            b = -paid,
            c = -at,
            d = !uid,
            e = !name,
            f = !(uid + 1),
            g = amonut * 2.0,
            h = uid + amount * nmae,
            i = uid.floor_div(2, 3),
        )
        .select(uid)
}

fn main() {}
