//! Values as JSON.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::{Shape, Value};

/// An incoming value. Whole numbers beyond `i64` are decimals, so that a column of texts or decimals
/// keeps their digits; no `i64` column takes them.
impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => Value::Int(int),
                (None, Some(large)) => Value::Decimal(large.into()),
                (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::String(text),
            Json::Array(elements) => Value::List(elements.into_iter().map(Value::from).collect()),
            Json::Object(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.into()))
                    .collect(),
            ),
        }
    }
}

impl Shape {
    /// A value of this type as JSON: instants as RFC 3339 with six digits of fraction, dates as
    /// `YYYY-MM-DD`, decimals as text, floats that JSON has no number for as `"NaN"`,
    /// `"Infinity"` and `"-Infinity"`. Bytes that are not UTF-8 lose what is not.
    #[must_use]
    pub fn to_json(&self, value: &Value) -> Json {
        written(&self.json_of(value))
    }

    /// A value of this type, which is serialized as what [`to_json`](Shape::to_json) makes of it.
    #[must_use]
    pub fn json_of<'a>(&'a self, value: &'a Value) -> JsonOf<'a> {
        let shape = Some(self);
        JsonOf { shape, value }
    }
}

impl Value {
    /// The value as JSON where no type is known: a record without its fields' names.
    #[must_use]
    pub fn to_json(&self) -> Json {
        written(&JsonOf::untyped(self))
    }
}

fn written(value: &JsonOf<'_>) -> Json {
    serde_json::to_value(value).expect("keys are texts, and floats without a number have names")
}

/// A value that is serialized as the JSON that [`Shape::to_json`] makes of it, without making that.
#[derive(Clone, Copy, Debug)]
pub struct JsonOf<'a> {
    shape: Option<&'a Shape>,
    value: &'a Value,
}

impl<'a> JsonOf<'a> {
    fn untyped(value: &'a Value) -> Self {
        Self { shape: None, value }
    }
}

impl Serialize for JsonOf<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (self.shape, self.value) {
            (Some(Shape::Optional(inner)), value) => inner.json_of(value).serialize(to),
            (Some(Shape::List(element)), Value::List(values)) => {
                to.collect_seq(values.iter().map(|value| element.json_of(value)))
            }
            (Some(Shape::Map(element)), Value::Map(entries)) => {
                let entries = entries.iter();
                to.collect_map(entries.map(|(key, value)| (key, element.json_of(value))))
            }
            (Some(Shape::Record(_, fields)), Value::Record(values)) => {
                let fields = fields.iter().zip(values);
                to.collect_map(fields.map(|((name, shape), value)| (name, shape.json_of(value))))
            }
            (_, Value::Null) => to.serialize_unit(),
            (_, Value::Bool(value)) => to.serialize_bool(*value),
            (_, Value::Int(int)) => to.serialize_i64(*int),
            (_, Value::Float(float)) if float.is_finite() => to.serialize_f64(*float),
            (_, Value::Float(float)) => to.serialize_str(unnamed(*float)),
            (_, Value::String(text)) => to.serialize_str(text),
            (_, Value::Bytes(bytes)) => to.serialize_str(&String::from_utf8_lossy(bytes)),
            (_, Value::Timestamp(timestamp)) => to.collect_str(timestamp),
            (_, Value::Date(date)) => to.collect_str(date),
            (_, Value::Decimal(number)) => to.collect_str(number),
            (_, Value::List(values) | Value::Record(values)) => {
                to.collect_seq(values.iter().map(JsonOf::untyped))
            }
            (_, Value::Map(entries)) => {
                let entries = entries.iter();
                to.collect_map(entries.map(|(key, value)| (key, JsonOf::untyped(value))))
            }
        }
    }
}

/// What a float is called that JSON has no number for.
fn unnamed(float: f64) -> &'static str {
    if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}
