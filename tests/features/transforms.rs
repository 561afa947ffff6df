//! Functions from rows to rows, in pipelines.

use fennel::prelude::*;
use fennel::testing::{Error, Mock, utc};

fennel::owner!("shop@example.com");

#[dataset]
struct Payment {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Charge {
    uid: i64,
    fee: f64,
    at: DateTime<Utc>,
}

#[derive(Record, Clone, Copy)]
struct Paid {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[derive(Record)]
struct Charged {
    uid: i64,
    fee: f64,
    at: DateTime<Utc>,
}

#[transform]
fn with_fee(row: Paid) -> Charged {
    Charged {
        uid: row.uid,
        fee: row.amount * 0.25,
        at: row.at,
    }
}

#[pipeline]
fn charge(payments: Payment) -> Charge {
    payments.filter(amount > 0.0).transform(with_fee)
}

#[test]
fn a_linked_function_makes_rows() -> Result<(), Error> {
    let fennel = Mock::commit(fennel::entities![Payment, Charge])?;
    let payment = |amount| Payment {
        uid: 7,
        amount,
        at: utc("2024-01-01T00:00:00Z"),
    };
    fennel.log([payment(8.0), payment(-1.0)])?;
    let charges = fennel.rows::<Charge>()?;
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0].fee, 2.0);
    Ok(())
}
