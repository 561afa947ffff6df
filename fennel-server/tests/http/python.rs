//! Python functions that take long: whoever asks for nothing of theirs is answered meanwhile.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fennel_core::value::Value;
use fennel_core::wire::proto::featureset::Extractor;
use fennel_core::wire::proto::metadata::Metadata;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_engine::python::{Function, Lookups, Runner, Stop};
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::support::{Reply, TestServer, ticket_request};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Tells of each call that it has begun, and lets none end before it is told to.
#[derive(Debug)]
struct Held {
    begun: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

impl Runner for Held {
    fn check(&self, _: &str, _: &str, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &self,
        _: &Function,
        _: &[Vec<Value>],
        _: usize,
        _: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let begun = self.begun.lock().unwrap().clone();
        begun.send(()).unwrap();
        // Nothing is ever sent: the other end goes.
        let _ = self.go.lock().unwrap().recv();
        Err(Stop::Raised("was let go".into()))
    }
}

/// A server with a function that makes the prices of tickets, which tells when it is called and ends once that goes which
/// comes behind it.
fn held() -> (TestServer, Receiver<()>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (go, goes) = channel();
    let held = Held {
        begun: Mutex::new(begun),
        go: Mutex::new(goes),
    };
    let server = TestServer::configured(tempfile::tempdir().unwrap(), |config| {
        config.engine.python = Some(Arc::new(held));
    });
    let mut request = ticket_request();
    request.extractors = vec![Extractor {
        name: "priced".into(),
        feature_set_name: "TicketFeatures".into(),
        features: vec!["price".into()],
        pycode: Some(PyCode {
            entry_point: "priced".into(),
            generated_code: "..".into(),
            ..PyCode::default()
        }),
        metadata: Some(Metadata {
            owner: "team@example.com".into(),
            ..Metadata::default()
        }),
        ..Extractor::default()
    }];
    server.commit(&request.encode_to_vec()).ok();
    (server, has_begun, go)
}

/// A query for a feature of so many tickets.
fn asked(feature: &str, rows: usize) -> Json {
    json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": [format!("TicketFeatures.{feature}")],
        "data": {"TicketFeatures.ticket_id": vec!["a"; rows]},
        "log": false,
    })
}

#[test]
fn functions_that_take_long_hold_up_no_connection() {
    let (server, has_begun, go) = held();
    let asked = asked("price", 1);
    // As many as there are threads that serve connections, if these aren't more than what reads at once.
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(16);
    thread::scope(|scope| {
        let asking = || server.post("/api/v1/query", &asked).error(400);
        let queries: Vec<_> = (0..threads).map(|_| scope.spawn(asking)).collect();
        (0..threads).for_each(|_| has_begun.recv_timeout(LONG).unwrap());
        let stream = server.call("GET", "/healthz").open();
        let (done, is_done) = channel();
        scope.spawn(move || done.send(Reply::read(stream).status));
        let health = is_done.recv_timeout(LONG);
        drop(go);
        assert_eq!(health, Ok(200));
        for query in queries {
            assert_eq!(
                query.join().unwrap(),
                "`TicketFeatures.price` of 1 row: `TicketFeatures.priced` was let go"
            );
        }
    });
}

#[test]
fn queries_that_call_functions_hold_up_no_others() {
    let (server, has_begun, go) = held();
    // As many as run at once, and some that wait for these.
    const MANY: usize = 16;
    let price = asked("price", 1);
    thread::scope(|scope| {
        let asking = || server.post("/api/v1/query", &price).error(400);
        let queries: Vec<_> = (0..MANY + 4).map(|_| scope.spawn(asking)).collect();
        (0..MANY).for_each(|_| has_begun.recv_timeout(LONG).unwrap());
        let (done, is_done) = channel();
        let server = &server;
        scope.spawn(move || {
            for rows in [1, 9, 2_000] {
                server.post("/api/v1/query", &asked("ticket_id", rows)).ok();
            }
            done.send(()).unwrap();
        });
        let others = is_done.recv_timeout(LONG);
        drop(go);
        assert_eq!(others, Ok(()), "others are held up");
        queries.into_iter().for_each(|query| drop(query.join()));
    });
}
