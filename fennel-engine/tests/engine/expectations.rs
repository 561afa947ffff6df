//! Expectations, asked of the rows that come.

use fennel_core::catalog::Catalog;
use fennel_core::entity::{
    Argument, Dataset, Env, Expectation, Expectations, Field, Location, Meta, Pipeline,
};
use fennel_core::expr::Expr;
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::Args;
use fennel_core::time::Duration;
use fennel_core::ty::Type;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, ExpectationWindow, ManualClock, Options};
use serde_json::json;
use std::sync::Arc;

use crate::definitions::{SALES, TS, USERS, key, request, value};
use crate::fixture::{Fixture, refusal, rows, second, store, user};

const fn expecting(list: &'static [Expectation<'static>]) -> Dataset<'static> {
    Dataset {
        expectations: Some(Expectations { version: 0, list }),
        ..USERS
    }
}

const IN_ITALY: Expectation<'static> = Expectation {
    name: "expect_column_values_to_be_in_set",
    columns: &["city"],
    arguments: &[
        Argument {
            name: "value_set",
            value: Literal::List(&[Literal::Str("rome"), Literal::Str("turin")]),
        },
        Argument {
            name: "mostly",
            value: Literal::Float(0.5),
        },
    ],
};
const AGED: Expectation<'static> = Expectation {
    name: "expect_column_values_to_not_be_null",
    columns: &["age"],
    arguments: &[],
};
const ADULT: Expectation<'static> = Expectation {
    name: "expect_column_values_to_be_between",
    columns: &["age"],
    arguments: &[Argument {
        name: "min_value",
        value: Literal::Int(18),
    }],
};

fn italians() -> SyncRequest {
    request(&[expecting(&[IN_ITALY, AGED, ADULT])], &[])
}

/// Rows, ignored, unexpected and whether it holds, of each window of the `i`th expectation, the latest first.
fn windows(engine: &Engine, i: usize) -> Vec<(u64, u64, u64, bool)> {
    let found = engine.expectations("main", "Users", 100).unwrap();
    assert_eq!(found.waiting, 0);
    let numbers =
        |window: &ExpectationWindow| (window.rows, window.ignored, window.unexpected, window.holds);
    found.list[i].windows.iter().map(numbers).collect()
}

#[test]
fn each_row_is_judged_once_by_each_expectation() {
    let fixture = Fixture::with(&italians());
    assert_eq!(windows(&fixture.engine, 0), []);
    let misfit = json!({"uid": "x"});
    let aged = |age: i64| json!({"uid": 4, "city": "turin", "age": age, "ts": 4});
    let logged = fixture.log(
        "users",
        &json!([user(1, "rome", 1), user(2, "bern", 2), misfit]),
    );
    assert_eq!(logged.rows_set_aside, 1, "what doesn't fit is not judged");
    fixture.log("users", &json!([aged(17), aged(18)]));
    assert_eq!(
        windows(&fixture.engine, 0),
        [(4, 0, 1, true)],
        "1 of 4 is less than half"
    );
    assert_eq!(windows(&fixture.engine, 1), [(4, 0, 2, false)]);
    assert_eq!(
        windows(&fixture.engine, 2),
        [(4, 2, 1, false)],
        "null is nobody's age"
    );
    let found = fixture.engine.expectations("main", "Users", 1).unwrap();
    let first = &found.list[0];
    assert_eq!(first.name, IN_ITALY.name);
    assert_eq!(first.arguments["value_set"], json!(["rome", "turin"]));
    assert_eq!((first.mostly, first.windows[0].share()), (0.5, 0.25));
    assert_eq!(fixture.dump("Users")["uid"].as_array().unwrap().len(), 3);
}

