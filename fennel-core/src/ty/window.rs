//! The window of a row's group, as a column.

use chrono::{DateTime, Utc};

use super::{DataType, Record, RecordField, Type};
use crate::row::Fields;
use crate::value::{Mismatch, Value};

/// The stretch of time that a row of a group with a window is about: a key column `window`.
///
/// ```
/// use fennel_core::ty::{DataType, Window};
///
/// assert_eq!(Window::TYPE.to_string(), "Window { begin: DateTime<Utc>, end: DateTime<Utc> }");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The first instant in it.
    pub begin: DateTime<Utc>,
    /// The first instant behind it.
    pub end: DateTime<Utc>,
}

pub(super) const RECORD: Record<'static> = Record {
    name: "Window",
    fields: &[
        RecordField {
            name: "begin",
            ty: Type::Timestamp,
        },
        RecordField {
            name: "end",
            ty: Type::Timestamp,
        },
    ],
};

impl DataType for Window {
    const TYPE: Type<'static> = Type::Record(&RECORD);

    fn into_value(self) -> Value {
        Value::Record(vec![self.begin.into_value(), self.end.into_value()])
    }

    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let mut fields = Fields::of_record::<Self>(value)?;
        let window = Window {
            begin: DataType::read(&mut fields),
            end: DataType::read(&mut fields),
        };
        fields.finish(window)
    }

    fn placeholder() -> Self {
        Window {
            begin: DataType::placeholder(),
            end: DataType::placeholder(),
        }
    }
}

impl Type<'_> {
    /// Whether it is the window of a group.
    #[must_use]
    pub const fn is_window(&self) -> bool {
        self.is(&Window::TYPE)
    }
}
