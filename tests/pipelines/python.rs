//! Python functions in sources and pipelines, by a runner that can be told for which rows it is stopped: whatever it does,
//! what was made of a row stays until the row goes, and then it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_core::wire::proto::dataset::operator::Kind as Step;
use fennel_core::wire::proto::dataset::{Assign, Filter};
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::python::{Function, Kind, Lookups, Runner, Stop};
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming, ManualClock, Options};
use serde_json::{Value as Json, json};

use super::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("player"), disorder = "1h", cdc = upsert)]
struct Player {
    #[field(key)]
    name: String,
    team: String,
    points: i64,
    at: DateTime<Utc>,
}

/// What the players of a team have together.
#[dataset(index)]
struct Team {
    #[field(key)]
    team: String,
    total: i64,
    players: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn team(players: Player) -> Team {
    players
        .filter(points > 0)
        .assign(doubled = points * 2)
        .group_by(team)
        .aggregate(total = sum(doubled, "forever"), players = count("forever"))
}

#[dataset]
#[source(APP.endpoint("goal"), disorder = "1h", cdc = append)]
struct Goal {
    team: String,
    points: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Score {
    #[field(key)]
    team: String,
    goals: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn score(goals: Goal) -> Score {
    goals.group_by(team).aggregate(goals = count("forever"))
}

pub(super) fn code(name: &str) -> PyCode {
    PyCode {
        entry_point: name.into(),
        core_code: format!("def {name}(df):\n    .."),
        generated_code: format!("def {name}(df):\n    .."),
        ..PyCode::default()
    }
}

/// Definitions whose steps' expressions are Python functions.
pub(super) fn in_python(mut request: SyncRequest) -> SyncRequest {
    for operator in &mut request.operators {
        operator.kind = operator.kind.take().map(|kind| match kind {
            Step::FilterExpr(step) => Step::Filter(Filter {
                operand_id: step.operand_id,
                pycode: Some(code("kept")),
                operand_name: step.operand_name,
            }),
            Step::AssignExpr(step) => {
                let (name, ty) = step.output_types.into_iter().next().unwrap();
                Step::Assign(Assign {
                    operand_id: step.operand_id,
                    pycode: Some(code(&name)),
                    column_name: name,
                    output_type: Some(ty),
                    operand_name: step.operand_name,
                })
            }
            kind => kind,
        });
    }
    request
}

/// All definitions, written in Python.
fn written_in_python() -> SyncRequest {
    let mut request = in_python(request(fennel::entities![Player, Team, Goal, Score]));
    for source in &mut request.sources {
        if source.dataset == "Goal" {
            source.filter = Some(code("taken"));
        }
    }
    request
}

/// Runs `kept`, `doubled` and `taken`.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// A call with any of these points is stopped.
    stuck: BTreeSet<i64>,
    /// How many calls there were.
    pub(super) calls: usize,
    /// Any call after so many is stopped.
    most: Option<usize>,
    /// A call tells the one that it has begun, and waits for the other.
    pub(super) held: Option<(Sender<()>, Receiver<()>)>,
}

impl Fake {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn stick(&self, points: impl IntoIterator<Item = i64>) {
        self.state().stuck = points.into_iter().collect();
    }

    fn engine(&self, compact_after: usize) -> (Engine, ManualClock) {
        let mut options = Options::default();
        options.compact_after = compact_after;
        self.engine_with(options)
    }

    pub(super) fn engine_with(&self, mut options: Options) -> (Engine, ManualClock) {
        let clock = ManualClock::new(instant(1_000_000));
        options.python = Some(Arc::new(self.clone()));
        let engine = Engine::open_with(Store::in_memory(), Arc::new(clock.clone()), &options);
        (engine.unwrap(), clock)
    }

