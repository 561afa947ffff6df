//! The values of the oracle, with an order of their own.

use std::cmp::Ordering;
use std::fmt;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use serde_json::{Value as Json, json};

use crate::graph::Ty;

/// A value of a row.
#[derive(Clone, Debug)]
pub(crate) enum V {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// Microseconds since 1970.
    Time(i64),
    /// Begin and end of a window, in microseconds since 1970.
    Window(i64, i64),
    List(Vec<V>),
}

impl V {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, V::Null)
    }

    pub(crate) fn str(text: &str) -> Self {
        V::Str(text.into())
    }

    /// The number as a float, of ints and floats.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            V::Int(number) => Some(*number as f64),
            V::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The value as requests and answers have it.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            V::Null => Json::Null,
            V::Bool(value) => json!(value),
            V::Int(value) => json!(value),
            V::Float(value) => json!(value),
            V::Str(value) => json!(value),
            V::Time(micros) => instant(*micros).into(),
            V::Window(begin, end) => json!({ "begin": instant(*begin), "end": instant(*end) }),
            V::List(values) => values.iter().map(V::to_json).collect(),
        }
    }

    /// The value of that type that JSON has.
    ///
    /// # Panics
    ///
    /// If it has another.
    pub(crate) fn read(json: &Json, ty: &Ty) -> Self {
        let time = |json: &Json| {
            let text = json.as_str().unwrap();
            Timestamp::parse(text).unwrap().micros()
        };
        match ty {
            Ty::Optional(_) if json.is_null() => V::Null,
            Ty::Optional(inner) => V::read(json, inner),
            Ty::Int => V::Int(json.as_i64().unwrap()),
            // JSON has no number for infinities and NaN.
            Ty::Float => match json.as_str() {
                Some(text) => V::Float(text.parse().unwrap()),
                None => V::Float(json.as_f64().unwrap()),
            },
            Ty::Str => V::str(json.as_str().unwrap()),
            Ty::Bool => V::Bool(json.as_bool().unwrap()),
            Ty::Time => V::Time(time(json)),
            Ty::Window => V::Window(time(&json["begin"]), time(&json["end"])),
            Ty::List(of) => {
                let elements = json.as_array().unwrap().iter();
                V::List(elements.map(|element| V::read(element, of)).collect())
            }
        }
    }

    /// The value that an engine answers.
    ///
    /// # Panics
    ///
    /// If graphs have no such values.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => V::Null,
            Value::Bool(value) => V::Bool(*value),
            Value::Int(value) => V::Int(*value),
            Value::Float(value) => V::Float(*value),
            Value::String(value) => V::str(value),
            Value::Timestamp(at) => V::Time(at.micros()),
            Value::List(values) => V::List(values.iter().map(V::of).collect()),
            Value::Record(fields) => match fields.as_slice() {
                [Value::Timestamp(begin), Value::Timestamp(end)] => {
                    V::Window(begin.micros(), end.micros())
                }
                _ => panic!("{value} is no window"),
            },
            other => panic!("graphs have no {other}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            V::Null => 0,
            V::Bool(_) => 1,
            V::Int(_) => 2,
            V::Float(_) => 3,
            V::Str(_) => 4,
            V::Time(_) => 5,
            V::Window(..) => 6,
            V::List(_) => 7,
        }
    }
}

/// An instant as requests and answers have it.
pub(crate) fn instant(micros: i64) -> String {
    Timestamp::from_micros(micros)
        .expect("histories are of our time")
        .to_string()
}

/// Values of one type are compared; floats by size, with one zero.
impl Ord for V {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (V::Bool(a), V::Bool(b)) => a.cmp(b),
            (V::Int(a), V::Int(b)) | (V::Time(a), V::Time(b)) => a.cmp(b),
            (V::Float(a), V::Float(b)) => a.partial_cmp(b).unwrap_or_else(|| a.total_cmp(b)),
            (V::Str(a), V::Str(b)) => a.cmp(b),
            (V::Window(a, b), V::Window(c, d)) => (a, b).cmp(&(c, d)),
            (V::List(a), V::List(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for V {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for V {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for V {}

impl fmt::Display for V {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}
