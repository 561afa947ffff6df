use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("feat@nimbus.io");

static HOOKS: Webhook = Webhook::new("feat_hooks");

#[derive(Record)]
struct Addr {
    street: String,
    zip: Option<i64>,
}

#[source(HOOKS.endpoint("members"), disorder = "1d", cdc = upsert)]
#[dataset(index)]
struct Member {
    #[field(key)]
    member: i64,
    #[field(key)]
    region: String,
    name: String,
    nick: Option<String>,
    points: i64,
    ratio: f64,
    active: bool,
    tags: Vec<String>,
    prefs: BTreeMap<String, i64>,
    home: Addr,
    born: NaiveDate,
    balance: Decimal<2>,
    vec: Embedding<3>,
    joined: DateTime<Utc>,
}

#[source(HOOKS.endpoint("single"), disorder = "1d", cdc = upsert)]
#[dataset(index)]
struct Single {
    #[field(key)]
    sid: String,
    rank: i64,
    label: Option<String>,
    joined: DateTime<Utc>,
}

#[featureset]
struct Request {
    member: i64,
    region: String,
    sid: String,
    maybe_age: Option<i64>,
    sids: Vec<String>,
}

#[featureset]
struct MemberFeatures {
    #[feature(Request::member)]
    member: i64,
    #[feature(Request::region)]
    region: String,
    #[feature(Request::maybe_age, default = 18)]
    age: i64,
    #[feature(Request::maybe_age, version = 3)]
    age_opt: Option<i64>,
    #[feature(Member::name)]
    name: Option<String>,
    name_req: Option<String>,
    #[feature(Member::nick)]
    nick: Option<String>,
    #[feature(Member::points, default = -1)]
    points: i64,
    #[feature(Member::ratio, default = 0.5)]
    ratio: f64,
    #[feature(Member::active, default = false)]
    active: bool,
    #[feature(Member::tags)]
    tags: Option<Vec<String>>,
    #[feature(Member::prefs, default = [("a", 1), ("b", 2)])]
    prefs: BTreeMap<String, i64>,
    #[feature(Member::home, default = Addr { street: "Main \"st\"", zip: None })]
    home: Addr,
    #[feature(Member::born, default = "1990-01-02")]
    born: NaiveDate,
    #[feature(Member::joined, default = "2021-03-04T05:06:07Z")]
    joined: DateTime<Utc>,
    #[feature(Member::vec)]
    vec: Option<Embedding<3>>,
    #[feature(Member::balance, default = "1.25")]
    balance: Decimal<2>,
    #[feature(expr = points * 2)]
    double: i64,
    #[feature(expr = ratio + points * ratio, version = 2)]
    score: f64,
    #[feature(expr = if age > 60 { "senior" } else { "other" })]
    age_band: String,
    #[feature(expr = 7)]
    r#const: i64,
    untouched: String,
}

#[featureset]
struct SingleFeatures {
    #[feature(Request::sid)]
    sid: String,
    #[feature(Single::rank, default = 0)]
    rank: i64,
    #[feature(Single::label, default = "none")]
    label: String,
    /// a deprecated expression
    #[meta(deprecated, tags = ["x"])]
    #[feature(expr = rank * 10)]
    rank_x10: i64,
}

#[featureset]
struct ListFeatures {
    #[feature(Request::sids)]
    sid: Vec<String>,
    #[feature(Single::rank, default = 9)]
    ranks: Vec<i64>,
    ranks_opt: Vec<Option<i64>>,
    #[feature(Single::label)]
    labels: Vec<Option<String>>,
    #[feature(expr = ranks.max())]
    best: Option<i64>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 6] {
    fennel::entities![
        Member,
        Single,
        Request,
        MemberFeatures,
        SingleFeatures,
        ListFeatures
    ]
}