    /// An engine with the definitions in Python.
    fn committed(&self) -> (Engine, ManualClock) {
        let (engine, clock) = self.engine(10_000);
        commit(&engine, &written_in_python());
        (engine, clock)
    }
}

impl Runner for Fake {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        function: &Function,
        columns: &[Vec<Value>],
        _: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let held = {
            let mut state = self.state();
            state.calls += 1;
            state.held.take()
        };
        if let Some((begun, go)) = held {
            begun.send(()).unwrap();
            go.recv().unwrap();
        }
        let points = function.takes.iter().position(|(name, _)| name == "points");
        let points = columns[points.unwrap()].iter().map(|value| match value {
            Value::Int(points) => *points,
            other => panic!("{other} is no number of points"),
        });
        let points: Vec<i64> = points.collect();
        let state = self.state();
        if points.iter().any(|points| state.stuck.contains(points))
            || state.most.is_some_and(|most| state.calls > most)
        {
            return Err(Stop::Stopped("took too long".into()));
        }
        let made = points.into_iter().map(|points| match function.kind {
            Kind::Filter => Value::Bool(points > 0),
            _ => Value::Int(points * 2),
        });
        Ok(vec![made.collect()])
    }
}

fn player(name: &str, team: &str, points: i64, at: i64) -> Json {
    json!({"name": name, "team": team, "points": points, "at": instant(at).to_string()})
}

fn goal(team: &str, points: i64) -> Json {
    json!({"team": team, "points": points, "at": instant(7).to_string()})
}

/// Logs rows, and returns why any of them are set aside.
fn log(engine: &Engine, endpoint: &str, rows: &[Json]) -> Vec<String> {
    let rows = rows.iter().map(|row| match Value::from(row.clone()) {
        Value::Map(row) => row,
        other => panic!("{other} is no row"),
    });
    let rows: Vec<Incoming> = rows.collect();
    let logged = engine.log("app", endpoint, rows).unwrap();
    logged
        .set_aside
        .into_iter()
        .map(|aside| aside.reason)
        .collect()
}

/// What a team has: a column's value, now.
fn of_team(engine: &Engine, dataset: &str, team: &str, column: &str) -> Json {
    let key = BTreeMap::from([("team".to_owned(), Value::String(team.into()))]);
    let found = engine.lookup("main", dataset, vec![key], &[column.into()], None);
    found.unwrap().columns.to_json()[column][0].clone()
}

fn totals(engine: &Engine) -> [Json; 2] {
    ["red", "blue"].map(|team| of_team(engine, "Team", team, "total"))
}

#[test]
fn a_function_that_is_stopped_when_a_row_goes_leaves_nothing_of_it() {
    let fake = Fake::default();
    let (engine, _) = fake.committed();
    log(&engine, "player", &[player("a", "red", 5, 1)]);
    assert_eq!(totals(&engine)[0], json!(10));
    fake.stick([5]);
    log(&engine, "player", &[player("a", "blue", 6, 2)]);
    assert_eq!(totals(&engine), [json!(0), json!(12)]);
    assert_eq!(of_team(&engine, "Team", "red", "players"), json!(0));
}

#[test]
fn a_row_that_nothing_was_made_of_takes_nothing_along_when_it_goes() {
    let fake = Fake::default();
    let (engine, _) = fake.committed();
    fake.stick([5]);
    log(
        &engine,
        "player",
        &[player("a", "red", 5, 1), player("b", "red", 3, 1)],
    );
    assert_eq!(engine.rejects("main", "Team", 9).unwrap().total, 1);
    assert_eq!(totals(&engine)[0], json!(6));
    fake.stick([]);
    log(&engine, "player", &[player("a", "blue", 6, 2)]);
    assert_eq!(totals(&engine), [json!(6), json!(12)]);
    assert_eq!(of_team(&engine, "Team", "red", "players"), json!(1));
}

#[test]
fn a_row_whose_time_ends_is_not_given_to_functions_again() {
    let fake = Fake::default();
    let (engine, _) = fake.committed();
    log(&engine, "player", &[player("a", "red", 5, 1)]);
    let before = fake.state().calls;
    log(&engine, "player", &[player("a", "red", 6, 2)]);
    assert_eq!(fake.state().calls - before, 2, "one for each function");
    // What came of it at its time stays, too.
    fake.stick([5]);
    log(&engine, "player", &[player("a", "red", 7, 3)]);
    let key = BTreeMap::from([("team".to_owned(), Value::String("red".into()))]);
    let at = Some(vec![Value::Timestamp(instant(1))]);
    let then = engine.lookup("main", "Team", vec![key], &["total".into()], at);
    assert_eq!(then.unwrap().columns.to_json()["total"], json!([10]));
}

#[test]
fn pipelines_take_what_sources_took_whatever_their_functions_do_then() {
    let fake = Fake::default();
    let (engine, _) = fake.committed();
    fake.stick([5]);
    assert_eq!(log(&engine, "goal", &[goal("red", 5)]).len(), 1);
    // From the first call on, which is the source's own, all are stopped.
    let calls = fake.state().calls;
    fake.state().most = Some(calls + 1);
    let rows = [goal("red", 3), goal("red", -1), goal("red", 4)];
    assert_eq!(log(&engine, "goal", &rows), [""; 0]);
    assert_eq!(of_team(&engine, "Score", "red", "goals"), json!(2));
    assert_eq!(fake.state().calls, calls + 1);
}

/// Longer than anything here takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_function_that_never_ends_holds_up_no_commit_and_no_other_endpoint() {
    let fake = Fake::default();
    let (engine, _) = fake.committed();
    let (begun, has_begun) = channel();
    let (go, goes) = channel();
    fake.state().held = Some((begun, goes));
    let (done, is_done) = channel();
    thread::scope(|scope| {
        let logging = scope.spawn(|| log(&engine, "goal", &[goal("red", 3)]));
        has_begun.recv_timeout(LONG).unwrap();
        // Another dataset takes its rows from the same endpoint from now on.
        let engine = &engine;
        scope.spawn(move || {
            let mut request = written_in_python();
            let mut other = request
                .datasets
                .iter()
                .find(|it| it.name == "Goal")
                .cloned()
                .unwrap();
            other.name = "Again".into();
            request.datasets.push(other);
            let mut source = request
                .sources
                .iter()
                .find(|it| it.dataset == "Goal")
                .cloned();
            source.as_mut().unwrap().dataset = "Again".into();
            source.as_mut().unwrap().filter = None;
            request.sources.extend(source);
            commit(engine, &request);
            log(engine, "player", &[player("a", "red", 1, 1)]);
            done.send(()).unwrap();
        });
        let is_held_up = is_done.recv_timeout(LONG).is_err();
        go.send(()).unwrap();
        assert!(!is_held_up, "a commit waits for a function");
        assert_eq!(logging.join().unwrap(), [""; 0]);
    });
    assert_eq!(totals(&engine)[0], json!(2));
    for dataset in ["Goal", "Again"] {
        let rows = engine.inspect("main", dataset, 9).unwrap().to_json();
        assert_eq!(rows["points"], json!([3]), "{dataset}");
    }
}

