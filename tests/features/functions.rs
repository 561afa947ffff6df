//! Functions are called with what they take, as of each row's instant, as often as it takes and no more.

use std::sync::atomic::{AtomicUsize, Ordering};

use fennel::prelude::*;
use fennel::testing::{Error, Mock, utc};

fennel::owner!("risk@example.com");

#[derive(Record, Clone)]
struct Address {
    city: String,
    zip: Option<String>,
}

#[dataset(index)]
struct Buyer {
    #[field(key)]
    uid: i64,
    name: String,
    home: Address,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Price {
    #[field(key)]
    shop: String,
    #[field(key)]
    item: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct Ask {
    uid: i64,
    item: i64,
    shop: String,
}

#[featureset]
struct Buyers {
    #[feature(Ask::uid)]
    uid: i64,
    #[feature(Buyer::name, default = "nobody")]
    name: String,
    greeting: String,
    city: Option<String>,
    len: i64,
    /// An expression over what a function makes.
    #[feature(expr = len * 2)]
    twice: i64,
    asked_at: DateTime<Utc>,
}

/// Calls of `greet`, which only one test makes.
static GREETED: AtomicUsize = AtomicUsize::new(0);

#[extractors]
impl Buyers {
    #[extractor(inputs(Ask::uid, name), outputs(greeting, city, len))]
    fn greet(
        uid: i64,
        name: &str,
        #[lookup(uid)] buyer: Option<Buyer>,
    ) -> (String, Option<String>, i64) {
        GREETED.fetch_add(1, Ordering::Relaxed);
        let city = buyer.map(|buyer| buyer.home.city);
        (format!("{name} {uid}"), city, name.len() as i64)
    }

    #[extractor(inputs(uid))]
    fn asked_at(ts: DateTime<Utc>, _uid: i64) -> DateTime<Utc> {
        ts
    }
}

#[featureset]
struct Prices {
    #[feature(Ask::shop)]
    shop: String,
    #[feature(Ask::item)]
    item: i64,
    euros: f64,
}

#[extractors]
impl Prices {
    #[extractor(inputs(item, shop))]
    fn euros(item: i64, shop: &str, #[lookup(shop, item)] price: Option<Price>) -> f64 {
        let Some(price) = price else {
            return -1.0;
        };
        assert_eq!((price.item, price.shop.as_str()), (item, shop));
        price.cents as f64 / 100.0
    }
}

fn buyer(uid: i64, name: &str, city: &str, at: &str) -> Buyer {
    Buyer {
        uid,
        name: name.into(),
        home: Address {
            city: city.into(),
            zip: None,
        },
        at: utc(at),
    }
}

fn fennel() -> Result<Mock, Error> {
    let fennel = Mock::commit(fennel::entities![Buyer, Price, Ask, Buyers, Prices])?;
    fennel.log([
        buyer(1, "ann", "oslo", "2024-01-01T00:00:00Z"),
        buyer(1, "ann", "rome", "2024-01-03T00:00:00Z"),
        buyer(2, "bo", "bern", "2024-01-01T00:00:00Z"),
    ])?;
    Ok(fennel)
}

#[test]
fn a_function_of_many_results_is_called_once_a_row() -> Result<(), Error> {
    let fennel = fennel()?;
    let answers = fennel
        .query((Buyers::len, Buyers::greeting, Buyers::twice, Buyers::city))
        .given(Ask::uid, [1, 1, 2, 3])
        .at([
            utc("2024-01-02T00:00:00Z"),
            utc("2024-01-03T00:00:00Z"),
            utc("2024-01-03T00:00:00Z"),
            utc("2024-01-03T00:00:00Z"),
        ])
        .run()?;
    let row = |len, greeting: &str, city: Option<&str>| {
        (len, greeting.to_owned(), len * 2, city.map(str::to_owned))
    };
    assert_eq!(
        answers,
        [
            row(3, "ann 1", Some("oslo")),
            row(3, "ann 1", Some("rome")),
            row(2, "bo 2", Some("bern")),
            row(6, "nobody 3", None),
        ]
    );
    assert_eq!(GREETED.load(Ordering::Relaxed), 4);

    // What is given is neither made nor replaced; the function still makes the rest.
    let answers = fennel
        .query((Buyers::twice, Buyers::greeting))
        .given(Ask::uid, [1])
        .given(Buyers::len, [100])
        .run()?;
    assert_eq!(answers, [(200, "ann 1".to_owned())]);
    let answers = fennel.query(Buyers::twice).given(Buyers::len, [7]).run()?;
    assert_eq!(answers, [14]);
    assert_eq!(
        GREETED.load(Ordering::Relaxed),
        5,
        "no function is needed for that"
    );
    Ok(())
}

#[test]
fn the_instant_is_the_row_s_own_or_now() -> Result<(), Error> {
    let fennel = fennel()?;
    fennel.set_now(utc("2024-05-06T07:08:09.123456Z"));
    let asked = || fennel.query(Buyers::asked_at).given(Ask::uid, [1, 2]);
    assert_eq!(asked().run()?, [fennel.now(), fennel.now()]);
    let instants = [utc("2023-01-01T00:00:00Z"), utc("2022-01-01T00:00:00Z")];
    assert_eq!(asked().at(instants).run()?, instants);
    Ok(())
}

#[test]
fn rows_are_looked_up_by_all_keys_in_the_dataset_s_order() -> Result<(), Error> {
    let fennel = fennel()?;
    let price = |shop: &str, item, cents, at| Price {
        shop: shop.into(),
        item,
        cents,
        at: utc(at),
    };
    fennel.log([
        price("north", 1, 250, "2024-01-01T00:00:00Z"),
        price("north", 1, 300, "2024-01-02T00:00:00Z"),
        price("south", 1, 199, "2024-01-01T00:00:00Z"),
    ])?;
    let euros = fennel
        .query(Prices::euros)
        .given(Ask::item, [1, 1, 1, 2, 1])
        .given(Ask::shop, ["north", "north", "south", "south", "north"])
        .at([
            utc("2024-01-01T00:00:00Z"),
            utc("2024-01-02T00:00:00Z"),
            utc("2024-01-02T00:00:00Z"),
            utc("2024-01-02T00:00:00Z"),
            utc("2024-01-01T00:00:00Z"),
        ])
        .run()?;
    assert_eq!(euros, [2.5, 3.0, 1.99, -1.0, 2.5]);
    Ok(())
}
