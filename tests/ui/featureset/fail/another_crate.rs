//! Mistakes about what another crate has.
use fennel::prelude::*;
use fennel_ui_tests::{Ticket, TicketFeatures};

fennel::owner!("tickets@example.com");

#[featureset]
struct NoSuchColumn {
    ticket_id: String,
    #[feature(Ticket::prise)]
    price: Option<i64>,
}

#[featureset]
struct NoSuchFeature {
    #[feature(TicketFeatures::prize)]
    price: i64,
}

#[featureset]
struct OtherType {
    ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    price: String,
}

#[featureset]
struct OtherKey {
    ticket_id: i64,
    #[feature(Ticket::price, default = 0)]
    price: i64,
}

#[dataset]
struct Cheap {
    #[field(key)]
    ticket_id: String,
    price: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn cheap(tickets: Ticket) -> Cheap {
    tickets.filter(prise < 1000)
}

fn main() {}
