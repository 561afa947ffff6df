//! Matching of incoming values to a type: the one place where data is read leniently.
//!
//! | type | takes |
//! |---|---|
//! | `i64` | whole numbers, bools as 0 and 1, decimal digits as text |
//! | `f64` | numbers, decimal digits as text |
//! | `String` | texts, numbers as their digits |
//! | `bool` | bools |
//! | `DateTime<Utc>` | numbers since 1970 in s, ms, us or ns by their size, also as text; RFC 3339 and RFC 2822 text; a bare date |
//! | `NaiveDate` | `YYYY-MM-DD`, days since 1970, milliseconds of a midnight |
//! | `Decimal<N>` | numbers and texts, rounded half to even; a float as the binary number that it is |
//! | `Vec<u8>` | texts, as UTF-8 |
//! | lists, maps, records | lists, objects; a record's missing field is null |
//!
//! Null is taken by `Option` alone.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Mismatch, Shape, Value, date_from_days, days_of};
use crate::time::{Timestamp, parse_date};
use crate::ty::{Between, Bound};

impl Shape {
    /// Matches an incoming value to this type.
    ///
    /// # Errors
    ///
    /// Why the value doesn't fit.
    pub fn accept(&self, value: Value) -> Result<Value, Mismatch> {
        let taken = match (self, value) {
            (Shape::Optional(_), Value::Null) => return Ok(Value::Null),
            (Shape::Optional(inner), value) => return inner.accept(value),
            (Shape::Bool, Value::Bool(value)) => Ok(Value::Bool(value)),
            (Shape::Int, value) => to_int(value).map(Value::Int),
            (Shape::Float, value) => to_float(value).map(Value::Float),
            (Shape::String, value) => to_text(value).map(Value::String),
            (Shape::Bytes, Value::Bytes(bytes)) => Ok(Value::Bytes(bytes)),
            (Shape::Bytes, Value::String(text)) => Ok(Value::Bytes(text.into_bytes())),
            (Shape::Timestamp, value) => to_timestamp(value).map(Value::Timestamp),
            (Shape::Date, value) => to_date(value).map(Value::Date),
            (Shape::Decimal(scale), value) => to_decimal(value, *scale).map(Value::Decimal),
            (Shape::Embedding(dim), value) => return self.accept_embedding(value, *dim),
            (Shape::List(element), Value::List(values)) => {
                return accept_all(element, values).map(Value::List);
            }
            (Shape::Map(element), value) => match entries(value) {
                Ok(entries) => return accept_entries(element, entries).map(Value::Map),
                Err(other) => Err(other),
            },
            (Shape::Record(_, fields), Value::Map(entries)) => {
                return accept_record(fields, entries);
            }
            (Shape::Record(_, fields), Value::Record(values)) if values.len() == fields.len() => {
                let pairs = fields.iter().zip(values);
                let values = pairs.map(|((name, shape), value)| {
                    shape
                        .accept(value)
                        .map_err(|e| e.within(&format!("`{name}`")))
                });
                return values.collect::<Result<_, _>>().map(Value::Record);
            }
            (Shape::Between(between), value) => return self.accept_between(between, value),
            (Shape::OneOfInt(options), value) => {
                to_int(value).and_then(|int| among(options, int, Value::Int))
            }
            (Shape::OneOfString(options), value) => {
                to_text(value).and_then(|text| among(options, text, Value::String))
            }
            (Shape::Regex(regex), value) => match to_text(value) {
                Ok(text) if regex.is_match(&text) => Ok(Value::String(text)),
                Ok(text) => Err(Value::String(text)),
                Err(other) => Err(other),
            },
            (_, other) => Err(other),
        };
        taken.map_err(|value| self.mismatch(&value))
    }

    fn mismatch(&self, value: &Value) -> Mismatch {
        Mismatch(format!("expected {}, found {value}", self.in_words()))
    }

    fn accept_embedding(&self, value: Value, dim: u32) -> Result<Value, Mismatch> {
        match value {
            Value::List(values) if values.len() == dim as usize => {
                accept_all(&Shape::Float, values).map(Value::List)
            }
            other => Err(self.mismatch(&other)),
        }
    }

