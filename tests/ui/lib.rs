//! What rustc says about mistakes in definitions: see `main.rs`. Here are those that the programs under test read from
//! another crate.

use fennel::prelude::*;

fennel::owner!("tickets@example.com");

/// A dataset that can be looked up.
#[dataset(index)]
pub struct Ticket {
    /// Its key.
    #[field(key)]
    pub ticket_id: String,
    /// In cents.
    pub price: i64,
    /// When it was sold.
    pub at: DateTime<Utc>,
}

/// A featureset with a feature that others can have too.
#[featureset]
pub struct TicketFeatures {
    /// Given by queries.
    pub ticket_id: String,
    /// The price when it was sold last.
    #[feature(Ticket::price, default = 0)]
    pub price: i64,
}
