//! Values beside constants: what a constant is to a column, and which of two values is greater.

use std::cmp::Ordering;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::dates;
use super::{Field, Value};
use crate::literal::Literal;
use crate::time::{Timestamp, parse_date};
use crate::ty::Type;
use crate::value::date_from_days;

/// How the values of a column are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// As what they are.
    Themselves,
    /// As the instants that texts say.
    Instants,
}

impl As {
    /// How a column is compared where texts are or aren't to be read as instants.
    pub(super) fn of(column: &Field<'_>, instants: bool) -> As {
        match column.ty.required().unrestricted() {
            Type::String if instants => As::Instants,
            _ => As::Themselves,
        }
    }

    /// A value as it is compared; null for a text that says no instant, which is neither equal to anything nor greater.
    pub(super) fn read(self, value: &Value) -> Value {
        match (self, value) {
            (As::Instants, Value::String(text)) => {
                instant(text).map_or(Value::Null, Value::Timestamp)
            }
            _ => value.clone(),
        }
    }

    /// A constant as the values of a column are compared with it.
    ///
    /// # Errors
    ///
    /// It is no value that the column can be compared with.
    pub(super) fn constant(
        self,
        literal: &Literal<'_>,
        column: &Field<'_>,
    ) -> Result<Value, String> {
        let Literal::Str(text) = literal else {
            return Ok(literal.to_value());
        };
        let ty = column.ty.required().unrestricted();
        let read = match ty {
            Type::String if self == As::Instants => instant(text).map(Value::Timestamp),
            Type::Timestamp => instant(text).map(Value::Timestamp),
            Type::Date => parse_date(text)
                .and_then(date_from_days)
                .map(Value::Date)
                .or_else(|| instant(text).map(Value::Timestamp)),
            Type::Decimal { .. } => text.parse().ok().map(Value::Decimal),
            Type::Bytes => Some(Value::Bytes(text.as_bytes().to_vec())),
            _ => Some(Value::String((*text).into())),
        };
        read.ok_or_else(|| {
            let what = match ty {
                Type::Decimal { .. } => "a number",
                _ => "a date or an instant",
            };
            format!(
                "{text:?} is not {what}, which column `{}` is compared with",
                column.name
            )
        })
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    match Timestamp::parse(text) {
        Ok(instant) => Some(instant),
        Err(_) => dates::parse(text),
    }
}

/// Whether two values are equal, as numbers where they are numbers.
pub(super) fn is_equal(one: &Value, other: &Value) -> bool {
    match order(one, other) {
        Some(order) => order.is_eq(),
        None => one == other && *one != Value::Null,
    }
}

/// The order of two values; `None` where there is none.
pub(super) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    Some(match (one, other) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Date(a), Value::Timestamp(b)) => {
            a.and_time(NaiveTime::MIN).cmp(&b.to_datetime().naive_utc())
        }
        (Value::Timestamp(_), Value::Date(_)) => order(other, one)?.reverse(),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b)?,
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Int(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
        (Value::Int(a), Value::Float(b)) => int_and_float(*a, *b)?,
        (Value::Decimal(a), Value::Float(b)) => a.to_f64()?.partial_cmp(b)?,
        (Value::Decimal(_), Value::Int(_))
        | (Value::Float(_), Value::Int(_) | Value::Decimal(_)) => order(other, one)?.reverse(),
        _ => return None,
    })
}

/// The order of a whole number and another one, to the last digit.
fn int_and_float(int: i64, float: f64) -> Option<Ordering> {
    /// The first whole number that is none of `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= END {
        return Some(Ordering::Less);
    }
    if float < -END {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    Some(
        int.cmp(&(whole as i64))
            .then_with(|| 0.0.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)),
    )
}