    fn accept_between(&self, between: &Between, value: Value) -> Result<Value, Mismatch> {
        let number = match between.min {
            Bound::Int(_) => to_int(value).map(Value::Int),
            Bound::Float(_) => to_float(value).map(Value::Float),
        };
        match number {
            Ok(number) if between.holds(&number) => Ok(number),
            Ok(outside) => Err(self.mismatch(&outside)),
            Err(other) => Err(self.mismatch(&other)),
        }
    }
}

impl Between {
    /// Whether a number of the right kind is within the bounds.
    #[must_use]
    pub fn holds(&self, number: &Value) -> bool {
        let orders = match (self.min, self.max, number) {
            (Bound::Int(min), Bound::Int(max), Value::Int(n)) => {
                (min.partial_cmp(n), n.partial_cmp(&max))
            }
            (Bound::Float(min), Bound::Float(max), Value::Float(n)) => {
                (min.partial_cmp(n), n.partial_cmp(&max))
            }
            _ => return false,
        };
        let (Some(low), Some(high)) = orders else {
            return false;
        };
        (low.is_lt() || (low.is_eq() && !self.strict_min))
            && (high.is_lt() || (high.is_eq() && !self.strict_max))
    }
}

fn accept_all(element: &Shape, values: Vec<Value>) -> Result<Vec<Value>, Mismatch> {
    let values = values.into_iter().enumerate();
    let values = values.map(|(i, value)| {
        element
            .accept(value)
            .map_err(|e| e.within(&format!("element {i}")))
    });
    values.collect()
}

fn accept_entries(
    element: &Shape,
    entries: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Mismatch> {
    let entries = entries.into_iter().map(|(key, value)| {
        let value = element
            .accept(value)
            .map_err(|e| e.within(&format!("entry {key:?}")))?;
        Ok((key, value))
    });
    entries.collect()
}

fn accept_record(
    fields: &[(String, Shape)],
    mut entries: BTreeMap<String, Value>,
) -> Result<Value, Mismatch> {
    let values = fields
        .iter()
        .map(|(name, shape)| match entries.remove(name) {
            None if !shape.is_optional() => Err(Mismatch(format!("field `{name}` is missing"))),
            value => shape
                .accept(value.unwrap_or(Value::Null))
                .map_err(|e| e.within(&format!("`{name}`"))),
        });
    values.collect::<Result<_, _>>().map(Value::Record)
}

/// A map's entries, from an object or from a list of `[key, value]` pairs.
fn entries(value: Value) -> Result<BTreeMap<String, Value>, Value> {
    match value {
        Value::Map(entries) => Ok(entries),
        Value::List(pairs) => {
            let entries = pairs.iter().map(|pair| match pair {
                Value::List(pair) => match pair.as_slice() {
                    [Value::String(key), value] => Some((key.clone(), value.clone())),
                    _ => None,
                },
                _ => None,
            });
            entries.collect::<Option<_>>().ok_or(Value::List(pairs))
        }
        other => Err(other),
    }
}

fn among<T: PartialEq>(options: &[T], found: T, value: fn(T) -> Value) -> Result<Value, Value> {
    if options.contains(&found) {
        Ok(value(found))
    } else {
        Err(value(found))
    }
}

/// The first float beyond `i64`: 2 to the power of 63.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

fn to_int(value: Value) -> Result<i64, Value> {
    match value {
        Value::Int(int) => Ok(int),
        Value::Bool(bool) => Ok(i64::from(bool)),
        Value::Float(float) if float.fract() == 0.0 && float.abs() < BEYOND => Ok(float as i64),
        Value::String(ref text) => text.parse().map_err(|_| value),
        other => Err(other),
    }
}

fn to_float(value: Value) -> Result<f64, Value> {
    match value {
        Value::Float(float) => Ok(float),
        Value::Int(int) => Ok(int as f64),
        Value::Decimal(ref number) => number.to_f64().ok_or(value),
        Value::String(ref text)
            if text
                .bytes()
                .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) =>
        {
            let parsed = text.parse().ok().filter(|float: &f64| float.is_finite());
            parsed.ok_or(value)
        }
        other => Err(other),
    }
}

fn to_text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        Value::Int(int) => Ok(int.to_string()),
        Value::Float(float) => Ok(float.to_string()),
        Value::Decimal(number) => Ok(number.to_string()),
        other => Err(other),
    }
}

