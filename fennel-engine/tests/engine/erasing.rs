//! What comes while rows are erased.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use fennel_core::entity::{Dataset, Field};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::proto::featureset::Extractor;
use fennel_core::wire::proto::metadata::Metadata;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::python::{Function, Lookups, Runner, Stop};
use fennel_engine::store::Store;
use fennel_engine::{Engine, Keep, ManualClock, Options, ServedRange};
use serde_json::{Value as Json, json};

use crate::definitions::{TS, USERS, featureset, given, key, looked_up, request, value};
use crate::fixture::{Fixture, query, rows, second, user};

const USERS_E: Dataset<'static> = Dataset {
    fields: &[
        Field {
            erase_key: true,
            ..key("uid", Type::Int)
        },
        value("city", Type::String),
        value("age", Type::Optional(&Type::Int)),
        TS,
    ],
    ..USERS
};

/// A runner whose next call tells that it has begun, and waits until it is let go.
#[derive(Debug, Default)]
struct Held(Mutex<Option<(Sender<()>, Receiver<()>)>>);

impl Runner for Held {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        _: &Function,
        _: &[Vec<Value>],
        rows: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let held = self.0.lock().unwrap().take();
        if let Some((begun, go)) = held {
            begun.send(()).unwrap();
            go.recv().unwrap();
        }
        Ok(vec![vec![Value::Float(0.5); rows]])
    }
}

/// Users with a score that a function makes.
fn definitions() -> SyncRequest {
    let features = [
        given("uid", Type::Int),
        looked_up("age", Type::Optional(&Type::Int), "Users", "age", None),
        given("score", Type::Float),
    ];
    let mut request = request(&[USERS_E], &[featureset("User", features)]);
    request.extractors.push(Extractor {
        name: "get_score".into(),
        feature_set_name: "User".into(),
        features: vec!["score".into()],
        pycode: Some(PyCode {
            entry_point: "User_get_score".into(),
            generated_code: "def User_get_score(cls, ts): ..".into(),
            ..PyCode::default()
        }),
        metadata: Some(Metadata {
            owner: "team@example.com".into(),
            ..Metadata::default()
        }),
        ..Extractor::default()
    });
    request
}

fn fixture(runner: Arc<Held>) -> Fixture {
    let clock = ManualClock::new(second(43_200));
    let mut options = Options::default();
    options.python = Some(runner);
    let engine = Engine::open_with(Store::in_memory(), Arc::new(clock.clone()), &options);
    let fixture = Fixture {
        engine: engine.unwrap(),
        clock,
    };
    fixture.commit(&definitions());
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "bern", 2)]));
    fixture
}

/// Serves and keeps all that is known of 1 and 2.
fn serve(engine: &Engine) {
    let asked = query(&json!({"User.uid": [1, 2]}), &["User"]);
    let kept = engine.query_and_keep("main", &asked, &Keep::default());
    kept.unwrap();
}

/// Of whom rows that were served are kept.
fn served(engine: &Engine) -> Json {
    let range = ServedRange {
        workflow: "default".into(),
        ..ServedRange::default()
    };
    let served = engine.served("main", &range, 9).unwrap().rows.into_iter();
    let uids = served.map(|row| row.inputs["User.uid"].clone());
    Json::from_iter(uids)
}

#[test]
fn features_that_are_being_computed_when_their_key_is_erased_are_not_logged() {
    // Those of 3 were never logged, and no row that was served names it yet.
    for (erased, rows_gone) in [(1, 1), (3, 0)] {
        let runner = Arc::new(Held::default());
        let fixture = fixture(Arc::clone(&runner));
        let engine = &fixture.engine;
        let ((begun, has_begun), (go, is_let_go)) = (channel(), channel());
        *runner.0.lock().unwrap() = Some((begun, is_let_go));
        let asked = query(&json!({"User.uid": [erased, 2]}), &["User"]);
        thread::scope(|scope| {
            let query = || engine.query_and_keep("main", &asked, &Keep::default());
            let answer = scope.spawn(query);
            has_begun.recv().unwrap();
            let keys = rows(&json!([{ "uid": erased }]));
            let done = engine.erase("main", "Users", keys, None).unwrap();
            assert_eq!(done.rows, rows_gone);
            go.send(()).unwrap();
            answer.join().unwrap().unwrap();
        });
        assert_eq!(served(engine), json!([2]));
        serve(engine);
        assert_eq!(served(engine), json!([2, 1, 2]), "people come back");
    }
}

#[test]
fn features_that_a_commit_renames_while_they_are_computed_are_not_logged_of_an_erased_key() {
    let runner = Arc::new(Held::default());
    let fixture = fixture(Arc::clone(&runner));
    let engine = &fixture.engine;
    let ((begun, has_begun), (go, is_let_go)) = (channel(), channel());
    *runner.0.lock().unwrap() = Some((begun, is_let_go));
    let asked = query(&json!({"User.uid": [1, 2]}), &["User"]);
    let features = [
        given("uid", Type::Int),
        looked_up("years", Type::Optional(&Type::Int), "Users", "age", None),
    ];
    let person = request(&[USERS_E], &[featureset("Person", features)]);
    let mut renamed = definitions();
    for featureset in &mut renamed.feature_sets {
        featureset.metadata.get_or_insert_default().deleted = true;
    }
    renamed.feature_sets.extend(person.feature_sets);
    renamed.features.extend(person.features);
    renamed.extractors.extend(person.extractors);
    thread::scope(|scope| {
        // It goes with whatever fails here, and then nobody waits for it.
        let go = go;
        let query = || engine.query_and_keep("main", &asked, &Keep::default());
        let answer = scope.spawn(query);
        has_begun.recv().unwrap();
        fixture.commit(&renamed);
        let keys = rows(&json!([{ "uid": 1 }]));
        assert_eq!(engine.erase("main", "Users", keys, None).unwrap().rows, 1);
        go.send(()).unwrap();
        answer.join().unwrap().unwrap();
    });
    assert_eq!(served(engine), json!([2]));
}
