//! Logging rows.

use std::sync::Arc;
use std::thread;

use fennel_core::entity::Dataset;
use fennel_engine::store::{Store, StoreError};
use fennel_engine::{Engine, Error, Logged, SystemClock};
use serde_json::json;

use crate::definitions::{SALES, USERS, request};
use crate::fixture::{Fixture, refusal, rows, user};

#[test]
fn an_unknown_endpoint_is_refused_and_nothing_is_kept() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    let log = |webhook: &str, endpoint: &str| {
        let refused = fixture
            .engine
            .log(webhook, endpoint, rows(&json!([user(1, "rome", 1)])));
        assert!(matches!(refused, Err(Error::Unknown { .. })));
        refusal(refused)
    };
    assert_eq!(log("other", "users"), "no webhook `other`; there is `hook`");
    assert_eq!(
        log("hook", "other"),
        "no endpoint of webhook `hook` called `other`; there are `sales`, `users`"
    );
    let later = Dataset {
        sources: &[crate::definitions::source(
            "other",
            fennel_core::entity::Cdc::Upsert,
        )],
        version: 2,
        ..USERS
    };
    fixture.commit(&request(&[later, SALES], &[]));
    assert_eq!(fixture.dump("Users")["uid"], json!([]));
}

#[test]
fn no_rows_are_no_work_but_the_endpoint_must_be_there() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    assert_eq!(fixture.log("users", &json!([])), Logged::default());
    assert!(fixture.engine.log("hook", "x", Vec::new()).is_err());
}

#[test]
fn rows_reach_every_branch_that_has_the_endpoint() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    fixture.engine.init_branch("dev").unwrap();
    let narrow = Dataset {
        fields: &[USERS.fields[0], USERS.fields[3]],
        ..USERS
    };
    fixture.commit_on("dev", &request(&[narrow], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    assert_eq!(fixture.dump_on("main", "Users")["city"], json!(["rome"]));
    assert_eq!(fixture.dump_on("dev", "Users")["uid"], json!([1]));
    assert!(fixture.dump_on("dev", "Users").get("city").is_none());
}

#[test]
fn a_deleted_dataset_takes_its_endpoint_with_it() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    let deleted = Dataset {
        meta: crate::definitions::DELETED,
        ..USERS
    };
    fixture.commit(&request(&[deleted], &[]));
    let refused = fixture
        .engine
        .log("hook", "users", rows(&json!([user(1, "rome", 1)])));
    assert_eq!(refusal(refused), "no webhook `hook`; there is none");
}

#[test]
fn a_closed_engine_takes_no_rows_and_still_answers() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    fixture.engine.close();
    let refused = fixture
        .engine
        .log("hook", "users", rows(&json!([user(2, "bern", 1)])));
    assert!(matches!(refused, Err(Error::Store(StoreError::Closed))));
    assert_eq!(fixture.dump("Users")["uid"], json!([1]));
}

#[test]
fn ties_that_race_end_the_same_live_and_replayed() {
    let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock)).unwrap();
    let fixture = Fixture {
        engine,
        clock: fennel_engine::ManualClock::new(crate::fixture::second(0)),
    };
    fixture.commit(&request(&[USERS], &[]));
    thread::scope(|scope| {
        for writer in 0..4 {
            let engine = &fixture.engine;
            scope.spawn(move || {
                for n in 0..50 {
                    let city = format!("{writer}/{n}");
                    let tie = json!([user(n % 5, &city, 1), user(n % 3, &city, 1)]);
                    engine.log("hook", "users", rows(&tie)).unwrap();
                }
            });
        }
    });
    let live = fixture.dump("Users");
    fixture.commit(&request(
        &[Dataset {
            version: 2,
            ..USERS
        }],
        &[],
    ));
    assert_eq!(fixture.dump("Users"), live);
}