/// The unit of a number since 1970 is told by its size: up to 10^11 it counts seconds (year 5138),
/// up to 10^14 milliseconds, up to 10^17 microseconds, beyond that nanoseconds.
fn epoch(number: i64) -> Option<Timestamp> {
    let size = number.unsigned_abs();
    let micros = if size < 100_000_000_000 {
        number.checked_mul(1_000_000)?
    } else if size < 100_000_000_000_000 {
        number.checked_mul(1_000)?
    } else if size < 100_000_000_000_000_000 {
        number
    } else {
        number.div_euclid(1_000)
    };
    Timestamp::from_micros(micros)
}

fn to_timestamp(value: Value) -> Result<Timestamp, Value> {
    let found = match &value {
        Value::Timestamp(timestamp) => Some(*timestamp),
        Value::Int(number) => epoch(*number),
        Value::Float(number) => to_int(Value::Float(*number)).ok().and_then(epoch),
        Value::Date(date) => Timestamp::from_date(*date),
        Value::String(text) => text
            .parse()
            .ok()
            .and_then(epoch)
            .or_else(|| Timestamp::parse(text).ok())
            .or_else(|| {
                let parsed = DateTime::parse_from_rfc2822(text).ok()?;
                Timestamp::from_datetime(&parsed.with_timezone(&Utc))
            }),
        _ => None,
    };
    found.ok_or(value)
}

fn to_date(value: Value) -> Result<NaiveDate, Value> {
    const DAY_MS: i64 = 86_400_000;
    /// More days than years 1 to 9999 have: a larger number counts milliseconds.
    const DAYS: u64 = 3_652_425;
    let found = match &value {
        // A date of Rust can lie outside years 1 to 9999.
        Value::Date(date) => date_from_days(i64::from(days_of(*date))),
        Value::Int(days) if days.unsigned_abs() <= DAYS => date_from_days(*days),
        Value::Int(ms) if ms % DAY_MS == 0 => date_from_days(ms / DAY_MS),
        Value::String(text) => parse_date(text).and_then(date_from_days),
        _ => None,
    };
    found.ok_or(value)
}

