//! Whether values are null.

use super::given::Given;
use super::{Field, Rule, Value};

/// `expect_column_values_to_not_be_null`.
pub(super) fn absent(_: &Given<'_>, _: &[&Field<'_>]) -> Result<Rule, String> {
    Ok(Rule::Null(|value| *value != Value::Null))
}

/// `expect_column_values_to_be_null`.
pub(super) fn present(_: &Given<'_>, _: &[&Field<'_>]) -> Result<Rule, String> {
    Ok(Rule::Null(|value| *value == Value::Null))
}
