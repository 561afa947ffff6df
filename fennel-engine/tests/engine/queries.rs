//! Feature queries.

use fennel_core::entity::{Cdc, Dataset, Feature, Featureset};
use fennel_core::expr::{Binary, Expr};
use fennel_core::literal::Literal;
use fennel_core::ty::{Record, RecordField, Type};
use fennel_engine::{Error, Query};
use serde_json::{Value as Json, json};

use crate::definitions::{
    DELETED, TS, USER, USERS, alias, computed, featureset, given, indexed, key, looked_up, request,
    source, value,
};
use crate::fixture::{Fixture, query, refusal, second, user};

const OPTIONAL_INT: Type<'static> = Type::Optional(&Type::Int);

fn users(featuresets: &[Featureset<'_>]) -> Fixture {
    let fixture = Fixture::with(&request(&[USERS], featuresets));
    fixture.log(
        "users",
        &json!([
            { "uid": 1, "city": "rome", "age": 30, "ts": 100 },
            { "uid": 1, "city": "oslo", "age": null, "ts": 200 },
            { "uid": 2, "city": "bern", "age": 41, "ts": 150 },
        ]),
    );
    fixture
}

#[test]
fn looked_up_features_have_defaults_for_missing_and_for_null() {
    let ages = featureset(
        "Ages",
        [
            given("uid", Type::Int),
            looked_up("age", Type::Int, "Users", "age", Some(Literal::Int(-1))),
        ],
    );
    let fixture = users(&[USER, ages]);
    let answer = fixture.answer(
        &json!({ "User.uid": [2, "1", 9] }),
        &["User.age", "User.city"],
    );
    let expected =
        json!({ "User.age": [41, null, null], "User.city": ["bern", "oslo", "nowhere"] });
    assert_eq!(
        answer.to_string(),
        expected.to_string(),
        "in the order that was asked for"
    );
    assert_eq!(
        fixture.answer(&json!({ "Ages.uid": [1, 2, 9] }), &["Ages.age"]),
        json!({ "Ages.age": [-1, 41, -1] })
    );
}

#[test]
fn each_row_is_answered_as_of_its_own_instant() {
    let fixture = users(&[USER]);
    let at = [99, 100, 199, 200].map(second).to_vec();
    let query = Query {
        at: Some(at),
        ..query(&json!({ "User.uid": [1, 1, 1, 1] }), &["User.city"])
    };
    let answer = fixture.engine.query("main", &query).unwrap();
    assert_eq!(
        answer.to_json(),
        json!({ "User.city": ["nowhere", "rome", "rome", "oslo"] })
    );
}

#[test]
fn aliases_chain_and_an_input_wins_over_how_it_would_be_had() {
    let uid = |name, from| featureset(name, [alias("uid", Type::Int, from, "uid", None)]);
    let request = featureset("Request", [given("uid", Type::Int)]);
    let last = featureset(
        "Last",
        [
            alias("uid", Type::Int, "B", "uid", None),
            looked_up("city", Type::Optional(&Type::String), "Users", "city", None),
            alias(
                "home",
                Type::String,
                "Last",
                "city",
                Some(Literal::Str("none")),
            ),
        ],
    );
    let fixture = users(&[request, uid("A", "Request"), uid("B", "A"), last]);
    let home = |data: Json| fixture.answer(&data, &["Last.home"])["Last.home"].clone();
    assert_eq!(
        home(json!({ "Request.uid": [1, 9] })),
        json!(["oslo", "none"])
    );
    assert_eq!(
        home(json!({ "Request.uid": [1], "A.uid": [2] })),
        json!(["bern"])
    );
    assert_eq!(
        home(json!({ "Request.uid": [1], "Last.city": [null] })),
        json!(["none"])
    );
    assert_eq!(
        home(json!({ "Last.city": ["here"] })),
        json!(["here"]),
        "nothing else is needed"
    );
    assert_eq!(home(json!({ "Last.home": ["given"] })), json!(["given"]));
}

#[test]
fn a_featureset_stands_for_its_features_that_are_not_deleted() {
    let gone = Feature {
        meta: DELETED,
        ..looked_up("age", OPTIONAL_INT, "Users", "age", None)
    };
    let user = featureset(
        "User",
        [
            given("uid", Type::Int),
            gone,
            looked_up("city", Type::Optional(&Type::String), "Users", "city", None),
        ],
    );
    let past = Featureset {
        meta: DELETED,
        ..featureset("Past", [given("x", Type::Int)])
    };
    let fixture = users(&[user, past]);
    let answer = fixture.answer(
        &json!({ "User.uid": [1] }),
        &["User.city", "User", "User.uid"],
    );
    assert_eq!(
        answer.to_string(),
        r#"{"User.city":["oslo"],"User.uid":[1]}"#
    );
    let refused = |output| {
        let refused = fixture.query(&json!({ "User.uid": [1] }), &[output]);
        assert!(matches!(refused, Err(Error::Unknown { .. })));
        refusal(refused)
    };
    assert!(refused("User.age").starts_with("feature `User.age` is marked deleted"));
    assert!(refused("Past.x").starts_with("featureset `Past` is marked deleted"));
    assert!(refused("Past").starts_with("featureset `Past` is marked deleted"));
}

#[test]
fn lists_of_keys_are_looked_up_element_by_element() {
    let pairs = indexed(
        "Pairs",
        [
            key("a", Type::Int),
            key("b", Type::String),
            value("v", OPTIONAL_INT),
            TS,
        ],
        source("pairs", Cdc::Upsert),
    );
    let lists = featureset(
        "Lists",
        [
            given("a", Type::List(&Type::Int)),
            given("b", Type::List(&Type::String)),
            looked_up(
                "v",
                Type::List(&Type::Int),
                "Pairs",
                "v",
                Some(Literal::Int(0)),
            ),
        ],
    );
    let fixture = Fixture::with(&request(&[pairs], &[lists]));
    fixture.log(
        "pairs",
        &json!([{ "a": 1, "b": "x", "v": 5, "ts": 1 }, { "a": 2, "b": "x", "v": null, "ts": 1 }]),
    );
    let query = |a: Json, b: Json| {
        let answer = fixture.query(&json!({ "Lists.a": a, "Lists.b": b }), &["Lists.v"]);
        answer.map(|columns| columns.to_json()["Lists.v"].clone())
    };
    let values = query(
        json!([[1, 2, 3], [], [1]]),
        json!([["x", "x", "x"], [], ["x"]]),
    )
    .unwrap();
    assert_eq!(values, json!([[5, 0, 0], [], [5]]));
    assert_eq!(
        refusal(query(json!([[1], [1, 2]]), json!([["x"], ["x"]]))),
        "row 1: `Lists.a` lists 2 and `Lists.b` lists 1; lists of keys that are looked up together are of one length"
    );
}

#[test]
fn a_column_that_is_a_list_is_looked_up_as_a_whole() {
    let tags = indexed(
        "Tags",
        [
            key("id", Type::Int),
            value("tags", Type::List(&Type::String)),
            TS,
        ],
        source("tags", Cdc::Upsert),
    );
    let features = featureset(
        "F",
        [
            given("id", Type::Int),
            looked_up(
                "tags",
                Type::List(&Type::String),
                "Tags",
                "tags",
                Some(Literal::List(&[])),
            ),
        ],
    );
    let fixture = Fixture::with(&request(&[tags], &[features]));
    fixture.log("tags", &json!([{ "id": 1, "tags": ["a", "b"], "ts": 1 }]));
    assert_eq!(
        fixture.answer(&json!({ "F.id": [1, 2] }), &["F.tags"]),
        json!({ "F.tags": [["a", "b"], []] })
    );
}

#[test]
fn keys_and_event_times_can_be_looked_up_too() {
    let features = featureset(
        "F",
        [
            given("uid", Type::Int),
            looked_up(
                "seen",
                Type::Optional(&Type::Timestamp),
                "Users",
                "ts",
                None,
            ),
            looked_up("known", Type::Optional(&Type::Int), "Users", "uid", None),
        ],
    );
    let fixture = users(&[features]);
    assert_eq!(
        fixture.answer(&json!({ "F.uid": [2, 3] }), &["F.seen", "F.known"]),
        json!({ "F.seen": ["2024-01-01T00:02:30.000000Z", null], "F.known": [2, null] })
    );
}

#[test]
fn a_record_is_read_by_name_where_its_fields_stand_in_another_order() {
    const X: RecordField<'static> = RecordField {
        name: "x",
        ty: Type::Int,
    };
    const Y: RecordField<'static> = RecordField {
        name: "y",
        ty: Type::String,
    };
    const STORED: Record<'static> = Record {
        name: "Point",
        fields: &[X, Y],
    };
    const ASKED: Record<'static> = Record {
        name: "Point",
        fields: &[Y, X],
    };
    let points = indexed(
        "Points",
        [
            key("id", Type::Int),
            value("point", Type::Record(&STORED)),
            TS,
        ],
        source("points", Cdc::Upsert),
    );
    let features = featureset(
        "F",
        [
            given("id", Type::Int),
            looked_up(
                "point",
                Type::Optional(&Type::Record(&ASKED)),
                "Points",
                "point",
                None,
            ),
        ],
    );
    let fixture = Fixture::with(&request(&[points], &[features]));
    fixture.log(
        "points",
        &json!([{ "id": 1, "point": { "y": "north", "x": 7 }, "ts": 1 }]),
    );
    let answer = fixture.answer(&json!({ "F.id": [1, 2] }), &["F.point"]);
    assert_eq!(
        answer,
        json!({ "F.point": [{ "x": 7, "y": "north" }, null] })
    );
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let lone = featureset("Lone", [given("x", Type::Int)]);
    let fixture = users(&[USER, lone]);
    let refused = |data: Json, outputs: &[&str]| refusal(fixture.query(&data, outputs));
    let uid = || json!({ "User.uid": [1] });
    assert_eq!(
        refused(json!({ "Lone.x": [1] }), &["User.city"]),
        "feature `User.uid` is neither given nor computed, and `User.city` needs it; add it to the inputs"
    );
    assert_eq!(
        refused(uid(), &["Lone.x"]),
        "feature `Lone.x` is neither given nor computed; add it to the inputs"
    );
    assert_eq!(
        refused(uid(), &["User.nope"]),
        "no feature `User.nope`; there are `User.uid`, `User.city`, `User.age`"
    );
    assert_eq!(
        refused(uid(), &["Nope.x"]),
        "no featureset `Nope`; there are `Lone`, `User`"
    );
    assert_eq!(
        refused(uid(), &["Nope"]),
        "no featureset `Nope`; there are `Lone`, `User`"
    );
    assert_eq!(
        refused(json!({ "uid": [1] }), &["User.city"]),
        "`uid` is no feature; write it as `Featureset.feature`"
    );
    assert_eq!(
        refused(json!({ "User.uid": [1, 1.5] }), &["User.city"]),
        "input `User.uid`, row 1: expected a whole number, found 1.5"
    );
    assert_eq!(
        refused(json!({ "User.uid": [1], "Lone.x": [1, 2] }), &["User.city"]),
        "there are 2 rows of input `Lone.x` and 1 rows of input `User.uid`; send as many of each"
    );
    let without_data = Query {
        data: Default::default(),
        ..query(&uid(), &["User.city"])
    };
    assert_eq!(
        refusal(fixture.engine.query("main", &without_data)),
        "input `User.uid` has no data; send a column of that name"
    );
    let instants = Query {
        at: Some(vec![second(0); 3]),
        ..query(&uid(), &["User.city"])
    };
    assert_eq!(
        refusal(fixture.engine.query("main", &instants)),
        "there are 1 rows of input `User.uid` and 3 instants; send as many of each"
    );
    assert!(matches!(
        fixture.engine.query("x", &query(&uid(), &["User"])),
        Err(Error::Unknown { .. })
    ));
}

