//! Tables: shared between branches, computed from the log, dropped when nobody has them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fennel_core::entity::{Cdc, Dataset, Source};
use fennel_core::ty::Type;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::{Space, Store, StoreError};
use fennel_engine::{CommitOptions, Error};
use serde_json::json;

use crate::definitions::{DELETED, SALES, TS, USERS, dataset, request, source, value};
use crate::fixture::{Fixture, refusal, rows, store, user};

fn no_backfill() -> CommitOptions {
    CommitOptions {
        backfill: false,
        ..CommitOptions::default()
    }
}

fn version(version: u32) -> SyncRequest {
    request(&[Dataset { version, ..USERS }], &[])
}

#[test]
fn a_new_version_is_computed_from_what_was_logged() {
    let fixture = Fixture::with(&version(1));
    fixture.log(
        "users",
        &json!([user(1, "first", 1), user(1, "second", 1), { "uid": 1 }, user(2, "x", 5)]),
    );
    fixture.log("users", &json!([user(2, "y", 3)]));
    let before = (
        fixture.dump("Users"),
        fixture.engine.rejects("main", "Users", 9).unwrap(),
    );
    fixture.commit(&version(2));
    let after = (
        fixture.dump("Users"),
        fixture.engine.rejects("main", "Users", 9).unwrap(),
    );
    assert_eq!(after, before);
    fixture.log("users", &json!([user(1, "third", 1)]));
    assert_eq!(
        fixture.users_as_of(1, "city", &[1]),
        json!(["third"]),
        "and goes on with what comes"
    );
}

#[test]
fn rows_of_several_endpoints_are_replayed_in_the_order_in_which_they_came() {
    let both = |version| {
        let sources = [source("users", Cdc::Upsert), source("more", Cdc::Upsert)];
        request(
            &[Dataset {
                version,
                sources: &sources,
                ..USERS
            }],
            &[],
        )
    };
    let fixture = Fixture::with(&both(1));
    for (i, endpoint) in ["users", "more", "more", "users", "more"]
        .into_iter()
        .enumerate()
    {
        fixture.log(
            endpoint,
            &json!([
                user(1, &format!("{i}"), 1),
                user(2, &format!("{i}"), i as i64)
            ]),
        );
    }
    let before = fixture.dump("Users");
    assert_eq!(before["city"][0], "4");
    fixture.commit(&both(2));
    assert_eq!(fixture.dump("Users"), before);
}

#[test]
fn a_branch_shares_what_another_has_computed() {
    let store = Store::in_memory();
    let fixture = Fixture::on(store.clone());
    let tables = || store.scan_prefix(Space::Table, b"").count();
    fixture.commit(&version(1));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    fixture.engine.init_branch("dev").unwrap();
    let shared = fixture
        .engine
        .commit("dev", &version(1), no_backfill())
        .unwrap();
    assert!(shared.changed);
    assert_eq!(tables(), 1, "there is one copy of the row");
    fixture.log("users", &json!([user(1, "oslo", 2)]));
    assert_eq!(tables(), 2);
    assert_eq!(fixture.dump_on("dev", "Users"), fixture.dump("Users"));
    let wide = Dataset {
        version: 2,
        ..USERS
    };
    fixture.commit_on("dev", &request(&[wide], &[]));
    assert_eq!(tables(), 4, "another version is another copy");
}

#[test]
fn without_backfill_nothing_is_computed_anew() {
    let fixture = Fixture::in_memory();
    fixture.engine.init_branch("dev").unwrap();
    let commit =
        |branch: &str, request: &SyncRequest| fixture.engine.commit(branch, request, no_backfill());
    let refused = commit("main", &request(&[USERS, SALES], &[]));
    assert!(matches!(refused, Err(Error::Refused(_))));
    let text = refusal(refused);
    assert!(
        text.contains("dataset `Users`: no branch has a dataset of this structure"),
        "{text}"
    );
    assert!(text.contains("dataset `Sales`: no branch"), "{text}");
    fixture.commit_on("dev", &request(&[USERS], &[]));
    assert!(commit("main", &request(&[USERS], &[])).unwrap().changed);
    assert!(!commit("main", &request(&[USERS], &[])).unwrap().changed);
    assert!(commit("main", &version(2)).is_err());
    let sourceless = dataset("Sourceless", [value("x", Type::Int), TS], []);
    assert!(
        commit("main", &request(&[USERS, sourceless], &[])).is_ok(),
        "without a source there is nothing to compute"
    );
}

#[test]
fn a_table_that_no_branch_has_is_dropped() {
    let store = Store::in_memory();
    let fixture = Fixture::on(store.clone());
    // Beside the row that is set aside there is their count.
    let count = |space| store.scan_prefix(space, b"").count();
    fixture.engine.init_branch("dev").unwrap();
    fixture.commit(&version(1));
    fixture.commit_on("dev", &version(1));
    fixture.log("users", &json!([user(1, "rome", 1), { "uid": 1 }]));
    let deleted = request(
        &[Dataset {
            meta: DELETED,
            ..USERS
        }],
        &[],
    );
    fixture.commit(&deleted);
    assert_eq!(
        (count(Space::Table), count(Space::Rejects)),
        (1, 2),
        "the other branch has it"
    );
    fixture.commit_on("dev", &deleted);
    // Removing goes on behind the commit; the last handle of the engine waits for it.
    drop(fixture);
    assert_eq!((count(Space::Table), count(Space::Rejects)), (0, 0));
    assert_eq!(count(Space::Log), 1, "the request's rows stay in the log");
    let fixture = Fixture::on(store.clone());
    fixture.commit(&version(2));
    assert_eq!(
        (count(Space::Table), count(Space::Rejects)),
        (1, 2),
        "so that it can come back"
    );
}

