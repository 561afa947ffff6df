//! Whether values lie between bounds.

use super::compare::{As, order};
use super::given::Given;
use super::{Field, Rule, Value, wrong_type};
use crate::ty::Type;

/// `expect_column_values_to_be_between`.
pub(super) fn rule(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let [column] = columns else {
        return Err("it is about one column".into());
    };
    let by = As::of(column, given.is_true("parse_strings_as_datetimes"));
    let bound = |name: &str| {
        let literal = given.literal(name);
        literal
            .map(|literal| by.constant(&literal, column))
            .transpose()
    };
    let (min, max) = (bound("min_value")?, bound("max_value")?);
    if min.is_none() && max.is_none() {
        return Err("it needs `min_value`, `max_value` or both".into());
    }
    let is_nested = matches!(
        column.ty.required(),
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Embedding { .. }
    );
    if is_nested && !given.is_true("allow_cross_type_comparisons") {
        return Err(wrong_type(column, "lies between no bounds"));
    }
    let (above, below) = (given.is_true("strict_min"), given.is_true("strict_max"));
    Ok(Rule::Value(Box::new(move |value| {
        let value = by.read(value);
        let is_above = |min: &Value| {
            order(&value, min).is_some_and(|order| order.is_gt() || (!above && order.is_eq()))
        };
        let is_below = |max: &Value| {
            order(&value, max).is_some_and(|order| order.is_lt() || (!below && order.is_eq()))
        };
        min.as_ref().is_none_or(is_above) && max.as_ref().is_none_or(is_below)
    })))
}
