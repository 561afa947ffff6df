//! Expressions of the greatest depth are typed inside rustc, below the calls that lead there.

use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, MAX_DEPTH, Names, Scope, Unary};
use fennel_core::literal::Literal;
use fennel_core::schema::Schema;
use fennel_core::ty::{Computed, Record, RecordField, Type};

const X: Expr<'static> = Expr::Name("x");
const YES: Expr<'static> = Expr::Literal(Literal::Bool(true));
const POINT: Type<'static> = Type::Record(&Record {
    name: "Point",
    fields: &[RecordField {
        name: "x",
        ty: Type::Int,
    }],
});

const SCHEMA: Schema<'static> = {
    let mut schema = Schema::new("at");
    schema.push("x", Computed::INT);
    schema.push("xs", Computed::of(&Type::List(&Type::Int)));
    schema
};

/// How many calls a check may stand below, with the calls in which a message is written.
const AROUND: usize = 24;

/// Whether the expression has a type, `calls` below.
const fn has_type(expr: &Expr<'static>, calls: usize) -> bool {
    if calls > 0 {
        return has_type(expr, calls - 1);
    }
    expr.type_in(&Scope::new(Names::Schema(&SCHEMA))).is_ok()
}

/// Puts `$expr` into itself as `$inner`, once for each token.
macro_rules! nest {
    ($innermost:expr; $inner:ident => $expr:expr; ) => { $innermost };
    ($innermost:expr; $inner:ident => $expr:expr; $first:tt $($rest:tt)*) => {{
        const $inner: Expr<'static> = nest!($innermost; $inner => $expr; $($rest)*);
        $expr
    }};
}

/// The same, so many times.
macro_rules! levels {
    (39, $($nest:tt)*) => { nest!($($nest)*
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
        21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39) };
    (38, $($nest:tt)*) => { nest!($($nest)*
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
        21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38) };
    (26, $($nest:tt)*) => { nest!($($nest)*
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26) };
    (19, $($nest:tt)*) => { nest!($($nest)* 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19) };
    (15, $($nest:tt)*) => { nest!($($nest)* 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) };
}

macro_rules! deep {
    ($($name:ident: $levels:tt, $inner:ident => $expr:expr;)*) => {
        $(
            const $name: Expr<'static> = levels!($levels, X; $inner => $expr;);
            const _: () = assert!(has_type(&$name, AROUND));
            const _: () = {
                // A name that is not there is told at the deepest place too.
                const WRONG: Expr<'static> =
                    levels!($levels, Expr::Name("nowhere"); $inner => $expr;);
                assert!(!has_type(&WRONG, AROUND));
            };
        )*
        const DEEP: &[Expr<'static>] = &[$($name),*];
    };
}

deep! {
    LEFT: 39, INNER => Expr::Binary(Binary::Add, &INNER, &X);
    RIGHT: 39, INNER => Expr::Binary(Binary::Mul, &X, &INNER);
    NEGATED: 39, INNER => Expr::Unary(Unary::Neg, &INNER);
    METHODS: 39, INNER => Expr::Call("abs", &[INNER]);
    ARGUMENTS: 19, INNER => Expr::Call("pow", &[X, INNER]);
    NAMED: 19, INNER => Expr::Call("fill_null", &[X, Expr::Named("fill", &INNER)]);
    ELSE: 38, INNER => Expr::If(&[Branch { condition: YES, value: X }], Some(&INNER));
    THEN: 26, INNER => Expr::If(&[Branch { condition: YES, value: INNER }], Some(&X));
    FIELDS: 15, INNER => Expr::Field(
        &Expr::Record(POINT, &[FieldExpr { name: "x", value: INNER }]), "x");
    CONDITIONS: 15, INNER => Expr::If(
        &[Branch { condition: Expr::Binary(Binary::Gt, &INNER, &X), value: X }], Some(&X));
}

#[test]
fn what_is_a_level_deeper_is_refused() {
    let scope = Scope::new(Names::Schema(&SCHEMA));
    for expr in DEEP {
        assert!(expr.type_in(&scope).is_ok(), "{expr}");
        let deeper = Expr::Binary(Binary::Add, expr, &X);
        let deeper = Expr::Binary(Binary::Add, &deeper, &X);
        let refused = deeper
            .type_in(&scope)
            .map_err(|fault| fault.message.to_string());
        assert!(
            refused.is_err_and(|why| why.contains("too deep")),
            "deeper than {MAX_DEPTH}: {deeper}"
        );
    }
}

#[test]
fn a_closure_holds_deep_expressions() {
    const BODY: Expr<'static> = nest!(Expr::Variable("v"); INNER =>
        Expr::Binary(Binary::Add, &INNER, &X);
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
        21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36);
    const MAPPED: Expr<'static> = Expr::Call("map", &[Expr::Name("xs"), Expr::Closure("v", &BODY)]);
    const _: () = assert!(has_type(&MAPPED, AROUND));
    assert!(has_type(&MAPPED, 0));
}
