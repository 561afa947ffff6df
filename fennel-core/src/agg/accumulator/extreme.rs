//! The least or the greatest value of a column.

use std::cmp::Ordering;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::bytes::put_value;
use super::number::base;
use super::{Contribution, Overflow, Reader, Retraction, State, put_varint};
use crate::agg::Default;
use crate::time::Timestamp;
use crate::value::{Mismatch, Shape, Value};

/// Which end of the values is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agg) enum Which {
    Least,
    Greatest,
}

/// The best value, how often it is there, and how many others are.
///
/// As long as another copy of the best value is there, or none but it was, a retraction is no more than
/// counting.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Extreme {
    which: Which,
    default: Value,
    best: Option<Scalar>,
    copies: u64,
    others: u64,
}

/// A value that can be the least one. Floats are in total order: negative zero before zero, NaN behind all numbers,
/// and only one NaN.
#[derive(Clone, Copy, Debug)]
enum Scalar {
    Int(i64),
    Float(f64),
    Decimal(Decimal),
    Date(NaiveDate),
    Timestamp(Timestamp),
}

impl Extreme {
    pub(in crate::agg) fn new(
        name: &str,
        which: Which,
        default: &Default<'_>,
        of: Option<&Shape>,
    ) -> Result<Extreme, Mismatch> {
        let of = match of.map(base) {
            Some(
                of @ (Shape::Int
                | Shape::Float
                | Shape::Decimal(_)
                | Shape::Date
                | Shape::Timestamp),
            ) => of,
            Some(other) => {
                let message = format!("`{name}` needs numbers, dates or instants, found `{other}`");
                return Err(Mismatch(message));
            }
            None => return Err(Mismatch(format!("`{name}` needs a column"))),
        };
        Ok(Extreme {
            which,
            default: default_value(default, of).map_err(|e| e.within("the default"))?,
            best: None,
            copies: 0,
            others: 0,
        })
    }

    fn take(&mut self, scalar: Scalar, copies: u64) {
        let order = match (&self.best, self.which) {
            (None, _) => Ordering::Greater,
            (Some(best), Which::Greatest) => scalar.compare(best),
            (Some(best), Which::Least) => best.compare(&scalar),
        };
        match order {
            Ordering::Less => self.others += copies,
            Ordering::Equal => self.copies += copies,
            Ordering::Greater => {
                self.others += self.copies;
                self.best = Some(scalar);
                self.copies = copies;
            }
        }
    }
}

impl State for Extreme {
    #[inline]
    fn add(&mut self, row: Contribution<'_>) {
        if let Some(scalar) = Scalar::of(row.value) {
            self.take(scalar, 1);
        }
    }

    fn retract(&mut self, row: Contribution<'_>) -> Retraction {
        let Some(scalar) = Scalar::of(row.value) else {
            return Retraction::Done;
        };
        let is_best = self.best.is_some_and(|best| best.compare(&scalar).is_eq());
        match (is_best, self.copies, self.others) {
            (true, 1, 0) => {
                self.best = None;
                self.copies = 0;
            }
            (true, 0 | 1, _) | (false, _, 0) => return Retraction::Rebuild,
            (true, ..) => self.copies -= 1,
            (false, ..) => self.others -= 1,
        }
        Retraction::Done
    }

    fn merge(&mut self, other: &Self) {
        if let Some(best) = other.best {
            self.take(best, other.copies);
        }
        self.others += other.others;
    }

    fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
        Ok(match self.best {
            Some(best) => best.value(),
            None => self.default.clone(),
        })
    }

    fn is_empty(&self) -> bool {
        self.best.is_none()
    }

    /// How often the best value is there, and if it is, how many others are and what it is.
    fn encode(&self, to: &mut Vec<u8>) {
        put_varint(to, self.copies);
        if let Some(best) = self.best {
            put_varint(to, self.others);
            put_value(to, &best.value());
        }
    }

    fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
        let copies = from.rows()?;
        let (others, best) = match copies {
            0 => (0, None),
            _ => (from.rows()?, Some(Scalar::of(&from.value()?)?)),
        };
        Some(Extreme {
            which: self.which,
            default: self.default.clone(),
            best,
            copies,
            others,
        })
    }
}

impl Scalar {
    #[inline]
    fn of(value: &Value) -> Option<Scalar> {
        Some(match value {
            Value::Int(int) => Scalar::Int(*int),
            Value::Float(float) if float.is_nan() => Scalar::Float(f64::NAN),
            Value::Float(float) => Scalar::Float(*float),
            Value::Decimal(number) => Scalar::Decimal(*number),
            Value::Date(date) => Scalar::Date(*date),
            Value::Timestamp(instant) => Scalar::Timestamp(*instant),
            _ => return None,
        })
    }

    fn value(self) -> Value {
        match self {
            Scalar::Int(int) => Value::Int(int),
            Scalar::Float(float) => Value::Float(float),
            Scalar::Decimal(number) => Value::Decimal(number),
            Scalar::Date(date) => Value::Date(date),
            Scalar::Timestamp(instant) => Value::Timestamp(instant),
        }
    }

    /// Their order; a column holds one type, and so do the values here.
    #[inline]
    fn compare(&self, other: &Scalar) -> Ordering {
        match (self, other) {
            (Scalar::Int(a), Scalar::Int(b)) => a.cmp(b),
            (Scalar::Float(a), Scalar::Float(b)) => a.total_cmp(b),
            (Scalar::Decimal(a), Scalar::Decimal(b)) => a.cmp(b),
            (Scalar::Date(a), Scalar::Date(b)) => a.cmp(b),
            (Scalar::Timestamp(a), Scalar::Timestamp(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// The default as a value of the column's type.
fn default_value(default: &Default<'_>, of: &Shape) -> Result<Value, Mismatch> {
    match (default, of) {
        (Default::Null, _) => Ok(Value::Null),
        (Default::Literal(literal), _) => of.accept(literal.to_value()),
        (Default::Number(number), Shape::Timestamp) => {
            let micros = Shape::Int.accept(Value::Float(*number))?;
            let instant = match micros {
                Value::Int(micros) => Timestamp::from_micros(micros),
                _ => None,
            };
            instant.map(Value::Timestamp).ok_or_else(|| {
                Mismatch(format!("{number} microseconds are outside years 1 to 9999"))
            })
        }
        (Default::Number(number), Shape::Date) => {
            of.accept(Shape::Int.accept(Value::Float(*number))?)
        }
        (Default::Number(number), _) => of.accept(Value::Float(*number)),
    }
}