/// A decimal of that scale, half to even. A float is rounded as the binary number that it is: 1.015
/// is a little less than it looks, and so 1.01 with two digits. A text is rounded as its digits say.
fn to_decimal(value: Value, scale: u32) -> Result<Decimal, Value> {
    let found = match &value {
        Value::Decimal(number) => Some(*number),
        Value::Int(number) => Some(Decimal::from(*number)),
        // Formatting to a number of digits rounds the exact value, half to even.
        Value::Float(number) => format!("{number:.*}", scale as usize).parse().ok(),
        Value::String(text) => text
            .parse()
            .ok()
            .or_else(|| Decimal::from_scientific(text).ok()),
        _ => None,
    };
    let rescaled = found.and_then(|number| {
        let mut rescaled = number.round_dp(scale);
        rescaled.rescale(scale);
        // Where the digits don't fit, `rescale` keeps fewer than asked for.
        (rescaled.scale() == scale).then_some(rescaled)
    });
    rescaled.ok_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ty::{DataType, Type};

    fn accept(ty: Type<'_>, value: Value) -> Option<Value> {
        Shape::new(&ty).unwrap().accept(value).ok()
    }

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn whole_numbers_are_taken_in_every_spelling_and_nothing_else_is() {
        for value in [
            Value::Int(1),
            Value::Float(1.0),
            Value::Bool(true),
            text("1"),
        ] {
            assert_eq!(accept(Type::Int, value), Some(Value::Int(1)));
        }
        for value in [
            Value::Float(1.5),
            Value::Float(BEYOND),
            Value::Float(f64::NAN),
            text("1.0"),
            text(""),
            Value::Null,
            text("9223372036854775808"),
        ] {
            assert_eq!(accept(Type::Int, value.clone()), None, "{value}");
        }
        // Rounded from a number that is beyond, for one that isn't was read as an integer.
        assert_eq!(accept(Type::Int, Value::Float(-BEYOND)), None);
    }

    #[test]
    fn an_instant_is_taken_in_each_documented_form() {
        let expected = Some(Value::Timestamp(
            Timestamp::parse("2024-01-02T03:04:05Z").unwrap(),
        ));
        for value in [
            Value::Int(1_704_164_645),
            Value::Int(1_704_164_645_000),
            Value::Int(1_704_164_645_000_000),
            Value::Int(1_704_164_645_000_000_000),
            text("1704164645"),
            text("2024-01-02T03:04:05Z"),
            text("2024-01-02T04:04:05+01:00"),
            text("2024-01-02 03:04:05+00:00"),
            text("Tue, 02 Jan 2024 03:04:05 GMT"),
        ] {
            assert_eq!(accept(Type::Timestamp, value.clone()), expected, "{value}");
        }
        let midnight = Some(Value::Timestamp(Timestamp::parse("2020-01-01").unwrap()));
        assert_eq!(accept(Type::Timestamp, text("2020-01-01")), midnight);
        for value in [
            text("yesterday"),
            text("2024-02-30"),
            Value::Bool(true),
            Value::Float(0.5),
            Value::Int(-99_999_999_999),
        ] {
            assert_eq!(accept(Type::Timestamp, value.clone()), None, "{value}");
        }
    }

    #[test]
    fn dates_and_decimals() {
        let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
        for value in [
            text("2024-02-29"),
            Value::Int(19_782),
            Value::Int(1_709_164_800_000),
        ] {
            assert_eq!(accept(Type::Date, value), Some(Value::Date(day)));
        }
        let decimal = |digits: &str| Some(Value::Decimal(digits.parse().unwrap()));
        let ty = Type::Decimal { scale: 2 };
        assert_eq!(accept(ty, text("1.005")), decimal("1.00"));
        assert_eq!(accept(ty, Value::Float(0.1)), decimal("0.10"));
        assert_eq!(accept(ty, Value::Int(7)), decimal("7.00"));
        for (float, exact) in [
            (1.015, "1.01"),
            (1.025, "1.02"),
            (0.125, "0.12"),
            (0.375, "0.38"),
            (-0.125, "-0.12"),
            (2.675, "2.67"),
            (1e20, "100000000000000000000.00"),
        ] {
            assert_eq!(accept(ty, Value::Float(float)), decimal(exact), "{float}");
        }
        assert_eq!(accept(ty, text("2.675")), decimal("2.68"));
        for float in [1e27, 1e300, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(accept(ty, Value::Float(float)), None, "{float}");
        }
        assert_eq!(accept(ty, text("seven")), None);
        assert_eq!(accept(Type::Decimal { scale: 28 }, Value::Int(8)), None);
    }

    #[test]
    fn numbers_beyond_i64_keep_their_digits() {
        let json: serde_json::Value = serde_json::from_str("18446744073709551615").unwrap();
        let large = Value::from(json);
        assert_eq!(accept(Type::Int, large.clone()), None);
        assert_eq!(
            accept(Type::String, large.clone()),
            Some(text("18446744073709551615"))
        );
        let decimal = Value::Decimal("18446744073709551615.0".parse().unwrap());
        assert_eq!(accept(Type::Decimal { scale: 1 }, large), Some(decimal));
        assert_eq!(accept(Type::Date, Value::Int(i64::MIN)), None);
        assert_eq!(accept(Type::Float, text("1e999")), None);
    }

    #[test]
    fn restrictions_hold_for_values() {
        let between = Type::Between(Between {
            min: Bound::Float(0.0),
            max: Bound::Float(1.0),
            strict_min: true,
            strict_max: false,
        });
        assert_eq!(accept(between, Value::Int(1)), Some(Value::Float(1.0)));
        assert_eq!(accept(between, Value::Float(0.0)), None);
        assert_eq!(accept(between, Value::Float(f64::NAN)), None);
        assert_eq!(accept(Type::OneOfString(&["a", "b"]), text("c")), None);
        assert_eq!(
            accept(Type::Regex("a|b"), text("ab")),
            None,
            "matched as a whole"
        );
        assert_eq!(accept(Type::Regex("a|b"), text("b")), Some(text("b")));
    }

    #[test]
    fn null_is_for_options_alone_and_a_mismatch_says_where() {
        assert_eq!(accept(<Option<i64>>::TYPE, Value::Null), Some(Value::Null));
        assert_eq!(accept(Type::Int, Value::Null), None);
        let list = Shape::new(&Type::List(&Type::Int)).unwrap();
        let error = list
            .accept(Value::List(vec![Value::Int(1), text("x")]))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "in element 1: expected a whole number, found \"x\""
        );
    }
}
