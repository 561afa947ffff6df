//! Expressions come back from their messages as they were, and no message is a panic.

use bumpalo::Bump;
use fennel_core::expr::{Names, Scope};
use fennel_core::schema::Schema;
use fennel_core::ty::Computed;
use fennel_core::wire::proto::expression as proto;
use fennel_core::wire::{decode_expr, encode_expr};
use proptest::prelude::*;
use prost::Message as _;

use crate::made::{COLUMNS, make};

fn schema() -> Schema<'static> {
    let mut schema = Schema::new("");
    for (name, ty) in COLUMNS {
        assert!(schema.push(name, Computed::of(ty)));
    }
    schema
}

/// Takes bytes all the way that an expression takes.
fn receive(body: &[u8]) {
    let Ok(message) = proto::Expr::decode(body) else {
        return;
    };
    let (arena, schema) = (Bump::new(), schema());
    let scope = Scope::new(Names::Schema(&schema));
    if let Ok(expr) = decode_expr(&arena, &message) {
        let _ = expr.to_string();
        if expr.type_in(&scope).is_ok() {
            let _ = encode_expr(&expr, &scope).encode_to_vec();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_comes_back_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        let (arena, schema) = (Bump::new(), schema());
        let scope = Scope::new(Names::Schema(&schema));
        let expr = make(&arena, bytes);
        let ty = expr.type_in(&scope);
        prop_assert!(ty.is_ok(), "{}: {}", expr, ty.unwrap_err().message);

        let message = encode_expr(&expr, &scope);
        let sent = proto::Expr::decode(message.encode_to_vec().as_slice()).unwrap();
        let decoded = decode_expr(&arena, &sent).unwrap();
        prop_assert_eq!(format!("{:?}", decoded), format!("{:?}", expr));
        prop_assert_eq!(decoded.type_in(&scope).unwrap().to_string(), ty.unwrap().to_string());
        prop_assert!(encode_expr(&decoded, &scope) == message, "{} is sent otherwise", expr);
    }

    #[test]
    fn random_bytes_are_no_expression_and_no_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        receive(&body);
    }

    #[test]
    fn a_mutated_expression_is_no_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let (arena, schema) = (Bump::new(), schema());
        let scope = Scope::new(Names::Schema(&schema));
        let mut body = encode_expr(&make(&arena, bytes), &scope).encode_to_vec();
        for (index, byte) in changes {
            let at = index.index(body.len());
            body[at] = byte;
        }
        receive(&body);
        receive(&body[..end.index(body.len())]);
    }
}

fn node(node: proto::expr::Node) -> proto::Expr {
    proto::Expr { node: Some(node) }
}

fn column(name: &str) -> proto::Expr {
    node(proto::expr::Node::Ref(proto::Ref { name: name.into() }))
}

#[test]
fn an_expression_nested_without_end_is_refused() {
    let mut expr = column("count");
    for _ in 0..10_000 {
        expr = node(proto::expr::Node::Isnull(Box::new(proto::IsNull {
            operand: Some(Box::new(expr)),
        })));
    }
    let why = decode_expr(&Bump::new(), &expr).unwrap_err();
    assert!(why.contains("nests too deep"), "{why}");
    // Dropping it level by level would take as many calls as there are levels.
    std::mem::forget(expr);
}

#[test]
fn an_expression_of_many_branches_takes_linear_time() {
    let (arena, schema) = (Bump::new(), schema());
    let scope = Scope::new(Names::Schema(&schema));
    let branch = proto::WhenThen {
        when: Some(column("flag")),
        then: Some(column("count")),
    };
    let many = node(proto::expr::Node::Case(Box::new(proto::Case {
        when_then: vec![branch; 100_000],
        otherwise: Some(Box::new(column("maybe"))),
    })));
    let expr = decode_expr(&arena, &many).unwrap();
    assert_eq!(expr.type_in(&scope).unwrap().to_string(), "Option<i64>");
    assert!(
        encode_expr(&expr, &scope) == many,
        "it comes back as it was"
    );
}

#[test]
fn a_part_that_is_missing_is_named() {
    let refused = |expr: proto::expr::Node| decode_expr(&Bump::new(), &node(expr)).unwrap_err();
    let list = |function| {
        refused(proto::expr::Node::ListFn(Box::new(proto::ListFn {
            list: Some(Box::new(column("counts"))),
            r#fn: function,
        })))
    };
    assert_eq!(list(None), "it names no function of lists");
    assert_eq!(
        list(Some(Box::new(proto::ListOp {
            fn_type: Some(proto::list_op::FnType::Map(Box::default())),
        }))),
        "a part of the expression is missing"
    );
    let since = proto::expr::Node::DatetimeFn(Box::new(proto::DateTimeFn {
        datetime: Some(Box::new(column("at"))),
        r#fn: Some(Box::new(proto::DateTimeOp {
            fn_type: Some(proto::date_time_op::FnType::SinceEpoch(proto::SinceEpoch {
                unit: 99,
            })),
        })),
    }));
    assert_eq!(refused(since), "it names no unit of time");
}
