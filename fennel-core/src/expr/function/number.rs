//! Functions of numbers. Null in, null out; restricted numbers count as plain ones.

#[cfg(feature = "eval")]
mod eval;

use super::call::{Call, lifted};
use super::functions;
use crate::expr::wire::Reader;
use crate::expr::{Expr, Fault, Typed};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::expression::{self as proto, expr::Node, math_op::FnType};

functions! {
    /// The number without its sign; the operand's type.
    Abs = "abs"() -> "T",
    /// The least whole number that is not less.
    Ceil = "ceil"() -> "i64",
    /// The greatest whole number that is not greater.
    Floor = "floor"() -> "i64",
    /// Rounded to `precision` digits behind the point, half away from zero; to an `i64` without one.
    Round = "round"(; "precision") -> "i64 or f64",
    /// The square root; NaN below zero.
    Sqrt = "sqrt"() -> "f64",
    /// The sine of radians.
    Sin = "sin"() -> "f64",
    /// The cosine of radians.
    Cos = "cos"() -> "f64",
    /// The tangent of radians.
    Tan = "tan"() -> "f64",
    /// The arc sine in radians; NaN outside -1 to 1.
    Asin = "asin"() -> "f64",
    /// The arc cosine in radians; NaN outside -1 to 1.
    Acos = "acos"() -> "f64",
    /// The arc tangent in radians.
    Atan = "atan"() -> "f64",
    /// The logarithm to `base`, a constant; the natural one without it. NaN below zero.
    Log = "log"(; "base") -> "f64",
    /// The power; an `i64` where both are whole. A whole number has no negative powers.
    Pow = "pow"("exponent") -> "i64 or f64",
    /// The number as text.
    ToString = "to_string"() -> "String",
    /// Whether it is not a number.
    IsNan = "is_nan"() -> "bool",
    /// Whether it is infinite.
    IsInfinite = "is_infinite"() -> "bool",
}

