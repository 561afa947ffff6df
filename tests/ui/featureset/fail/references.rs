//! What a feature can't read: N064, N065, N138, N153, N402, N403, N404, N451, N454, N456.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset(index)]
struct Ticket {
    #[field(key)]
    ticket_id: String,
    price: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Unindexed {
    #[field(key)]
    ticket_id: String,
    price: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct NoSuchColumn {
    ticket_id: String,
    #[feature(Ticket::prise)]
    price: i64,
}

#[featureset]
struct NoSuchFeature {
    #[feature(NoSuchColumn::prize)]
    price: i64,
}

#[featureset]
struct NotIndexed {
    ticket_id: String,
    #[feature(Unindexed::price, default = 0)]
    price: i64,
}

#[featureset]
struct NoKey {
    #[feature(Ticket::price, default = 0)]
    price: i64,
}

#[featureset]
struct OtherKey {
    ticket_id: i64,
    #[feature(Ticket::price, default = 0)]
    price: i64,
}

#[featureset]
struct Twice {
    ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    price: i64,
    #[feature(Ticket::price)]
    again: Option<i64>,
}

#[featureset]
struct Itself {
    #[feature(Itself::price)]
    price: i64,
}

#[featureset]
struct NotAnEntity {
    #[feature(String::price)]
    price: i64,
}

#[featureset]
struct Forms {
    ticket_id: String,
    #[feature(Ticket)]
    whole: i64,
    #[feature(Ticket::price, Ticket::at)]
    two: Option<i64>,
    #[feature(Ticket::price, provider = Ticket)]
    unknown: Option<i64>,
    #[feature(5)]
    number: i64,
}

fn main() {}
