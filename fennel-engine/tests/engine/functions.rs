//! Functions in definitions: what this program doesn't have runs nowhere, and is refused by name where it would.

use fennel_core::entity::{Feature, Featureset, Meta};
use fennel_core::ty::Type;
use fennel_core::wire::proto::featureset::Extractor;
use fennel_core::wire::proto::metadata::Metadata;
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use serde_json::json;

use crate::definitions::{DELETED, OWNED, featureset, given, request};
use crate::fixture::{Fixture, refusal};

/// A featureset whose `uid` queries give, and whose `score` an extractor makes of it.
fn scores(features: Meta<'static>) -> Featureset<'static> {
    let score = Feature {
        meta: features,
        ..given("score", Type::Float)
    };
    featureset("Scores", [given("uid", Type::Int), score])
}

/// What the Python client sends of an extractor that is a function.
fn written(name: &str, code: PyCode) -> Extractor {
    Extractor {
        name: name.into(),
        feature_set_name: "Scores".into(),
        features: vec!["score".into()],
        pycode: Some(code),
        metadata: Some(Metadata {
            owner: "team@example.com".into(),
            ..Metadata::default()
        }),
        ..Extractor::default()
    }
}

fn python(entry_point: &str) -> PyCode {
    PyCode {
        entry_point: entry_point.into(),
        generated_code: "raise Exception('it must not run')".into(),
        ..PyCode::default()
    }
}

fn rust(path: &str) -> PyCode {
    PyCode {
        entry_point: path.into(),
        core_code: "rust:00000000000000ff".into(),
        ..PyCode::default()
    }
}

fn with(extractors: impl IntoIterator<Item = Extractor>) -> SyncRequest {
    let mut request = request(&[], &[scores(Meta::EMPTY)]);
    request.extractors.extend(extractors);
    request
}

#[test]
fn python_functions_that_would_run_are_refused_each_by_name() {
    let fixture = Fixture::in_memory();
    let refused =
        refusal(fixture.try_commit(&with([written("get_score", python("Scores_get_score"))])));
    assert_eq!(
        refused,
        "featureset `Scores.get_score`: this extractor is a Python function, which this server does not run: \
         write it in Rust with #[extractors], or as an expression, or start the server with --python"
    );
}

#[test]
fn deleted_python_functions_run_nowhere_and_are_taken() {
    let fixture = Fixture::in_memory();
    let mut deleted = written("get_score", python("Scores_get_score"));
    if let Some(metadata) = &mut deleted.metadata {
        metadata.deleted = true;
    }
    fixture.commit(&with([deleted]));
    assert_eq!(
        refusal(fixture.query(&json!({ "Scores.uid": [1] }), &["Scores.score"])),
        "feature `Scores.score` is neither given nor computed; add it to the inputs"
    );
    let mut gone = request(
        &[],
        &[Featureset {
            meta: DELETED,
            ..scores(OWNED)
        }],
    );
    gone.extractors
        .push(written("get_score", python("Scores_get_score")));
    fixture.commit(&gone);
}

#[test]
fn rust_functions_that_are_not_linked_are_refused_with_what_to_do() {
    let fixture = Fixture::in_memory();
    assert_eq!(
        refusal(fixture.try_commit(&with([written("score", rust("risk::Scores::score"))]))),
        "featureset `Scores.score`: it calls the Rust function `risk::Scores::score`, which this server was built \
         without: build one with its crate, by `fennel_server::main!(risk)`, and start that"
    );
}
