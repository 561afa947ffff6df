//! Pipelines that make very many rows of each take few at once.

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming};
use serde_json::{Value as Json, json};

use super::panics::Brittle;
use super::python::in_python;
use super::{commit, dump, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("ping"), disorder = "1d", cdc = append)]
struct Ping {
    host: String,
    load: i64,
    at: DateTime<Utc>,
}

/// The pings of the last hours, by windows of which each is in 10,000.
#[dataset(index)]
struct Often {
    #[field(key)]
    host: String,
    #[field(key)]
    window: Window,
    pings: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn often(pings: Ping) -> Often {
    pings
        .assign(doubled = load * 2)
        .group_by(host, window = hopping("10000s", "1s"))
        .aggregate(pings = count())
}

fn log(engine: &Engine) {
    let ping = |load| {
        Incoming::from([
            ("host".into(), Value::String("a".into())),
            ("load".into(), Value::Int(load)),
            ("at".into(), Value::Timestamp(instant(0))),
        ])
    };
    engine
        .log("app", "ping", (0..60).map(ping).collect())
        .unwrap();
    engine.check_applied().unwrap();
}

fn check(engine: &Engine) {
    let often: Json = serde_json::from_str(&dump(engine, "Often")).unwrap();
    let pings = often["pings"].as_array().unwrap();
    assert_eq!(pings.len(), 10_000);
    assert!(pings.iter().all(|pings| *pings == json!(60)));
}

#[test]
fn a_pass_takes_fewer_rows_where_each_becomes_thousands() {
    let (brittle, late) = (Brittle::default(), Brittle::default());
    let all = in_python(request(fennel::entities![Ping, Often]));
    let engine = brittle.engine(&Store::in_memory());
    commit(&engine, &all);
    log(&engine);
    check(&engine);
    assert_eq!(brittle.state().most_rows, 25, "250,000 rows are made of 25");

    let engine = late.engine(&Store::in_memory());
    commit(&engine, &request(fennel::entities![Ping]));
    log(&engine);
    commit(&engine, &all);
    check(&engine);
    assert_eq!(late.state().most_rows, 25, "also where a table is filled");
}
