//! Sums that their type can't hold: where an aggregate is asked, and where its rows go on.

use std::collections::BTreeMap;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming};
use serde_json::json;

use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static BANK: Webhook = Webhook::new("bank");

#[dataset]
#[source(BANK.endpoint("paid"), disorder = "1d", cdc = append)]
struct Paid {
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Turnover {
    #[field(key)]
    shop: i64,
    cents: i64,
    payments: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn turnover(paid: Paid) -> Turnover {
    paid.group_by(shop)
        .aggregate(cents = sum(cents, "forever"), payments = count("forever"))
}

/// The same as rows that go on.
#[dataset(index)]
struct Rich {
    #[field(key)]
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn rich(paid: Paid) -> Rich {
    paid.group_by(shop)
        .aggregate(cents = sum(cents, "forever"), emit = "final")
        .filter(cents > 0)
}

const REASON: &str = "the sum is 9223372036854775808, more than an `i64` can hold: sum the column as `f64` or decimal";

fn bank() -> Engine {
    let engine = open(Store::in_memory());
    commit(&engine, &request(fennel::entities![Paid, Turnover, Rich]));
    let paid = |shop, cents, at| {
        Incoming::from([
            ("shop".into(), Value::Int(shop)),
            ("cents".into(), Value::Int(cents)),
            ("at".into(), Value::Timestamp(instant(at))),
        ])
    };
    let rows = vec![
        paid(1, 5, 10),
        paid(2, i64::MAX, 10),
        paid(2, 1, 20),
        paid(2, -1, 30),
        paid(3, 7, 10),
    ];
    engine.log("bank", "paid", rows).unwrap();
    engine
}

fn keys(shops: &[i64]) -> Vec<Incoming> {
    let key = |shop: &i64| BTreeMap::from([("shop".into(), Value::Int(*shop))]);
    shops.iter().map(key).collect()
}

#[test]
fn a_lookup_names_the_key_and_the_column_and_others_are_answered() {
    let engine = bank();
    let as_of = |dataset, shops: &[i64], fields: &[&str], at: i64| {
        let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
        let at = shops.iter().map(|_| Value::Timestamp(instant(at)));
        let found = engine.lookup("main", dataset, keys(shops), &fields, Some(at.collect()));
        found.map(|found| found.columns.to_json())
    };
    let failed = as_of("Turnover", &[1, 2, 3], &["payments", "cents"], 25).unwrap_err();
    assert_eq!(failed.to_string(), format!("key 1, `cents`: {REASON}"));
    assert_eq!(
        as_of("Turnover", &[1, 2, 3], &["payments"], 25).unwrap(),
        json!({"payments": [1, 2, 1]})
    );
    assert_eq!(
        as_of("Turnover", &[1, 2, 3], &["cents"], 30).unwrap(),
        json!({"cents": [5, i64::MAX, 7]}),
        "the sum is what its rows come to"
    );
    // A row that can't be made isn't there, and is set aside with the reason.
    assert_eq!(
        as_of("Rich", &[1, 2, 3], &["cents"], 25).unwrap(),
        json!({"cents": [5, null, 7]})
    );
    assert_eq!(
        as_of("Rich", &[2], &["cents"], 30).unwrap(),
        json!({"cents": [i64::MAX]})
    );
    let rejects = engine.rejects("main", "Rich", 9).unwrap();
    assert_eq!((rejects.total, &*rejects.rows[0].reason), (1, REASON));
}

#[test]
fn a_dataset_with_such_a_sum_can_be_looked_into() {
    let engine = bank();
    let more = Incoming::from([
        ("shop".into(), Value::Int(2)),
        ("cents".into(), Value::Int(1)),
        ("at".into(), Value::Timestamp(instant(40))),
    ]);
    engine.log("bank", "paid", vec![more]).unwrap();
    let dump: serde_json::Value = serde_json::from_str(&dump(&engine, "Turnover")).unwrap();
    assert_eq!(dump["cents"], json!([5, null, 7]));
    assert_eq!(dump["payments"], json!([1, 4, 1]));
}
