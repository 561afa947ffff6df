//! Rows that don't fit.

use fennel_core::entity::Dataset;
use fennel_core::value::Value;
use fennel_engine::{Error, SetAside};
use serde_json::json;

use crate::definitions::{SALES, USERS, request};
use crate::fixture::{Fixture, rows, second, user};

#[test]
fn a_row_that_does_not_fit_is_kept_aside_with_every_reason_and_the_others_go_on() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    let wrong = json!({ "uid": "x", "city": null, "ts": 1, "more": true });
    let logged = fixture.log(
        "users",
        &json!([user(1, "rome", 1), wrong, user(2, "bern", 2)]),
    );
    assert_eq!(logged.rows, 3);
    let reason = "column `uid`: expected a whole number, found \"x\"; column `city`: expected a text, found null; column `age` is missing";
    let aside = SetAside {
        dataset: "Users".into(),
        row: 1,
        reason: reason.into(),
    };
    assert_eq!(logged.set_aside, [aside]);
    assert_eq!(fixture.dump("Users")["uid"], json!([1, 2]));
    let rejects = fixture.engine.rejects("main", "Users", 10).unwrap();
    assert_eq!(rejects.total, 1);
    let reject = &rejects.rows[0];
    assert_eq!(
        reject.row,
        rows(&json!([wrong]))[0],
        "the row is as it came"
    );
    assert_eq!(
        (reject.reason.as_str(), reject.at),
        (reason, second(43_200))
    );
}

#[test]
fn rejects_are_counted_and_the_latest_come_first() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    let total = |n| fixture.engine.rejects("main", "Users", n).unwrap();
    assert_eq!(total(5).total, 0);
    for id in 0..5 {
        fixture.log("users", &json!([{ "id": id }, user(id, "rome", 1)]));
        assert_eq!(total(0).total, id as u64 + 1);
    }
    let ids: Vec<_> = total(3)
        .rows
        .into_iter()
        .map(|reject| reject.row["id"].clone())
        .collect();
    assert_eq!(ids, [Value::Int(4), Value::Int(3), Value::Int(2)]);
    assert_eq!(total(0).rows, []);
    assert_eq!(total(usize::MAX).rows.len(), 5);
    assert_eq!(fixture.engine.rejects("main", "Sales", 9).unwrap().total, 0);
    assert!(matches!(
        fixture.engine.rejects("main", "Nope", 9),
        Err(Error::Unknown { .. })
    ));
    assert!(matches!(
        fixture.engine.rejects("x", "Users", 9),
        Err(Error::Unknown { .. })
    ));
}

#[test]
fn a_row_fits_one_dataset_and_not_another() {
    let strict = Dataset {
        name: "Strict",
        fields: &[
            crate::definitions::key("uid", fennel_core::ty::Type::Bool),
            crate::definitions::TS,
        ],
        ..USERS
    };
    let fixture = Fixture::with(&request(&[USERS, strict], &[]));
    let logged = fixture.log("users", &json!([user(7, "rome", 1)]));
    assert_eq!(logged.set_aside.len(), 1);
    assert_eq!(logged.set_aside[0].dataset, "Strict");
    assert_eq!(fixture.dump("Users")["uid"], json!([7]));
}

#[test]
fn a_key_that_is_too_long_is_a_reason_too() {
    let named = Dataset {
        fields: &[
            crate::definitions::key("name", fennel_core::ty::Type::String),
            crate::definitions::TS,
        ],
        ..USERS
    };
    let fixture = Fixture::with(&request(&[named], &[]));
    let row = |len| json!({ "name": "n".repeat(len), "ts": 1 });
    let logged = fixture.log("users", &json!([row(60_000), row(70_000)]));
    assert_eq!(logged.set_aside.len(), 1);
    assert!(
        logged.set_aside[0]
            .reason
            .starts_with("its key takes 70002 bytes")
    );
    let keys = rows(&json!([{ "name": "n".repeat(60_000) }, { "name": "n".repeat(70_000) }]));
    let found = fixture
        .engine
        .lookup("main", "Users", keys, &[], None)
        .unwrap();
    assert_eq!(found.found, [true, false]);
}
