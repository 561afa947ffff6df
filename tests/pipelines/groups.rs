//! Rows that are grouped by columns of several values.

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming};
use serde_json::{Value as Json, json};

use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[derive(Record)]
struct Address {
    street: String,
    unit: Option<String>,
}

#[dataset]
#[source(APP.endpoint("parcel"), disorder = "1d", cdc = append)]
struct Parcel {
    address: Address,
    floors: Vec<Option<i64>>,
    city: String,
    at: DateTime<Utc>,
}

/// What was last said of an address, as changes.
#[dataset]
struct Change {
    address: Address,
    floors: Vec<Option<i64>>,
    city: String,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn change(parcels: Parcel) -> Change {
    parcels.group_by(address).latest().changelog(delete = gone)
}

/// How many addresses a city has.
#[dataset(index)]
struct City {
    #[field(key)]
    city: String,
    addresses: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn city(parcels: Parcel) -> City {
    parcels
        .group_by(address, floors)
        .latest()
        .group_by(city)
        .aggregate(addresses = count("forever"))
}

/// How many parcels an address had, with how many there were in its city.
#[dataset]
struct Busy {
    address: Address,
    parcels: i64,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn busy(parcels: Parcel) -> Busy {
    parcels
        .group_by(address)
        .aggregate(parcels = count("forever"), emit = "final")
        .changelog(delete = gone)
}

fn log(engine: &Engine, at: i64, address: Json, floors: Json) {
    let row = Incoming::from([
        ("address".into(), Value::from(address)),
        ("floors".into(), Value::from(floors)),
        ("city".into(), Value::String("x".into())),
        ("at".into(), Value::Timestamp(instant(at))),
    ]);
    let logged = engine.log("app", "parcel", vec![row]).unwrap();
    assert_eq!(logged.set_aside, []);
    engine.check_applied().unwrap();
}

fn column(engine: &Engine, dataset: &str, column: &str) -> Json {
    let rows: Json = serde_json::from_str(&dump(engine, dataset)).unwrap();
    rows[column].clone()
}

#[test]
fn a_row_whose_group_has_null_in_it_is_set_aside_and_others_go_on() {
    let engine = open(Store::in_memory());
    commit(
        &engine,
        &request(fennel::entities![Parcel, Change, City, Busy]),
    );
    log(&engine, 1, json!({"street": "a", "unit": "1"}), json!([1]));
    log(&engine, 2, json!({"street": "a", "unit": null}), json!([1]));
    log(
        &engine,
        3,
        json!({"street": "b", "unit": "1"}),
        json!([1, null]),
    );
    log(&engine, 4, json!({"street": "a", "unit": "1"}), json!([1]));
    assert_eq!(
        column(&engine, "Change", "gone"),
        json!([false, true, false, false])
    );
    assert_eq!(column(&engine, "Busy", "parcels"), json!([2, 1, 1, 1]));
    assert_eq!(column(&engine, "City", "addresses"), json!([1]));
    let reasons = |dataset| {
        let rejects = engine.rejects("main", dataset, 9).unwrap();
        let reasons = rejects.rows.into_iter().map(|reject| reject.reason);
        reasons.collect::<Vec<_>>()
    };
    let of = |name| format!("`{name}` has null in it, and rows are grouped by it: a key has none");
    assert_eq!(reasons("Change"), [of("address")]);
    assert_eq!(reasons("Busy"), [of("address")]);
    assert_eq!(reasons("City"), [of("floors"), of("address")]);
}
