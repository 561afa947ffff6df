use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("expr@nimbus.io");

static HOOKS: Webhook = Webhook::new("coll_hooks");

#[derive(Record)]
struct Point {
    lat: f64,
    lon: f64,
}

#[derive(Record)]
struct Pair {
    left: i64,
    right: String,
}

#[dataset]
#[source(HOOKS.endpoint("coll"), disorder = "1d", cdc = append)]
struct Coll {
    xs: Vec<i64>,
    names: Vec<String>,
    flags: Vec<bool>,
    gaps: Vec<Option<i64>>,
    scores: BTreeMap<String, i64>,
    r#where: Point,
    maybe: Option<i64>,
    secs: i64,
    key: String,
    other: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct ListOut {
    n: i64,
    has: bool,
    first: Option<i64>,
    last: Option<i64>,
    brackets: Option<i64>,
    nulls: bool,
    twice: Vec<i64>,
    repeated: Vec<i64>,
    pairs: Vec<Pair>,
    at: DateTime<Utc>,
}

#[pipeline]
fn lists(c: Coll) -> ListOut {
    c.assign(
        n = xs.len(),
        has = xs.contains(3),
        first = xs.at(0),
        last = xs.at(-1),
        brackets = xs[secs % 2],
        nulls = gaps.has_null(),
        twice = xs.map(|e| e * 2),
        repeated = repeat(secs, 3),
        pairs = Pair::zip(left = xs, right = names),
    )
    .select(n, has, first, last, brackets, nulls, twice, repeated, pairs)
}

#[dataset]
struct DictStructOut {
    got: Option<i64>,
    got_def: i64,
    got_col: i64,
    n: i64,
    lat: f64,
    point: Point,
    point2: Point,
    at: DateTime<Utc>,
}

#[pipeline]
fn dicts(c: Coll) -> DictStructOut {
    c.assign(
        got = scores.get("a"),
        got_def = scores.get("a", 0),
        got_col = scores.get(key, secs),
        n = scores.len(),
        lat = r#where.lat,
        point = Point {
            lat: 1.5,
            lon: r#where.lat,
        },
        point2 = Point {
            lon: 2.0,
            lat: -1.0,
        },
    )
    .select(got, got_def, got_col, n, lat, point, point2)
}

#[dataset]
struct TimeOut {
    year: i64,
    month: i64,
    week: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    milli: i64,
    micro: i64,
    day_tz: i64,
    since_s: i64,
    since_d: i64,
    epoch: i64,
    epoch_ms: i64,
    text: String,
    text_tz: String,
    made: DateTime<Utc>,
    made_ms: DateTime<Utc>,
    fixed: DateTime<Utc>,
    fixed_tz: DateTime<Utc>,
    age: i64,
    filled: i64,
    is_missing: bool,
    kind: String,
    maybe_kind: Option<String>,
    nested: i64,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn times(c: Coll) -> TimeOut {
    c.assign(
        year = other.year(),
        month = other.month(),
        week = other.week(),
        day = other.day(),
        hour = other.hour(),
        minute = other.minute(),
        second = other.second(),
        milli = other.millisecond(),
        micro = other.microsecond(),
        day_tz = other.day("Asia/Kolkata"),
        since_s = other.since(at),
        since_d = other.since(datetime(2020, 1, 1), "day"),
        epoch = other.since_epoch(),
        epoch_ms = other.since_epoch("millisecond"),
        text = other.strftime("%Y-%m-%d"),
        text_tz = other.strftime("%H", timezone = "America/New_York"),
        made = from_epoch(secs, "second"),
        made_ms = from_epoch(secs * 1000, "millisecond"),
        fixed = datetime(2024, 2, 29),
        fixed_tz = datetime(1999, 12, 31, 23, 59, 58, 999_999, "Europe/Berlin"),
        age = now().since(other, "year"),
        filled = maybe.fill_null(0),
        is_missing = maybe.is_null(),
        kind = if secs > 10 {
            "long"
        } else if secs > 5 {
            "mid"
        } else {
            "short"
        },
        maybe_kind = if secs > 10 {
            "long"
        },
        nested = if maybe.is_null() {
            -1
        } else {
            if secs == 0 { 0 } else { maybe.fill_null(secs) }
        },
    )
    .select(
        year, month, week, day, hour, minute, second, milli, micro, day_tz, since_s, since_d,
        epoch, epoch_ms, text, text_tz, made, made_ms, fixed, fixed_tz, age, filled, is_missing,
        kind, maybe_kind, nested,
    )
}

#[featureset]
struct ListFeatures {
    xs: Vec<i64>,
    flags: Vec<bool>,
    gaps: Vec<Option<i64>>,
    #[feature(expr = xs.sum())]
    total: i64,
    #[feature(expr = xs.mean())]
    mean: Option<f64>,
    #[feature(expr = xs.min())]
    lo: Option<i64>,
    #[feature(expr = xs.max())]
    hi: Option<i64>,
    #[feature(expr = flags.all())]
    every: bool,
    #[feature(expr = flags.any())]
    some: bool,
    #[feature(expr = xs.filter(|x| x > 10))]
    big: Vec<i64>,
    #[feature(expr = gaps.filter(|g| !g.is_null()))]
    known: Vec<Option<i64>>,
    #[feature(expr = xs.map(|e| e * e))]
    squares: Vec<i64>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 5] {
    fennel::entities![Coll, ListOut, DictStructOut, TimeOut, ListFeatures]
}
