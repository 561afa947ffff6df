//! What sources make of rows.

use fennel_core::entity::{Cdc, Dataset, Preproc, PreprocValue, Sample, Source};
use fennel_core::expr::{Binary, Expr};
use fennel_core::literal::Literal;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::{RecordField, Type};
use serde_json::{Value as Json, json};

use crate::definitions::{SALES, TS, dataset, request, source, value};
use crate::fixture::{Fixture, second, store};

const FIELDS: [fennel_core::entity::Field<'static>; 3] =
    [value("id", Type::Int), value("kind", Type::String), TS];

fn events(source: Source<'static>) -> Fixture {
    Fixture::with(&request(&[dataset("Events", FIELDS, [source])], &[]))
}

fn event(id: i64, ts: i64) -> Json {
    json!({ "id": id, "kind": "k", "ts": ts })
}

const fn preproc<'a>(column: &'a str, value: PreprocValue<'a>) -> Preproc<'a> {
    Preproc { column, value }
}

fn ids(fixture: &Fixture) -> Vec<i64> {
    let mut ids: Vec<_> = fixture.dump("Events")["id"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_i64().unwrap())
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn since_is_taken_and_until_is_not() {
    let bounds = (Some(second(10)), Some(second(12)));
    let fixture = events(Source {
        since: bounds.0,
        until: bounds.1,
        ..source("events", Cdc::Append)
    });
    let logged = fixture.log(
        "events",
        &json!([event(1, 9), event(2, 10), event(3, 11), event(4, 12)]),
    );
    assert_eq!(ids(&fixture), [2, 3]);
    assert_eq!(
        logged.set_aside,
        [],
        "rows outside the bounds are no rejects"
    );
}

#[test]
fn a_row_outside_the_bounds_is_left_out_even_if_it_does_not_fit() {
    let fixture = events(Source {
        since: Some(second(10)),
        ..source("events", Cdc::Append)
    });
    let logged = fixture.log("events", &json!([{ "ts": 9 }, { "ts": 10 }]));
    assert_eq!(logged.set_aside.len(), 1);
    assert_eq!(logged.set_aside[0].row, 1);
}

#[test]
fn preproc_makes_columns_of_constants_of_other_columns_and_of_parts() {
    const MADE: &[Preproc<'static>] = &[
        preproc("kind", PreprocValue::Ref("body[type][name]")),
        preproc("id", PreprocValue::Ref("number")),
        preproc(
            "ts",
            PreprocValue::Constant(Literal::Str("2024-01-01T00:00:05Z")),
        ),
    ];
    let fixture = events(Source {
        preproc: MADE,
        ..source("events", Cdc::Append)
    });
    let logged = fixture.log(
        "events",
        &json!([
            { "number": "7", "body": { "type": { "name": "a" } }, "id": 1, "unknown": [] },
            { "number": 8, "body": { "type": null } },
            { "body": { "type": { "name": "c" } } },
        ]),
    );
    let reasons: Vec<_> = logged
        .set_aside
        .iter()
        .map(|aside| (aside.row, aside.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (1, "column `kind`: expected a text, found null"),
            (2, "column `number` is missing"),
        ]
    );
    let ts = "2024-01-01T00:00:05.000000Z";
    assert_eq!(
        fixture.dump("Events"),
        json!({ "id": [7], "kind": ["a"], "ts": [ts] })
    );
}

#[test]
fn a_sample_takes_the_same_keys_wherever_they_come() {
    let by = |using: &'static [&'static str], rate| Source {
        sample: Some(Sample { rate, using }),
        ..source("events", Cdc::Append)
    };
    let log = |fixture: &Fixture, ts: i64| {
        fixture.log("events", &(0..200).map(|id| event(id, ts)).collect());
        ids(fixture)
    };
    let fixture = events(by(&["id"], 0.3));
    let taken = log(&fixture, 100);
    assert!((30..90).contains(&taken.len()), "{}", taken.len());
    let mut twice = log(&fixture, 999);
    twice.dedup();
    assert_eq!(twice, taken, "other columns decide nothing");
    assert_eq!(
        log(&events(by(&["id"], 0.3)), 5),
        taken,
        "nor does another engine"
    );
    assert_eq!(&taken[..6], [4, 8, 11, 13, 14, 16], "for ever");
    assert_eq!(log(&events(by(&[], 1.0)), 5).len(), 200);
    assert_eq!(log(&events(by(&[], 0.0)), 5).len(), 0);
}

#[test]
fn a_bounded_source_ends_after_its_silence() {
    let bounded = Source {
        bounded: true,
        idleness: Some(Duration::parse("1m").unwrap()),
        ..source("events", Cdc::Append)
    };
    let fixture = events(bounded);
    let log = |at: i64, id: i64| {
        fixture.clock.set(second(at));
        fixture.log("events", &json!([event(id, 1)]))
    };
    // Silence counts from the first row on.
    for (at, id) in [(5_000, 1), (5_060, 2), (5_120, 3)] {
        assert_eq!(log(at, id).set_aside, []);
    }
    let reason = "the bounded source at endpoint `events` has ended after 1m without a row; commit it without `bounded` to take later rows";
    for (at, id) in [(5_181, 4), (5_182, 5)] {
        let logged = log(at, id);
        assert_eq!((logged.rows, logged.rows_set_aside), (1, 1));
        assert_eq!(logged.set_aside[0].reason, reason);
    }
    assert_eq!(ids(&fixture), [1, 2, 3], "once it has ended, it stays so");
    let rejects = || fixture.engine.rejects("main", "Events", 9).unwrap();
    let before = rejects();
    assert_eq!((before.total, before.rows[0].reason.as_str()), (2, reason));
    let again = Dataset {
        version: 2,
        ..dataset("Events", FIELDS, [bounded])
    };
    fixture.commit(&request(&[again], &[]));
    assert_eq!(
        ids(&fixture),
        [1, 2, 3],
        "a replay of the log comes to the same end"
    );
    assert_eq!(rejects(), before);
}

#[test]
fn the_silence_before_a_bounded_source_took_a_row_is_not_its_own() {
    let bounded = |since| Source {
        bounded: true,
        idleness: Some(Duration::parse("1m").unwrap()),
        since: Some(second(since)),
        ..source("events", Cdc::Append)
    };
    let two = |version| {
        let dataset = |name, since| Dataset {
            version,
            ..dataset(name, FIELDS, [bounded(since)])
        };
        request(&[dataset("Early", 0), dataset("Events", 100)], &[])
    };
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&two(1));
    let log = |fixture: &Fixture, at: i64, rows: Json| {
        fixture.clock.set(second(at));
        fixture.log("events", &rows).rows_set_aside
    };
    assert_eq!(log(&fixture, 5_000, json!([event(1, 1)])), 0);
    assert_eq!(
        log(&fixture, 6_000, json!([event(2, 100), event(3, 100)])),
        2
    );
    assert_eq!(ids(&fixture), [2, 3]);
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(
        log(&fixture, 6_060, json!([event(4, 101), event(5, 99)])),
        2
    );
    assert_eq!(ids(&fixture), [2, 3, 4], "a restart is no end");
    assert_eq!(log(&fixture, 6_121, json!([event(5, 101)])), 1);
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(log(&fixture, 6_122, json!([event(6, 101)])), 1);
    let seen = || {
        let rejects = |name| fixture.engine.rejects("main", name, 9).unwrap();
        (ids(&fixture), rejects("Early"), rejects("Events"))
    };
    let before = seen();
    assert_eq!(before.0, [2, 3, 4], "nor is it a beginning");
    fixture.commit(&two(2));
    assert_eq!(seen(), before);
}

