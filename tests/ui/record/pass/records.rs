//! Records in records, restricted and optional.
use fennel::prelude::*;

#[derive(Record, Debug, Clone, PartialEq)]
pub struct Money {
    pub amount: f64,
    #[one_of("EUR", "USD")]
    pub currency: String,
}

#[derive(Record, Debug, Clone, PartialEq)]
pub struct Item {
    pub price: Money,
    pub refund: Option<Money>,
    #[between(1..=99)]
    pub counts: Vec<Option<i64>>,
}

fn main() {
    use fennel::__private::DataType;

    let item = Item {
        price: Money { amount: 1.5, currency: "EUR".into() },
        refund: None,
        counts: vec![Some(1), None],
    };
    let value = item.clone().into_value();
    assert_eq!(Item::from_value(value).unwrap(), item);
}
