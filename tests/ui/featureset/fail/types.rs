//! Types and defaults that don't fit what is read: N137, N145 to N150, N157 to N160, N406, N407, N452.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset(index)]
struct Ticket {
    #[field(key)]
    ticket_id: String,
    price: i64,
    #[between(0..=3)]
    grade: i64,
    kind: Option<String>,
    at: DateTime<Utc>,
}

#[featureset]
struct Request {
    ticket_id: String,
    kind: Option<String>,
    count: i64,
}

#[featureset]
struct Lookups {
    ticket_id: String,
    #[feature(Ticket::price)]
    price: i64,
    #[feature(Ticket::kind, default = "none")]
    kind: Option<String>,
    #[feature(Ticket::grade, default = 1)]
    grade: i64,
}

#[featureset]
struct OtherType {
    ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    price: f64,
}

#[featureset]
struct Defaults {
    ticket_id: String,
    #[feature(Ticket::price, default = 0.5)]
    price: i64,
    #[feature(Ticket::kind, default = 0)]
    kind: String,
    #[feature(Ticket::grade, default = 7)]
    #[between(0..=3)]
    grade: i64,
    #[feature(Ticket::at, default = "soon")]
    at: DateTime<Utc>,
}

#[featureset]
struct Aliases {
    #[feature(Request::count)]
    other: f64,
    #[feature(Request::kind, default = "none")]
    optional: Option<String>,
    #[feature(Request::ticket_id, default = "none")]
    never_null: String,
}

#[featureset]
struct AliasDefault {
    #[feature(Request::kind, default = 1)]
    kind: String,
}

#[featureset]
struct ListWithoutListKey {
    ticket_id: String,
    #[feature(Ticket::price)]
    prices: Vec<Option<i64>>,
}

#[featureset]
struct ListWithDefault {
    ticket_id: Vec<String>,
    #[feature(Ticket::price, default = 0)]
    prices: Vec<Option<i64>>,
}

#[featureset]
struct NoSuchRecord {
    ticket_id: String,
    #[feature(Ticket::price, default = Nonsense { a: 1 })]
    price: i64,
}

#[featureset]
struct Version {
    ticket_id: String,
    #[feature(Ticket::price, default = 0, version = 4000000000)]
    price: i64,
}

#[featureset]
struct DefaultAlone {
    #[feature(default = 0)]
    price: i64,
}

#[featureset]
struct Reserved {
    extractors: i64,
}

fn main() {}
