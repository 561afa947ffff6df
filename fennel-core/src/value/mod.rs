//! Run-time values: what a row holds, and how incoming data is matched to a type.

mod cast;
mod json;
mod shape;
mod unique;

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use json::JsonOf;
pub use shape::Shape;
pub use unique::Unique;

use crate::time::Timestamp;
use crate::ty::Type;

/// One value of a row or a feature.
///
/// Values come in two states. *Incoming* ones are what JSON can say: null, bools, numbers, texts,
/// lists and maps. [`Shape::accept`] turns them into *typed* ones, which hold exactly what the
/// column's type says; nothing is converted after that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    Null,
    /// `bool`.
    Bool(bool),
    /// `i64`.
    Int(i64),
    /// `f64`. Two NaNs are not equal here.
    Float(f64),
    /// `String`.
    String(String),
    /// `Vec<u8>`.
    Bytes(Vec<u8>),
    /// `DateTime<Utc>`.
    Timestamp(Timestamp),
    /// `NaiveDate`.
    Date(#[serde(with = "date")] NaiveDate),
    /// `Decimal<N>`, rescaled to the column's scale.
    Decimal(#[serde(with = "decimal")] rust_decimal::Decimal),
    /// `Vec<T>` and `Embedding<N>`.
    List(Vec<Value>),
    /// `BTreeMap<String, T>`; also an incoming object that a record will be made of.
    Map(BTreeMap<String, Value>),
    /// A record's fields, in the order of its declaration.
    Record(Vec<Value>),
}

/// A value that is not of the type it should have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub(crate) String);

impl Mismatch {
    /// Says that `value` is not a `ty`.
    #[must_use]
    pub fn new(ty: &Type<'_>, value: &Value) -> Self {
        let wanted = Shape::new(ty).map_or_else(|_| format!("`{ty}`"), |shape| shape.in_words());
        Mismatch(format!("expected {wanted}, found {value}"))
    }

    /// The same mismatch, told to be inside `part`: `` in `part`: expected .. ``.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        Mismatch(format!("in {part}: {}", self.0))
    }
}

/// How many characters of a value a message shows.
const SHOWN: usize = 60;

/// The value for a person: long texts and lists are cut.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::String(text) => match text.char_indices().nth(SHOWN) {
                Some((end, _)) => write!(f, "{:?}…", &text[..end]),
                None => write!(f, "{text:?}"),
            },
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::Timestamp(timestamp) => write!(f, "{timestamp}"),
            Value::Date(date) => write!(f, "{date}"),
            Value::Decimal(number) => write!(f, "{number}"),
            Value::List(elements) => write!(f, "a list of {}", elements.len()),
            Value::Map(entries) => write!(f, "an object of {}", entries.len()),
            Value::Record(fields) => write!(f, "a record of {}", fields.len()),
        }
    }
}

/// Dates are stored as days since 1970-01-01.
mod date {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::value::{date_from_days, days_of};

    pub(super) fn serialize<S: Serializer>(date: &NaiveDate, to: S) -> Result<S::Ok, S::Error> {
        days_of(*date).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDate, D::Error> {
        let days = i32::deserialize(from)?;
        date_from_days(i64::from(days)).ok_or_else(|| D::Error::custom("a day out of range"))
    }
}

/// Decimals are stored as mantissa and scale.
mod decimal {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(number: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        (number.mantissa(), number.scale()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        let (mantissa, scale) = <(i128, u32)>::deserialize(from)?;
        Decimal::try_from_i128_with_scale(mantissa, scale).map_err(D::Error::custom)
    }
}

/// Days from 1970-01-01 to a date.
#[must_use]
pub fn days_of(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

/// The date so many days after 1970-01-01, or `None` outside years 1 to 9999.
#[must_use]
pub fn date_from_days(days: i64) -> Option<NaiveDate> {
    let micros = days.checked_mul(86_400_000_000)?;
    Timestamp::from_micros(micros).map(|midnight| midnight.to_datetime().date_naive())
}
