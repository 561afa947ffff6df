//! What Python functions made of rows, when some of the rows are erased or removed: that stays which they made then.

use std::sync::mpsc::channel;
use std::thread;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_core::wire::proto::connector::pre_proc_value::Variant;
use fennel_core::wire::proto::connector::{Eval, PreProcValue, eval};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{CommitOptions, Engine, Error, Incoming, Logged, ManualClock, Options};
use serde_json::{Value as Json, json};

use super::python::{Fake, LONG, code, in_python};
use super::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app").retention("1d");

/// Members, whose `id` a function makes.
#[dataset(index)]
#[source(APP.endpoint("member"), disorder = "1h", cdc = upsert)]
struct Member {
    #[field(key, erase_key)]
    id: i64,
    points: i64,
    at: DateTime<Utc>,
}

/// The same with its columns in another order.
mod turned {
    use super::*;

    #[dataset(index)]
    #[meta(owner = "other@example.com")]
    #[source(APP.endpoint("member"), disorder = "1h", cdc = upsert)]
    pub(super) struct Member {
        #[field(key, erase_key)]
        id: i64,
        at: DateTime<Utc>,
        points: i64,
    }
}

fn members() -> SyncRequest {
    made(request(fennel::entities![Member]))
}

/// With an `id` that the function makes.
fn made(mut request: SyncRequest) -> SyncRequest {
    for source in &mut request.sources {
        let made = Variant::Eval(Eval {
            schema: None,
            eval_type: Some(eval::EvalType::Pycode(code("id"))),
        });
        let made = PreProcValue {
            variant: Some(made),
        };
        source.pre_proc.insert("id".into(), made);
    }
    request
}

fn committed(fake: &Fake) -> Engine {
    let (engine, _) = fake.engine_with(Options::default());
    commit(&engine, &members());
    engine
}

/// A member of twice this id.
fn member(points: i64) -> Json {
    json!({"points": points, "at": instant(points).to_string()})
}

fn incoming(row: &Json) -> Incoming {
    match Value::from(row.clone()) {
        Value::Map(row) => row,
        other => panic!("{other} is no row"),
    }
}

fn log(engine: &Engine, points: &[i64]) -> Result<Logged, Error> {
    let rows = points.iter().map(|points| incoming(&member(*points)));
    engine.log("app", "member", rows.collect())
}

fn erase(engine: &Engine, id: i64, later: Option<bool>) -> Result<u64, Error> {
    let keys = vec![incoming(&json!({ "id": id }))];
    let erased = engine.erase("main", "Member", keys, later)?;
    assert_eq!(erased.left, None);
    Ok(erased.rows)
}

fn ids(engine: &Engine) -> Json {
    engine.inspect("main", "Member", 99).unwrap().to_json()["id"].clone()
}

fn rejected(engine: &Engine, dataset: &str) -> u64 {
    engine.rejects("main", dataset, 9).unwrap().total
}

#[test]
fn a_key_that_a_function_made_is_erased_though_the_function_is_stopped() {
    let fake = Fake::default();
    let engine = committed(&fake);
    log(&engine, &[1, 2, 3]).unwrap();
    fake.stick([1]);
    assert_eq!(erase(&engine, 2, None).unwrap(), 1);
    assert_eq!(ids(&engine), json!([4, 6]));
}

#[test]
fn what_a_function_made_of_other_rows_stays_when_it_is_stopped_while_some_are_erased() {
    let fake = Fake::default();
    let engine = committed(&fake);
    fake.stick([9]);
    log(&engine, &[1, 2, 9, 3]).unwrap();
    let before = engine.rejects("main", "Member", 9).unwrap();
    let calls = fake.state().calls;
    fake.stick([2, 3]);
    // Whom the one is about that is set aside can be told by now.
    assert_eq!(erase(&engine, 2, None).unwrap(), 1);
    assert_eq!(ids(&engine), json!([4, 6]));
    assert_eq!(engine.rejects("main", "Member", 9).unwrap(), before);
    assert_eq!(fake.state().calls - calls, 1);
}

#[test]
fn what_a_function_made_is_known_by_its_column_when_columns_change_places() {
    let fake = Fake::default();
    let engine = committed(&fake);
    log(&engine, &[1, 2, 3]).unwrap();
    commit(&engine, &made(request(fennel::entities![turned::Member])));
    fake.stick([1, 2, 3]);
    assert_eq!(erase(&engine, 4, None).unwrap(), 1);
    let rows = engine.inspect("main", "Member", 9).unwrap().to_json();
    assert_eq!(
        (&rows["id"], &rows["points"]),
        (&json!([2, 6]), &json!([1, 3]))
    );
}

