//! A dataset is known by one text for good, for a store finds its table again by it.
//!
//! Each `identities/<case>.txt` has the texts of the datasets of one vector, in the order of the request. Between them they
//! have a source, a window, an aggregate, an operator and an expression of each kind. Another text for the same
//! definitions is another format of the folder: folders that have the old one would no longer open.

use std::fs;
use std::path::PathBuf;

use bumpalo::Bump;
use fennel_core::diff::identity;
use fennel_core::wire::decode;
use fennel_core::wire::proto::dataset::operator::Kind;
use fennel_core::wire::proto::dataset::{Assign, Filter, Transform};
use fennel_core::wire::proto::pycode::PyCode;
use fennel_core::wire::proto::services::SyncRequest;
use prost::Message as _;

use crate::roundtrip::{CASES, bytes};

#[test]
fn definitions_are_known_by_the_texts_that_stores_have() {
    for case in CASES {
        let request = SyncRequest::decode(bytes(case).as_slice()).expect("a request");
        assert_kept(case, &request);
    }
}

#[test]
fn steps_of_functions_are_known_by_the_texts_that_stores_have() {
    let bytes = bytes("operators_row");
    let mut request = SyncRequest::decode(bytes.as_slice()).expect("a request");
    for operator in &mut request.operators {
        operator.kind = operator.kind.take().map(of_functions);
    }
    assert_kept("functions", &request);
}

fn assert_kept(case: &str, request: &SyncRequest) {
    let arena = Bump::new();
    let catalog = decode(&arena, request).unwrap_or_else(|error| panic!("{case}: {error}"));
    let texts = catalog.datasets().iter().map(|dataset| {
        let identity = identity(&catalog, dataset);
        format!("=== {}\n{identity}\n", dataset.name)
    });
    let found: String = texts.collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("wire/identities")
        .join(case)
        .with_extension("txt");
    let expected =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if found != expected {
        let mut lines = found.lines().zip(expected.lines());
        let differing = lines.find(|(found, expected)| found != expected);
        panic!("{case}: {differing:#?}");
    }
}

/// The step with functions where it has expressions, or does what they can do.
fn of_functions(kind: Kind) -> Kind {
    match kind {
        Kind::FilterExpr(step) => Kind::Filter(Filter {
            operand_id: step.operand_id,
            pycode: Some(python("keep")),
            ..Filter::default()
        }),
        Kind::AssignExpr(step) => {
            let column = step.output_types.into_iter().next();
            let (column_name, ty) = column.expect("a column");
            Kind::Assign(Assign {
                operand_id: step.operand_id,
                pycode: Some(python(&column_name)),
                column_name,
                output_type: Some(ty),
                ..Assign::default()
            })
        }
        Kind::Dropnull(step) => Kind::Transform(Transform {
            operand_id: step.operand_id,
            pycode: Some(python("remake")),
            ..Transform::default()
        }),
        Kind::Explode(step) => Kind::Transform(Transform {
            operand_id: step.operand_id,
            pycode: Some(PyCode {
                entry_point: "shop::with_fee".into(),
                source_code: "fn(Order) -> Paid".into(),
                core_code: "rust:0000000000000007".into(),
                ..PyCode::default()
            }),
            ..Transform::default()
        }),
        kind => kind,
    }
}

fn python(name: &str) -> PyCode {
    PyCode {
        entry_point: name.into(),
        core_code: format!("def {name}(df):\n    return df"),
        generated_code: format!("def {name}(df):\n    return df"),
        ..PyCode::default()
    }
}
