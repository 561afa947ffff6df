//! A project that uses every operator, and every aggregate once.

use fennel::catalog::Catalog;
use fennel::prelude::*;

fennel::owner!("team@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("users"), disorder = "1d", cdc = upsert)]
struct User {
    #[field(key)]
    uid: i64,
    country: String,
    r#type: Option<String>,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("orders"), disorder = "1d", cdc = append)]
struct Order {
    uid: i64,
    buyer: i64,
    skus: Vec<String>,
    amount: Option<f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Line {
    uid: i64,
    sku: Option<String>,
    usd: f64,
    country: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn line(orders: Order, users: User) -> Line {
    orders
        .filter(amount.fill_null(0.0) > 0.0)
        .dropnull(amount)
        .left_join(
            users,
            on(buyer == uid),
            within("30d", "2h"),
            fields(country),
        )
        .assign(usd = amount * 1.08)
        .rename(sku = skus)
        .explode(sku)
        .drop(buyer, amount)
}

#[dataset]
struct Seen {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn seen(lines: Line, users: User) -> Seen {
    let named = lines
        .dropnull()
        .inner_join(users, on(uid), within("1d"), fields(r#type));
    let foreign = named.filter(country != "DE").select(uid);
    let plain = named.select(uid);
    plain
        .union(foreign)
        .union(lines.select(uid).dedup(uid))
        .dedup(window = session("10m"))
}

#[dataset(index)]
struct FirstSeen {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn first(seen: Seen) -> FirstSeen {
    seen.group_by(uid).first()
}

#[dataset(index)]
struct LastLine {
    #[field(key)]
    uid: i64,
    #[field(key)]
    country: String,
    sku: Option<String>,
    usd: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn last(lines: Line) -> LastLine {
    lines.dropnull(country).group_by(uid, country).latest()
}

#[dataset]
struct Change {
    uid: i64,
    country: String,
    usd: f64,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn change(last: LastLine) -> Change {
    last.drop(sku).changelog(delete = gone)
}

#[dataset(index)]
struct Stats {
    #[field(key)]
    uid: i64,
    lines: i64,
    skus: i64,
    usd: f64,
    mean: f64,
    least: f64,
    most: Option<f64>,
    spread: f64,
    median: Option<f64>,
    countries: Vec<Option<String>>,
    newest: Vec<f64>,
    oldest: Vec<String>,
    heat: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn stats(lines: Line) -> Stats {
    lines.group_by(uid).aggregate(
        lines = count("forever"),
        skus = count(sku, "7d", unique = true, approx = true),
        usd = sum(usd, "7d"),
        mean = average(usd, "7d", default = 1.5),
        least = min(usd, "7d", default = 0.0),
        most = max(usd, "7d"),
        spread = stddev(usd, "7d"),
        median = quantile(usd, 0.5, "7d", approx = true),
        countries = distinct(country, "7d", unordered = true),
        newest = last_k(usd, 5, "7d"),
        oldest = first_k(sku, 5, "7d", dedup = true, dropnull = true),
        heat = exp_decay_sum(usd, "1d", "forever"),
    )
}

#[dataset(index)]
struct Hourly {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    usd: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn hourly(lines: Line) -> Hourly {
    lines
        .group_by(uid, window = tumbling("1h"))
        .aggregate(usd = sum(usd), emit = "final")
}

pub(crate) fn catalog() -> Catalog<'static> {
    fennel::entities![
        User, Order, Line, Seen, FirstSeen, LastLine, Change, Stats, Hourly
    ]
    .into_iter()
    .collect()
}
