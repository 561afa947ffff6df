//! Values on a pipe, each by the type of its column.
//!
//! | type | JSON |
//! |---|---|
//! | bool, int, str | as such; ints with all 64 bits |
//! | float | a number, or the text `nan`, `inf` or `-inf` |
//! | bytes | text in base64 |
//! | timestamp, date | microseconds and days since 1970 |
//! | decimal | text |
//! | list, embedding; struct | a list of elements; of fields, in their order |
//! | map | an object |
//! | nothing | null |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::time::Timestamp;
use fennel_core::ty::{Between, Bound};
use fennel_core::value::{Shape, Value, date_from_days, days_of};
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

/// A typed value for a worker.
pub(crate) fn encode(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Int(int) => (*int).into(),
        Value::Float(float) => Number::from_f64(*float).map_or_else(
            || Json::String(float.to_string().to_lowercase()),
            Json::Number,
        ),
        Value::String(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::Timestamp(instant) => instant.micros().into(),
        Value::Date(date) => days_of(*date).into(),
        Value::Decimal(number) => Json::String(number.to_string()),
        Value::List(values) | Value::Record(values) => values.iter().map(encode).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            Json::Object(entries.map(|(key, of)| (key.clone(), encode(of))).collect())
        }
    }
}

/// The value of a worker's message. What restricts its type is not looked at.
///
/// # Errors
///
/// It is none of that type.
pub(crate) fn decode(shape: &Shape, json: Json) -> Result<Value, String> {
    let told = json.to_string();
    let decoded = match (shape, json) {
        (Shape::Optional(_), Json::Null) => Some(Value::Null),
        (Shape::Optional(inner), json) => return decode(inner, json),
        (Shape::Bool, Json::Bool(bool)) => Some(Value::Bool(bool)),
        (
            Shape::Int
            | Shape::OneOfInt(_)
            | Shape::Between(Between {
                min: Bound::Int(_), ..
            }),
            Json::Number(number),
        ) => number.as_i64().map(Value::Int),
        (
            Shape::Float
            | Shape::Between(Between {
                min: Bound::Float(_),
                ..
            }),
            json,
        ) => float(&json),
        (Shape::String | Shape::OneOfString(_) | Shape::Regex(_), Json::String(text)) => {
            Some(Value::String(text))
        }
        (Shape::Bytes, Json::String(text)) => STANDARD.decode(text).ok().map(Value::Bytes),
        (Shape::Timestamp, Json::Number(micros)) => {
            let instant = micros.as_i64().and_then(Timestamp::from_micros);
            instant.map(Value::Timestamp)
        }
        (Shape::Date, Json::Number(days)) => {
            days.as_i64().and_then(date_from_days).map(Value::Date)
        }
        (Shape::Decimal(_), Json::String(text)) => text.parse::<Decimal>().ok().map(Value::Decimal),
        (Shape::Embedding(_), Json::Array(values)) => {
            let values = values.iter().map(float);
            values.collect::<Option<_>>().map(Value::List)
        }
        (Shape::List(inner), Json::Array(values)) => {
            let values = values.into_iter().map(|value| decode(inner, value));
            return values.collect::<Result<_, _>>().map(Value::List);
        }
        (Shape::Map(inner), Json::Object(entries)) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, of)| Ok((key, decode(inner, of)?)));
            return entries.collect::<Result<_, _>>().map(Value::Map);
        }
        (Shape::Record(_, fields), Json::Array(values)) if values.len() == fields.len() => {
            let values = values.into_iter().zip(fields.iter());
            let values = values.map(|(value, (_, shape))| decode(shape, value));
            return values.collect::<Result<_, _>>().map(Value::Record);
        }
        _ => None,
    };
    decoded.ok_or_else(|| {
        let told: String = told.chars().take(80).collect();
        format!("{told} is no {shape}")
    })
}

fn float(json: &Json) -> Option<Value> {
    let float = match json {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => match text.as_str() {
            "nan" => f64::NAN,
            "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Float(float))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn floats_keep_every_bit() {
        for float in [0.1, -0.0, f64::MAX, 5e-324, 1e23, f64::INFINITY] {
            let back = decode(&Shape::Float, encode(&Value::Float(float)));
            let Ok(Value::Float(back)) = back else {
                panic!("{float} becomes {back:?}");
            };
            assert_eq!(back.to_bits(), float.to_bits());
        }
        let nan = decode(&Shape::Float, encode(&Value::Float(f64::NAN)));
        assert!(matches!(nan, Ok(Value::Float(nan)) if nan.is_nan()));
    }

    #[test]
    fn values_come_back_as_they_were() {
        let record = Shape::Record(
            "Money".into(),
            vec![
                ("amount".into(), Shape::Decimal(2)),
                ("note".into(), Shape::Optional(Arc::new(Shape::String))),
            ]
            .into(),
        );
        let cases = [
            (Shape::Int, Value::Int(i64::MIN)),
            (Shape::Bytes, Value::Bytes(vec![0, 255, 10])),
            (Shape::Timestamp, Value::Timestamp(Timestamp::MIN)),
            (Shape::Date, Value::Date(date_from_days(-1).unwrap())),
            (
                record,
                Value::Record(vec![Value::Decimal("0.10".parse().unwrap()), Value::Null]),
            ),
            (
                Shape::Map(Arc::new(Shape::List(Arc::new(Shape::Bool)))),
                Value::Map([("a".to_owned(), Value::List(vec![Value::Bool(true)]))].into()),
            ),
        ];
        for (shape, value) in cases {
            assert_eq!(decode(&shape, encode(&value)).as_ref(), Ok(&value));
        }
    }

    #[test]
    fn what_is_no_value_of_the_type_is_told() {
        assert_eq!(
            decode(&Shape::Int, json!(1.5)).unwrap_err(),
            "1.5 is no i64"
        );
        assert!(decode(&Shape::Int, json!(u64::MAX)).is_err());
        assert!(decode(&Shape::Int, Json::Null).is_err());
        assert!(decode(&Shape::Timestamp, json!(i64::MAX)).is_err());
        assert!(decode(&Shape::Decimal(2), json!("x")).is_err());
    }
}