#[test]
fn windows_are_those_of_arrival_and_the_latest_stay() {
    let clock = ManualClock::new(second(0));
    let mut options = Options::default();
    options.expectation_window = Duration::parse("10m").unwrap();
    options.expectation_windows = 3;
    let engine = Engine::open_with(Store::in_memory(), Arc::new(clock.clone()), &options).unwrap();
    engine
        .commit("main", &italians(), CommitOptions::default())
        .unwrap();
    for i in 0..5 {
        clock.set(second(600 * i + 599));
        // The event time is the same all along.
        engine
            .log("hook", "users", rows(&json!([user(i, "rome", 1)])))
            .unwrap();
        engine.expectations("main", "Users", 1).unwrap();
    }
    let found = engine.expectations("main", "Users", 10).unwrap();
    let starts: Vec<_> = found.list[0]
        .windows
        .iter()
        .map(|it| (it.start, it.end))
        .collect();
    let window = |i: i64| (second(600 * i), second(600 * i + 600));
    assert_eq!(starts[..3], [window(4), window(3), window(2)]);
    engine.close();
    assert_eq!(
        engine.expectations("main", "Users", 10).unwrap().list[0]
            .windows
            .len(),
        3
    );
    assert_eq!(
        engine.expectations("main", "Users", 2).unwrap().list[0]
            .windows
            .len(),
        2
    );
}

#[test]
fn results_outlive_a_restart_and_rows_are_not_judged_again() {
    let dir = tempfile::tempdir().unwrap();
    for restart in 1..4 {
        let fixture = Fixture::on(store(dir.path()));
        if restart == 1 {
            fixture.commit(&italians());
        }
        fixture.log("users", &json!([user(restart, "rome", 1)]));
        assert_eq!(windows(&fixture.engine, 0), [(restart as u64, 0, 0, true)]);
    }
}

#[test]
fn an_expectation_is_asked_of_rows_from_its_commit_on_and_keeps_its_results_when_it_is_moved() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    fixture.log("users", &json!([user(1, "bern", 1)]));
    fixture.commit(&request(&[expecting(&[IN_ITALY])], &[]));
    fixture.log("users", &json!([user(2, "bern", 2)]));
    assert_eq!(windows(&fixture.engine, 0), [(1, 0, 1, false)]);
    const LAX: Expectation<'static> = Expectation {
        arguments: &[
            Argument {
                name: "value_set",
                value: Literal::List(&[Literal::Str("rome"), Literal::Str("turin")]),
            },
            Argument {
                name: "mostly",
                value: Literal::Float(0.0),
            },
        ],
        ..IN_ITALY
    };
    fixture.commit(&request(&[expecting(&[AGED, LAX])], &[]));
    fixture.log("users", &json!([user(3, "bern", 3)]));
    assert_eq!(windows(&fixture.engine, 0), [(1, 0, 1, false)], "it is new");
    assert_eq!(
        windows(&fixture.engine, 1),
        [(2, 0, 2, true)],
        "it is asked the same"
    );
    fixture.commit(&request(&[USERS], &[]));
    fixture.log("users", &json!([user(4, "bern", 4)]));
    assert_eq!(
        fixture
            .engine
            .expectations("main", "Users", 9)
            .unwrap()
            .list,
        []
    );
    fixture.commit(&request(&[expecting(&[LAX])], &[]));
    assert_eq!(
        windows(&fixture.engine, 0),
        [(2, 0, 2, true)],
        "nobody asked meanwhile"
    );
}

