//! One mistake of every kind in what a featureset reads.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset(index)]
pub struct Ticket {
    #[field(key)]
    pub ticket_id: String,
    pub price: i64,
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct Unindexed {
    #[field(key)]
    pub ticket_id: String,
    pub price: i64,
    pub at: DateTime<Utc>,
}

#[featureset]
pub struct NoSuchColumn {
    pub ticket_id: String,
    #[feature(Ticket::prise)]
    pub price: i64,
}

#[featureset]
pub struct NotOptional {
    pub ticket_id: String,
    #[feature(Ticket::price)]
    pub price: i64,
}

#[featureset]
pub struct NotIndexed {
    pub ticket_id: String,
    #[feature(Unindexed::price, default = 0)]
    pub price: i64,
}

#[featureset]
pub struct NoKey {
    #[feature(Ticket::price, default = 0)]
    pub price: i64,
}

#[featureset]
pub struct WrongKey {
    pub ticket_id: i64,
    #[feature(Ticket::price, default = 0)]
    pub price: i64,
}

#[featureset]
pub struct OtherType {
    pub ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    pub price: f64,
}

#[featureset]
pub struct OtherDefault {
    pub ticket_id: String,
    #[feature(Ticket::price, default = 0.5)]
    pub price: i64,
}

#[featureset]
pub struct NotAnEntity {
    #[feature(String::price)]
    pub price: i64,
}

fn main() {}
