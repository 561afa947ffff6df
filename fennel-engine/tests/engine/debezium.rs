//! Sources whose rows are changes of a database's table, in Debezium's envelope.

use fennel_core::entity::{Cdc, Dataset, Field, Sample, Source};
use fennel_core::expr::{Binary, Expr};
use fennel_core::literal::Literal;
use fennel_core::time::Timestamp;
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_engine::{Incoming, Logged};
use serde_json::{Value as Json, json};

use crate::definitions::{TS, dataset, indexed, key, request, source, value};
use crate::fixture::{Fixture, second, store};

const USERS: [Field<'static>; 3] = [key("uid", Type::Int), value("city", Type::String), TS];

fn users(source: Source<'static>) -> Dataset<'static> {
    indexed("Users", USERS, source)
}

fn changes() -> Fixture {
    Fixture::with(&request(&[users(source("users", Cdc::Debezium))], &[]))
}

/// Milliseconds since 1970 of a second of 2024-01-01.
fn ms(seconds: i64) -> i64 {
    second(seconds).micros() / 1_000
}

fn image(uid: i64, city: &str, ts: i64) -> Json {
    json!({"uid": uid, "city": city, "ts": ms(ts)})
}

fn insert(uid: i64, city: &str, ts: i64) -> Json {
    json!({"op": "c", "before": null, "after": image(uid, city, ts), "ts_ms": ms(ts)})
}

fn update(before: &Json, after: &Json) -> Json {
    json!({"payload": {"op": "u", "before": before, "after": after, "ts_ms": 1}})
}

fn delete(uid: i64, at: i64) -> Json {
    let before = json!({"uid": uid, "city": null});
    json!({"payload": {"op": "d", "before": before, "after": null, "ts_ms": ms(at + 3), "source": {"ts_ms": ms(at)}}})
}

fn log(fixture: &Fixture, events: &[Json]) -> Logged {
    let rows = events.iter().map(|event| match Value::from(event.clone()) {
        Value::Map(row) => row,
        other => panic!("{other}"),
    });
    let rows: Vec<Incoming> = rows.collect();
    fixture.engine.log("hook", "users", rows).unwrap()
}

fn reasons(logged: &Logged) -> Vec<(usize, &str)> {
    let aside = logged.set_aside.iter();
    aside.map(|aside| (aside.row, &*aside.reason)).collect()
}

fn cities(fixture: &Fixture, uid: i64, seconds: &[i64]) -> Json {
    fixture.users_as_of(uid, "city", seconds)
}

#[test]
fn keys_come_change_and_go_at_their_instants() {
    let fixture = changes();
    let logged = log(
        &fixture,
        &[
            json!({"op": "r", "after": image(1, "Rome", 10)}),
            insert(2, "Oslo", 10),
            update(&Json::Null, &image(1, "Bonn", 20)),
            delete(1, 30),
            json!({"payload": null}),
        ],
    );
    assert_eq!((logged.rows, reasons(&logged)), (5, vec![]));
    assert_eq!(
        cities(&fixture, 1, &[9, 10, 20, 29, 30, 99]),
        json!([null, "Rome", "Bonn", "Bonn", null, null])
    );
    assert_eq!(cities(&fixture, 2, &[99]), json!(["Oslo"]));
    log(&fixture, &[insert(1, "Kyiv", 30)]);
    assert_eq!(
        cities(&fixture, 1, &[29, 30]),
        json!(["Bonn", "Kyiv"]),
        "what comes last at one instant counts"
    );
    log(&fixture, &[delete(1, 30)]);
    assert_eq!(cities(&fixture, 1, &[29, 30]), json!(["Bonn", null]));
}

#[test]
fn changes_count_by_their_instants_in_whatever_order_they_come() {
    let fixture = changes();
    log(
        &fixture,
        &[delete(1, 30), delete(7, 5), insert(1, "Nice", 40)],
    );
    assert_eq!(cities(&fixture, 1, &[30, 40]), json!([null, "Nice"]));
    log(&fixture, &[insert(1, "Rome", 10), delete(1, 20)]);
    assert_eq!(
        cities(&fixture, 1, &[10, 19, 20, 30, 40]),
        json!(["Rome", "Rome", null, null, "Nice"])
    );
    log(&fixture, &[insert(1, "Bonn", 25)]);
    assert_eq!(
        cities(&fixture, 1, &[24, 25, 29, 30, 40]),
        json!([null, "Bonn", "Bonn", null, "Nice"])
    );
    assert_eq!(cities(&fixture, 7, &[99]), json!([null]));
}

#[test]
fn a_row_is_never_gone_before_it_came() {
    let fixture = changes();
    let delete = |at: i64| json!({"op": "d", "before": image(1, "Rome", 10), "ts_ms": ms(at)});
    log(&fixture, &[insert(1, "Rome", 10), delete(9)]);
    assert_eq!(cities(&fixture, 1, &[9, 10, 99]), json!([null, null, null]));
    log(&fixture, &[insert(1, "Bonn", 12)]);
    assert_eq!(cities(&fixture, 1, &[11, 12]), json!([null, "Bonn"]));
    // Also where the source begins in between.
    let since = Source {
        since: Some(second(10)),
        ..source("users", Cdc::Debezium)
    };
    let fixture = Fixture::with(&request(&[users(since)], &[]));
    log(&fixture, &[insert(1, "Rome", 10), delete(9)]);
    assert_eq!(cities(&fixture, 1, &[99]), json!([null]));
}

#[test]
fn an_update_may_move_a_row_to_another_key() {
    let fixture = changes();
    let moved = update(&image(1, "Rome", 10), &image(2, "Rome", 20));
    let stayed = update(&image(2, "Rome", 20), &image(2, "Bonn", 30));
    log(&fixture, &[insert(1, "Rome", 10), moved, stayed]);
    assert_eq!(cities(&fixture, 1, &[19, 20]), json!(["Rome", null]));
    assert_eq!(
        cities(&fixture, 2, &[19, 20, 30]),
        json!([null, "Rome", "Bonn"])
    );
}

const IN_ROME: Expr<'static> = Expr::Binary(
    Binary::Eq,
    &Expr::Name("city"),
    &Expr::Literal(Literal::Str("Rome")),
);

#[test]
fn a_row_that_the_filter_lets_go_is_gone() {
    let fixture = Fixture::with(&request(
        &[users(Source {
            filter: Some(IN_ROME),
            ..source("users", Cdc::Debezium)
        })],
        &[],
    ));
    let logged = log(
        &fixture,
        &[
            insert(1, "Rome", 10),
            insert(2, "Oslo", 10),
            update(&Json::Null, &image(1, "Bonn", 20)),
            update(&image(2, "Oslo", 10), &image(2, "Rome", 20)),
            insert(3, "Rome", 10),
            update(&image(3, "Rome", 10), &image(4, "Bonn", 20)),
            delete(2, 30),
        ],
    );
    assert_eq!(reasons(&logged), []);
    assert_eq!(cities(&fixture, 1, &[10, 20]), json!(["Rome", null]));
    assert_eq!(
        cities(&fixture, 2, &[10, 20, 30]),
        json!([null, "Rome", null])
    );
    assert_eq!(cities(&fixture, 3, &[10, 20]), json!(["Rome", null]));
    assert_eq!(cities(&fixture, 4, &[20]), json!([null]));
    let timeless = json!({"uid": 1, "city": "Bonn", "ts": null});
    let logged = log(&fixture, &[update(&Json::Null, &timeless)]);
    let reason = "column `ts`: expected an instant such as 2024-01-31T12:30:00Z, found null";
    assert_eq!(reasons(&logged), [(0, reason)], "since when is it gone?");
}

#[test]
fn a_delete_asks_no_sample_and_is_within_the_sources_bounds() {
    let all_or_none = |rate| Source {
        sample: Some(Sample {
            rate,
            using: &["city"],
        }),
        since: Some(second(10)),
        until: Some(second(50)),
        ..source("users", Cdc::Debezium)
    };
    let fixture = Fixture::with(&request(&[users(all_or_none(1.0))], &[]));
    log(
        &fixture,
        &[
            insert(1, "Rome", 10),
            delete(1, 9),
            delete(1, 50),
            insert(2, "Rome", 10),
            delete(2, 49),
            insert(3, "Rome", 10),
            update(&Json::Null, &image(3, "Bonn", 50)),
        ],
    );
    assert_eq!(cities(&fixture, 1, &[99]), json!(["Rome"]));
    assert_eq!(cities(&fixture, 2, &[48, 49]), json!(["Rome", null]));
    assert_eq!(cities(&fixture, 3, &[99]), json!(["Rome"]));
}

#[test]
fn what_does_not_fit_is_set_aside_with_what_is_wrong() {
    let fixture = changes();
    let logged = log(
        &fixture,
        &[
            json!({"uid": 1, "city": "Rome", "ts": ms(1)}),
            json!({"op": "t", "ts_ms": 1}),
            json!({"op": "c", "after": {"uid": 1, "ts": ms(1)}}),
            json!({"op": "d", "before": {"city": "Rome"}, "ts_ms": 1}),
            update(&json!({"uid": null}), &image(9, "Rome", 1)),
            json!({"op": "d", "before": {"uid": 1}}),
            insert(1, "Oslo", 5),
            json!({"op": "u", "before": null, "after": {"uid": 1, "city": null, "ts": ms(6)}}),
        ],
    );
    assert_eq!(
        reasons(&logged),
        [
            (
                0,
                "it is no event of Debezium, which has `op`, `before` and `after`, by itself or in `payload`: `op` is missing"
            ),
            (1, "`op` is \"t\"; expected \"c\", \"r\", \"u\" or \"d\""),
            (2, "column `city` is missing"),
            (3, "`before`: column `uid` is missing"),
            (
                4,
                "`before`: column `uid`: expected a whole number, found null"
            ),
            (
                5,
                "neither `source.ts_ms` nor `ts_ms` says when the row was deleted"
            ),
            (7, "column `city`: expected a text, found null"),
        ]
    );
    assert_eq!(cities(&fixture, 1, &[99]), json!(["Oslo"]));
    let rejects = fixture.engine.rejects("main", "Users", 9).unwrap();
    assert_eq!(rejects.total, 7);
}

#[test]
fn without_a_key_rows_only_come() {
    let events = dataset(
        "Events",
        [value("city", Type::String), TS],
        [source("users", Cdc::Debezium)],
    );
    let fixture = Fixture::with(&request(&[events], &[]));
    let logged = log(
        &fixture,
        &[
            update(&Json::Null, &image(1, "Bonn", 20)),
            insert(1, "Rome", 10),
            delete(1, 30),
            json!({"op": "r", "after": image(1, "Rome", 10)}),
        ],
    );
    let reason = "dataset `Events` has no key by which a row could be changed or deleted";
    assert_eq!(reasons(&logged), [(0, reason), (2, reason)]);
    assert_eq!(fixture.dump("Events")["city"], json!(["Rome", "Rome"]));
}

#[test]
fn a_late_commit_and_a_restart_come_to_the_same() {
    let events = [
        insert(1, "Rome", 10),
        update(&image(1, "Rome", 10), &image(2, "Rome", 20)),
        json!({"op": "x"}),
        delete(2, 30),
        insert(3, "Oslo", 10),
    ];
    let dir = tempfile::tempdir().unwrap();
    let live = Fixture::on(store(dir.path()));
    let debezium = || request(&[users(source("users", Cdc::Debezium))], &[]);
    live.commit(&debezium());
    log(&live, &events);
    let seen = |fixture: &Fixture| {
        let all = fixture.dump("Users");
        let of = |uid| cities(fixture, uid, &[10, 20, 30]);
        let rejects = fixture.engine.rejects("main", "Users", 9).unwrap().total;
        (all, of(1), of(2), of(3), rejects)
    };
    let before = seen(&live);
    assert_eq!(before.2, json!([null, "Rome", null]));
    drop(live);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(seen(&fixture), before);
    let again = Dataset {
        version: 2,
        ..users(source("users", Cdc::Debezium))
    };
    fixture.commit(&request(&[again], &[]));
    assert_eq!(seen(&fixture), before);
    assert_eq!(
        Timestamp::from_micros(ms(10) * 1_000),
        Some(second(10)),
        "event times count milliseconds"
    );
}
