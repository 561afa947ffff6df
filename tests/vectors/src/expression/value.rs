//! How vectors write values, and how these compare.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::time::Timestamp;
use fennel_core::ty::Bound;
use fennel_core::value::{Shape, Value};
use serde_json::Value as Json;

/// The value that a vector writes.
///
/// # Errors
///
/// If it is none of that type.
pub fn value(shape: &Shape, json: &Json) -> Result<Value, String> {
    let all = |element: &Shape, elements: &[Json]| -> Result<Value, String> {
        let elements = elements.iter().map(|json| value(element, json));
        elements.collect::<Result<_, _>>().map(Value::List)
    };
    match (shape, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Shape::Optional(inner), json) => value(inner, json),
        (Shape::Timestamp, Json::Number(micros)) => {
            let instant = micros.as_i64().and_then(Timestamp::from_micros);
            instant
                .map(Value::Timestamp)
                .ok_or_else(|| format!("{micros} is no instant"))
        }
        (Shape::Float, json) => float(json),
        (Shape::Between(between), json) => match between.min {
            Bound::Int(_) => value(&Shape::Int, json),
            Bound::Float(_) => float(json),
        },
        (Shape::Bytes, Json::String(text)) => {
            let bytes = STANDARD.decode(text);
            bytes
                .map(Value::Bytes)
                .map_err(|error| format!("{text}: {error}"))
        }
        (Shape::Embedding(_), Json::Array(floats)) => all(&Shape::Float, floats),
        (Shape::List(element), Json::Array(elements)) => all(element, elements),
        (Shape::Map(inner), Json::Object(entries)) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, json)| Ok((key.clone(), value(inner, json)?)));
            entries.collect::<Result<_, String>>().map(Value::Map)
        }
        (Shape::Record(_, fields), Json::Object(given)) => {
            let fields = fields.iter().map(|(name, field)| {
                let given = given
                    .get(name)
                    .ok_or_else(|| format!("field `{name}` is missing"))?;
                value(field, given)
            });
            fields.collect::<Result<_, _>>().map(Value::Record)
        }
        (shape, json) => {
            let accepted = shape.accept(Value::from(json.clone()));
            accepted.map_err(|mismatch| mismatch.to_string())
        }
    }
}

fn float(json: &Json) -> Result<Value, String> {
    let float = match json {
        Json::String(name) => name.parse().ok(),
        json => json.as_f64(),
    };
    float
        .map(Value::Float)
        .ok_or_else(|| format!("{json} is no float"))
}

/// Whether two values are equal, floats but for the last digits.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            let near = (a - b).abs() <= (1e-9 * a.abs().max(b.abs())).max(1e-12);
            a.total_cmp(b).is_eq() || a == b || near || (a.is_nan() && b.is_nan())
        }
        (Value::List(a), Value::List(b)) | (Value::Record(a), Value::Record(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| equal(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}