impl Function {
    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        let number = if operand.is_whole() {
            Computed::INT
        } else {
            Computed::FLOAT
        };
        match self {
            Function::Abs => lifted(number, &operand),
            Function::Ceil | Function::Floor => lifted(Computed::INT, &operand),
            Function::Round => {
                let precision = match call.argument(&signature, 0) {
                    None => 0,
                    Some((_, Expr::Literal(Literal::Int(digits))))
                        if digits >= 0 && digits <= 308 =>
                    {
                        digits
                    }
                    Some((at, _)) => {
                        return Err(Fault::new(Message::new(
                            "the precision of `round` is a constant whole number, 0 to 308",
                        ))
                        .within(at));
                    }
                };
                lifted(
                    if precision == 0 {
                        Computed::INT
                    } else {
                        Computed::FLOAT
                    },
                    &operand,
                )
            }
            Function::Log => {
                if let Some((at, base)) = call.argument(&signature, 0)
                    && !matches!(base, Expr::Literal(Literal::Int(_) | Literal::Float(_)))
                {
                    return Err(
                        Fault::new(Message::new("the base of `log` is a constant number"))
                            .within(at),
                    );
                }
                lifted(Computed::FLOAT, &operand)
            }
            Function::Pow => {
                let exponent = match call.typed(&signature, 0) {
                    Some((_, ty)) if ty.is_number() => ty,
                    _ => {
                        return Err(call.fault(
                            &signature,
                            0,
                            "a number as its exponent",
                            &Computed::FLOAT,
                        ));
                    }
                };
                if number.is_whole()
                    && let Some((at, Expr::Literal(Literal::Int(power)))) =
                        call.argument(&signature, 0)
                    && power < 0
                {
                    return Err(Fault::new(Message::new(
                        "a whole number has no negative powers: make one side a float, as in `2.0`",
                    ))
                    .within(at));
                }
                let whole = operand.is_whole() && exponent.is_whole();
                let result = if whole {
                    Computed::INT
                } else {
                    Computed::FLOAT
                };
                Ok(result.optional_if(operand.is_optional() || exponent.is_optional()))
            }
            Function::ToString => lifted(Computed::STRING, &operand),
            Function::IsNan | Function::IsInfinite => lifted(Computed::BOOL, &operand),
            Function::Sqrt
            | Function::Sin
            | Function::Cos
            | Function::Tan
            | Function::Asin
            | Function::Acos
            | Function::Atan => lifted(Computed::FLOAT, &operand),
        }
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let argument = call.argument(&signature, 0).map(|(_, argument)| argument);
        let function = match self {
            Function::Abs => FnType::Abs(proto::Abs {}),
            Function::Ceil => FnType::Ceil(proto::Ceil {}),
            Function::Floor => FnType::Floor(proto::Floor {}),
            Function::Round => FnType::Round(proto::Round {
                precision: match argument {
                    Some(Expr::Literal(Literal::Int(digits))) => i32::try_from(digits).unwrap_or(0),
                    _ => 0,
                },
            }),
            Function::Sqrt => FnType::Sqrt(proto::Sqrt {}),
            Function::Sin => FnType::Sin(proto::Sin {}),
            Function::Cos => FnType::Cos(proto::Cos {}),
            Function::Tan => FnType::Tan(proto::Tan {}),
            Function::Asin => FnType::Asin(proto::Asin {}),
            Function::Acos => FnType::Acos(proto::Acos {}),
            Function::Atan => FnType::Atan(proto::Atan {}),
            Function::Log => FnType::Log(proto::Log {
                base: match argument {
                    Some(Expr::Literal(Literal::Int(base))) => base as f64,
                    Some(Expr::Literal(Literal::Float(base))) => base,
                    _ => std::f64::consts::E,
                },
            }),
            Function::Pow => FnType::Pow(Box::new(proto::Pow {
                exponent: call.encode_argument(&signature, 0),
            })),
            Function::ToString => FnType::ToString(proto::ToString {}),
            Function::IsNan => FnType::IsNan(proto::IsNan {}),
            Function::IsInfinite => FnType::IsInfinite(proto::IsInfinite {}),
        };
        Node::MathFn(Box::new(proto::MathFn {
            operand: call.encode_operand(),
            r#fn: Some(Box::new(proto::MathOp {
                fn_type: Some(function),
            })),
        }))
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(
        message: &proto::MathFn,
        reader: &mut Reader<'a>,
    ) -> Result<Expr<'a>, String> {
        let operand = reader.expr(message.operand.as_deref())?;
        let function = message.r#fn.as_deref().and_then(|op| op.fn_type.as_ref());
        let (function, argument) = match function.ok_or("it names no function of numbers")? {
            FnType::Abs(_) => (Function::Abs, None),
            FnType::Ceil(_) => (Function::Ceil, None),
            FnType::Floor(_) => (Function::Floor, None),
            FnType::Round(round) if round.precision == 0 => (Function::Round, None),
            FnType::Round(round) => (
                Function::Round,
                Some(Expr::Literal(Literal::Int(round.precision.into()))),
            ),
            FnType::Sqrt(_) => (Function::Sqrt, None),
            FnType::Sin(_) => (Function::Sin, None),
            FnType::Cos(_) => (Function::Cos, None),
            FnType::Tan(_) => (Function::Tan, None),
            FnType::Asin(_) => (Function::Asin, None),
            FnType::Acos(_) => (Function::Acos, None),
            FnType::Atan(_) => (Function::Atan, None),
            FnType::Log(log) if log.base.to_bits() == std::f64::consts::E.to_bits() => {
                (Function::Log, None)
            }
            FnType::Log(log) => (Function::Log, Some(Expr::Literal(Literal::Float(log.base)))),
            FnType::Pow(pow) => (Function::Pow, Some(reader.expr(pow.exponent.as_deref())?)),
            FnType::ToString(_) => (Function::ToString, None),
            FnType::IsNan(_) => (Function::IsNan, None),
            FnType::IsInfinite(_) => (Function::IsInfinite, None),
        };
        Ok(reader.call(function.signature().name, operand, argument))
    }
}
