//! Attributes of ours that depend on a condition.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset]
struct Ticket {
    #[cfg_attr(all(), field(key))]
    ticket_id: String,
    #[cfg_attr(any(), fennel::meta(owner = "a@example.com"), doc = "Its price.")]
    price: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct TicketFeatures {
    #[cfg_attr(any(), cfg(any()))]
    ticket_id: String,
}

// A field that is there is checked at its own place, whatever is left out before it.
#[dataset]
struct Sale {
    #[cfg(any())]
    left_out: i64,
    #[cfg(all())]
    #[field(key)]
    sale_id: Option<i64>,
    #[cfg(not(all()))]
    also_left_out: u16_that_is_no_type,
    window: i64,
    at: DateTime<Utc>,
}

fn main() {}
