//! What pipelines keep: no more than rows that may still come can need.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::{Space, Store};
use fennel_engine::{Engine, Incoming, ManualClock, Options};

use crate::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("click"), disorder = "1h", cdc = append)]
struct Click {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[source(APP.endpoint("owner"), disorder = "1h", cdc = upsert)]
struct Owner {
    #[field(key)]
    page: String,
    team: String,
    at: DateTime<Utc>,
}

/// Clicks of a user on a page, one in a quarter of an hour, with the team that has the page.
#[dataset]
struct Owned {
    user: i64,
    page: String,
    team: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn owned(clicks: Click, owners: Owner) -> Owned {
    clicks
        .dedup(user, page, window = tumbling("15m"))
        .left_join(owners, on(page))
}

#[derive(Record, Clone)]
struct Clicked {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

#[transform]
fn as_it_is(click: Clicked) -> Clicked {
    click
}

/// Clicks as a function makes them, one of a user in a quarter of an hour.
#[dataset]
struct Made {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn made(clicks: Click) -> Made {
    clicks
        .transform(as_it_is)
        .dedup(user, window = tumbling("15m"))
}

/// Each user's visits.
#[dataset(index)]
struct Visit {
    #[field(key)]
    user: i64,
    #[field(key)]
    window: Window,
    clicks: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn visit(clicks: Click) -> Visit {
    clicks
        .group_by(user, window = session("5m"))
        .aggregate(clicks = count())
}

/// Clicks by the hour, and then how many users had any.
#[dataset(index)]
struct Busy {
    #[field(key)]
    page: String,
    users: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn busy(clicks: Click) -> Busy {
    clicks
        .group_by(page, user)
        .aggregate(clicks = count(tumbling("1h")))
        .filter(clicks > 0)
        .group_by(page)
        .aggregate(users = count(hopping("forever", "1h")))
}

#[dataset]
#[source(APP.endpoint("bill"), disorder = "1h", cdc = append)]
struct Bill {
    page: String,
    paid: DateTime<Utc>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

/// Bills by the hour in which they were paid, which may be any.
#[dataset(index)]
struct Paid {
    #[field(key)]
    page: String,
    bills: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn paid(bills: Bill) -> Paid {
    bills
        .group_by(page)
        .aggregate(bills = count(tumbling("1h")), along = paid)
}

#[dataset(index)]
struct EverPaid {
    #[field(key)]
    page: String,
    bills: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn ever_paid(paid: Paid) -> EverPaid {
    paid.group_by(page)
        .aggregate(bills = sum(bills, hopping("forever", "1h")))
}

fn row(columns: &[(&str, Value)]) -> Incoming {
    let columns = columns.iter();
    columns
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect::<BTreeMap<_, _>>()
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// How many rows each step keeps, the fewest first; and how many sessions, apart from their rows.
fn kept(store: &Store) -> Vec<usize> {
    let mut kept: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for entry in store.scan_prefix(Space::Table, b"") {
        // A table's number, and behind it a step's: 0 for the table's own rows.
        let place = entry.unwrap().0[..6].to_vec();
        if place[4..] != [0, 0] {
            *kept.entry(place).or_default() += 1;
        }
    }
    let mut kept: Vec<_> = kept.into_values().collect();
    kept.sort_unstable();
    kept
}

/// Clicks every ten minutes, of three users on two pages, for so many hours more; and what is kept then.
fn click(engine: &Engine, store: &Store, hours: Range<i64>) -> Vec<usize> {
    for minute in (hours.start * 60..hours.end * 60).step_by(10) {
        let at = Value::Timestamp(instant(minute * 60));
        for user in 0..3 {
            let page = text(["a", "b"][(minute / 10 + user) as usize % 2]);
            let click = row(&[
                ("user", Value::Int(user)),
                ("page", page),
                ("at", at.clone()),
            ]);
            engine.log("app", "click", vec![click]).unwrap();
        }
        let owner = row(&[("page", text("a")), ("team", text("x")), ("at", at)]);
        engine.log("app", "owner", vec![owner]).unwrap();
    }
    kept(store)
}

fn dump(engine: &Engine) -> Vec<String> {
    ["Owned", "Made", "Visit", "Busy"]
        .map(|dataset| engine.inspect("main", dataset, usize::MAX).unwrap())
        .map(|columns| columns.to_json().to_string())
        .to_vec()
}

#[test]
fn steps_forget_rows_that_nothing_can_come_for_any_more() {
    let open = |compact_after| {
        let store = Store::in_memory();
        let mut options = Options::default();
        options.compact_after = compact_after;
        let clock = Arc::new(ManualClock::new(instant(10_000_000)));
        let engine = Engine::open_with(store.clone(), clock, &options).unwrap();
        commit(
            &engine,
            &request(fennel::entities![Click, Owner, Owned, Made, Visit, Busy]),
        );
        (engine, store)
    };
    let (compact, small) = open(1);
    let (whole, large) = open(usize::MAX);
    let day = click(&compact, &small, 0..24);
    let week = click(&compact, &small, 24..168);
    let all = click(&whole, &large, 0..168);
    assert_eq!(dump(&compact), dump(&whole), "answers don't depend on it");
    // The last aggregate of `Busy` answers as of any instant, so its rows stay.
    let (steps, [_]) = week.split_at(week.len() - 1) else {
        panic!("{week:?}");
    };
    assert!(
        steps.len() == 6 && steps.iter().all(|rows| *rows < 150),
        "{week:?}"
    );
    assert_eq!(steps, &day[..6], "a week needs no more than a day");
    assert!(all.iter().all(|rows| *rows > 2_000), "{all:?}");
}

#[test]
fn what_a_column_places_in_time_may_change_long_ago() {
    let engines = [1, usize::MAX].map(|compact_after| {
        let mut options = Options::default();
        options.compact_after = compact_after;
        let clock = Arc::new(ManualClock::new(instant(10_000_000)));
        let engine = Engine::open_with(Store::in_memory(), clock, &options).unwrap();
        commit(&engine, &request(fennel::entities![Bill, Paid, EverPaid]));
        for hour in 0..100 {
            let paid = hour - hour * 7 % 40;
            let bill = row(&[
                ("page", text("a")),
                ("paid", Value::Timestamp(instant(paid * 3600))),
                ("at", Value::Timestamp(instant(hour * 3600))),
            ]);
            engine.log("app", "bill", vec![bill]).unwrap();
        }
        ["Paid", "EverPaid"].map(|dataset| {
            let columns = engine.inspect("main", dataset, usize::MAX).unwrap();
            columns.to_json().to_string()
        })
    });
    assert_eq!(engines[0], engines[1]);
}
