//! Lookups by key, as of any instant.

use fennel_core::entity::{Cdc, Dataset, Index};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_engine::{Error, Incoming};
use serde_json::{Value as Json, json};

use crate::definitions::{SALES, TS, USERS, indexed, key, request, source, value};
use crate::fixture::{Fixture, refusal, rows, second, user};

fn users() -> Fixture {
    Fixture::with(&request(&[USERS, SALES], &[]))
}

fn uid(uid: i64) -> Vec<Incoming> {
    rows(&json!([{ "uid": uid }]))
}

#[test]
fn a_lookup_answers_the_latest_version_that_is_not_after_its_instant() {
    let fixture = users();
    fixture.log(
        "users",
        &json!([
            user(1, "rome", 100),
            user(1, "oslo", 200),
            user(2, "bern", 150)
        ]),
    );
    let cities = fixture.users_as_of(1, "city", &[99, 100, 101, 199, 200, 10_000, 150]);
    assert_eq!(
        cities,
        json!([null, "rome", "rome", "rome", "oslo", "oslo", "rome"])
    );
    assert_eq!(
        fixture.users_as_of(2, "city", &[100, 150]),
        json!([null, "bern"])
    );
    assert_eq!(fixture.users_as_of(3, "city", &[500]), json!([null]));
}

#[test]
fn a_late_row_is_slotted_into_its_place() {
    let fixture = users();
    for (city, at) in [("c", 300), ("a", 100), ("b", 200)] {
        fixture.log("users", &json!([user(1, city, at)]));
    }
    let cities = fixture.users_as_of(1, "city", &[50, 100, 250, 300]);
    assert_eq!(cities, json!([null, "a", "b", "c"]));
}

#[test]
fn of_rows_with_one_key_and_time_the_later_arrival_wins() {
    let fixture = users();
    fixture.log(
        "users",
        &json!([user(1, "first", 100), user(1, "second", 100)]),
    );
    assert_eq!(fixture.users_as_of(1, "city", &[100]), json!(["second"]));
    fixture.log("users", &json!([user(1, "third", 100)]));
    assert_eq!(fixture.users_as_of(1, "city", &[100]), json!(["third"]));
    assert_eq!(
        fixture.dump("Users")["city"],
        json!(["third"]),
        "no trace of the others is left"
    );
}

#[test]
fn a_row_of_the_future_is_seen_once_its_time_has_come() {
    let fixture = users();
    fixture.clock.set(second(100));
    fixture.log(
        "users",
        &json!([user(1, "now", 100), user(1, "later", 101)]),
    );
    let now = || {
        let found = fixture
            .engine
            .lookup("main", "Users", uid(1), &[], None)
            .unwrap();
        found.columns.to_json()
    };
    let ts = "2024-01-01T00:01:40.000000Z";
    assert_eq!(
        now(),
        json!({ "uid": [1], "city": ["now"], "age": [null], "ts": [ts] })
    );
    fixture.clock.set(second(101));
    assert_eq!(now()["city"], json!(["later"]));
    fixture.clock.set(second(99));
    assert_eq!(
        now(),
        json!({ "uid": [1], "city": [null], "age": [null], "ts": [null] })
    );
}

#[test]
fn fields_select_and_order_the_columns_and_keys_may_repeat() {
    let fixture = users();
    fixture.log("users", &json!([user(1, "rome", 100)]));
    let keys = rows(&json!([{ "uid": 1 }, { "uid": 2 }, { "uid": "1" }]));
    let fields = ["ts", "uid", "ts"].map(str::to_owned);
    let found = fixture
        .engine
        .lookup("main", "Users", keys, &fields, None)
        .unwrap();
    assert_eq!(found.found, [true, false, true]);
    let ts = "2024-01-01T00:01:40.000000Z";
    assert_eq!(
        found.columns.to_json().to_string(),
        json!({ "ts": [ts, null, ts], "uid": [1, 2, 1] }).to_string()
    );
    assert!(
        found
            .columns
            .0
            .iter()
            .all(|column| column.shape.is_optional())
    );
    let none = fixture
        .engine
        .lookup("main", "Users", Vec::new(), &[], Some(Vec::new()))
        .unwrap();
    assert_eq!((none.found.len(), none.columns.0.len()), (0, 4));
}

