//! Whether texts are JSON, and what a schema describes.

use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::given::Given;
use super::{Field, Rule, Value, wrong_type};
use crate::entity::expectation::json::plain;
use crate::literal::Literal;
use crate::ty::Type;

/// `expect_column_values_to_be_json_parseable`.
pub(super) fn any(_: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    check(columns)?;
    Ok(Rule::Value(Box::new(|value| match value {
        Value::String(text) => serde_json::from_str::<IgnoredAny>(text).is_ok(),
        _ => false,
    })))
}

/// `expect_column_values_to_match_json_schema`. A schema that refers to a document elsewhere is refused: nothing is
/// fetched.
pub(super) fn schema(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    check(columns)?;
    let schema = match given.literal("json_schema") {
        Some(Literal::List([])) | None => Json::Object(serde_json::Map::new()),
        Some(schema) => plain(&schema),
    };
    let schema = jsonschema::validator_for(&schema)
        .map_err(|error| format!("`json_schema` can't be used: {error}"))?;
    Ok(Rule::Value(Box::new(move |value| match value {
        Value::String(text) => {
            serde_json::from_str(text).is_ok_and(|json: Json| schema.is_valid(&json))
        }
        _ => false,
    })))
}

fn check(columns: &[&Field<'_>]) -> Result<(), String> {
    for column in columns {
        if !matches!(column.ty.required().unrestricted(), Type::String) {
            return Err(wrong_type(column, "is no text that could be JSON"));
        }
    }
    Ok(())
}
