//! Sums of a column's numbers, and how many there are.

use rust_decimal::Decimal;

use super::bytes::{put_signed, put_wide};
use super::number::{digits, split};
use super::{Exact, NonFinite, Number, Overflow, Reader};
use crate::value::Value;

/// The exact sum of the numbers that were added, and their count.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Total {
    count: i64,
    sum: Sum,
}

#[derive(Clone, Debug)]
enum Sum {
    Int(i128),
    /// The sum of finite numbers, and the others where there are any.
    Float(Exact, Option<Box<NonFinite>>),
    /// The sum of digits and the scale. It can't be wrong before 2^32 rows hold the largest decimal there is.
    Decimal(i128, u32),
}

impl Total {
    pub(in crate::agg) fn new(number: Number) -> Total {
        let sum = match number {
            Number::Int => Sum::Int(0),
            Number::Float => Sum::Float(Exact::ZERO, None),
            Number::Decimal(scale) => Sum::Decimal(0, scale),
        };
        Total { count: 0, sum }
    }

    /// Takes a value in; null changes nothing.
    #[inline]
    pub(in crate::agg) fn add(&mut self, value: &Value) {
        match (&mut self.sum, value) {
            (Sum::Int(sum), Value::Int(int)) => *sum = sum.wrapping_add((*int).into()),
            (Sum::Float(sum, others), Value::Float(float)) => match split(*float) {
                Some((negative, mantissa, exponent)) => sum.add(negative, mantissa, exponent),
                None => count(others, *float, 1),
            },
            (Sum::Decimal(sum, scale), Value::Decimal(number)) => {
                *sum = sum.wrapping_add(digits(*number, *scale));
            }
            _ => return,
        }
        self.count += 1;
    }

    /// Takes a value out that was added.
    #[inline]
    pub(in crate::agg) fn retract(&mut self, value: &Value) {
        match (&mut self.sum, value) {
            (Sum::Int(sum), Value::Int(int)) => *sum = sum.wrapping_sub((*int).into()),
            (Sum::Float(sum, others), Value::Float(float)) => match split(*float) {
                Some((negative, mantissa, exponent)) => sum.add(!negative, mantissa, exponent),
                None => count(others, *float, -1),
            },
            (Sum::Decimal(sum, scale), Value::Decimal(number)) => {
                *sum = sum.wrapping_sub(digits(*number, *scale));
            }
            _ => return,
        }
        self.count -= 1;
    }

    pub(in crate::agg) fn merge(&mut self, other: &Total) {
        match (&mut self.sum, &other.sum) {
            (Sum::Int(sum), Sum::Int(other)) => *sum = sum.wrapping_add(*other),
            (Sum::Float(sum, others), Sum::Float(other, more)) => {
                sum.merge(other);
                if let Some(more) = more {
                    change(others, |others| others.merge(more));
                }
            }
            (Sum::Decimal(sum, scale), Sum::Decimal(other, same)) if scale == same => {
                *sum = sum.wrapping_add(*other);
            }
            _ => panic!("sums of different types can't be merged"),
        }
        self.count += other.count;
    }

    /// Whether there is no number in it.
    pub(in crate::agg) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The sum, of the column's type.
    pub(in crate::agg) fn sum(&self) -> Result<Value, Overflow> {
        match &self.sum {
            Sum::Int(sum) => i64::try_from(*sum).map(Value::Int).map_err(|_| {
                Overflow(format!(
                    "the sum is {sum}, more than an `i64` can hold: sum the column as `f64` or decimal"
                ))
            }),
            Sum::Float(sum, others) => {
                let others = others.as_ref().and_then(|others| others.sum());
                Ok(Value::Float(others.unwrap_or_else(|| sum.to_f64())))
            }
            Sum::Decimal(sum, scale) => Decimal::try_from_i128_with_scale(*sum, *scale)
                .map(Value::Decimal)
                .map_err(|_| {
                    Overflow(format!(
                        "the sum of decimals has more digits than one can hold: {sum} without its point; \
                         sum the column with a smaller scale or as `f64`"
                    ))
                }),
        }
    }

    /// The sum over the count, rounded once; `None` where there is no number.
    pub(in crate::agg) fn mean(&self) -> Option<f64> {
        let count = u64::try_from(self.count).ok().filter(|count| *count > 0)?;
        let exact = |sum: i128| {
            let mut exact = Exact::ZERO;
            exact.add_int(sum);
            exact
        };
        Some(match &self.sum {
            Sum::Int(sum) => exact(*sum).over(&[count]).to_f64(),
            Sum::Float(sum, others) => {
                let others = others.as_ref().and_then(|others| others.sum());
                others.unwrap_or_else(|| sum.over(&[count]).to_f64())
            }
            Sum::Decimal(sum, scale) => {
                let [a, b] = Number::Decimal(*scale).divisors();
                exact(*sum).over(&[count, a, b]).to_f64()
            }
        })
    }

    /// The count and the sum; of floats with a byte before it that says whether others follow.
    pub(in crate::agg) fn encode(&self, to: &mut Vec<u8>) {
        put_signed(to, self.count);
        match &self.sum {
            Sum::Int(sum) | Sum::Decimal(sum, _) => put_wide(to, *sum),
            Sum::Float(sum, others) => {
                to.push(others.is_some().into());
                sum.encode(to);
                if let Some(others) = others {
                    others.encode(to);
                }
            }
        }
    }

    pub(in crate::agg) fn decode(&self, from: &mut Reader<'_>) -> Option<Total> {
        let count = from.balance()?;
        let sum = match &self.sum {
            Sum::Int(_) => Sum::Int(from.wide()?),
            Sum::Decimal(_, scale) => Sum::Decimal(from.wide()?, *scale),
            Sum::Float(..) => {
                let has_others = from.byte()?;
                let sum = Exact::decode(from)?;
                let others = match has_others {
                    0 => None,
                    1 => Some(Box::new(NonFinite::decode(from)?)),
                    _ => return None,
                };
                Sum::Float(sum, others)
            }
        };
        Some(Total { count, sum })
    }
}

/// Counts a number that is not finite; the counts are kept only where there are any.
#[cold]
fn count(others: &mut Option<Box<NonFinite>>, number: f64, times: i64) {
    change(others, |others| others.add(number, times));
}

fn change(others: &mut Option<Box<NonFinite>>, change: impl FnOnce(&mut NonFinite)) {
    let mut counts = others.as_deref().copied().unwrap_or_default();
    change(&mut counts);
    *others = counts.sum().map(|_| Box::new(counts));
}
