//! Each function, in each spelling.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset]
struct Visit {
    uid: i64,
    count: Option<i64>,
    amount: f64,
    share: Option<f64>,
    name: String,
    nick: Option<String>,
    json: String,
    tags: Vec<String>,
    counts: Vec<i64>,
    maybes: Vec<Option<i64>>,
    prices: Option<Vec<f64>>,
    flags: Vec<bool>,
    limits: BTreeMap<String, i64>,
    vector: Embedding<3>,
    seen: Option<DateTime<Utc>>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct Values {
    uid: i64,
    missing: bool,
    filled: i64,
    widened: f64,
    text_filled: String,
    moment: DateTime<Utc>,
    day_of: DateTime<Utc>,
    minute_of: DateTime<Utc>,
    named: DateTime<Utc>,
    zoned: DateTime<Utc>,
    seconds: DateTime<Utc>,
    millis: DateTime<Utc>,
    micros: Option<DateTime<Utc>>,
    thrice: Vec<String>,
    often: Vec<i64>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn any_value(visits: Visit) -> Values {
    visits
        .assign(
            missing = count.is_null(),
            filled = count.fill_null(0),
            widened = fill_null(count, 0.5),
            text_filled = nick.fill_null(fill = name),
            moment = now(),
            day_of = datetime(2024, 1, 31),
            minute_of = datetime(2024, 1, 31, 23, 59),
            named = datetime(year = 2024, month = 2, day = 29, microsecond = 1),
            zoned = datetime(2024, 1, 31, hour = 8, timezone = "Europe/Paris"),
            seconds = from_epoch(uid, "second"),
            millis = uid.from_epoch("millisecond"),
            micros = from_epoch(count, unit = "microsecond"),
            thrice = repeat(name, 3),
            often = uid.repeat(count = uid),
        )
        .select(
            uid,
            missing,
            filled,
            widened,
            text_filled,
            moment,
            day_of,
            minute_of,
            named,
            zoned,
            seconds,
            millis,
            micros,
            thrice,
            often,
        )
}

#[dataset]
struct Numbers {
    uid: i64,
    a: i64,
    b: Option<f64>,
    c: i64,
    d: i64,
    e: i64,
    f: f64,
    g: f64,
    h: f64,
    i: f64,
    j: f64,
    k: f64,
    l: f64,
    m: f64,
    n: f64,
    o: f64,
    p: f64,
    q: f64,
    r: i64,
    s: f64,
    t: Option<f64>,
    u: String,
    v: bool,
    w: Option<bool>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn numbers(visits: Visit) -> Numbers {
    visits
        .assign(
            a = uid.abs(),
            b = share.abs(),
            c = amount.ceil(),
            d = floor(amount),
            e = amount.round(),
            f = amount.round(2),
            g = round(amount, precision = 2),
            h = uid.sqrt(),
            i = amount.sin(),
            j = amount.cos(),
            k = amount.tan(),
            l = amount.asin(),
            m = amount.acos(),
            n = amount.atan(),
            o = amount.log(),
            p = amount.log(10),
            q = amount.log(base = 2.0),
            r = uid.pow(2),
            s = uid.pow(-0.5),
            t = amount.pow(exponent = count),
            u = uid.to_string(),
            v = amount.is_nan(),
            w = share.is_infinite(),
        )
        .select(
            uid, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w,
        )
}

#[dataset]
struct Texts {
    uid: i64,
    a: String,
    b: Option<String>,
    c: i64,
    d: bool,
    e: Option<bool>,
    f: bool,
    g: bool,
    h: String,
    i: Vec<String>,
    j: Vec<String>,
    k: Option<String>,
    l: i64,
    m: Vec<f64>,
    n: BTreeMap<String, bool>,
    o: Option<DateTime<Utc>>,
    p: DateTime<Utc>,
    q: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn texts(visits: Visit) -> Texts {
    visits
        .assign(
            a = name.lower(),
            b = upper(nick),
            c = "länge".len(),
            d = name.contains("a"),
            e = name.contains(part = nick),
            f = name.starts_with(name.lower()),
            g = ends_with(name, "z"),
            h = name.concat(" ").concat(uid.to_string()),
            i = name.split(","),
            j = name.split(separator = ""),
            k = json.json_extract("$.user['name'][0]"),
            l = name.parse::<i64>(),
            m = json.parse::<Vec<f64>>(),
            n = json.json_extract(path = "$").fill_null("{}").parse::<BTreeMap<String, bool>>(),
            o = nick.strptime("%Y-%m-%d"),
            p = name.strptime("%d.%m.%Y %H:%M", "Europe/Berlin"),
            q = strptime(name, format = "%s", timezone = "UTC"),
        )
        .select(uid, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
}

#[dataset]
struct Times {
    uid: i64,
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    e: Option<i64>,
    f: i64,
    g: i64,
    h: i64,
    i: i64,
    j: i64,
    k: Option<i64>,
    l: i64,
    m: i64,
    n: i64,
    o: String,
    p: Option<String>,
    q: String,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn times(visits: Visit) -> Times {
    visits
        .assign(
            a = at.year(),
            b = at.month("Asia/Tokyo"),
            c = week(at, timezone = "America/New_York"),
            d = at.day(),
            e = seen.hour(),
            f = at.minute(),
            g = at.second(),
            h = at.millisecond(),
            i = at.microsecond(),
            j = at.since(datetime(2024, 1, 1)),
            k = at.since(seen, "day"),
            l = now().since(other = at, unit = "week"),
            m = at.since_epoch(),
            n = at.since_epoch("year"),
            o = at.strftime("%Y-%m-%dT%H:%M:%S%.3f"),
            p = seen.strftime("%H", "Europe/Paris"),
            q = strftime(at, format = "%A", timezone = "UTC"),
        )
        .select(uid, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
}

#[dataset]
struct Lists {
    uid: i64,
    a: i64,
    b: bool,
    c: bool,
    d: Option<bool>,
    e: Option<i64>,
    f: Option<f64>,
    g: Option<i64>,
    h: i64,
    i: Option<f64>,
    j: Option<f64>,
    k: Option<i64>,
    l: Option<f64>,
    m: bool,
    n: bool,
    o: Vec<i64>,
    p: Option<Vec<f64>>,
    q: Vec<String>,
    r: Option<i64>,
    s: Option<i64>,
    t: i64,
    u: i64,
    v: Option<bool>,
    w: f64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn lists_and_maps(visits: Visit) -> Lists {
    visits
        .assign(
            a = counts.len(),
            b = maybes.has_null(),
            c = counts.contains(uid),
            d = maybes.contains(item = 1),
            e = counts.at(0),
            f = prices[uid],
            g = counts[-1],
            h = counts.sum(),
            i = counts.mean(),
            j = prices.min(),
            k = maybes.max(),
            l = mean(prices),
            m = flags.all(),
            n = any(flags),
            o = counts.filter(|x| x > 1 && x < 5),
            p = prices.filter(predicate = |price| price > 0.0),
            q = counts.map(|x| x.to_string().concat("!")),
            r = limits.get(name),
            s = limits.get(key = nick, default = 0),
            t = limits.get("day", 7),
            u = limits.len(),
            v = limits.contains(nick),
            w = vector.sum(),
        )
        .select(
            uid, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w,
        )
}

fn main() {
    assert_eq!(fennel::entities![Visit, Values, Numbers, Texts, Times, Lists].len(), 6);
}
