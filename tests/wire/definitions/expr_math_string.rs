use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("expr@nimbus.io");

static HOOKS: Webhook = Webhook::new("expr_hooks");

#[dataset]
#[source(HOOKS.endpoint("nums"), disorder = "1d", cdc = append)]
struct Nums {
    a: i64,
    b: i64,
    x: f64,
    y: f64,
    s: String,
    r: String,
    at: DateTime<Utc>,
}

#[dataset]
struct MathOut {
    add: i64,
    sub: i64,
    mul: i64,
    div: f64,
    fdiv: i64,
    r#mod: i64,
    neg: i64,
    radd: i64,
    rsub: f64,
    rdiv: f64,
    abs_: i64,
    round0: i64,
    round2: f64,
    ceil_: i64,
    floor_: i64,
    num_round: f64,
    sqrt_: f64,
    pow_: f64,
    pow_col: f64,
    ln: f64,
    log2: f64,
    sin_: f64,
    cos_: f64,
    tan_: f64,
    asin_: f64,
    acos_: f64,
    atan_: f64,
    nan_: bool,
    inf_: bool,
    text: String,
    eq: bool,
    ne: bool,
    lt: bool,
    le: bool,
    gt: bool,
    ge: bool,
    both: bool,
    either: bool,
    not_: bool,
    nested: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn math(n: Nums) -> MathOut {
    n.assign(
        add = a + b,
        sub = a - 1,
        mul = a * b * 3,
        div = a / b,
        fdiv = a.floor_div(2),
        r#mod = a % 10,
        neg = -a,
        radd = 5 + a,
        rsub = 1.5 - x,
        rdiv = 2 / x,
        abs_ = a.abs(),
        round0 = x.round(),
        round2 = x.round(2),
        ceil_ = x.ceil(),
        floor_ = x.floor(),
        num_round = (x + y).round(1),
        sqrt_ = x.sqrt(),
        pow_ = x.pow(2),
        pow_col = x.pow(y + 1),
        ln = x.log(),
        log2 = x.log(2),
        sin_ = x.sin(),
        cos_ = x.cos(),
        tan_ = x.tan(),
        asin_ = x.asin(),
        acos_ = x.acos(),
        atan_ = x.atan(),
        nan_ = x.is_nan(),
        inf_ = x.is_infinite(),
        text = a.to_string(),
        eq = a == b,
        ne = a != 3,
        lt = a < b,
        le = x <= 0.1,
        gt = a > b,
        // Python turns `1 >= x` around.
        ge = x <= 1,
        both = a > 1 && b > 1 && true,
        either = a > 1 || b > 1,
        not_ = !(a > 1),
        nested = (a + b) * (x - y) / (1 + x * x),
    )
    .drop(a, b, x, y, s, r)
}

#[dataset]
struct StringOut {
    low: String,
    up: String,
    n: i64,
    has: bool,
    has_col: bool,
    starts: bool,
    ends: bool,
    cat: String,
    parts: Vec<String>,
    stamp: DateTime<Utc>,
    stamp_tz: DateTime<Utc>,
    as_int: i64,
    as_list: Vec<i64>,
    as_opt: Option<f64>,
    pick: Option<String>,
    chained: i64,
    quoted: String,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[pipeline]
fn strings(n: Nums) -> StringOut {
    n.assign(
        low = s.lower(),
        up = s.upper(),
        n = s.len(),
        has = s.contains("needle"),
        has_col = s.contains(r),
        starts = s.starts_with("pre"),
        ends = s.ends_with(r),
        cat = s.concat("-").concat(r),
        parts = s.split(","),
        stamp = s.strptime("%Y-%m-%d"),
        stamp_tz = s.strptime("%d/%m/%Y %H:%M", timezone = "Europe/Paris"),
        as_int = s.parse::<i64>(),
        as_list = s.parse::<Vec<i64>>(),
        as_opt = s.parse::<Option<f64>>(),
        pick = s.json_extract("$.a.b[0]"),
        chained = s.lower().concat("é\"\n").len().abs(),
        quoted = "it's \"quoted\" \\ ünï",
    )
    .select(
        low, up, n, has, has_col, starts, ends, cat, parts, stamp, stamp_tz, as_int, as_list,
        as_opt, pick, chained, quoted,
    )
}

pub(crate) fn entities() -> [Descriptor<'static>; 3] {
    fennel::entities![Nums, MathOut, StringOut]
}