#[test]
fn nothing_asked_is_nothing_answered() {
    let fixture = users(&[USER]);
    assert_eq!(fixture.answer(&json!({ "User.uid": [1] }), &[]), json!({}));
    assert_eq!(
        fixture.answer(&json!({ "User.uid": [] }), &["User"])["User.city"],
        json!([])
    );
    assert_eq!(fixture.answer(&json!({}), &[]), json!({}));
}

#[test]
fn a_query_needs_the_index_of_its_kind() {
    let online = Dataset {
        index: fennel_core::entity::Index {
            online: true,
            offline: false,
        },
        ..USERS
    };
    let fixture = Fixture::with(&request(&[online], &[USER]));
    let mut asked = query(&json!({ "User.uid": [1] }), &["User.city"]);
    assert!(fixture.engine.query("main", &asked).is_ok());
    asked.at = Some(vec![second(0)]);
    assert!(
        refusal(fixture.engine.query("main", &asked))
            .starts_with("dataset `Users` has no offline index")
    );
    asked.outputs = vec!["User.uid".into()];
    assert!(
        fixture.engine.query("main", &asked).is_ok(),
        "what isn't needed isn't looked up"
    );
}

#[test]
fn a_long_chain_of_aliases_is_followed() {
    let names: Vec<&'static str> = (0..5_000).map(|i| &*format!("f{i}").leak()).collect();
    let aliases = names
        .windows(2)
        .map(|pair| alias(pair[1], Type::Int, "Chain", pair[0], None));
    let features: Vec<_> = [given("f0", Type::Int)]
        .into_iter()
        .chain(aliases)
        .collect();
    let chain = featureset("Chain", features);
    let fixture = Fixture::with(&request(&[], &[chain]));
    assert_eq!(
        fixture.answer(&json!({ "Chain.f0": [7] }), &["Chain.f4999"]),
        json!({ "Chain.f4999": [7] })
    );
}

