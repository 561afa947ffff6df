//! Lookups, aliases, lists, and defaults of every kind.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

const LIMIT: i64 = 7;

#[derive(Record)]
pub struct Address {
    pub street: String,
    pub zip: Option<i64>,
}

#[dataset(index)]
pub struct Member {
    #[field(key)]
    pub id: i64,
    pub points: i64,
    pub tags: Vec<String>,
    pub limits: BTreeMap<String, i64>,
    pub home: Address,
    pub born: NaiveDate,
    pub balance: Decimal<2>,
    pub vector: Embedding<2>,
    pub joined: DateTime<Utc>,
}

#[featureset]
pub struct Request {
    pub id: i64,
    pub ids: Vec<i64>,
}

#[featureset]
#[meta(tags = ["online"])]
pub struct MemberFeatures {
    #[feature(Request::id)]
    pub id: i64,
    #[feature(Member::points, default = LIMIT, version = 3, env = ["~dev", "~test"])]
    pub points: i64,
    #[feature(Member::tags, default = ["new"])]
    pub tags: Vec<String>,
    #[feature(Member::limits, default = [("day", 1)])]
    pub limits: BTreeMap<String, i64>,
    #[feature(Member::home, default = Address { street: "none", zip: None })]
    pub home: Address,
    #[feature(Member::born, default = "1990-01-02")]
    pub born: NaiveDate,
    #[feature(Member::balance, default = "0.00")]
    pub balance: Decimal<2>,
    #[feature(Member::vector, default = [0.0, -1.0])]
    pub vector: Embedding<2>,
    #[feature(Member::joined, default = None)]
    pub joined: Option<DateTime<Utc>>,
}

#[featureset]
pub struct ListFeatures {
    #[feature(Request::ids)]
    pub id: Vec<i64>,
    #[feature(Member::points, default = 0)]
    pub points: Vec<i64>,
}

fn main() {
    assert_eq!(MemberFeatures::points.path(), "MemberFeatures.points");
}