#[test]
fn a_function_that_is_stopped_again_and_again_rests() {
    let fake = Fake::default();
    let (engine, clock) = fake.committed();
    fake.stick([5]);
    for _ in 0..3 {
        let reasons = log(&engine, "goal", &[goal("red", 5)]);
        assert_eq!(reasons, ["the source's filter: `taken` took too long"]);
    }
    // Of many rows, of whatever requests, none is called for.
    let calls = fake.state().calls;
    let rows: Vec<_> = (0..2_000).map(|_| goal("red", 5)).collect();
    let reasons = log(&engine, "goal", &rows);
    assert_eq!(reasons.len(), 2_000);
    assert_eq!(
        reasons[0],
        format!(
            "the source's filter: `taken` wasn't called, since it was stopped 3 times in a row; it is called again from {} on",
            instant(1_000_060)
        )
    );
    assert_eq!(fake.state().calls, calls);
    // The first call after that is a trial.
    clock.set(instant(1_000_060));
    assert_eq!(log(&engine, "goal", &rows).len(), 2_000);
    assert_eq!(fake.state().calls, calls + 1);
    clock.set(instant(1_000_120));
    fake.stick([]);
    assert_eq!(log(&engine, "goal", &rows), [""; 0]);
    fake.stick([5]);
    assert!(log(&engine, "goal", &rows[..1])[0].ends_with("took too long"));
}

#[test]
fn what_functions_make_is_what_expressions_make_in_any_order_and_with_steps_that_forget() {
    let fake = Fake::default();
    let clock = || Arc::new(ManualClock::new(instant(1_000_000)));
    let in_rust = Engine::open(Store::in_memory(), clock()).unwrap();
    commit(
        &in_rust,
        &request(fennel::entities![Player, Team, Goal, Score]),
    );
    let forgetful = fake.engine(0).0;
    commit(&forgetful, &written_in_python());
    // Of numbers that look random, and come from the same seed always.
    let mut seed = 7_u64;
    let mut any = |below: i64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % below as u64) as i64
    };
    for part in 0..60 {
        let rows: Vec<_> = (0..5)
            .map(|_| {
                // Within the disorder of an hour, and on both sides of what was there.
                let at = part * 600 + any(3_000);
                let team = ["red", "blue"][any(2) as usize];
                player(&format!("p{}", any(4)), team, any(9) - 2, at)
            })
            .collect();
        for engine in [&in_rust, &forgetful] {
            assert_eq!(log(engine, "player", &rows), [""; 0]);
        }
        let at = |engine: &Engine| {
            let teams = ["red", "blue"];
            let asked = teams
                .iter()
                .flat_map(|team| (0..8).map(move |i| (*team, part * 600 + i * 400)));
            let (keys, at): (Vec<_>, Vec<_>) = asked
                .map(|(team, at)| {
                    let key = BTreeMap::from([("team".to_owned(), Value::String(team.into()))]);
                    (key, Value::Timestamp(instant(at)))
                })
                .unzip();
            let found = engine.lookup("main", "Team", keys, &[], Some(at)).unwrap();
            found.columns.to_json()
        };
        assert_eq!(at(&forgetful), at(&in_rust), "after part {part}");
    }
}