#[test]
fn nothing_is_erased_while_it_isnt_known_whom_a_row_is_about() {
    let fake = Fake::default();
    let engine = committed(&fake);
    fake.stick([5]);
    log(&engine, &[4, 5]).unwrap();
    assert_eq!(rejected(&engine, "Member"), 1);
    let refused = erase(&engine, 8, None).unwrap_err();
    assert!(matches!(refused, Error::Python(_)));
    assert_eq!(
        refused.to_string(),
        "nothing is erased, since it isn't known whom each row of `Member` is about: `id` took too long; \
         erase again once that function answers, or commit one that does under a new version"
    );
    assert_eq!((ids(&engine), rejected(&engine, "Member")), (json!([8]), 1));
    fake.stick([]);
    assert_eq!(erase(&engine, 10, None).unwrap(), 1);
    assert_eq!((ids(&engine), rejected(&engine, "Member")), (json!([8]), 0));
}

#[test]
fn a_row_that_may_be_about_a_refused_key_is_not_taken() {
    let fake = Fake::default();
    let engine = committed(&fake);
    erase(&engine, 2, Some(true)).unwrap();
    fake.stick([1]);
    let refused = log(&engine, &[1, 2]).unwrap_err();
    assert!(matches!(refused, Error::Python(_)));
    assert_eq!(
        refused.to_string(),
        "no row of the call is taken, since rows of some keys of `Member` are refused and it isn't known whether one is \
         about these: `id` took too long; send the rows again, without the one that stops it"
    );
    assert_eq!((ids(&engine), rejected(&engine, "Member")), (json!([]), 0));
    fake.stick([]);
    let logged = log(&engine, &[1, 2]).unwrap();
    assert_eq!((logged.rows, logged.rows_refused), (1, 1));
    assert_eq!(ids(&engine), json!([4]));
}

/// Fans of teams, of whom none comes any more after 10 seconds of silence.
#[dataset(index)]
#[source(APP.endpoint("fan"), disorder = "1h", cdc = upsert, bounded, idleness = "10s")]
struct Fan {
    #[field(key, erase_key)]
    name: String,
    team: String,
    points: i64,
    at: DateTime<Utc>,
}

/// What the fans of a team have together, twice.
#[dataset(index)]
struct Crowd {
    #[field(key)]
    team: String,
    total: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn crowd(fans: Fan) -> Crowd {
    fans.assign(doubled = points * 2)
        .group_by(team)
        .aggregate(total = sum(doubled, "forever"))
}

/// Fans, and crowds by a function.
struct Fans {
    engine: Engine,
    clock: ManualClock,
}

impl Fans {
    fn of(fake: &Fake) -> Self {
        let (engine, clock) = fake.engine_with(Options::default());
        commit(&engine, &in_python(request(fennel::entities![Fan, Crowd])));
        Self { engine, clock }
    }

    /// Logs a row at a second.
    fn log(&self, second: i64, name: &str, team: &str, points: i64) {
        self.clock.set(instant(second));
        let at = instant(points).to_string();
        let row = json!({"name": name, "team": team, "points": points, "at": at});
        self.engine.log("app", "fan", vec![incoming(&row)]).unwrap();
    }

    fn erase(&self, name: &str, later: Option<bool>) -> Result<u64, Error> {
        let keys = vec![incoming(&json!({ "name": name }))];
        let erased = self.engine.erase("main", "Fan", keys, later)?;
        assert_eq!(erased.left, None);
        Ok(erased.rows)
    }

