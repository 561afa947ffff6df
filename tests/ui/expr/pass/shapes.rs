//! Operators, conditions, records, constants, casts and shared expressions.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

const RATE: f64 = 1.08;
const FEW: i64 = 3;
const EURO: &str = "EUR";
const STRICT: bool = true;

mod rates {
    use fennel::prelude::Expr;

    pub const USD: f64 = 0.92;
    pub const HALF: &Expr = fennel::expr!(amount / 2.0);
}

struct Limits;

impl Limits {
    const MOST: f64 = 1000.0;
}

const NET: &Expr = fennel::expr!(if currency == EURO { amount } else { amount * RATE });
const SMALL: &Expr = fennel::expr!(NET < Limits::MOST && !r#type.is_null());

#[derive(Record)]
struct Point {
    x: i64,
    y: f64,
    note: Option<String>,
}

#[derive(Record)]
struct Line {
    from: Point,
    to: Option<Point>,
}

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    count: Option<i64>,
    currency: String,
    r#type: Option<String>,
    paid: bool,
    sure: Option<bool>,
    price: Decimal<2>,
    day: NaiveDate,
    spot: Point,
    last: Option<Point>,
    lines: Vec<Line>,
    xs: Vec<i64>,
    ys: Vec<f64>,
    notes: Vec<Option<String>>,
    #[between(0..=10)]
    stars: i64,
    #[one_of("a", "b")]
    kind: String,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct Operators {
    uid: i64,
    a: i64,
    b: f64,
    c: f64,
    d: i64,
    e: i64,
    f: Option<i64>,
    g: bool,
    h: Option<bool>,
    i: bool,
    j: bool,
    k: bool,
    l: i64,
    m: String,
    n: bool,
    o: f64,
    r#type: String,
    r#match: bool,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn operators(orders: Order) -> Operators {
    orders
        .filter(amount > 0.0 && (paid || STRICT) && sure.fill_null(false))
        .assign(
            a = uid + 1 - 2 * 3 % 4,
            b = amount * RATE + rates::USD,
            c = uid / 2,
            d = uid.floor_div(2),
            e = floor_div(uid, FEW),
            f = -count,
            g = !paid,
            h = paid && sure || false,
            i = amount >= 1.0 && uid <= 5 && uid < 7 && 2 > uid,
            j = currency == EURO && at != datetime(2024, 1, 1) && day == day,
            k = price == "12.50" as Decimal<2>,
            l = stars + 1,
            m = kind.upper(),
            n = amount < Limits::MOST,
            o = (((amount))),
            r#match = r#type == "gift" || r#type.is_null(),
        )
        .assign(r#type = r#type.fill_null("none"), r#match = r#match.fill_null(false))
        .select(
            uid, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, r#type, r#match,
        )
}

#[dataset]
struct Conditions {
    uid: i64,
    a: i64,
    b: Option<i64>,
    c: f64,
    d: Option<String>,
    e: String,
    f: i64,
    g: bool,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn conditions(orders: Order) -> Conditions {
    orders
        .assign(
            a = if paid { 1 } else { 2 },
            b = if paid { 1 },
            c = if paid { 1 } else if sure { 2.5 } else if uid > FEW { amount } else { 0 },
            d = if paid { Some(currency) } else { None },
            e = if paid {
                if uid > 1 { if uid > 2 { "many" } else { "two" } } else { "one" }
            } else {
                "none"
            },
            f = if paid { uid } else { 0 } + if STRICT { 1 } else { 0 },
            g = { paid },
        )
        .select(uid, a, b, c, d, e, f, g)
}

#[dataset]
struct Records {
    uid: i64,
    a: i64,
    b: Option<f64>,
    c: Option<i64>,
    d: Point,
    e: Line,
    f: Vec<Point>,
    g: Vec<i64>,
    h: Vec<Point>,
    i: Option<String>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn records(orders: Order) -> Records {
    orders
        .assign(
            a = spot.x,
            b = last.y,
            c = lines[0].from.x,
            d = Point { x: uid, y: 2, note: None },
            e = Line { from: spot, to: Some(Point { note: currency, y: amount, x: 1 }) },
            f = Point::zip(x = xs, y = ys, note = notes),
            g = lines.filter(|line| line.to.is_null()).map(|line| line.from.x),
            h = lines.map(|line| Point { x: line.from.x + 1, y: amount, note: r#type }),
            i = Point::zip(x = xs, y = ys, note = notes)[0].note,
        )
        .select(uid, a, b, c, d, e, f, g, h, i)
}

#[dataset]
struct Casts {
    uid: i64,
    a: f64,
    b: Option<i64>,
    c: Vec<i64>,
    d: Vec<String>,
    e: BTreeMap<String, i64>,
    f: DateTime<Utc>,
    g: NaiveDate,
    h: Decimal<2>,
    i: Option<String>,
    j: Embedding<2>,
    k: bool,
    l: i64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn casts(orders: Order) -> Casts {
    orders
        .assign(
            a = uid as f64,
            b = (uid + 1) as Option<i64>,
            c = [1, FEW] as Vec<i64>,
            d = [] as Vec<String>,
            e = [("a", 1), ("b", 2)] as BTreeMap<String, i64>,
            f = "2024-01-31T08:00:00Z" as DateTime<Utc>,
            g = "2024-01-31" as NaiveDate,
            h = "12.50" as Decimal<2>,
            i = None as Option<String>,
            j = [0.5, 1.5] as Embedding<2>,
            k = ([1, 2] as Vec<i64>).contains(uid),
            l = (FEW as i64) + 1_i64,
        )
        .select(uid, a, b, c, d, e, f, g, h, i, j, k, l)
}

#[dataset]
struct Shared {
    uid: i64,
    net: f64,
    half: f64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn shared(orders: Order) -> Shared {
    orders
        .filter(SMALL)
        .assign(net = NET, half = rates::HALF + NET.round(2))
        .select(uid, net, half)
}

#[dataset]
struct SharedAgain {
    uid: i64,
    small: bool,
    rounded: i64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn shared_again(orders: Order) -> SharedAgain {
    orders
        .assign(small = SMALL, rounded = NET.round())
        .select(uid, small, rounded)
}

fn main() {
    let entities = fennel::entities![
        Order,
        Operators,
        Conditions,
        Records,
        Casts,
        Shared,
        SharedAgain
    ];
    assert_eq!(entities.len(), 7);
    assert_eq!(
        SMALL.to_string(),
        "(if currency == \"EUR\" { amount } else { amount * 1.08 }) < 1000.0 && !r#type.is_null()"
    );
}
