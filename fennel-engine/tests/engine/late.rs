//! Rows that come later than their source's disorder.

use fennel_core::entity::{Cdc, Dataset, Source};
use fennel_core::time::Duration;
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use serde_json::{Value as Json, json};

use crate::definitions::{SALES, USERS, request, source};
use crate::fixture::{Fixture, second, user};

/// Sales of which none may come more than so many seconds late.
pub(crate) fn sales(version: u32, disorder: i64) -> SyncRequest {
    let sources = [Source {
        disorder: Duration::from_micros(disorder * 1_000_000),
        ..source("sales", Cdc::Append)
    }];
    let sales = Dataset {
        version,
        sources: &sources,
        ..SALES
    };
    request(&[sales], &[])
}

fn sale(ts: i64) -> Json {
    json!({ "uid": ts, "price": 1, "ts": ts })
}

pub(crate) fn log(fixture: &Fixture, seconds: &[i64]) -> Vec<usize> {
    let rows: Vec<_> = seconds.iter().map(|ts| sale(*ts)).collect();
    let logged = fixture.log("sales", &json!(rows));
    logged.set_aside.iter().map(|aside| aside.row).collect()
}

fn uids(fixture: &Fixture) -> Json {
    fixture.dump("Sales")["uid"].clone()
}

#[test]
fn a_row_that_is_later_than_the_disorder_is_set_aside_with_the_reason() {
    let fixture = Fixture::with(&sales(1, 10));
    assert_eq!(log(&fixture, &[100]), [0; 0]);
    assert_eq!(
        log(&fixture, &[90, 89, 95]),
        [1],
        "the bound itself is fine"
    );
    assert_eq!(uids(&fixture), json!([100, 95, 90]));
    let rejects = fixture.engine.rejects("main", "Sales", 9).unwrap();
    assert_eq!(rejects.total, 1);
    assert_eq!(
        rejects.rows[0].reason,
        format!(
            "it is late: its event time is {}, and rows up to {} had come before, which is more than the source's disorder of 10s",
            second(89),
            second(100)
        )
    );
    assert_eq!(rejects.rows[0].row["uid"], Value::Int(89));
}

#[test]
fn rows_of_one_request_are_not_late_by_each_other() {
    let fixture = Fixture::with(&sales(1, 10));
    assert_eq!(log(&fixture, &[1_000, 1, 500]), [0; 0]);
    assert_eq!(log(&fixture, &[989, 990]), [0]);
}

#[test]
fn a_row_from_the_future_makes_no_others_late() {
    let fixture = Fixture::with(&sales(1, 10));
    fixture.clock.set(second(200));
    assert_eq!(log(&fixture, &[1_000_000]), [0; 0]);
    assert_eq!(
        log(&fixture, &[190, 189]),
        [1],
        "it counts as of its arrival"
    );
}

#[test]
fn rows_that_are_set_aside_or_left_out_move_nothing_on() {
    let sources = [Source {
        until: Some(second(1_000)),
        disorder: Duration::from_micros(10_000_000),
        ..source("sales", Cdc::Append)
    }];
    let sales = Dataset {
        sources: &sources,
        ..SALES
    };
    let fixture = Fixture::with(&request(&[sales], &[]));
    fixture.log(
        "sales",
        &json!([{ "uid": 1, "price": "dear", "ts": 900 }, sale(2_000)]),
    );
    assert_eq!(log(&fixture, &[1]), [0; 0]);
}

#[test]
fn each_dataset_has_a_disorder_of_its_own() {
    let sources = [Source {
        disorder: Duration::from_micros(5_000_000),
        ..source("sales", Cdc::Append)
    }];
    let strict = Dataset {
        name: "Strict",
        sources: &sources,
        ..SALES
    };
    let fixture = Fixture::with(&request(&[SALES, strict], &[]));
    log(&fixture, &[100]);
    let logged = fixture.log("sales", &json!([sale(94)]));
    assert_eq!(logged.set_aside.len(), 1);
    assert_eq!(logged.set_aside[0].dataset, "Strict");
    assert_eq!(uids(&fixture), json!([100, 94]));
}

#[test]
fn a_restart_remembers_what_had_come() {
    let store = Store::in_memory();
    let fixture = Fixture::on(store.clone());
    fixture.commit(&sales(1, 10));
    log(&fixture, &[100]);
    drop(fixture);
    let fixture = Fixture::on(store);
    assert_eq!(log(&fixture, &[89, 90]), [0]);
}

#[test]
fn a_new_version_sets_the_same_rows_aside_by_its_own_disorder() {
    let fixture = Fixture::with(&sales(1, 10));
    for seconds in [&[50, 100][..], &[95, 10, 91], &[85, 120], &[105, 111]] {
        log(&fixture, seconds);
    }
    let kept = uids(&fixture);
    assert_eq!(kept, json!([120, 111, 100, 95, 91, 50]));
    let aside = fixture.engine.rejects("main", "Sales", 9).unwrap();
    fixture.commit(&sales(2, 10));
    assert_eq!(uids(&fixture), kept);
    assert_eq!(fixture.engine.rejects("main", "Sales", 9).unwrap(), aside);
    assert_eq!(log(&fixture, &[109, 110]), [0], "and goes on from there");
    fixture.commit(&sales(3, 1_000));
    assert_eq!(
        uids(&fixture),
        json!([120, 111, 110, 109, 105, 100, 95, 91, 85, 50, 10])
    );
}

#[test]
fn a_late_version_of_a_key_is_set_aside_too() {
    let sources = [Source {
        disorder: Duration::from_micros(10_000_000),
        ..source("users", Cdc::Upsert)
    }];
    let users = Dataset {
        sources: &sources,
        ..USERS
    };
    let fixture = Fixture::with(&request(&[users], &[]));
    fixture.log("users", &json!([user(1, "new", 100)]));
    fixture.log("users", &json!([user(1, "old", 50), user(1, "older", 95)]));
    assert_eq!(
        fixture.users_as_of(1, "city", &[50, 94, 95, 100]),
        json!([null, null, "older", "new"])
    );
}
