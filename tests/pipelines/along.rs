//! Rows of a table that a column places in time: what comes of them doesn't depend on the order in which they come.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming, ManualClock};
use serde_json::{Value as Json, json};

use super::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("order"), disorder = "1d", cdc = upsert)]
struct Order {
    #[field(key)]
    id: i64,
    city: String,
    due: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

/// How many orders of a city were due in the last ten seconds that were over.
#[dataset(index)]
struct Due {
    #[field(key)]
    city: String,
    orders: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn due(orders: Order) -> Due {
    orders
        .group_by(city)
        .aggregate(orders = count(tumbling("10s")), along = due)
}

/// What takes that further.
#[dataset(index)]
struct Further {
    #[field(key)]
    city: String,
    orders: i64,
    more: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn further(due: Due) -> Further {
    due.assign(more = orders + 1)
}

/// An engine that these orders came to, by id, event time, city and when they are due.
fn after(orders: &[(i64, i64, &str, i64)]) -> Engine {
    let clock = Arc::new(ManualClock::new(instant(1_000)));
    let engine = Engine::open(Store::in_memory(), clock).unwrap();
    commit(&engine, &request(fennel::entities![Order, Due, Further]));
    for (id, at, city, due) in orders {
        let order = Incoming::from([
            ("id".into(), Value::Int(*id)),
            ("city".into(), Value::String((*city).into())),
            ("due".into(), Value::Timestamp(instant(*due))),
            ("at".into(), Value::Timestamp(instant(*at))),
        ]);
        let logged = engine.log("app", "order", vec![order]).unwrap();
        assert_eq!(logged.set_aside, []);
    }
    engine
}

/// Whether there is a row of `x`, and its orders, as of each second.
fn of_x(engine: &Engine, dataset: &str) -> Vec<(bool, Json)> {
    let key = BTreeMap::from([("city".to_owned(), Value::String("x".into()))]);
    let keys = (0..150).map(|_| key.clone()).collect();
    let at = (0..150).map(|at| Value::Timestamp(instant(at))).collect();
    let found = engine.lookup("main", dataset, keys, &["orders".into()], Some(at));
    let found = found.unwrap();
    let orders = found.columns.to_json()["orders"]
        .as_array()
        .unwrap()
        .clone();
    found.found.into_iter().zip(orders).collect()
}

#[test]
fn a_row_that_ends_before_it_is_due_leaves_no_gap() {
    let (first, second) = (
        [(1, 0, "x", 100), (1, 50, "y", 100)],
        [(2, 5, "x", 30), (2, 20, "y", 30)],
    );
    let (one, other) = (
        after(&[first, second].concat()),
        after(&[second, first].concat()),
    );
    let further = of_x(&one, "Further");
    assert_eq!(further, of_x(&other, "Further"));
    assert_eq!(further[70], (true, json!(0)));
    let due = of_x(&one, "Due");
    let found = |of: &[(bool, Json)]| of.iter().map(|(found, _)| *found).collect::<Vec<_>>();
    assert_eq!(found(&further), found(&due));
}
