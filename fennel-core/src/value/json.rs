//! Values as JSON.

use serde_json::{Map, Number, Value as Json};

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
        match (self, value) {
            (Shape::Optional(inner), value) => inner.to_json(value),
            (Shape::List(element), Value::List(values)) => {
                values.iter().map(|value| element.to_json(value)).collect()
            }
            (Shape::Map(element), Value::Map(entries)) => {
                let entries = entries.iter();
                entries
                    .map(|(key, value)| (key.clone(), element.to_json(value)))
                    .collect()
            }
            (Shape::Record(_, fields), Value::Record(values)) => {
                let fields = fields.iter().zip(values);
                let fields =
                    fields.map(|((name, shape), value)| (name.clone(), shape.to_json(value)));
                Json::Object(fields.collect())
            }
            (_, value) => value.to_json(),
        }
    }
}

impl Value {
    /// The value as JSON where no type is known: a record without its fields' names.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(int) => Json::from(*int),
            Value::Float(float) => {
                Number::from_f64(*float).map_or_else(|| unnamed(*float), Json::Number)
            }
            Value::String(text) => Json::String(text.clone()),
            Value::Bytes(bytes) => Json::String(String::from_utf8_lossy(bytes).into_owned()),
            Value::Timestamp(timestamp) => Json::String(timestamp.to_string()),
            Value::Date(date) => Json::String(date.to_string()),
            Value::Decimal(number) => Json::String(number.to_string()),
            Value::List(values) | Value::Record(values) => {
                values.iter().map(Value::to_json).collect()
            }
            Value::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()));
                Json::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

fn unnamed(float: f64) -> Json {
    let name = if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Json::String(name.into())
}