#[test]
fn several_sources_feed_one_dataset_and_one_endpoint_several_datasets() {
    const A: &[Preproc<'static>] = &[preproc("kind", PreprocValue::Constant(Literal::Str("a")))];
    const B: &[Preproc<'static>] = &[preproc("kind", PreprocValue::Constant(Literal::Str("b")))];
    let sources = [
        Source {
            preproc: A,
            ..source("one", Cdc::Append)
        },
        Source {
            preproc: B,
            ..source("one", Cdc::Append)
        },
        source("two", Cdc::Append),
    ];
    let both = dataset("Events", FIELDS, sources);
    let other = dataset(
        "Other",
        [value("id", Type::Int), TS],
        [source("one", Cdc::Append)],
    );
    let fixture = Fixture::with(&request(&[both, other], &[]));
    fixture.log("one", &json!([event(1, 1)]));
    fixture.log("two", &json!([event(2, 2)]));
    let dump = fixture.dump("Events");
    assert_eq!(dump["id"], json!([2, 1, 1]));
    assert_eq!(dump["kind"], json!(["k", "b", "a"]));
    assert_eq!(fixture.dump("Other")["id"], json!([1]));
}

#[test]
fn rows_without_a_key_are_kept_as_often_as_they_come() {
    let fixture = Fixture::with(&request(&[SALES], &[]));
    let sale = json!({ "uid": 1, "price": 2, "ts": 5 });
    fixture.log("sales", &json!([sale, sale]));
    fixture.log(
        "sales",
        &json!([sale, { "uid": 2, "price": "1.5", "ts": 9 }]),
    );
    let ts = |seconds| second(seconds).to_string();
    assert_eq!(
        fixture.dump("Sales"),
        json!({
            "uid": [2, 1, 1, 1],
            "price": [1.5, 2.0, 2.0, 2.0],
            "ts": [ts(9), ts(5), ts(5), ts(5)],
        }),
        "the latest event time first"
    );
    let two = fixture.engine.inspect("main", "Sales", 2).unwrap();
    assert_eq!(two.rows(), 2);
}

#[test]
fn event_times_are_taken_in_every_documented_form_and_to_the_ends_of_time() {
    let fixture = Fixture::with(&request(&[SALES], &[]));
    let instant = "2024-01-02T03:04:05Z";
    let micros = Timestamp::parse(instant).unwrap().micros();
    let forms = [
        json!(instant),
        json!(micros),
        json!(micros / 1_000),
        json!((micros / 1_000_000).to_string()),
        json!("0001-01-01"),
        json!("9999-12-31T23:59:59.999999Z"),
    ];
    let engine = &fixture.engine;
    let rows = |forms: &[Json]| {
        let row = |form: &Json| {
            let columns = [("uid", json!(1)), ("price", json!(1)), ("ts", form.clone())];
            columns
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into()
        };
        forms.iter().map(row).collect()
    };
    let logged = engine.log("hook", "sales", rows(&forms)).unwrap();
    assert_eq!(logged.set_aside, []);
    let dump = fixture.dump("Sales")["ts"].clone();
    assert_eq!(dump[0], "9999-12-31T23:59:59.999999Z");
    assert_eq!(dump[1], "2024-01-02T03:04:05.000000Z");
    assert_eq!(dump[5], "0001-01-01T00:00:00.000000Z");
}

#[test]
fn expressions_of_a_source_make_columns_and_decide() {
    const RAW: &[RecordField<'_>] = &[RecordField {
        name: "raw",
        ty: Type::String,
    }];
    const PARSED: &[Expr<'_>] = &[Expr::Name("raw"), Expr::Type(Type::Int)];
    const PREPROC: &[Preproc<'_>] = &[Preproc {
        column: "amount",
        value: PreprocValue::Expr(Expr::Call("parse", PARSED)),
    }];
    const ZERO: Expr<'_> = Expr::Literal(Literal::Int(0));
    let source = Source {
        preproc: PREPROC,
        columns: RAW,
        filter: Some(Expr::Binary(Binary::Gt, &Expr::Name("amount"), &ZERO)),
        ..source("sales", Cdc::Append)
    };
    let sales = dataset("Sales", [value("amount", Type::Int), TS], [source]);
    let fixture = Fixture::with(&request(&[sales], &[]));
    let logged = fixture.log(
        "sales",
        &json!([
            { "raw": "5", "ts": 1 },
            { "raw": "-5", "ts": 2 },
            { "raw": "five", "ts": 3 },
            { "ts": 4 },
        ]),
    );
    let reasons: Vec<_> = logged
        .set_aside
        .iter()
        .map(|aside| (aside.row, &*aside.reason))
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons[0].0 == 2 && reasons[0].1.starts_with("column `amount`: "),
        "{reasons:?}"
    );
    assert_eq!(reasons[1], (3, "column `amount`: column `raw` is missing"));
    assert_eq!(fixture.dump("Sales")["amount"], json!([5]));
}
