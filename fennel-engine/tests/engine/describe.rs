//! What is told of a branch: its definitions, and how far the rows behind its datasets are.

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Cdc, Dataset, Env, Location, Meta, Pipeline};
use fennel_core::expr::Expr;
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::Args;
use fennel_core::ty::Type;
use fennel_core::wire::encode;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_engine::{Error, Ingested};
use serde_json::json;

use crate::definitions::{DELETED, SALES, TS, USERS, indexed, key, request, source, value};
use crate::fixture::{Fixture, second, user};

static DERIVED: Dataset<'static> = Dataset {
    name: "Derived",
    sources: &[],
    ..SALES
};

static KEPT: Flow<'static> =
    Flow::input(&SALES, 1).filter(Args::new(2, &[Expr::Literal(Literal::Bool(true))]));

fn all(fixture: &Fixture) -> Vec<(String, Ingested)> {
    let ingested = fixture.engine.ingested("main", |_| true).unwrap();
    ingested.into_iter().collect()
}

#[test]
fn rows_count_for_all_that_is_made_of_them() {
    let mut catalog = Catalog::default();
    catalog.push_dataset(SALES);
    catalog.push_dataset(USERS);
    catalog.push_dataset(DERIVED);
    catalog.push_pipeline(Pipeline {
        name: "kept",
        dataset: "Derived",
        inputs: &["Sales"],
        steps: KEPT.steps(),
        env: Env::ANY,
        meta: Meta::EMPTY,
        location: Location::UNKNOWN,
    });
    let fixture = Fixture::with(&encode(&catalog, None, "a message"));
    let nothing = Ingested {
        rows: Some(0),
        backlog: Some(0),
        ..Ingested::default()
    };
    for (name, ingested) in all(&fixture) {
        assert_eq!(ingested, nothing, "{name}");
    }
    let noon = fixture.engine.now();
    let sales = json!([{"uid": 1, "price": 1.0, "ts": 5}, {"uid": 1, "price": 2.0, "ts": 6}]);
    fixture.log("sales", &sales);
    fixture.clock.set(second(50_000));
    // What is set aside came all the same.
    fixture.log("users", &json!([{"uid": "none", "city": 1, "ts": 5}]));
    let at = |rows, at| Ingested {
        rows: Some(rows),
        backlog: Some(0),
        last: Some(at),
        last_applied: Some(at),
    };
    assert_eq!(
        all(&fixture),
        [
            ("Derived".to_owned(), at(2, noon)),
            ("Sales".to_owned(), at(2, noon)),
            ("Users".to_owned(), at(1, second(50_000))),
        ]
    );
    let one = fixture.engine.ingested("main", |name| name == "Users");
    assert_eq!(one.unwrap().len(), 1);
    let lost = fixture.engine.ingested("lost", |_| true);
    assert!(matches!(lost, Err(Error::Unknown { .. })));
}

#[test]
fn what_is_deleted_has_no_rows_and_what_shares_an_endpoint_has_all() {
    let others = indexed(
        "Others",
        [key("uid", Type::Int), value("city", Type::String), TS],
        source("users", Cdc::Upsert),
    );
    let gone = Dataset {
        meta: DELETED,
        ..SALES
    };
    let fixture = Fixture::with(&request(&[USERS, others, SALES], &[]));
    fixture.commit(&request(&[USERS, others, gone], &[]));
    fixture.log("users", &json!([user(1, "a", 5)]));
    let rows = all(&fixture).into_iter();
    let rows: Vec<_> = rows.map(|(name, ingested)| (name, ingested.rows)).collect();
    assert_eq!(
        rows,
        [
            ("Others".to_owned(), Some(1)),
            ("Users".to_owned(), Some(1))
        ]
    );
}

#[test]
fn of_a_class_in_python_its_text_is_kept_and_nothing_that_runs() {
    let mut users = request(&[USERS], &[]);
    users.datasets[0].pycode = Some(PyCode {
        entry_point: "Users".into(),
        source_code: "class Users: ..".into(),
        generated_code: "import os".into(),
        core_code: "import os".into(),
        imports: "import os".into(),
        ..PyCode::default()
    });
    let fixture = Fixture::with(&users);
    let kept = fixture.engine.describe("main", |catalog, request| {
        assert!(catalog.dataset("Users").is_some());
        request.datasets[0].pycode.clone()
    });
    let text = PyCode {
        entry_point: "Users".into(),
        source_code: "class Users: ..".into(),
        ..PyCode::default()
    };
    assert!(kept.unwrap() == Some(text));
    // The text is none of the meaning.
    assert!(!fixture.commit(&request(&[USERS], &[])).changed);
}
