//! One slip is one error: nothing that reads the entity is wrong because of it.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(indx)]
#[source(APP.endpoint("ticket"), disorder = "1d", cdc = upsert, preprok(price = 1))]
struct Ticket {
    #[field(kye)]
    ticket_id: String,
    #[between(0..)]
    price: i64,
    seats: Vec<i32>,
    position: (f64, f64),
    at: DateTime<Utc>,
}

#[derive(Record)]
struct Money {
    amount: f32,
    #[one_of(1.5)]
    currency: String,
}

#[derive(Record)]
enum Colour {
    Red,
}

#[dataset(index)]
struct Order {
    #[field(key)]
    order_id: i64,
    total: Money,
    colour: Option<Colour>,
    at: DateTime<Utc>,
}

#[featureset]
struct TicketFeatures {
    ticket_id: String,
    #[feature(Ticket::price, default = 0)]
    price: i64,
    #[feature(Ticket::seats)]
    seats: Option<Vec<i64>>,
    #[feature(Ticket::position)]
    position: Option<String>,
    #[feature(Ticket::nothing)]
    nothing: Option<String>,
}

#[featureset]
struct OrderFeatures {
    order_id: i64,
    #[feature(Order::total, defualt = Money { amount: 1.0, currency: "EUR" })]
    total: Money,
    #[feature(Ticket)]
    again: i64,
}

#[featureset]
struct Aliases {
    #[feature(OrderFeatures::total)]
    total: Money,
    #[feature(OrderFeatures::again)]
    again: i64,
}

fn row<R: fennel::__private::Row>() {}

fn main() {
    row::<Ticket>();
    row::<Order>();
    let _ = fennel::entities![Ticket, Order, TicketFeatures, OrderFeatures, Aliases];
    let _ = (Ticket::price, Ticket::seats, OrderFeatures::again);
}
