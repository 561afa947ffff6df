//! A step that panics on a row: that row is set aside, and nothing else is held up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::python::{Function, Lookups, Runner, Stop};
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming, ManualClock, Options};
use serde_json::{Value as Json, json};

use super::python::in_python;
use super::{commit, dump, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("throw"), disorder = "1d", cdc = append)]
struct Throw {
    name: String,
    points: i64,
    at: DateTime<Utc>,
}

/// What a Python function makes of them.
#[dataset(index)]
struct Total {
    #[field(key)]
    name: String,
    total: i64,
    throws: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn total(throws: Throw) -> Total {
    throws
        .assign(doubled = points * 2)
        .group_by(name)
        .aggregate(total = sum(doubled, "forever"), throws = count("forever"))
}

/// What calls none.
#[dataset(index)]
struct Throws {
    #[field(key)]
    name: String,
    throws: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn throws(throws: Throw) -> Throws {
    throws.group_by(name).aggregate(throws = count("forever"))
}

/// Points that a player has until there are others.
#[dataset(index)]
#[source(APP.endpoint("level"), disorder = "1d", cdc = upsert)]
struct Level {
    #[field(key)]
    name: String,
    team: String,
    points: i64,
    at: DateTime<Utc>,
}

/// What a Python function makes of those of a team.
#[dataset(index)]
struct Standing {
    #[field(key)]
    team: String,
    total: i64,
    players: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn standing(levels: Level) -> Standing {
    levels
        .assign(doubled = points * 2)
        .group_by(team)
        .aggregate(total = sum(doubled, "forever"), players = count("forever"))
}

/// Doubles points, unless it is to panic on one or isn't there.
#[derive(Clone, Debug, Default)]
pub(super) struct Brittle(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    panics_on: BTreeSet<i64>,
    is_away: bool,
    pub(super) calls: usize,
    /// How many rows the largest call had.
    pub(super) most_rows: usize,
}

impl Brittle {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|lock| lock.into_inner())
    }

    pub(super) fn engine(&self, store: &Store) -> Engine {
        let mut options = Options::default();
        options.python = Some(Arc::new(self.clone()));
        let clock = ManualClock::new(instant(1_000_000));
        Engine::open_with(store.clone(), Arc::new(clock), &options).unwrap()
    }
}

impl Runner for Brittle {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        _: &Function,
        columns: &[Vec<Value>],
        rows: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let mut state = self.state();
        state.calls += 1;
        state.most_rows = state.most_rows.max(rows);
        if state.is_away {
            return Err(Stop::Unavailable("away".into()));
        }
        let points = columns.iter().flatten().filter_map(|value| match value {
            Value::Int(points) => Some(*points),
            _ => None,
        });
        let made = points.map(|points| {
            assert!(
                !state.panics_on.contains(&points),
                "no {points} is expected"
            );
            Value::Int(points * 2)
        });
        Ok(vec![made.collect()])
    }
}

fn all() -> SyncRequest {
    in_python(request(fennel::entities![Throw, Total, Throws]))
}

/// Throws of one player, each with other points.
fn log(engine: &Engine, points: std::ops::Range<i64>) {
    let rows = points.map(|points| {
        Incoming::from([
            ("name".into(), Value::String("a".into())),
            ("points".into(), Value::Int(points)),
            ("at".into(), Value::Timestamp(instant(points))),
        ])
    });
    let rows: Vec<_> = rows.collect();
    let count = rows.len() as u64;
    assert_eq!(engine.log("app", "throw", rows).unwrap().rows, count);
}

fn rows(engine: &Engine, dataset: &str, columns: &[&str]) -> Vec<Json> {
    let rows: Json = serde_json::from_str(&dump(engine, dataset)).unwrap();
    columns.iter().map(|name| rows[name][0].clone()).collect()
}

/// The points that aren't in `Total`, the latest first.
fn aside(engine: &Engine) -> Vec<i64> {
    let rejects = engine.rejects("main", "Total", 99).unwrap();
    let points = rejects.rows.into_iter().map(|reject| {
        assert!(
            reject
                .reason
                .starts_with("pipeline `total` panicked on it, which is a fault of this server"),
            "{}",
            reject.reason
        );
        assert_eq!(reject.row["name"], Value::String("a".into()));
        match reject.row["points"] {
            Value::Int(points) => points,
            ref other => panic!("{other} is no number of points"),
        }
    });
    points.collect()
}

