//! Rust that has no meaning over columns: N225, N226, N227, N256.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[derive(Record)]
struct Pair {
    x: i64,
    y: i64,
}

#[dataset]
struct Order {
    uid: i64,
    count: Option<i64>,
    amount: f64,
    paid: bool,
    sure: bool,
    name: String,
    counts: Vec<i64>,
    pair: Pair,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn operators(orders: Order) -> Kept {
    orders
        .assign(
            a = paid & sure,
            b = paid | sure,
            // N256
            c = paid ^ sure,
            d = uid << 2,
            e = uid >> 2,
            f = *count,
            g = uid += 1,
            h = amount + (uid = 1),
            i = 0..uid,
            j = 0..=uid,
            k = count?,
        )
        .select(uid)
}

#[pipeline]
fn control(orders: Order) -> Kept {
    orders
        .assign(
            a = match uid {
                1 => "one",
                _ => "many",
            },
            b = if let Some(n) = count { n } else { 0 },
            c = if paid && let Some(n) = count { n } else { 0 },
            d = matches!(uid, 1 | 2),
            e = format!("{name}"),
            f = vec![1, 2],
            g = (uid, amount),
            h = {
                let double = uid * 2;
                double + 1
            },
            i = if paid {
                1;
            } else {
                2
            },
            // N225, N226, N227
            j = if paid {
            } else {
                2
            },
            k = loop {},
            l = while paid {},
            m = for n in counts {},
            n = return uid,
            o = unsafe { uid },
            p = async { uid },
        )
        .select(uid)
}

#[pipeline]
fn calls(orders: Order) -> Kept {
    orders
        .assign(
            a = std::cmp::max(uid, 1),
            b = f64::sqrt(amount),
            c = String::from("a"),
            d = i64::from(paid),
            e = (|x| x + 1)(uid),
            f = Some(uid, 1),
            g = Ok(uid),
            h = Pair::zip(counts, counts),
            i = Pair::zip(x.y = counts),
            j = Pair { ..pair },
            k = Pair { x: 1, ..pair },
            l = pair.0,
            m = counts[0..2],
            n = counts.map(|a, b| a),
            o = counts.map(|(a, b)| a),
            p = counts.map(|| 1),
            s = counts.map(|x: i64| x),
            t = uid.await,
        )
        .select(uid)
}

#[pipeline]
fn literals(orders: Order) -> Kept {
    orders
        .assign(
            a = 'a',
            b = b"bytes",
            c = b'b',
            d = 1_u8,
            e = 1.5_f32,
            f = 9223372036854775808,
            h = c"text",
            i = [uid, 1] as Vec<i64>,
            j = [0; 3] as Vec<i64>,
            k = [("a", uid)] as BTreeMap<String, i64>,
            l = (),
            m = _,
            n = const { 1 },
            o = [[uid]] as Vec<Vec<i64>>,
            p = Pair { 0: 1 },
        )
        .select(uid)
}

#[pipeline]
fn names(orders: Order) -> Kept {
    orders
        .assign(
            "a" = uid,
            a.b = uid,
            C::d = uid,
            uid.round("x" = 1),
        )
        .select(uid)
}

const SHARED: &Expr = fennel::expr!(paid & sure);
const EMPTY: &Expr = fennel::expr!();
const TWO: &Expr = fennel::expr!(uid, amount);

#[pipeline]
fn column_path(orders: Order) -> Kept {
    orders.assign(a = Order::uid + 1).select(uid)
}

fn main() {}
