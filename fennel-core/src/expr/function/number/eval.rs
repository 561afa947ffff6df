//! Functions of numbers over columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow_buffer::BooleanBuffer;

use super::Function;
use crate::expr::Expr;
use crate::expr::eval::{Compiler, Inputs, Node, Operand, binary, call, coerced};
use crate::expr::function::Call;
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        written: &Call<'_, 'a>,
        ty: Computed<'a>,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        let signature = self.signature();
        let operand = written.compile_operand(compiler)?;
        if let Function::Pow = self {
            let exponent = written.compile_required(&signature, 0, compiler)?;
            return power(operand, exponent, ty);
        }
        let argument = written.argument(&signature, 0);
        let argument = argument.map(|(_, argument)| argument);
        let digits = match argument {
            Some(Expr::Literal(Literal::Int(digits))) => i32::try_from(digits).unwrap_or(0),
            _ => 0,
        };
        let base = match argument {
            Some(Expr::Literal(Literal::Int(base))) => base as f64,
            Some(Expr::Literal(Literal::Float(base))) => base,
            _ => std::f64::consts::E,
        };
        if operand.ty.is_whole() && self.is_exact() {
            let node = coerced(operand, Computed::INT)?;
            return Ok(call([node], move |inputs, _| self.of_ints(inputs, digits)));
        }
        let node = coerced(operand, Computed::FLOAT)?;
        Ok(call([node], move |inputs, _| {
            self.of_floats(inputs, digits, base)
        }))
    }

    /// Whether whole numbers need not become floats for it.
    const fn is_exact(self) -> bool {
        matches!(
            self,
            Function::Abs
                | Function::Ceil
                | Function::Floor
                | Function::Round
                | Function::ToString
                | Function::IsNan
                | Function::IsInfinite
        )
    }

    fn of_floats(self, inputs: &Inputs<'_>, digits: i32, base: f64) -> ArrayRef {
        match self {
            Function::Abs => floats(inputs, f64::abs),
            Function::Ceil => rounded(inputs, f64::ceil),
            Function::Floor => rounded(inputs, f64::floor),
            Function::Round if digits == 0 => rounded(inputs, f64::round),
            Function::Round => floats(inputs, |x| round_to(x, digits)),
            Function::Sqrt => floats(inputs, f64::sqrt),
            Function::Sin => floats(inputs, f64::sin),
            Function::Cos => floats(inputs, f64::cos),
            Function::Tan => floats(inputs, f64::tan),
            Function::Asin => floats(inputs, f64::asin),
            Function::Acos => floats(inputs, f64::acos),
            Function::Atan => floats(inputs, f64::atan),
            Function::Log => floats(inputs, |x| x.ln() / base.ln()),
            Function::Pow => unreachable!("a power has two operands"),
            Function::ToString => {
                let floats = inputs.floats(0);
                let texts = (0..inputs.rows).map(|row| floats.get(row).map(text));
                Arc::new(texts.collect::<StringArray>())
            }
            Function::IsNan => tested(inputs, f64::is_nan),
            Function::IsInfinite => tested(inputs, f64::is_infinite),
        }
    }

    /// What is exact of whole numbers.
    fn of_ints(self, inputs: &Inputs<'_>, digits: i32) -> ArrayRef {
        let ints = inputs.column(0).array.as_primitive::<Int64Type>();
        match self {
            Function::Abs => Arc::new(ints.unary::<_, Int64Type>(i64::wrapping_abs)),
            Function::Round if digits > 0 => {
                Arc::new(ints.unary::<_, Float64Type>(|int| int as f64))
            }
            Function::ToString => {
                let texts = ints.iter().map(|int| int.map(|int| int.to_string()));
                Arc::new(texts.collect::<StringArray>())
            }
            Function::IsNan | Function::IsInfinite => {
                let no = BooleanBuffer::new_unset(ints.len());
                Arc::new(BooleanArray::new(no, ints.nulls().cloned()))
            }
            _ => Arc::new(ints.clone()),
        }
    }
}

/// `base.pow(exponent)`, whole where both are.
fn power(base: Operand<'_>, exponent: Operand<'_>, ty: Computed<'_>) -> Result<Node, Message> {
    if !ty.is_whole() {
        let float = Computed::FLOAT;
        let nodes = [coerced(base, float)?, coerced(exponent, float)?];
        return Ok(call(nodes, |inputs, _| {
            binary::<Float64Type, Float64Type>(inputs, f64::powf)
        }));
    }
    let nodes = [
        coerced(base, Computed::INT)?,
        coerced(exponent, Computed::INT)?,
    ];
    Ok(call(nodes, |inputs, failures| {
        let (base, exponent) = (inputs.ints(0), inputs.ints(1));
        let made = (0..inputs.rows).map(|row| {
            let (base, exponent) = (base.get(row)?, exponent.get(row)?);
            let Ok(exponent) = u64::try_from(exponent) else {
                failures.add(row, format!("a whole number has no power {exponent}"));
                return None;
            };
            Some(whole_power(base, exponent))
        });
        Arc::new(made.collect::<Int64Array>())
    }))
}

/// The power of a whole number, which wraps.
fn whole_power(mut base: i64, mut exponent: u64) -> i64 {
    let mut made = 1_i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            made = made.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    made
}

/// Rounded half away from zero. What has no digits to lose is itself.
fn round_to(x: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    let scaled = x * scale;
    if scaled.is_finite() {
        scaled.round() / scale
    } else {
        x
    }
}

/// A float as the shortest text that reads back as it.
fn text(x: f64) -> String {
    match serde_json::Number::from_f64(x) {
        Some(number) => number.to_string(),
        None if x.is_nan() => "NaN".into(),
        None if x > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

fn floats(inputs: &Inputs<'_>, function: impl Fn(f64) -> f64) -> ArrayRef {
    let floats: &Float64Array = inputs.column(0).array.as_primitive();
    Arc::new(floats.unary::<_, Float64Type>(function))
}

/// Whole numbers, where the rounded float is one of 64 bits.
fn rounded(inputs: &Inputs<'_>, round: impl Fn(f64) -> f64) -> ArrayRef {
    /// 2 to the power of 63, the first float that is none.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let floats = inputs.floats(0);
    let made = (0..inputs.rows).map(|row| {
        let rounded = round(floats.get(row)?);
        (-BEYOND..BEYOND)
            .contains(&rounded)
            .then_some(rounded as i64)
    });
    Arc::new(made.collect::<Int64Array>())
}

fn tested(inputs: &Inputs<'_>, test: impl Fn(f64) -> bool) -> ArrayRef {
    let floats: &Float64Array = inputs.column(0).array.as_primitive();
    let bits = BooleanBuffer::collect_bool(floats.len(), |i| test(floats.value(i)));
    Arc::new(BooleanArray::new(bits, floats.nulls().cloned()))
}