#[test]
fn an_update_is_seen_by_the_next_query() {
    let fixture = users(&[USER]);
    let city =
        || fixture.answer(&json!({ "User.uid": [1] }), &["User.city"])["User.city"][0].clone();
    assert_eq!(city(), "oslo");
    fixture.log("users", &json!([user(1, "lima", 300)]));
    assert_eq!(city(), "lima");
}

#[test]
fn expressions_are_computed_for_every_row_of_what_they_read_alone() {
    const TWO: Expr<'_> = Expr::Literal(Literal::Int(2));
    let double = Expr::Binary(Binary::Mul, &Expr::Name("uid"), &TWO);
    let again = Expr::Binary(Binary::Add, &Expr::Name("double"), &Expr::Name("uid"));
    let other = Expr::Binary(Binary::Add, &Expr::Name("unknown"), &TWO);
    let sums = featureset(
        "Sums",
        [
            given("uid", Type::Int),
            computed("double", Type::Int, double),
            computed("thrice", Type::Int, again),
            given("unknown", Type::Int),
            computed("other", Type::Int, other),
        ],
    );
    let fixture = Fixture::with(&request(&[], &[sums]));
    let data = json!({ "Sums.uid": [1, 2, 3] });
    assert_eq!(
        fixture.answer(&data, &["Sums.thrice", "Sums.double"]),
        json!({ "Sums.thrice": [3, 6, 9], "Sums.double": [2, 4, 6] })
    );
    let given = json!({ "Sums.uid": [1], "Sums.double": [10] });
    assert_eq!(
        fixture.answer(&given, &["Sums.thrice"]),
        json!({ "Sums.thrice": [11] }),
        "what is given isn't computed"
    );
    let refused = refusal(fixture.query(&data, &["Sums.other"]));
    assert!(
        refused.contains("`Sums.unknown` is neither given nor computed"),
        "{refused}"
    );
}

#[test]
fn a_row_that_fails_is_told_with_its_feature() {
    const TEXT: &[Expr<'_>] = &[Expr::Name("text"), Expr::Type(Type::Int)];
    let parsed = featureset(
        "Parsed",
        [
            given("text", Type::String),
            computed("number", Type::Int, Expr::Call("parse", TEXT)),
        ],
    );
    let fixture = Fixture::with(&request(&[], &[parsed]));
    let refused = refusal(fixture.query(&json!({ "Parsed.text": ["1", "x"] }), &["Parsed.number"]));
    assert!(
        refused.starts_with("feature `Parsed.number`, row 1: "),
        "{refused}"
    );
}
