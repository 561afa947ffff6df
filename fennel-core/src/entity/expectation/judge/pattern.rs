//! Whether regular expressions are found in values: anywhere, unless they are anchored.
//!
//! They are asked of texts, and of whole numbers as they are written.

use regex::Regex;

use super::given::Given;
use super::{Field, Rule, Test, Value, wrong_type};
use crate::ty::Type;

/// `expect_column_values_to_match_regex`.
pub(super) fn one(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    Ok(Rule::Value(found(given.text("regex"), columns, false)?))
}

/// `expect_column_values_to_not_match_regex`.
pub(super) fn not_one(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    not(found(given.text("regex"), columns, false)?)
}

/// `expect_column_values_to_match_regex_list`.
pub(super) fn list(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let all = match given.text("match_on") {
        None | Some("any") => false,
        Some("all") => true,
        Some(other) => {
            return Err(format!("`match_on` is {other:?}; it is \"any\" or \"all\""));
        }
    };
    Ok(Rule::Value(found(given.texts("regex_list"), columns, all)?))
}

/// `expect_column_values_to_not_match_regex_list`.
pub(super) fn not_list(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    not(found(given.texts("regex_list"), columns, false)?)
}

fn not(test: Test) -> Result<Rule, String> {
    Ok(Rule::Value(Box::new(move |value| !test(value))))
}

/// Whether all patterns are found, or any.
fn found<'p>(
    patterns: impl IntoIterator<Item = &'p str>,
    columns: &[&Field<'_>],
    all: bool,
) -> Result<Test, String> {
    for column in columns {
        if !matches!(
            column.ty.required().unrestricted(),
            Type::String | Type::Int
        ) {
            return Err(wrong_type(column, "is no text that a pattern could match"));
        }
    }
    let patterns = patterns.into_iter().map(|pattern| {
        Regex::new(pattern).map_err(|error| {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default();
            format!(
                "{pattern:?} is no pattern that can be run here: {}",
                why.trim_start_matches("error: ")
            )
        })
    });
    let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
    let is_found = move |text: &str| match all {
        true => patterns.iter().all(|pattern| pattern.is_match(text)),
        false => patterns.iter().any(|pattern| pattern.is_match(text)),
    };
    Ok(Box::new(move |value| match value {
        Value::String(text) => is_found(text),
        Value::Int(int) => is_found(&int.to_string()),
        _ => false,
    }))
}
