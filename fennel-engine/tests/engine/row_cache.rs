//! What is asked again as of now, which the store remembers in memory.

use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use fennel_engine::store::{Options, Store};
use serde_json::json;

use crate::definitions::{SALES, USERS, request};
use crate::fixture::{Fixture, rows, second, store, user};

/// The city of a user as of now.
fn city(fixture: &Fixture, uid: i64) -> serde_json::Value {
    let keys = rows(&json!([{ "uid": uid }]));
    let found = fixture.engine.lookup("main", "Users", keys, &[], None);
    found.unwrap().columns.to_json()["city"][0].clone()
}

#[test]
fn a_key_that_was_asked_for_is_what_was_written_since() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&request(&[USERS, SALES], &[]));
    let cities = || [1, 2, 3].map(|uid| city(&fixture, uid));
    let logged = |city, ts| fixture.log("users", &json!([user(1, city, ts)]));
    for _ in 0..2 {
        assert_eq!(json!(cities()), json!([null, null, null]));
    }
    logged("rome", 100);
    fixture.log("users", &json!([user(2, "bern", 100)]));
    for _ in 0..2 {
        assert_eq!(json!(cities()), json!(["rome", "bern", null]));
    }
    logged("oslo", 200);
    assert_eq!(json!(cities()), json!(["oslo", "bern", null]));
    logged("late", 150);
    assert_eq!(json!(cities()), json!(["oslo", "bern", null]));
    logged("same time", 200);
    assert_eq!(json!(cities()), json!(["same time", "bern", null]));
    // As of any other instant it is looked for as before.
    assert_eq!(
        fixture.users_as_of(1, "city", &[99, 100, 175, 200]),
        json!([null, "rome", "late", "same time"])
    );

    fixture.clock.set(second(300));
    fixture.log(
        "users",
        &json!([user(1, "soon", 301), user(3, "later", 302)]),
    );
    assert_eq!(json!(cities()), json!(["same time", "bern", null]));
    fixture.clock.set(second(301));
    assert_eq!(json!(cities()), json!(["soon", "bern", null]));
    fixture.clock.set(second(302));
    assert_eq!(json!(cities()), json!(["soon", "bern", "later"]));
    fixture.clock.set(second(150));
    assert_eq!(json!(cities()), json!(["late", "bern", null]));
}

/// The cities of users as of now, asked for at once.
fn cities(fixture: &Fixture, uids: &[i64]) -> serde_json::Value {
    let keys: Vec<_> = uids.iter().map(|uid| json!({ "uid": uid })).collect();
    let keys = rows(&json!(keys));
    let found = fixture.engine.lookup("main", "Users", keys, &[], None);
    found.unwrap().columns.to_json()["city"].clone()
}

#[test]
fn a_key_may_be_asked_for_twice_at_once() {
    // Too little memory for the row that is still to come, and enough for the one before.
    let options = Options {
        reserve_bytes: 0,
        row_cache_bytes: 1 << 16,
        ..Options::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(Store::open_with(dir.path(), &options).unwrap());
    fixture.commit(&request(&[USERS, SALES], &[]));
    fixture.clock.set(second(300));
    let long = "long".repeat(10_000);
    let users = [
        user(1, "now", 200),
        user(1, &long, 301),
        user(2, "bern", 200),
    ];
    fixture.log("users", &json!(users));
    let asked = [2, 1, 1, 3, 1, 2];
    for _ in 0..2 {
        let expected = json!(["bern", "now", "now", null, "now", "bern"]);
        assert_eq!(cities(&fixture, &asked), expected);
    }
    fixture.clock.set(second(301));
    assert_eq!(cities(&fixture, &[1, 2]), json!([long, "bern"]));
}

#[test]
fn readers_beside_a_writer_see_all_that_was_acknowledged() {
    const ROWS: i64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&request(&[USERS, SALES], &[]));
    let acknowledged = AtomicI64::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while last < ROWS {
                    let known = acknowledged.load(Ordering::SeqCst);
                    let city = city(&fixture, 1);
                    let seen: i64 = city.as_str().map_or(0, |city| city.parse().unwrap());
                    assert!(seen >= known.max(last), "{seen}, {known}, {last}");
                    last = seen;
                }
            });
        }
        for i in 1..=ROWS {
            fixture.log("users", &json!([user(1, &i.to_string(), i)]));
            acknowledged.store(i, Ordering::SeqCst);
        }
    });
}
