//! Changes of a database's table through pipelines: what is deleted is taken back.

use std::collections::BTreeMap;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::{Options, Store};
use fennel_engine::{Engine, Incoming};
use serde_json::{Value as Json, json};

use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static DB: Webhook = Webhook::new("db");

#[dataset(index)]
#[source(DB.endpoint("users"), disorder = "1d", cdc = debezium)]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    age: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(DB.endpoint("orders"), disorder = "1d", cdc = append)]
struct Order {
    uid: i64,
    at: DateTime<Utc>,
}

/// How many live where.
#[dataset(index)]
struct City {
    #[field(key)]
    city: String,
    users: i64,
    years: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn city(users: User) -> City {
    users
        .group_by(city)
        .aggregate(users = count("forever"), years = sum(age, "forever"))
}

#[dataset(index)]
struct Adult {
    #[field(key)]
    uid: i64,
    city: String,
    age: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn adult(users: User) -> Adult {
    users.filter(age >= 18)
}

/// Orders with where their users lived then.
#[dataset]
struct Placed {
    uid: i64,
    city: Option<String>,
    age: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn placed(orders: Order, users: User) -> Placed {
    orders.left_join(users, on(uid))
}

#[dataset]
struct Change {
    uid: i64,
    city: String,
    age: i64,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn change(users: User) -> Change {
    users.changelog(delete = gone)
}

fn image(uid: i64, city: &str, age: i64, at: i64) -> Json {
    json!({"uid": uid, "city": city, "age": age, "at": instant(at).micros() / 1_000})
}

fn insert(uid: i64, city: &str, age: i64, at: i64) -> Json {
    json!({"op": "c", "after": image(uid, city, age, at)})
}

fn update(before: &Json, after: &Json) -> Json {
    json!({"op": "u", "before": before, "after": after})
}

fn delete(uid: i64, at: i64) -> Json {
    json!({"op": "d", "before": {"uid": uid}, "ts_ms": instant(at).micros() / 1_000})
}

fn order(uid: i64, at: i64) -> Json {
    json!({"uid": uid, "at": instant(at).to_string()})
}

fn log(engine: &Engine, endpoint: &str, rows: &[Json]) {
    let rows = rows.iter().map(|row| match Value::from(row.clone()) {
        Value::Map(row) => row,
        other => panic!("{other} is no row"),
    });
    let rows: Vec<Incoming> = rows.collect();
    let logged = engine.log("db", endpoint, rows).unwrap();
    assert_eq!(logged.set_aside, []);
}

/// A column of what is found of a key as of each second.
fn as_of(engine: &Engine, dataset: &str, key: &(&str, Json), column: &str, at: &[i64]) -> Json {
    let keys = at
        .iter()
        .map(|_| BTreeMap::from([(key.0.to_owned(), key.1.clone().into())]));
    let at = at.iter().map(|at| Value::Timestamp(instant(*at))).collect();
    let found = engine.lookup("main", dataset, keys.collect(), &[column.into()], Some(at));
    found.unwrap().columns.to_json()[column].clone()
}

fn count_in(engine: &Engine, city: &str, at: &[i64]) -> Json {
    as_of(engine, "City", &("city", json!(city)), "users", at)
}

fn column(engine: &Engine, dataset: &str, column: &str) -> Json {
    let rows = engine.inspect("main", dataset, usize::MAX).unwrap();
    rows.to_json()[column].clone()
}

fn shop() -> Engine {
    let engine = open(Store::in_memory());
    let all = fennel::entities![User, Order, City, Adult, Placed, Change];
    commit(&engine, &request(all));
    engine
}

#[test]
fn what_is_deleted_counts_no_more() {
    let engine = shop();
    log(
        &engine,
        "users",
        &[
            insert(1, "Rome", 30, 10),
            insert(2, "Rome", 5, 20),
            delete(1, 30),
            update(&image(2, "Rome", 5, 20), &image(2, "Oslo", 6, 40)),
            delete(9, 15),
        ],
    );
    log(
        &engine,
        "orders",
        &[order(1, 29), order(1, 30), order(9, 50)],
    );
    let at = [9, 10, 20, 30, 40];
    assert_eq!(count_in(&engine, "Rome", &at), json!([null, 1, 2, 1, 0]));
    assert_eq!(
        count_in(&engine, "Oslo", &at),
        json!([null, null, null, null, 1])
    );
    let years = as_of(&engine, "City", &("city", json!("Rome")), "years", &at);
    assert_eq!(years, json!([null, 30, 35, 5, 0]));
    let adult = as_of(&engine, "Adult", &("uid", json!(1)), "city", &at);
    assert_eq!(adult, json!([null, "Rome", "Rome", null, null]));
    assert_eq!(
        column(&engine, "Placed", "city"),
        json!([null, null, "Rome"])
    );
    assert_eq!(
        column(&engine, "Change", "gone"),
        json!([false, true, true, false, false]),
        "the latest first; what was never there isn't gone"
    );
}

#[test]
fn late_deletes_and_rows_at_one_instant_come_to_the_same() {
    let engine = shop();
    log(
        &engine,
        "users",
        &[insert(1, "Rome", 30, 10), insert(1, "Oslo", 31, 50)],
    );
    log(
        &engine,
        "orders",
        &[order(1, 15), order(1, 25), order(1, 50)],
    );
    assert_eq!(
        column(&engine, "Placed", "city"),
        json!(["Oslo", "Rome", "Rome"])
    );
    log(&engine, "users", &[delete(1, 20)]);
    assert_eq!(
        column(&engine, "Placed", "city"),
        json!(["Oslo", null, "Rome"])
    );
    assert_eq!(count_in(&engine, "Rome", &[10, 20, 50]), json!([1, 0, 0]));
    assert_eq!(count_in(&engine, "Oslo", &[50]), json!([1]));
    // There again at the instant at which it went.
    log(&engine, "users", &[insert(1, "Bonn", 31, 20)]);
    assert_eq!(
        column(&engine, "Placed", "city"),
        json!(["Oslo", "Bonn", "Rome"])
    );
    assert_eq!(count_in(&engine, "Bonn", &[20, 49, 50]), json!([1, 1, 0]));
    // And gone again.
    log(&engine, "users", &[delete(1, 20), delete(1, 50)]);
    assert_eq!(
        column(&engine, "Placed", "city"),
        json!([null, null, "Rome"])
    );
    assert_eq!(count_in(&engine, "Bonn", &[20, 50]), json!([null, null]));
    assert_eq!(count_in(&engine, "Oslo", &[50]), json!([null]));
}

#[test]
fn a_late_commit_and_restarts_take_back_the_same() {
    let events = |part: i64| {
        let key = |i: i64| (i * 7 + part) % 5;
        let at = |i: i64| 1_000 + (i * 13 + part * 31) % 97;
        let events = (0..40).map(move |i| match i % 4 {
            0 => delete(key(i), at(i)),
            1 => update(
                &image(key(i), "Rome", i, at(i)),
                &image(key(i + 1), "Oslo", i, at(i)),
            ),
            _ => insert(key(i), if i % 3 == 0 { "Rome" } else { "Oslo" }, i, at(i)),
        });
        events.collect::<Vec<_>>()
    };
    let dir = tempfile::tempdir().unwrap();
    let store = || {
        let options = Options {
            reserve_bytes: 0,
            ..Options::default()
        };
        Store::open_with(dir.path(), &options).unwrap()
    };
    let all = || request(fennel::entities![User, Order, City, Adult, Placed, Change]);
    let (live, late) = (open(Store::in_memory()), open(Store::in_memory()));
    commit(&live, &all());
    commit(&late, &request(fennel::entities![User, Order]));
    for part in 0..4 {
        let restarted = open(store());
        commit(&restarted, &all());
        for engine in [&live, &late, &restarted] {
            log(engine, "users", &events(part));
            log(engine, "orders", &[order(part, 1_040 + part)]);
        }
    }
    commit(&late, &all());
    let restarted = open(store());
    for dataset in ["User", "City", "Adult", "Placed", "Change"] {
        assert_eq!(dump(&restarted, dataset), dump(&live, dataset));
        assert_eq!(dump(&late, dataset), dump(&live, dataset));
    }
}