#[test]
fn what_cannot_be_looked_up_is_refused_by_name() {
    let fixture = users();
    let lookup = |branch: &str, dataset: &str, key: Json, field: Option<&str>| {
        let fields: Vec<String> = field.map(Into::into).into_iter().collect();
        refusal(
            fixture
                .engine
                .lookup(branch, dataset, rows(&json!([key])), &fields, None),
        )
    };
    let one = || json!({ "uid": 1 });
    assert_eq!(
        lookup("x", "Users", one(), None),
        "no branch `x`; there is `main`"
    );
    assert_eq!(
        lookup("main", "Nope", one(), None),
        "no dataset `Nope`; there are `Sales`, `Users`"
    );
    assert!(lookup("main", "Sales", one(), None).contains("has no keys"));
    assert!(
        lookup("main", "Users", one(), Some("nope"))
            .contains("no column `nope`; it has `uid`, `city`")
    );
    assert!(lookup("main", "Users", json!({}), None).contains("key 0 has no `uid`"));
    assert!(
        lookup("main", "Users", json!({ "uid": 1, "x": 2 }), None).contains("`x`, which is no key")
    );
    assert!(
        lookup("main", "Users", json!({ "uid": null }), None)
            .contains("expected a whole number, found null")
    );
    assert!(
        lookup("main", "Users", json!({ "uid": "abc" }), None)
            .contains("key 0, `uid`: expected a whole number")
    );
    let at = |at: Vec<Value>| {
        refusal(
            fixture
                .engine
                .lookup("main", "Users", uid(1), &[], Some(at)),
        )
    };
    assert!(at(vec![]).contains("1 keys and 0 timestamps"));
    assert!(at(vec![Value::Null]).contains("timestamp 0: expected"));
}

#[test]
fn a_lookup_needs_the_matching_index() {
    let with = |name, online, offline| Dataset {
        name,
        index: Index { online, offline },
        ..USERS
    };
    let definitions = [
        with("On", true, false),
        with("Off", false, true),
        with("No", false, false),
    ];
    let fixture = Fixture::with(&request(&definitions, &[]));
    let lookup = |dataset: &str, at: bool| {
        let at = at.then(|| vec![Value::Timestamp(second(0))]);
        fixture
            .engine
            .lookup("main", dataset, uid(1), &[], at)
            .map(drop)
    };
    assert!(lookup("On", false).is_ok() && lookup("Off", true).is_ok());
    for (dataset, at, kind) in [
        ("On", true, "offline"),
        ("Off", false, "online"),
        ("No", false, "online"),
    ] {
        let refused = lookup(dataset, at);
        assert!(matches!(refused, Err(Error::Request(_))));
        let expected = format!("dataset `{dataset}` has no {kind} index");
        assert!(refusal(refused).starts_with(&expected));
    }
}

#[test]
fn keys_of_every_type_are_found_and_read_back() {
    let fields = [
        key("b", Type::Bool),
        key("s", Type::String),
        key("d", Type::Date),
        key("m", Type::Decimal { scale: 2 }),
        key("l", Type::List(&Type::String)),
        key("y", Type::Bytes),
        key("t", Type::Timestamp),
        value("v", Type::Int),
        TS,
    ];
    let keys = indexed("Keys", fields, source("keys", Cdc::Upsert));
    let fixture = Fixture::with(&request(&[keys], &[]));
    let key = |s: &str, m: &str| json!({ "b": true, "s": s, "d": "2024-02-29", "m": m, "l": ["a", s], "y": "\u{0}y", "t": "2020-01-01" });
    let keys = [
        key("", "1.50"),
        key("\u{0}", "1.50"),
        key("a", "-0.01"),
        key("a", "0.01"),
    ];
    let logged = keys.iter().enumerate().map(|(i, key)| {
        let mut row = key.clone();
        row["v"] = json!(i);
        row["ts"] = json!(100);
        row
    });
    fixture.log("keys", &logged.collect());
    let found = fixture
        .engine
        .lookup(
            "main",
            "Keys",
            rows(&keys.to_vec().into()),
            &["v".into()],
            None,
        )
        .unwrap();
    assert_eq!(found.columns.to_json(), json!({ "v": [0, 1, 2, 3] }));
    let dump = fixture.dump("Keys");
    assert_eq!(dump["m"], json!(["1.50", "1.50", "-0.01", "0.01"]));
    assert_eq!(
        dump["l"],
        json!([["a", ""], ["a", "\u{0}"], ["a", "a"], ["a", "a"]])
    );
    assert_eq!(dump["t"][0], json!("2020-01-01T00:00:00.000000Z"));
}
