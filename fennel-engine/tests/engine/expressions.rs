//! Features that are computed of others of their featureset.

use fennel_core::entity::Featureset;
use fennel_core::expr::{Binary, Branch, Expr};
use fennel_core::literal::Literal;
use fennel_core::ty::{Between, Bound, Type};
use fennel_engine::Query;
use serde_json::json;

use crate::definitions::{USERS, computed, featureset, given, looked_up, request};
use crate::fixture::{Fixture, query, refusal, second, user};

const X: Expr<'static> = Expr::Name("x");
const NOW: Expr<'static> = Expr::Call("now", &[]);

const fn int(value: i64) -> Expr<'static> {
    Expr::Literal(Literal::Int(value))
}

fn with(featureset: Featureset<'static>) -> Fixture {
    Fixture::with(&request(&[USERS], &[featureset]))
}

#[test]
fn expressions_read_looked_up_features_and_each_other() {
    let is_minor = Expr::Binary(Binary::Lt, &Expr::Name("age"), const { &int(18) });
    let twice = Expr::Binary(Binary::Mul, &Expr::Name("age"), const { &int(2) });
    let price = Expr::If(
        const {
            &[Branch {
                condition: Expr::Name("is_minor"),
                value: int(5),
            }]
        },
        Some(&Expr::Name("twice")),
    );
    let fixture = with(featureset(
        "Ticket",
        [
            computed("price", Type::Float, price),
            given("uid", Type::Int),
            computed("is_minor", Type::Bool, is_minor),
            computed("twice", Type::Int, twice),
            looked_up("age", Type::Int, "Users", "age", Some(Literal::Int(30))),
        ],
    ));
    let young = json!({ "uid": 1, "city": "rome", "age": 7, "ts": 0 });
    fixture.log("users", &json!([young, user(2, "oslo", 0)]));
    assert_eq!(
        fixture.answer(&json!({ "Ticket.uid": [1, 2, 3, 1] }), &["Ticket.price"]),
        json!({ "Ticket.price": [5.0, 60.0, 60.0, 5.0] })
    );
    assert_eq!(
        fixture.answer(
            &json!({ "Ticket.age": [4, 40], "Ticket.twice": [0, 1] }),
            &["Ticket.price"]
        ),
        json!({ "Ticket.price": [5.0, 1.0] }),
        "what is given wins"
    );
}

#[test]
fn now_is_the_clock_or_the_instant_of_the_row() {
    let fixture = with(featureset(
        "Asked",
        [given("x", Type::Int), computed("at", Type::Timestamp, NOW)],
    ));
    let online = query(&json!({ "Asked.x": [1, 2] }), &["Asked.at"]);
    let answer = |query: &Query| fixture.engine.query("main", query).unwrap().to_json();
    assert_eq!(
        answer(&online),
        json!({ "Asked.at": ["2024-01-01T12:00:00.000000Z", "2024-01-01T12:00:00.000000Z"] })
    );
    let offline = Query {
        at: Some(vec![second(2), second(1)]),
        ..online
    };
    assert_eq!(
        answer(&offline),
        json!({ "Asked.at": ["2024-01-01T00:00:02.000000Z", "2024-01-01T00:00:01.000000Z"] })
    );
}

#[test]
fn a_row_without_a_value_fails_the_query_by_its_name() {
    let part = Expr::Binary(Binary::FloorDiv, const { &int(10) }, &X);
    let small = Type::Between(Between {
        min: Bound::Int(0),
        max: Bound::Int(5),
        strict_min: false,
        strict_max: false,
    });
    let optional = Type::Optional(&Type::Int);
    let fixture = with(featureset(
        "Parts",
        [
            given("x", Type::Int),
            computed("whole", Type::Int, part),
            computed("perhaps", optional, part),
            computed("small", small, X),
        ],
    ));
    let asked = |outputs: &[&str]| fixture.query(&json!({ "Parts.x": [5, 0, 7, 0] }), outputs);
    assert_eq!(
        refusal(asked(&["Parts.whole"])),
        "feature `Parts.whole`, row 1: expected a whole number, found null"
    );
    assert_eq!(
        asked(&["Parts.perhaps"]).unwrap().to_json(),
        json!({ "Parts.perhaps": [2, null, 1, null] })
    );
    assert_eq!(
        refusal(asked(&["Parts.small"])),
        "feature `Parts.small`, row 2: expected a whole number from 0 to 5, found 7"
    );
}

#[test]
fn an_expression_over_no_rows_answers_none() {
    let fixture = with(featureset(
        "Asked",
        [given("x", Type::Int), computed("same", Type::Int, X)],
    ));
    assert_eq!(
        fixture.answer(&json!({ "Asked.x": [] }), &["Asked.same"]),
        json!({ "Asked.same": [] })
    );
}
