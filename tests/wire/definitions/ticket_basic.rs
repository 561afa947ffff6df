use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static EXAMPLE: Webhook = Webhook::new("example");

#[dataset(index)]
#[meta(owner = "mohit@fennel.ai")]
#[source(EXAMPLE.endpoint("ticket_sale"), disorder = "14d", cdc = upsert)]
struct Ticket {
    #[field(key)]
    ticket_id: String,
    price: i64,
    at: DateTime<Utc>,
}

#[featureset]
#[meta(owner = "mohit@fennel.ai")]
struct TicketFeatures {
    ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    price: i64,
}

pub(crate) fn entities() -> [Descriptor<'static>; 2] {
    fennel::entities![Ticket, TicketFeatures]
}
