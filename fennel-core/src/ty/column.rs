//! The Rust types that can be columns.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Decimal, Embedding, Type};
use crate::row::Fields;
use crate::time::Timestamp;
use crate::value::{Mismatch, Value};

/// A Rust type that a column or a feature can have.
///
/// It is implemented for the types below and by `#[derive(Record)]`; there is nothing to implement
/// by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a column",
    label = "not a column type",
    note = "a column is `bool`, `i64`, `f64`, `String`, `DateTime<Utc>`, `NaiveDate`, `Vec<u8>`, `Decimal<N>`, `Embedding<N>`, a struct that derives `Record`, or an `Option`, `Vec` or `BTreeMap<String, _>` of these",
    note = "for another integer use `i64`, for `f32` use `f64`, for `&str` use `String`, for `NaiveDateTime` use `DateTime<Utc>`, for a struct of your own derive `Record`"
)]
pub trait DataType: Sized {
    /// The column's type.
    const TYPE: Type<'static>;

    /// The value as the engine holds it.
    fn into_value(self) -> Value;

    /// The value back in Rust.
    ///
    /// # Errors
    ///
    /// The value is not of this type.
    fn from_value(value: Value) -> Result<Self, Mismatch>;

    /// Some value, in the place of one that was not of this type, until the row around it is refused.
    fn placeholder() -> Self;

    /// The next of some fields. One of another type gives a placeholder, and is what [`Fields::finish`] tells of.
    fn read(fields: &mut Fields) -> Self {
        let value = Self::from_value(fields.take());
        value.unwrap_or_else(|mismatch| {
            fields.note(mismatch);
            Self::placeholder()
        })
    }
}

/// Implements [`DataType`] for a type that one variant of [`Value`] holds as it is.
macro_rules! plain {
    ($($rust:ty => $variant:ident),* $(,)?) => {$(
        impl DataType for $rust {
            const TYPE: Type<'static> = Type::$variant;

            fn into_value(self) -> Value {
                Value::$variant(self)
            }

            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::$variant(inner) => Ok(inner),
                    other => Err(Mismatch::new(&Self::TYPE, &other)),
                }
            }

            fn placeholder() -> Self {
                Self::default()
            }
        }
    )*};
}

plain! {
    bool => Bool,
    i64 => Int,
    f64 => Float,
    String => String,
    Vec<u8> => Bytes,
    NaiveDate => Date,
}

impl DataType for DateTime<Utc> {
    const TYPE: Type<'static> = Type::Timestamp;

    /// Instants outside years 1 to 9999 become text, which no column of instants takes.
    fn into_value(self) -> Value {
        match Timestamp::from_datetime(&self) {
            Some(timestamp) => Value::Timestamp(timestamp),
            None => Value::String(self.to_rfc3339()),
        }
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Timestamp(timestamp) => Ok(timestamp.to_datetime()),
            other => Err(Mismatch::new(&Self::TYPE, &other)),
        }
    }

    fn placeholder() -> Self {
        DateTime::UNIX_EPOCH
    }
}

impl<const SCALE: u32> DataType for Decimal<SCALE> {
    const TYPE: Type<'static> = Type::Decimal { scale: SCALE };

    fn into_value(self) -> Value {
        Value::Decimal(self.get())
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Decimal(number) => Ok(Decimal::new(number)),
            other => Err(Mismatch::new(&Self::TYPE, &other)),
        }
    }

    fn placeholder() -> Self {
        Decimal::new(rust_decimal::Decimal::ZERO)
    }
}

impl<const DIM: usize> DataType for Embedding<DIM> {
    const TYPE: Type<'static> = Type::Embedding { dim: DIM as u32 };

    fn into_value(self) -> Value {
        Value::List(self.as_slice().iter().copied().map(Value::Float).collect())
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let floats = Vec::<f64>::from_value(value)?;
        let floats: Result<[f64; DIM], _> = floats.try_into();
        let mismatch = |floats: Vec<f64>| Mismatch::new(&Self::TYPE, &floats.into_value());
        floats.map(Embedding::from).map_err(mismatch)
    }

    fn placeholder() -> Self {
        Embedding::from([0.0; DIM])
    }
}

impl<T: DataType> DataType for Option<T> {
    const TYPE: Type<'static> = Type::Optional(&T::TYPE);

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }

    fn placeholder() -> Self {
        None
    }
}

impl<T: DataType> DataType for Vec<T> {
    const TYPE: Type<'static> = Type::List(&T::TYPE);

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::List(elements) => elements.into_iter().map(T::from_value).collect(),
            other => Err(Mismatch::new(&Self::TYPE, &other)),
        }
    }

    fn placeholder() -> Self {
        Vec::new()
    }
}

/// Implements [`DataType`] for a map with text keys.
macro_rules! map {
    ($($map:ident),*) => {$(
        impl<T: DataType> DataType for $map<String, T> {
            const TYPE: Type<'static> = Type::Map(&T::TYPE);

            fn into_value(self) -> Value {
                Value::Map(self.into_iter().map(|(key, value)| (key, value.into_value())).collect())
            }

            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::Map(entries) => entries
                        .into_iter()
                        .map(|(key, value)| Ok((key, T::from_value(value)?)))
                        .collect(),
                    other => Err(Mismatch::new(&Self::TYPE, &other)),
                }
            }

            fn placeholder() -> Self {
                $map::new()
            }
        }
    )*};
}

map!(BTreeMap, HashMap);