#[test]
fn what_close_keeps_from_being_removed_is_removed_by_the_next_open() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&version(1));
    let users: Vec<_> = (0..5_000).map(|uid| user(uid, "rome", 1)).collect();
    fixture.log("users", &json!(users));
    fixture.engine.check_writable().unwrap();
    let deleted = Dataset {
        meta: DELETED,
        ..USERS
    };
    fixture.commit(&request(&[deleted], &[]));
    fixture.engine.close();
    let closed = fixture.engine.check_writable();
    assert!(matches!(closed, Err(Error::Store(StoreError::Closed))));
    drop(fixture);
    let store = store(dir.path());
    let fixture = Fixture::on(store.clone());
    fixture.engine.check_writable().unwrap();
    // It does so beside everything else, and the last handle waits for it.
    drop(fixture);
    assert_eq!(store.scan_prefix(Space::Table, b"").count(), 0);
}

#[test]
fn a_refused_commit_leaves_no_table() {
    let store = Store::in_memory();
    let fixture = Fixture::on(store.clone());
    fixture.commit(&version(1));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let before: Vec<_> = store
        .scan_prefix(Space::Meta, b"")
        .map(|entry| entry.unwrap())
        .collect();
    assert!(fixture.try_commit(&request(&[SALES], &[])).is_err());
    let after: Vec<_> = store
        .scan_prefix(Space::Meta, b"")
        .map(|entry| entry.unwrap())
        .collect();
    assert_eq!(before, after);
}

#[test]
fn rows_that_come_during_a_commit_are_in_the_table_it_adds() {
    let fixture = Fixture::with(&request(&[SALES], &[]));
    let total = 400;
    let acknowledged = AtomicUsize::new(0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for uid in 0..total {
                let sale = json!([{ "uid": uid, "price": 1.0, "ts": uid }]);
                fixture.engine.log("hook", "sales", rows(&sale)).unwrap();
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut version = 1;
        while !writer.is_finished() {
            version += 1;
            let before = acknowledged.load(Ordering::SeqCst);
            fixture.commit(&request(&[Dataset { version, ..SALES }], &[]));
            let sales = fixture.engine.inspect("main", "Sales", usize::MAX).unwrap();
            assert!(sales.rows() >= before, "{} of {before}", sales.rows());
        }
    });
    let dump = fixture.dump("Sales");
    let expected: Vec<_> = (0..total).rev().collect();
    assert_eq!(dump["uid"], json!(expected), "each once");
}

#[test]
fn queries_go_on_during_commits_and_see_whole_tables() {
    let fixture = Fixture::with(&version(1));
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "bern", 1)]));
    thread::scope(|scope| {
        let commits = scope.spawn(|| (2..40).for_each(|n| drop(fixture.commit(&version(n)))));
        while !commits.is_finished() {
            assert_eq!(fixture.dump("Users")["city"], json!(["rome", "bern"]));
        }
    });
}

#[test]
fn a_new_source_is_read_from_its_beginning() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let more = [
        source("users", Cdc::Append),
        Source {
            since: Some(crate::fixture::second(1)),
            ..source("sales", Cdc::Append)
        },
    ];
    fixture.log(
        "sales",
        &json!([{ "uid": 7, "price": 1.0, "ts": 0 }, { "uid": 8, "price": 1.0, "ts": 1 }]),
    );
    let ids = dataset("Ids", [value("uid", Type::Int), TS], more);
    fixture.commit(&request(&[USERS, SALES, ids], &[]));
    assert_eq!(fixture.dump("Ids")["uid"], json!([8, 1]));
}

#[test]
fn branches_that_declare_columns_in_another_order_share_a_table_all_the_same() {
    let store = Store::in_memory();
    let fixture = Fixture::on(store.clone());
    fixture.engine.init_branch("a").unwrap();
    fixture.commit(&version(1));
    let [uid, city, age, ts] = *USERS.fields else {
        unreachable!()
    };
    let fields = [uid, age, city, ts];
    let turned = Dataset {
        fields: &fields,
        ..USERS
    };
    fixture
        .engine
        .commit("a", &request(&[turned], &[]), no_backfill())
        .unwrap();
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let (main, a) = (fixture.dump("Users"), fixture.dump_on("a", "Users"));
    assert_eq!(
        main.to_string(),
        r#"{"uid":[1],"city":["rome"],"age":[null],"ts":["2024-01-01T00:00:01.000000Z"]}"#
    );
    assert_eq!(
        a.to_string(),
        r#"{"uid":[1],"age":[null],"city":["rome"],"ts":["2024-01-01T00:00:01.000000Z"]}"#
    );
    let again = Fixture::on(store);
    assert_eq!(
        (again.dump("Users"), again.dump_on("a", "Users")),
        (main, a)
    );
}
