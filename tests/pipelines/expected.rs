//! Expectations of datasets with pipelines: asked of the rows that these write.

use fennel::prelude::*;
use fennel::testing::{Error, Mock, utc};

fennel::owner!("shop@example.com");

#[dataset]
struct Order {
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

/// A stream.
#[dataset]
#[expectations(expect_column_values_to_be_between(cents, max = 100, mostly = 0.6))]
struct Large {
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn large(orders: Order) -> Large {
    orders.filter(cents >= 10)
}

/// The latest order of each shop, as of each instant.
#[dataset(index)]
#[expectations(expect_column_values_to_be_between(cents, max = 100))]
struct Latest {
    #[field(key)]
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn latest(orders: Order) -> Latest {
    orders.group_by(shop).latest()
}

/// Rows and unexpected rows of a dataset's only expectation, and whether it holds.
fn found<R: fennel_core::row::Row>(fennel: &Mock) -> Result<(u64, u64, bool), Error> {
    let window = &fennel.expectations::<R>()?[0].windows[0];
    Ok((window.rows, window.unexpected, window.holds))
}

#[test]
fn each_row_that_a_pipeline_writes_is_judged_once() -> Result<(), Error> {
    let fennel = Mock::commit(fennel::entities![Order, Large, Latest])?;
    let order = |shop, cents, day| Order {
        shop,
        cents,
        at: utc(&format!("2024-01-0{day}T00:00:00Z")),
    };
    fennel.log([order(1, 5, 1)])?;
    assert_eq!(
        fennel.expectations::<Large>()?[0].windows,
        [],
        "it is filtered"
    );
    assert_eq!(found::<Latest>(&fennel)?, (1, 0, true));
    fennel.log([order(1, 500, 3), order(2, 50, 3)])?;
    assert_eq!(found::<Large>(&fennel)?, (2, 1, false));
    assert_eq!(
        found::<Latest>(&fennel)?,
        (3, 1, false),
        "the first one only ends"
    );
    // It comes late: the version before it ends earlier, and is no new one.
    fennel.log([order(1, 60, 2)])?;
    assert_eq!(found::<Large>(&fennel)?, (3, 1, true));
    assert_eq!(found::<Latest>(&fennel)?, (4, 1, false));
    Ok(())
}
