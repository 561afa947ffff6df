//! A data folder whose definitions call Rust functions, served by a program that hasn't got them.

use std::sync::Arc;

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, SystemClock};
use fennel_tests::support::Server;
use prost::Message as _;
use serde_json::json;

fennel::owner!("risk@example.com");

#[featureset]
struct Visit {
    uid: i64,
    risk: f64,
    #[feature(expr = uid + 1)]
    next: i64,
}

#[extractors]
impl Visit {
    #[extractor(inputs(uid))]
    fn risk(uid: i64) -> f64 {
        uid as f64 / 2.0
    }
}

fn definitions() -> SyncRequest {
    let catalog: Catalog<'static> = fennel::entities![Visit].into_iter().collect();
    wire::encode(&catalog, None, "")
}

#[test]
fn a_server_without_a_function_serves_the_rest_and_takes_a_commit_that_mends_it() {
    let data = tempfile::tempdir().unwrap();
    {
        // This program has the function, as one with `fennel_server::main!(e2e)` would.
        let store = Store::open(data.path()).unwrap();
        let engine = Engine::open(store, Arc::new(SystemClock)).unwrap();
        let commit = engine.commit("main", &definitions(), CommitOptions::default());
        assert!(commit.unwrap().changed);
    }
    let server = Server::start(data.path());
    let http = server.http();
    let query = |output: &str| {
        let query =
            json!({"inputs": ["Visit.uid"], "outputs": [output], "data": {"Visit.uid": [4]}});
        http.post("query", &query)
    };
    assert_eq!(query("Visit.next").ok(), json!({"Visit.next": [5]}));
    assert_eq!(
        query("Visit.risk").error(400),
        "feature `Visit.risk` can't be computed: it calls the Rust function `e2e::functions::Visit::risk`, which \
         this server was built without: build one with its crate, by `fennel_server::main!(e2e)`, and start that"
    );

    let refused = http.try_commit(&definitions().encode_to_vec(), "").unwrap();
    let refused = refused.error(400).to_owned();
    assert!(
        refused.contains("featureset `Visit.risk`: it calls the Rust function"),
        "{refused}"
    );
    let mut without = definitions();
    for extractor in &mut without.extractors {
        if let Some(metadata) = &mut extractor.metadata {
            metadata.deleted = extractor.name == "risk";
        }
    }
    let reply = http.try_commit(&without.encode_to_vec(), "").unwrap();
    assert_eq!(reply.ok()["changed"], true);
    assert_eq!(
        query("Visit.risk").error(400),
        "feature `Visit.risk` is neither given nor computed; add it to the inputs"
    );
}