#[test]
fn a_row_on_which_a_step_panics_is_set_aside_and_the_others_go_on() {
    let (brittle, store) = (Brittle::default(), Store::in_memory());
    let engine = brittle.engine(&store);
    commit(&engine, &all());
    log(&engine, 0..10);
    brittle.state().panics_on = [13, 60].into();
    brittle.state().calls = 0;
    log(&engine, 10..100);
    engine.check_applied().unwrap();
    let sum: i64 = (0..100).filter(|i| ![13, 60].contains(i)).sum();
    let expected = [json!(2 * sum), json!(98)];
    assert_eq!(rows(&engine, "Total", &["total", "throws"]), expected);
    assert_eq!(aside(&engine), [60, 13]);
    assert_eq!(
        rows(&engine, "Throws", &["throws"]),
        [json!(100)],
        "other pipelines have all rows"
    );
    let calls = brittle.state().calls;
    assert!(calls < 60, "the rows are found by halves: {calls} calls");

    log(&engine, 100..101);
    assert_eq!(rows(&engine, "Total", &["throws"]), [json!(99)]);
    drop(engine);
    let engine = brittle.engine(&store);
    engine.check_applied().unwrap();
    assert_eq!(rows(&engine, "Total", &["throws"]), [json!(99)]);
    assert_eq!(aside(&engine), [60, 13]);
}

#[test]
fn a_row_on_which_a_step_panics_keeps_no_engine_from_opening() {
    let (brittle, store) = (Brittle::default(), Store::in_memory());
    let engine = brittle.engine(&store);
    commit(&engine, &all());
    brittle.state().is_away = true;
    log(&engine, 0..10);
    engine.check_applied().unwrap_err();
    drop(engine);
    brittle.state().is_away = false;
    brittle.state().panics_on = [7].into();
    let engine = brittle.engine(&store);
    engine.check_applied().unwrap();
    assert_eq!(
        rows(&engine, "Total", &["total", "throws"]),
        [json!(76), json!(9)]
    );
    assert_eq!(rows(&engine, "Throws", &["throws"]), [json!(10)]);
    assert_eq!(aside(&engine), [7]);
}

#[test]
fn a_commit_fills_a_table_with_the_rows_on_which_no_step_panics() {
    let (brittle, store) = (Brittle::default(), Store::in_memory());
    let engine = brittle.engine(&store);
    commit(&engine, &request(fennel::entities![Throw]));
    log(&engine, 0..10);
    brittle.state().panics_on = [3, 4].into();
    commit(&engine, &all());
    assert_eq!(
        rows(&engine, "Total", &["total", "throws"]),
        [json!(76), json!(8)]
    );
    assert_eq!(rows(&engine, "Throws", &["throws"]), [json!(10)]);
    let mut aside = aside(&engine);
    aside.sort_unstable();
    assert_eq!(aside, [3, 4]);
}

#[test]
fn what_ends_a_row_and_what_replaces_it_goes_on_beside_a_row_on_which_a_step_panics() {
    let levels = || in_python(request(fennel::entities![Level, Standing]));
    let log = |engine: &Engine, points: &[i64]| {
        for points in points {
            let row = Incoming::from([
                ("name".into(), Value::String("ann".into())),
                ("team".into(), Value::String("red".into())),
                ("points".into(), Value::Int(*points)),
                ("at".into(), Value::Timestamp(instant(*points))),
            ]);
            engine.log("app", "level", vec![row]).unwrap();
            engine.check_applied().unwrap();
        }
    };
    let standing = |engine: &Engine| rows(engine, "Standing", &["total", "players"]);
    let aside = |engine: &Engine| engine.rejects("main", "Standing", 9).unwrap().total;

    let brittle = Brittle::default();
    brittle.state().panics_on = [13].into();
    let live = brittle.engine(&Store::in_memory());
    commit(&live, &levels());
    log(&live, &[12, 13]);
    assert_eq!(standing(&live), [json!(0), json!(0)], "12 has ended");
    log(&live, &[14]);
    assert_eq!(standing(&live), [json!(28), json!(1)]);
    assert_eq!(aside(&live), 1);

    let filled = brittle.engine(&Store::in_memory());
    commit(&filled, &request(fennel::entities![Level]));
    log(&filled, &[12, 13, 14]);
    commit(&filled, &levels());
    assert_eq!(standing(&filled), standing(&live));
    assert_eq!(aside(&filled), 1);
}
