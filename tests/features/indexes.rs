//! Functions look up in datasets that have the index for it.

use fennel::prelude::*;
use fennel::testing::{Error, Mock, utc};

fennel::owner!("shop@example.com");

#[dataset(online)]
struct Now {
    #[field(key)]
    id: i64,
    price: f64,
    at: DateTime<Utc>,
}

#[dataset(offline)]
struct Then {
    #[field(key)]
    id: i64,
    price: f64,
    at: DateTime<Utc>,
}

#[featureset]
struct Prices {
    id: i64,
    is_known_now: bool,
    was_known_then: bool,
}

#[extractors]
impl Prices {
    #[extractor]
    fn is_known_now(id: i64, #[lookup(id)] row: Option<Now>) -> bool {
        row.is_some_and(|row| row.id == id)
    }

    #[extractor]
    fn was_known_then(id: i64, #[lookup(id)] row: Option<Then>) -> bool {
        row.is_some_and(|row| row.id == id)
    }
}

#[test]
fn a_function_needs_the_index_of_its_kind_of_query() -> Result<(), Error> {
    let fennel = Mock::commit(fennel::entities![Now, Then, Prices])?;
    let at = utc("2024-01-01T00:00:00Z");
    fennel.log([Now {
        id: 1,
        price: 2.0,
        at,
    }])?;
    fennel.log([Then {
        id: 1,
        price: 2.0,
        at,
    }])?;
    let known = fennel.query(Prices::is_known_now).given(Prices::id, [1, 2]);
    assert_eq!(known.run()?, [true, false]);
    let known = fennel
        .query(Prices::was_known_then)
        .given(Prices::id, [1, 2]);
    assert_eq!(known.at([at, at]).run()?, [true, false]);

    let offline = fennel.query(Prices::is_known_now).given(Prices::id, [1]);
    let refused = offline.at([at]).run().unwrap_err().to_string();
    assert!(
        refused.contains("dataset `Now` has no offline index"),
        "{refused}"
    );
    let online = fennel.query(Prices::was_known_then).given(Prices::id, [1]);
    let refused = online.run().unwrap_err().to_string();
    assert!(
        refused.contains("dataset `Then` has no online index"),
        "{refused}"
    );
    Ok(())
}
