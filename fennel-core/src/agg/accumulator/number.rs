//! The numbers of a column, as the machines take them.

use rust_decimal::Decimal;

use crate::ty::{Between, Bound};
use crate::value::{Mismatch, Shape, Value};

/// What kind of numbers a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agg) enum Number {
    Int,
    Float,
    /// With its scale.
    Decimal(u32),
}

/// A number as a machine adds it up.
#[derive(Clone, Copy, Debug)]
pub(in crate::agg) enum Part {
    /// `mantissa * 2^exponent`; of a decimal its digits, as a whole number.
    Finite {
        negative: bool,
        mantissa: u128,
        exponent: i32,
    },
    /// An infinity or NaN.
    NonFinite,
}

/// The type without options and restrictions.
pub(super) fn base(shape: &Shape) -> &Shape {
    match shape {
        Shape::Optional(inner) => base(inner),
        Shape::Between(Between {
            min: Bound::Int(_), ..
        })
        | Shape::OneOfInt(_) => &Shape::Int,
        Shape::Between(_) => &Shape::Float,
        other => other,
    }
}

impl Number {
    /// The numbers of a column of that type; `name` is the aggregate that needs them.
    pub(in crate::agg) fn of(name: &str, of: Option<&Shape>) -> Result<Number, Mismatch> {
        match of.map(base) {
            Some(Shape::Int) => Ok(Number::Int),
            Some(Shape::Float) => Ok(Number::Float),
            Some(Shape::Decimal(scale)) => Ok(Number::Decimal(*scale)),
            Some(other) => Err(Mismatch(format!("`{name}` needs numbers, found `{other}`"))),
            None => Err(Mismatch(format!("`{name}` needs a column of numbers"))),
        }
    }

    /// A value of the column; `None` for null.
    pub(in crate::agg) fn part(self, value: &Value) -> Option<Part> {
        Some(match (self, value) {
            (Number::Int, Value::Int(int)) => Part::Finite {
                negative: *int < 0,
                mantissa: int.unsigned_abs().into(),
                exponent: 0,
            },
            (Number::Float, Value::Float(float)) => match split(*float) {
                Some((negative, mantissa, exponent)) => Part::Finite {
                    negative,
                    mantissa: mantissa.into(),
                    exponent,
                },
                None => Part::NonFinite,
            },
            (Number::Decimal(scale), Value::Decimal(number)) => {
                let digits = digits(*number, scale);
                Part::Finite {
                    negative: digits < 0,
                    mantissa: digits.unsigned_abs(),
                    exponent: 0,
                }
            }
            _ => return None,
        })
    }

    /// A value of the column as the nearest float; `None` for null.
    pub(in crate::agg) fn float(self, value: &Value) -> Option<f64> {
        Some(match (self, value) {
            (Number::Int, Value::Int(int)) => *int as f64,
            (Number::Float, Value::Float(float)) => *float,
            (Number::Decimal(_), Value::Decimal(number)) => decimal_to_f64(*number),
            _ => return None,
        })
    }

    /// Powers of ten whose product divides a sum of decimals' digits.
    pub(in crate::agg) fn divisors(self) -> [u64; 2] {
        match self {
            Number::Decimal(scale) => {
                let low = scale.min(18);
                [10_u64.pow(low), 10_u64.pow((scale - low).min(18))]
            }
            _ => [1, 1],
        }
    }
}

/// The sign, digits and exponent of a finite number.
#[inline]
pub(super) fn split(float: f64) -> Option<(bool, u64, i32)> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = float.to_bits();
    let fraction = bits & ((1 << FRACTION) - 1);
    let (mantissa, exponent) = match (bits >> FRACTION) & 0x7ff {
        0 => (fraction, -1074),
        0x7ff => return None,
        biased => (fraction | (1 << FRACTION), biased as i32 - 1075),
    };
    Some((float.is_sign_negative(), mantissa, exponent))
}

/// A decimal's digits at that scale.
pub(super) fn digits(mut number: Decimal, scale: u32) -> i128 {
    if number.scale() != scale {
        number.rescale(scale);
    }
    number.mantissa()
}

/// The nearest float.
fn decimal_to_f64(number: Decimal) -> f64 {
    let mut exact = super::Exact::ZERO;
    exact.add_int(number.mantissa());
    exact
        .over(&Number::Decimal(number.scale()).divisors())
        .to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_the_nearest_float() {
        for text in [
            "0.1",
            "-2.675",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
            "0",
        ] {
            let nearest: f64 = text.parse().unwrap();
            assert_eq!(decimal_to_f64(text.parse().unwrap()), nearest, "{text}");
        }
    }

    #[test]
    fn restricted_and_optional_numbers_are_numbers() {
        let within = |min, max| {
            Shape::Between(Between {
                min,
                max,
                strict_min: false,
                strict_max: false,
            })
        };
        let number = |shape: Shape| Number::of("sum", Some(&Shape::Optional(shape.into()))).ok();
        assert_eq!(
            number(within(Bound::Int(0), Bound::Int(1))),
            Some(Number::Int)
        );
        assert_eq!(
            number(within(Bound::Float(0.0), Bound::Float(1.0))),
            Some(Number::Float)
        );
        assert_eq!(number(Shape::OneOfInt([1].into())), Some(Number::Int));
        assert_eq!(number(Shape::String), None);
    }
}
