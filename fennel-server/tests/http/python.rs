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
use serde_json::json;

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

#[test]
fn functions_that_take_long_hold_up_no_connection() {
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

    let asked = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ["a"]},
        "log": false,
    });
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