    /// The fans, how many rows of theirs are set aside, and what the crowds have.
    fn seen(&self) -> Json {
        let rows = |dataset| self.engine.inspect("main", dataset, 99).unwrap().to_json();
        let (fans, crowds) = (rows("Fan"), rows("Crowd"));
        let aside = rejected(&self.engine, "Fan") + rejected(&self.engine, "Crowd");
        json!([fans["name"], aside, crowds["team"], crowds["total"]])
    }
}

#[test]
fn nothing_is_erased_while_what_pipelines_made_of_others_cant_be_made_again() {
    let fake = Fake::default();
    let fans = Fans::of(&fake);
    fans.log(0, "ann", "red", 1);
    fans.log(1, "bob", "red", 2);
    fans.log(2, "cid", "blue", 3);
    fans.log(11, "ann", "red", 5);
    let before = fans.seen();
    assert_eq!(
        before,
        json!([["ann", "ann", "bob", "cid"], 0, ["red", "blue"], [14, 6]])
    );
    // Of one whom nobody asks to erase.
    fake.stick([3]);
    let refused = fans.erase("ann", Some(true)).unwrap_err();
    assert!(matches!(refused, Error::Python(_)));
    assert_eq!(
        refused.to_string(),
        "nothing is erased, since `Crowd` can't be made anew without these rows: `doubled` took too long; \
         erase again once that function answers, or commit one that does under a new version"
    );
    assert_eq!(fans.seen(), before);
    fake.stick([]);
    // It has been quiet since the last row, which is there still and whose key isn't refused.
    fans.log(19, "ann", "blue", 7);
    assert_eq!(
        fans.seen(),
        json!([
            ["ann", "ann", "ann", "bob", "cid"],
            0,
            ["red", "blue"],
            [4, 20]
        ])
    );
    assert_eq!(fans.erase("ann", None).unwrap(), 3);
    assert_eq!(
        fans.seen(),
        json!([["bob", "cid"], 0, ["red", "blue"], [4, 6]])
    );
}

#[test]
fn rows_that_come_while_an_erasure_fails_get_to_pipelines() {
    let fake = Fake::default();
    let fans = Fans::of(&fake);
    fans.log(0, "ann", "red", 1);
    fans.log(1, "bob", "red", 2);
    fake.stick([2]);
    let (begun, has_begun) = channel();
    let (go, goes) = channel();
    fake.state().held = Some((begun, goes));
    thread::scope(|scope| {
        let go = go;
        let erased = scope.spawn(|| fans.erase("ann", None));
        has_begun.recv_timeout(LONG).unwrap();
        fans.log(5, "cid", "blue", 3);
        go.send(()).unwrap();
        assert!(matches!(erased.join().unwrap(), Err(Error::Python(_))));
    });
    assert_eq!(
        fans.seen(),
        json!([["ann", "bob", "cid"], 0, ["red", "blue"], [6, 6]])
    );
}

#[test]
fn rows_that_come_while_tables_are_made_anew_are_taken_as_if_the_erased_ones_had_never_come() {
    for (second, later, expected) in [
        (
            18,
            None,
            json!([["ann", "bob", "cid"], 0, ["red", "blue"], [18, 6]]),
        ),
        (
            18,
            Some(true),
            json!([["bob", "cid"], 0, ["red", "blue"], [4, 6]]),
        ),
        // 11 seconds after the one before, but for that of the one who is erased.
        (21, None, json!([["bob"], 2, ["red"], [4]])),
    ] {
        let fake = Fake::default();
        let fans = Fans::of(&fake);
        fans.log(10, "bob", "red", 2);
        fans.log(15, "ann", "red", 5);
        let (begun, has_begun) = channel();
        let (go, goes) = channel();
        fake.state().held = Some((begun, goes));
        thread::scope(|scope| {
            // It goes with whatever fails here, and then nobody waits for it.
            let go = go;
            let erased = scope.spawn(|| fans.erase("ann", later));
            has_begun.recv_timeout(LONG).unwrap();
            fans.log(second, "cid", "blue", 3);
            fans.log(second, "ann", "red", 7);
            go.send(()).unwrap();
            assert_eq!(erased.join().unwrap().unwrap(), 1);
        });
        assert_eq!(fans.seen(), expected, "{second} {later:?}");
    }
}

#[dataset(index, history = "1d")]
#[source(APP.endpoint("player"), disorder = "1h", cdc = upsert)]
struct Strict {
    #[field(key)]
    name: String,
    points: i64,
    at: DateTime<Utc>,
}

/// Takes rows that are late for the other.
#[dataset(index, history = "1d")]
#[source(APP.endpoint("player"), disorder = "400d", cdc = upsert)]
struct Lenient {
    #[field(key)]
    name: String,
    points: i64,
    at: DateTime<Utc>,
}

#[test]
fn what_is_late_for_a_function_stays_late_when_what_made_it_so_is_history() {
    const DAY: i64 = 86_400;
    let fake = Fake::default();
    let mut options = Options::default();
    options.trim_after = Some(1);
    let (engine, clock) = fake.engine_with(options);
    let mut definitions = request(fennel::entities![Strict, Lenient]);
    for source in &mut definitions.sources {
        if source.dataset == "Strict" {
            source.filter = Some(code("taken"));
        }
    }
    commit(&engine, &definitions);
    let log = |name: &str, arrives: i64, at: i64| {
        clock.set(instant(arrives * DAY));
        let at = instant(at * DAY).to_string();
        let row = incoming(&json!({"name": name, "points": 1, "at": at}));
        let logged = engine.log("app", "player", vec![row]).unwrap();
        logged.rows_set_aside
    };
    assert_eq!(log("a", 100, 100), 0);
    assert_eq!(log("b", 101, 50), 1);
    for day in (600..601).chain(1_100..1_200) {
        assert_eq!(log("a", day, day), 0);
    }
    // `b` is what `Lenient` has of it, and `Strict` is made anew of that and the last of `a`.
    let mut again = definitions.clone();
    again.datasets.iter_mut().for_each(|it| it.version += 1);
    again.sources.iter_mut().for_each(|it| it.ds_version += 1);
    let indices = again.online_indices.iter_mut();
    indices.for_each(|it| it.ds_version += 1);
    let indices = again.offline_indices.iter_mut();
    indices.for_each(|it| it.ds_version += 1);
    engine
        .commit("main", &again, CommitOptions::default())
        .unwrap();
    let has_b = |dataset| {
        let rows = engine.inspect("main", dataset, 999).unwrap().to_json();
        let names = rows["name"].as_array().unwrap();
        assert!(names.contains(&json!("a")));
        names.contains(&json!("b"))
    };
    assert_eq!([has_b("Lenient"), has_b("Strict")], [true, false]);
}