#[test]
fn branches_that_share_a_table_ask_for_themselves() {
    let fixture = Fixture::with(&request(&[expecting(&[IN_ITALY])], &[]));
    fixture.engine.clone_branch("main", "dev").unwrap();
    fixture.commit_on("dev", &request(&[expecting(&[AGED, IN_ITALY])], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let names = |branch| -> Vec<_> {
        let found = fixture.engine.expectations(branch, "Users", 9).unwrap();
        let list = found.list.into_iter();
        list.map(|it| (it.name, it.windows[0].rows)).collect()
    };
    let (italy, aged) = ((IN_ITALY.name.to_owned(), 1), (AGED.name.to_owned(), 1));
    assert_eq!(
        names("main"),
        std::slice::from_ref(&italy),
        "the row is judged once"
    );
    assert_eq!(names("dev"), [aged, italy]);
    fixture.engine.delete_branch("dev").unwrap();
    fixture.log("users", &json!([user(2, "rome", 1)]));
    assert_eq!(windows(&fixture.engine, 0), [(2, 0, 0, true)]);
}

#[test]
fn what_can_not_be_asked_of_a_column_is_refused_with_the_reason() {
    const NO_PATTERN: Expectation<'static> = Expectation {
        name: "expect_column_values_to_match_regex",
        columns: &["city"],
        arguments: &[Argument {
            name: "regex",
            value: Literal::Str("(?=a)b"),
        }],
    };
    let fixture = Fixture::in_memory();
    let refused = refusal(fixture.try_commit(&request(&[expecting(&[NO_PATTERN]), SALES], &[])));
    let told = "dataset `Users.expectations`: expect_column_values_to_match_regex: \"(?=a)b\" is no pattern that can be run here: look-around";
    assert!(refused.contains(told), "{refused}");
    assert!(!fixture.commit(&request(&[], &[])).changed);
}

#[test]
fn what_expectations_came_to_outlives_an_erasure() {
    const ERASABLE: Dataset<'static> = Dataset {
        fields: &[
            Field {
                erase_key: true,
                ..key("uid", Type::Int)
            },
            value("city", Type::String),
            value("age", Type::Optional(&Type::Int)),
            TS,
        ],
        expectations: Some(Expectations {
            version: 0,
            list: &[IN_ITALY],
        }),
        ..USERS
    };
    static DERIVED: Dataset<'static> = Dataset {
        name: "Derived",
        sources: &[],
        ..ERASABLE
    };
    static ALL: Flow<'static> =
        Flow::input(&ERASABLE, 1).filter(Args::new(2, &[Expr::Literal(Literal::Bool(true))]));
    let mut catalog = Catalog::default();
    catalog.push_dataset(ERASABLE);
    catalog.push_dataset(DERIVED);
    catalog.push_pipeline(Pipeline {
        name: "all",
        dataset: "Derived",
        inputs: &["Users"],
        steps: ALL.steps(),
        env: Env::ANY,
        meta: Meta::EMPTY,
        location: Location::UNKNOWN,
    });
    let definitions = encode(&catalog, None, "");
    let seen = |engine: &Engine| {
        let told = ["Users", "Derived"].map(|it| engine.expectations("main", it, 9).unwrap());
        (told, engine.metrics("main").unwrap().expectations)
    };
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&definitions);
    fixture.log("users", &json!([user(1, "bern", 1), user(2, "rome", 1)]));
    seen(&fixture.engine);
    fixture.clock.set(second(50_000));
    fixture.log("users", &json!([user(3, "rome", 2)]));
    let before = seen(&fixture.engine);
    assert_eq!(before.0[0].list[0].windows.len(), 2);
    assert_eq!(before.0[0].list, before.0[1].list);
    let erase = |uid: i64| {
        let keys = rows(&json!([{ "uid": uid }]));
        let erased = fixture.engine.erase("main", "Users", keys, None).unwrap();
        assert_eq!(erased.rows, 1);
    };
    erase(1);
    assert_eq!(seen(&fixture.engine), before);
    fixture.log("users", &json!([user(4, "rome", 3)]));
    erase(4);
    let (told, numbers) = seen(&fixture.engine);
    for (told, numbers) in told.iter().zip(&numbers) {
        let windows = told.list[0].windows.iter();
        let found: Vec<_> = windows.map(|it| (it.rows, it.unexpected)).collect();
        assert_eq!(found, [(2, 0), (2, 1)]);
        assert_eq!((numbers.met, numbers.unmet), (3, 1));
    }
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    fixture.clock.set(second(50_000));
    assert_eq!(seen(&fixture.engine).0, told);
    fixture.log("users", &json!([user(5, "rome", 3)]));
    let told = seen(&fixture.engine).0;
    assert_eq!(told[0].list[0].windows[0].rows, 3, "it goes on");
    assert_eq!(told[0].list, told[1].list);
}
