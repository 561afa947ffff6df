//! Bytes of rows and groups in kernels' states.

use std::borrow::Cow;

use fennel_core::value::Value;

use crate::table::{encode_behind, values_len};

/// Appends what rows of one group share: equal bytes for equal values. No group's bytes begin those of another.
pub(super) fn encode_group<'v>(values: impl Iterator<Item = &'v Value>, to: &mut Vec<u8>) {
    for value in values {
        *to = encode_behind(std::mem::take(to), [normal(value).as_ref()].into_iter());
    }
}

/// How many of these bytes are those of a group of so many columns.
pub(super) fn group_len(bytes: &[u8], columns: usize) -> Option<usize> {
    values_len(bytes, columns)
}

/// The value that stands for all that are equal: the two zeros are, and so are all that are no number.
fn normal(value: &Value) -> Cow<'_, Value> {
    let list = |values: &[Value]| {
        values
            .iter()
            .map(|value| normal(value).into_owned())
            .collect()
    };
    Cow::Owned(match value {
        Value::Float(number) if *number == 0.0 => Value::Float(0.0),
        Value::Float(number) if number.is_nan() => Value::Float(f64::NAN),
        Value::List(values) => Value::List(list(values)),
        Value::Record(values) => Value::Record(list(values)),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), normal(value).into_owned()));
            Value::Map(entries.collect())
        }
        other => return Cow::Borrowed(other),
    })
}

/// Whether a value that isn't null has null in it.
pub(super) fn has_hole(value: &Value) -> bool {
    match value {
        Value::List(values) | Value::Record(values) => values
            .iter()
            .any(|value| *value == Value::Null || has_hole(value)),
        _ => false,
    }
}

/// The most bytes that what a kernel finds a row by may come to. The store's keys have 65,535, bytes may be
/// doubled in them, and there is more around.
pub(super) const MAX_BYTES: usize = 30_000;

/// About the bytes of values in a key, and not fewer.
pub(super) fn bytes_of<'v>(values: impl Iterator<Item = &'v Value>) -> usize {
    let value = |value: &Value| match value {
        Value::String(text) => text.len() + 11,
        Value::Bytes(bytes) => bytes.len() + 11,
        // Elements have a mark each.
        Value::List(values) | Value::Record(values) => bytes_of(values.iter()) + values.len() + 11,
        Value::Map(entries) => {
            let keys: usize = entries.keys().map(|key| key.len() + 11).sum();
            keys + bytes_of(entries.values()) + 11
        }
        _ => 32,
    };
    values.map(value).sum()
}
