//! What is read from another crate.
use fennel::prelude::*;
use fennel_ui_tests::{Ticket, TicketFeatures};

fennel::owner!("tickets@example.com");

#[featureset]
struct ModelFeatures {
    ticket_id: String,
    #[feature(Ticket::at)]
    sold_at: Option<DateTime<Utc>>,
    #[feature(TicketFeatures::price)]
    price: i64,
    #[feature(expr = price * 2)]
    twice: i64,
}

fn main() {
    let entities = fennel::entities![Ticket, TicketFeatures, ModelFeatures];
    let catalog: fennel::catalog::Catalog<'_> = entities.into_iter().collect();
    catalog.check(None).expect("all of it is right");
}
