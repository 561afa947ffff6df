//! Changes of a table as rows: where a version ends, its beginning isn't new, also to steps that have forgotten it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming, ManualClock, Options};
use serde_json::{Value as Json, json};

use super::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("user"), disorder = "0s", cdc = upsert)]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    age: String,
    at: DateTime<Utc>,
}

/// On how many days something changed in a city.
#[dataset(index)]
struct Daily {
    #[field(key)]
    city: String,
    days: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn daily(users: User) -> Daily {
    users
        .changelog(delete = gone)
        .dedup(city, window = tumbling("1d"))
        .group_by(city)
        .aggregate(days = count("forever"))
}

/// At how many instants something changed in a city.
#[dataset(index)]
struct Instants {
    #[field(key)]
    city: String,
    instants: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn instants(users: User) -> Instants {
    users
        .changelog(delete = gone)
        .dedup(city)
        .group_by(city)
        .aggregate(instants = count("forever"))
}

/// Who changed last in a city.
#[dataset(index)]
struct Newest {
    #[field(key)]
    city: String,
    uid: i64,
    age: String,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn newest(users: User) -> Newest {
    users.changelog(delete = gone).group_by(city).latest()
}

/// How many those are, which is one for each city.
#[dataset(index)]
struct Cities {
    #[field(key)]
    city: String,
    newest: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn cities(newest: Newest) -> Cities {
    newest.group_by(city).aggregate(newest = count("forever"))
}

/// The ages that are numbers.
#[dataset(index)]
struct Age {
    #[field(key)]
    uid: i64,
    age: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn age(users: User) -> Age {
    users.drop(city).assign(age = age.parse::<i64>())
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Changes of users, each by itself. Before the last ones, so many others come that steps have forgotten whatever they can.
fn after(first: &[(i64, &str, i64)], last: &[(i64, &str, i64)]) -> Engine {
    let mut options = Options::default();
    options.compact_after = 1;
    let clock = Arc::new(ManualClock::new(instant(10 * DAY)));
    let engine = Engine::open_with(Store::in_memory(), clock, &options).unwrap();
    let all = fennel::entities![User, Daily, Instants, Newest, Cities];
    commit(&engine, &request(all));
    let others: Vec<_> = (0..50).map(|i| (9, "z", DAY + i)).collect();
    for (uid, city, at) in first.iter().chain(&others).chain(last) {
        log(&engine, *uid, city, "1", *at);
    }
    engine
}

fn log(engine: &Engine, uid: i64, city: &str, age: &str, at: i64) {
    let user = Incoming::from([
        ("uid".into(), Value::Int(uid)),
        ("city".into(), Value::String(city.into())),
        ("age".into(), Value::String(age.into())),
        ("at".into(), Value::Timestamp(instant(at))),
    ]);
    let logged = engine.log("app", "user", vec![user]).unwrap();
    assert_eq!(logged.set_aside, []);
}

/// The value of a city as of each second.
fn of_x(engine: &Engine, dataset: &str, column: &str, at: &[i64]) -> Json {
    let key = BTreeMap::from([("city".to_owned(), Value::String("x".into()))]);
    let keys = at.iter().map(|_| key.clone()).collect();
    let at = at.iter().map(|at| Value::Timestamp(instant(*at))).collect();
    let found = engine.lookup("main", dataset, keys, &[column.into()], Some(at));
    found.unwrap().columns.to_json()[column].clone()
}

#[test]
fn dedup_keeps_one_of_a_window_whenever_versions_end() {
    let first = [(1, "x", 10 * HOUR), (2, "x", 11 * HOUR)];
    let last = [(2, "y", 2 * DAY), (1, "y", 3 * DAY)];
    let engine = after(&first, &last);
    let at = [9 * HOUR, 12 * HOUR, 2 * DAY - 1, 2 * DAY, 3 * DAY];
    let days = of_x(&engine, "Daily", "days", &at);
    assert_eq!(days, json!([null, 1, 1, 2, 3]));
}

#[test]
fn dedup_keeps_one_of_an_instant_whenever_versions_end() {
    let engine = after(&[(1, "x", 10), (2, "x", 10)], &[(2, "y", 2 * DAY)]);
    let at = [9, 10, 2 * DAY - 1, 2 * DAY];
    let instants = of_x(&engine, "Instants", "instants", &at);
    assert_eq!(instants, json!([null, 1, 1, 2]));
}

#[test]
fn latest_has_one_version_at_a_time_whenever_versions_end() {
    let first = [(1, "x", 10), (2, "x", 15), (3, "x", 20)];
    let engine = after(&first, &[(1, "y", 2 * DAY)]);
    let at = [9, 10, 17, 20, 2 * DAY];
    let newest = of_x(&engine, "Newest", "uid", &at);
    assert_eq!(newest, json!([null, 1, 2, 3, 1]));
    let count = of_x(&engine, "Cities", "newest", &at);
    assert_eq!(count, json!([null, 1, 1, 1, 1]));
}

#[test]
fn a_row_fails_once_whenever_it_ends() {
    let clock = Arc::new(ManualClock::new(instant(DAY)));
    let engine = Engine::open(Store::in_memory(), clock).unwrap();
    commit(&engine, &request(fennel::entities![User, Age]));
    log(&engine, 1, "x", "soon", 10);
    log(&engine, 1, "x", "5", 20);
    log(&engine, 1, "x", "6", 30);
    let failed = engine.rejects("main", "Age", 10).unwrap();
    assert_eq!(failed.total, 1);
}
