//! How long values are: texts in characters, bytes, lists and maps in elements.

use super::given::Given;
use super::{Field, Rule, Value, wrong_type};
use crate::ty::Type;

/// `expect_column_value_lengths_to_be_between`.
pub(super) fn between(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let (min, max) = (given.length("min_value"), given.length("max_value"));
    if min.is_none() && max.is_none() {
        return Err("it needs `min_value`, `max_value` or both".into());
    }
    check(columns)?;
    Ok(Rule::Value(Box::new(move |value| {
        length(value).is_some_and(|length| {
            min.is_none_or(|min| min <= length) && max.is_none_or(|max| length <= max)
        })
    })))
}

/// `expect_column_value_lengths_to_equal`.
pub(super) fn equal(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let wanted = given.length("value");
    check(columns)?;
    Ok(Rule::Value(Box::new(move |value| length(value) == wanted)))
}

fn check(columns: &[&Field<'_>]) -> Result<(), String> {
    for column in columns {
        if !matches!(
            column.ty.required().unrestricted(),
            Type::String | Type::Bytes | Type::List(_) | Type::Map(_) | Type::Embedding { .. }
        ) {
            return Err(wrong_type(column, "has no length"));
        }
    }
    Ok(())
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::List(values) => Some(values.len()),
        Value::Map(entries) => Some(entries.len()),
        _ => None,
    }
}
