//! `#[cfg]` on fields: what is left out of the struct is left out of the definition.
use fennel::prelude::*;
use fennel::__private::{Features, Row};

fennel::owner!("tickets@example.com");

#[dataset(index)]
#[derive(Debug, PartialEq)]
struct Ticket {
    #[cfg(any())]
    #[field(key)]
    left_out: i64,
    #[cfg(all())]
    #[cfg(not(any()))]
    #[field(key)]
    ticket_id: i64,
    #[cfg(not(all()))]
    #[between(0..=10)]
    price: i64,
    #[cfg(all())]
    #[between(0.0..=10.0)]
    price: f64,
    at: DateTime<Utc>,
}

#[featureset]
struct TicketFeatures {
    #[cfg(any())]
    #[feature(Ticket::nothing)]
    left_out: i64,
    ticket_id: i64,
    #[cfg(all())]
    #[feature(Ticket::price, default = 0.5)]
    #[between(0.0..=10.0)]
    price: f64,
    #[feature(Ticket::at)]
    at: Option<DateTime<Utc>>,
}

#[derive(Record, Debug, PartialEq)]
struct Money {
    #[cfg(any())]
    left_out: i64,
    #[cfg(all())]
    #[one_of("EUR", "USD")]
    currency: String,
}

fn main() {
    let columns: Vec<_> = Ticket::DATASET.fields.iter().map(|field| field.name).collect();
    assert_eq!(columns, ["ticket_id", "price", "at"]);
    let features: Vec<_> = TicketFeatures::FEATURESET.features.iter().map(|f| f.name).collect();
    assert_eq!(features, ["ticket_id", "price", "at"]);
    assert_eq!(Ticket::price.path(), "Ticket.price");
    let at = DateTime::<Utc>::from_timestamp(0, 0).expect("an instant");
    let ticket = Ticket { ticket_id: 1, price: 2.0, at };
    let again = Ticket { ticket_id: 1, price: 2.0, at };
    assert_eq!(Ticket::from_values(ticket.into_values()), Ok(again));
    let money = Money { currency: "EUR".into() };
    let value = fennel::ty::DataType::into_value(money);
    assert_eq!(
        <Money as fennel::ty::DataType>::from_value(value),
        Ok(Money { currency: "EUR".into() })
    );
}
