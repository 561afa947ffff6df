//! Fennel under another path: `crate = ..` of each macro.

mod features {
    pub mod engine {
        pub use fennel::*;
    }
}

use features::engine::prelude::*;

features::engine::owner!("tickets@example.com", crate = crate::features::engine);

#[derive(Record)]
#[record(crate = crate::features::engine)]
struct Money {
    #[between(0.0..=10.0)]
    amount: f64,
}

#[dataset(crate = crate::features::engine)]
struct Sale {
    price: Money,
    at: DateTime<Utc>,
}

fn main() {
    assert_eq!(features::engine::entities![Sale].len(), 1);
}
