//! Whether values are among those of a set.

use super::compare::{As, is_equal};
use super::given::Given;
use super::{Field, Rule, Test, Value};

/// `expect_column_values_to_be_in_set`.
pub(super) fn inside(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    Ok(Rule::Value(among(given, columns)?))
}

/// `expect_column_values_to_not_be_in_set`.
pub(super) fn outside(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let among = among(given, columns)?;
    Ok(Rule::Value(Box::new(move |value| !among(value))))
}

fn among(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Test, String> {
    let [column] = columns else {
        return Err("it is about one column".into());
    };
    let by = As::of(column, given.is_true("parse_strings_as_datetimes"));
    let members = given.list("value_set").iter();
    let members = members
        .map(|member| by.constant(member, column))
        .collect::<Result<Vec<_>, _>>()?;
    // Texts are the large sets; they are found by halving.
    if members
        .iter()
        .all(|member| matches!(member, Value::String(_)))
    {
        let mut texts: Vec<String> = members
            .into_iter()
            .filter_map(|member| match member {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect();
        texts.sort_unstable();
        return Ok(Box::new(move |value| match value {
            Value::String(text) => texts.binary_search(text).is_ok(),
            _ => false,
        }));
    }
    Ok(Box::new(move |value| {
        let value = by.read(value);
        members.iter().any(|member| is_equal(member, &value))
    }))
}
