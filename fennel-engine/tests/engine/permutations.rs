//! Time decides, arrival does not: any order of arrival gives the same answers.

use std::collections::BTreeMap;

use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::definitions::{SALES, USERS, request};
use crate::fixture::{Fixture, second, store, user};

const KEYS: i64 = 4;
const INSTANTS: i64 = 12;

/// Versions by key and event time, each once.
type History = BTreeMap<(i64, i64), String>;

/// A history, an order of arrival, and after how many rows each request and each restart comes.
#[derive(Clone, Debug)]
struct Arrivals {
    history: History,
    order: Vec<(i64, i64)>,
    request: usize,
    restart: usize,
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    let history = prop::collection::btree_map((0..KEYS, 0..INSTANTS), "[a-c]", 0..40);
    let arrivals = history.prop_flat_map(|history| {
        let order: Vec<_> = history.keys().copied().collect();
        (
            Just(history),
            Just(order).prop_shuffle(),
            1..8_usize,
            1..5_usize,
        )
    });
    arrivals.prop_map(|(history, order, request, restart)| Arrivals {
        history,
        order,
        request,
        restart,
    })
}

/// What a lookup must answer.
fn expected(history: &History, key: i64, at: i64) -> Option<&String> {
    history
        .range((key, i64::MIN)..=(key, at))
        .next_back()
        .map(|(_, city)| city)
}

/// Asks for every key as of now, which is behind all rows; once more than there are.
fn present(engine: &Engine, logged: &History) {
    let keys = (0..=KEYS).map(|key| Incoming::from([("uid".into(), Value::Int(key))]));
    let found = engine.lookup("main", "Users", keys.collect(), &["city".into()], None);
    let found = found.unwrap();
    let cities = (0..=KEYS).map(|key| {
        let city = expected(logged, key, INSTANTS);
        city.map_or(Value::Null, |city| Value::String(city.clone()))
    });
    assert_eq!(found.columns.0[0].values, cities.collect::<Vec<_>>());
}

impl Arrivals {
    /// Logs all rows, with restarts between, asks for every key as of now after each request, and probes every key at
    /// every instant.
    fn check(&self, mut restart: impl FnMut(Option<Fixture>) -> Fixture) {
        let mut fixture = restart(None);
        fixture.commit(&request(&[USERS, SALES], &[]));
        let mut logged = History::new();
        for (i, rows) in self.order.chunks(self.request).enumerate() {
            if i % self.restart == 0 {
                fixture = restart(Some(fixture));
            }
            let users = rows.iter().map(|at| user(at.0, &self.history[at], at.1));
            fixture.log("users", &users.collect());
            let sales = rows
                .iter()
                .map(|(uid, ts)| json!({ "uid": uid, "price": 0, "ts": ts }));
            fixture.log("sales", &sales.collect());
            logged.extend(rows.iter().map(|at| (*at, self.history[at].clone())));
            present(&fixture.engine, &logged);
        }
        fixture = restart(Some(fixture));
        self.probe(&fixture.engine);
        let mut times: Vec<Json> = self
            .order
            .iter()
            .map(|(_, at)| second(*at).to_string().into())
            .collect();
        times.sort_by_key(|time| std::cmp::Reverse(time.to_string()));
        assert_eq!(fixture.dump("Sales")["ts"], Json::Array(times));
    }

    fn probe(&self, engine: &Engine) {
        let probes = (0..KEYS).flat_map(|key| (-1..=INSTANTS).map(move |at| (key, at)));
        let probes: Vec<_> = probes.collect();
        let keys = probes
            .iter()
            .map(|(key, _)| Incoming::from([("uid".into(), Value::Int(*key))]));
        let at = probes.iter().map(|(_, at)| Value::Timestamp(second(*at)));
        let found = engine
            .lookup(
                "main",
                "Users",
                keys.collect(),
                &["city".into()],
                Some(at.collect()),
            )
            .unwrap();
        for (i, (key, at)) in probes.iter().enumerate() {
            let city = expected(&self.history, *key, *at);
            assert_eq!(found.found[i], city.is_some());
            let city = city.map_or(Value::Null, |city| Value::String(city.clone()));
            assert_eq!(found.columns.0[0].values[i], city, "key {key} as of {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_answers_in_memory(arrivals in arrivals()) {
        let memory = Store::in_memory();
        arrivals.check(|_| Fixture::on(memory.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_answers_on_disk(arrivals in arrivals()) {
        let dir = tempfile::tempdir().unwrap();
        arrivals.check(|before| {
            drop(before);
            Fixture::on(store(dir.path()))
        });
    }
}
