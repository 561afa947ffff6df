//! Operators over columns.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array};
use arrow_buffer::BooleanBuffer;

use super::{Binary, Unary};
use crate::column::same;
use crate::expr::eval::{Inputs, Node, Operand, binary, call, coerced, order};
use crate::message::Message;
use crate::ty::Computed;

impl Unary {
    /// The operator applied to a column.
    pub(in crate::expr) fn compile<'a>(
        self,
        operand: Operand<'a>,
        ty: Computed<'a>,
    ) -> Result<Node, Message> {
        let whole = ty.is_whole();
        let operand = coerced(operand, ty)?;
        Ok(call([operand], move |inputs, _| {
            let array = &inputs.column(0).array;
            match self {
                Unary::Neg if whole => {
                    let ints = array.as_primitive::<Int64Type>();
                    Arc::new(ints.unary::<_, Int64Type>(i64::wrapping_neg))
                }
                Unary::Neg => {
                    let floats = array.as_primitive::<Float64Type>();
                    Arc::new(floats.unary::<_, Float64Type>(|float| -float))
                }
                Unary::Not => {
                    let bools = array.as_boolean();
                    Arc::new(BooleanArray::new(!bools.values(), bools.nulls().cloned()))
                }
            }
        }))
    }
}

impl Binary {
    /// The operator applied to two columns.
    pub(in crate::expr) fn compile<'a>(
        self,
        left: Operand<'a>,
        right: Operand<'a>,
        ty: Computed<'a>,
    ) -> Result<Node, Message> {
        // What both operands are brought to.
        let operands = match self {
            Binary::Eq | Binary::Ne => left.ty.common(right.ty).unwrap_or(Computed::UNKNOWN),
            Binary::And | Binary::Or => Computed::BOOL,
            Binary::Div => Computed::FLOAT,
            Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le => {
                let whole = |ty: Computed<'_>| ty.is_null() || ty.is_whole();
                match whole(left.ty) && whole(right.ty) {
                    true => Computed::INT,
                    false => Computed::FLOAT,
                }
            }
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Rem | Binary::FloorDiv => ty,
        };
        let whole = operands.is_whole();
        let number = operands.is_number() && !operands.is_null() && !operands.is_unknown();
        let nodes = [coerced(left, operands)?, coerced(right, operands)?];
        Ok(call(nodes, move |inputs, _| match self {
            Binary::And => kleene(inputs, false),
            Binary::Or => kleene(inputs, true),
            Binary::Eq | Binary::Ne if !number => equal(inputs, self == Binary::Eq),
            Binary::Eq | Binary::Ne | Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le => {
                compared(inputs, whole, |order| self.holds(order))
            }
            _ if whole => self.whole(inputs),
            _ => self.floating(inputs),
        }))
    }

    /// Whether a comparison holds of two numbers in that order.
    const fn holds(self, order: Ordering) -> bool {
        match self {
            Binary::Eq => order.is_eq(),
            Binary::Ne => order.is_ne(),
            Binary::Gt => order.is_gt(),
            Binary::Ge => order.is_ge(),
            Binary::Lt => order.is_lt(),
            Binary::Le => order.is_le(),
            _ => false,
        }
    }

    /// Arithmetic of whole numbers, which wraps. There is no quotient and no rest by zero.
    fn whole(self, inputs: &Inputs<'_>) -> ArrayRef {
        type Int = Int64Type;
        match self {
            Binary::Sub => binary::<Int, Int>(inputs, i64::wrapping_sub),
            Binary::Mul => binary::<Int, Int>(inputs, i64::wrapping_mul),
            Binary::FloorDiv | Binary::Rem => {
                let (a, b) = (inputs.ints(0), inputs.ints(1));
                let made = (0..inputs.rows).map(|row| {
                    let (a, b) = (a.get(row)?, b.get(row)?);
                    (b != 0).then(|| match self {
                        Binary::Rem => floor_rem(a, b),
                        _ => floor_div(a, b),
                    })
                });
                Arc::new(made.collect::<Int64Array>())
            }
            _ => binary::<Int, Int>(inputs, i64::wrapping_add),
        }
    }

    /// Arithmetic of floats, as IEEE 754 has it; quotients and rests of the floor division.
    fn floating(self, inputs: &Inputs<'_>) -> ArrayRef {
        type Float = Float64Type;
        match self {
            Binary::Sub => binary::<Float, Float>(inputs, |a, b| a - b),
            Binary::Mul => binary::<Float, Float>(inputs, |a, b| a * b),
            Binary::Div => binary::<Float, Float>(inputs, |a, b| a / b),
            Binary::FloorDiv => binary::<Float, Float>(inputs, |a, b| (a / b).floor()),
            Binary::Rem => binary::<Float, Float>(inputs, float_rem),
            _ => binary::<Float, Float>(inputs, |a, b| a + b),
        }
    }
}

const fn floor_div(a: i64, b: i64) -> i64 {
    let quotient = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) {
        quotient - 1
    } else {
        quotient
    }
}

const fn floor_rem(a: i64, b: i64) -> i64 {
    let rest = a.wrapping_rem(b);
    if rest != 0 && (rest < 0) != (b < 0) {
        rest + b
    } else {
        rest
    }
}

/// What the floor division leaves, computed by means of it.
fn float_rem(a: f64, b: f64) -> f64 {
    a - b * (a / b).floor()
}

/// `&&` and `||` of three values: what `decides` decides, whatever the other is.
fn kleene(inputs: &Inputs<'_>, decides: bool) -> ArrayRef {
    let (a, b) = (inputs.bools(0), inputs.bools(1));
    let made = (0..inputs.rows).map(|row| match (a.get(row), b.get(row)) {
        (Some(one), _) | (_, Some(one)) if one == decides => Some(decides),
        (Some(_), Some(_)) => Some(!decides),
        _ => None,
    });
    Arc::new(made.collect::<BooleanArray>())
}

/// Numbers compared; null where one is.
fn compared(inputs: &Inputs<'_>, whole: bool, holds: impl Fn(Ordering) -> bool) -> ArrayRef {
    if whole {
        let values = |k: usize| inputs.column(k).array.as_primitive::<Int64Type>().values();
        let (a, b) = (values(0), values(1));
        decided(inputs, |i, j| holds(a[i].cmp(&b[j])))
    } else {
        let values = |k: usize| {
            inputs
                .column(k)
                .array
                .as_primitive::<Float64Type>()
                .values()
        };
        let (a, b) = (values(0), values(1));
        decided(inputs, |i, j| holds(order(a[i], b[j])))
    }
}

/// Values of any type compared; null where one is.
fn equal(inputs: &Inputs<'_>, wanted: bool) -> ArrayRef {
    let (a, b) = (&inputs.column(0).array, &inputs.column(1).array);
    decided(inputs, |i, j| same(a.as_ref(), i, b.as_ref(), j) == wanted)
}

/// Decides of each pair of inputs; null where one is.
fn decided(inputs: &Inputs<'_>, decide: impl Fn(usize, usize) -> bool) -> ArrayRef {
    let (a, b) = (inputs.column(0), inputs.column(1));
    let valid = |row: usize| a.array.is_valid(a.at(row)) && b.array.is_valid(b.at(row));
    if a.array.null_count() + b.array.null_count() == 0 {
        let bits = BooleanBuffer::collect_bool(inputs.rows, |row| decide(a.at(row), b.at(row)));
        return Arc::new(BooleanArray::new(bits, None));
    }
    let made = (0..inputs.rows).map(|row| valid(row).then(|| decide(a.at(row), b.at(row))));
    Arc::new(made.collect::<BooleanArray>())
}
