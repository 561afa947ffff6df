//! The value of an expression over a row.

use super::row::Row;
use crate::graph::{Columns, Expr, Op};
use crate::value::V;

pub(super) fn evaluate(expr: &Expr, row: &Row, columns: &Columns) -> V {
    let of = |expr: &Expr| evaluate(expr, row, columns);
    match expr {
        Expr::Column(name) if *name == columns.at => V::Time(row.at),
        Expr::Column(name) => row.values[name].clone(),
        Expr::Literal(value) => value.clone(),
        Expr::Not(operand) => match of(operand) {
            V::Bool(value) => V::Bool(!value),
            _ => V::Null,
        },
        Expr::IsNull(operand) => V::Bool(of(operand).is_null()),
        Expr::FillNull(operand, fill) => match (of(operand), fill) {
            (V::Null, fill) => fill.clone(),
            (value, _) => value,
        },
        Expr::Len(text) => match of(text) {
            V::Str(text) => V::Int(text.chars().count() as i64),
            _ => V::Null,
        },
        Expr::If(parts) => match of(&parts.0) {
            V::Bool(true) => of(&parts.1),
            _ => of(&parts.2),
        },
        Expr::Binary(op, left, right) => binary(*op, of(left), of(right)),
    }
}

fn binary(op: Op, left: V, right: V) -> V {
    use V::{Bool, Float, Int, Null};

    match (op, left, right) {
        (Op::And, Bool(false), _) | (Op::And, _, Bool(false)) => Bool(false),
        (Op::Or, Bool(true), _) | (Op::Or, _, Bool(true)) => Bool(true),
        (_, Null, _) | (_, _, Null) => Null,
        (Op::And, ..) => Bool(true),
        (Op::Or, ..) => Bool(false),
        (Op::Add, Int(a), Int(b)) => Int(a.wrapping_add(b)),
        (Op::Sub, Int(a), Int(b)) => Int(a.wrapping_sub(b)),
        (Op::Mul, Int(a), Int(b)) => Int(a.wrapping_mul(b)),
        (op, a, b) => match (op, a.number(), b.number()) {
            (Op::Add, Some(a), Some(b)) => Float(a + b),
            (Op::Sub, Some(a), Some(b)) => Float(a - b),
            (Op::Mul, Some(a), Some(b)) => Float(a * b),
            (Op::Div, Some(a), Some(b)) => Float(a / b),
            (op, ..) => compare(op, a, b),
        },
    }
}

/// Ints are compared as such, and mixed numbers as floats.
fn compare(op: Op, a: V, b: V) -> V {
    let (a, b) = match (&a, &b) {
        (V::Int(number), V::Float(_)) => (V::Float(*number as f64), b),
        (V::Float(_), V::Int(number)) => (a, V::Float(*number as f64)),
        _ => (a, b),
    };
    V::Bool(match op {
        Op::Eq => a == b,
        Op::Ne => a != b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        Op::Lt => a < b,
        Op::Le => a <= b,
        op => panic!("{a} {op} {b} has no value"),
    })
}
