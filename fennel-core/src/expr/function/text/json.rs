//! JSON as values of a type.

use chrono::DateTime;
use serde_json::Value as Json;

use crate::time::Timestamp;
use crate::ty::Bound;
use crate::value::{Shape, Value, date_from_days};

/// The value that JSON is of a type; null where it is of another, so that only a type with null
/// takes it. Instants are microseconds or RFC 3339, dates are days since 1970. A record's field that
/// is missing is null, and one that it does not have is left out.
pub(super) fn decode(shape: &Shape, json: &Json) -> Value {
    found(shape, json).unwrap_or(Value::Null)
}

fn found(shape: &Shape, json: &Json) -> Option<Value> {
    Some(match shape {
        Shape::Optional(inner) => found(inner, json)?,
        Shape::Bool => Value::Bool(json.as_bool()?),
        Shape::Int => Value::Int(whole(json)?),
        Shape::Float => Value::Float(json.as_f64()?),
        Shape::String => Value::String(json.as_str()?.into()),
        Shape::Bytes => Value::Bytes(json.as_str()?.into()),
        Shape::Timestamp => Value::Timestamp(match json {
            Json::String(text) => {
                Timestamp::from_datetime(&DateTime::parse_from_rfc3339(text).ok()?.to_utc())?
            }
            _ => Timestamp::from_micros(whole(json)?)?,
        }),
        Shape::Date => Value::Date(date_from_days(whole(json)?)?),
        Shape::Decimal(_) => {
            let digits = match json {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                _ => return None,
            };
            shape.accept(Value::String(digits)).ok()?
        }
        Shape::Embedding(dim) => {
            let floats = json.as_array().filter(|all| all.len() == *dim as usize)?;
            let floats = floats.iter().map(|float| found(&Shape::Float, float));
            Value::List(floats.collect::<Option<_>>()?)
        }
        Shape::List(element) => {
            let elements = json.as_array()?.iter();
            Value::List(elements.map(|json| decode(element, json)).collect())
        }
        Shape::Map(value) => {
            let entries = json.as_object()?.iter();
            let entries = entries.map(|(key, json)| (key.clone(), decode(value, json)));
            Value::Map(entries.collect())
        }
        Shape::Record(_, fields) => {
            let given = json.as_object()?;
            let value = |name: &str| given.get(name).unwrap_or(&Json::Null);
            let fields = fields.iter();
            Value::Record(
                fields
                    .map(|(name, field)| decode(field, value(name)))
                    .collect(),
            )
        }
        Shape::Between(between) => {
            let base = match between.min {
                Bound::Int(_) => Shape::Int,
                Bound::Float(_) => Shape::Float,
            };
            shape.accept(found(&base, json)?).ok()?
        }
        Shape::OneOfInt(_) => shape.accept(found(&Shape::Int, json)?).ok()?,
        Shape::OneOfString(_) | Shape::Regex(_) => {
            shape.accept(found(&Shape::String, json)?).ok()?
        }
    })
}

/// A whole number, also one that is written with a point or an exponent.
fn whole(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) if number.is_f64() => {
            let float = Value::Float(number.as_f64()?);
            match Shape::Int.accept(float) {
                Ok(Value::Int(int)) => Some(int),
                _ => None,
            }
        }
        other => other.as_i64(),
    }
}
