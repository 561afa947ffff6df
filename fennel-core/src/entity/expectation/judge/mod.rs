//! Expectations made ready to judge rows, behind the feature `eval`.
//!
//! What each asks is what Great Expectations asks by that name. Nulls are nobody's business but those expectations'
//! that are about nulls, and of pairs what `ignore_row_if` says; so a row is met, unmet or left out. Columns are typed,
//! and what an expectation can never say of a column's type is refused when the judge is made.
//!
//! An expectation with a rule of its own is a file, or a function in the file of its kind, and one line of [`RULES`].

mod between;
mod compare;
mod dates;
mod given;
mod json;
mod length;
mod null;
mod pair;
mod pattern;
mod set;
mod sum;
mod type_name;

use crate::entity::{Dataset, Expectation, Field};
use crate::literal::Literal;
use crate::value::Value;
use given::Given;

/// An expectation of a dataset, made ready to judge rows.
pub struct Judge {
    columns: Vec<String>,
    mostly: f64,
    rule: Rule,
}

/// What an expectation says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It doesn't.
    Unmet,
    /// It is not about this row: there is a null where it asks for a value.
    Left,
}

/// A question about one value that is not null.
type Test = Box<dyn Fn(&Value) -> bool + Send + Sync>;

/// What an expectation asks of a row.
enum Rule {
    /// Something about whether the value is null.
    Null(fn(&Value) -> bool),
    /// Something about a value.
    Value(Test),
    /// Something about two values.
    Pair(pair::Pair),
    /// What some values add up to.
    Sum(sum::Sum),
}

/// How a rule is made of an expectation's arguments and its columns.
type Make = fn(&Given<'_>, &[&Field<'_>]) -> Result<Rule, String>;

const RULES: &[(&str, Make)] = &[
    ("expect_column_values_to_not_be_null", null::absent),
    ("expect_column_values_to_be_null", null::present),
    ("expect_column_values_to_be_of_type", type_name::one),
    ("expect_column_values_to_be_in_type_list", type_name::any),
    ("expect_column_values_to_be_in_set", set::inside),
    ("expect_column_values_to_not_be_in_set", set::outside),
    ("expect_column_values_to_be_between", between::rule),
    ("expect_column_value_lengths_to_be_between", length::between),
    ("expect_column_value_lengths_to_equal", length::equal),
    ("expect_column_values_to_match_regex", pattern::one),
    ("expect_column_values_to_not_match_regex", pattern::not_one),
    ("expect_column_values_to_match_regex_list", pattern::list),
    (
        "expect_column_values_to_not_match_regex_list",
        pattern::not_list,
    ),
    (
        "expect_column_values_to_match_strftime_format",
        dates::format,
    ),
    ("expect_column_values_to_be_dateutil_parseable", dates::any),
    ("expect_column_values_to_be_json_parseable", json::any),
    ("expect_column_values_to_match_json_schema", json::schema),
    ("expect_column_pair_values_to_be_equal", pair::equal),
    (
        "expect_column_pair_values_A_to_be_greater_than_B",
        pair::greater,
    ),
    ("expect_column_pair_values_to_be_in_set", pair::in_set),
    ("expect_multicolumn_sum_to_equal", sum::rule),
];

impl Judge {
    /// The judge of a checked expectation of a dataset.
    ///
    /// # Errors
    ///
    /// A clause that says why the expectation can't be asked of its columns.
    pub fn new(expectation: &Expectation<'_>, dataset: &Dataset<'_>) -> Result<Self, String> {
        let spec = expectation.spec().ok_or("there is no such expectation")?;
        let given = Given::new(expectation, spec);
        for name in ["row_condition", "condition_parser"] {
            if given.has(name) {
                return Err(format!(
                    "`{name}` is not evaluated by this version: leave it out, or derive a dataset with a filter and expect it there"
                ));
            }
        }
        let columns = expectation.columns.iter().map(|column| {
            dataset
                .field(column)
                .ok_or_else(|| dataset.no_column(column).to_string())
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let make = RULES.iter().find(|(name, _)| *name == spec.name);
        let (_, make) = make.ok_or("there is no such expectation")?;
        Ok(Self {
            rule: make(&given, &columns)?,
            mostly: match given.literal("mostly") {
                Some(Literal::Float(mostly)) => mostly,
                Some(Literal::Int(mostly)) => mostly as f64,
                _ => 1.0,
            },
            columns: expectation.columns.iter().map(|it| (*it).into()).collect(),
        })
    }

    /// The columns whose values it judges, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The part of the rows that has to meet it, 0 to 1; 1 where nothing is said.
    #[must_use]
    pub fn mostly(&self) -> f64 {
        self.mostly
    }

    /// Judges a row, given the typed values of its [`columns`](Judge::columns) in their order.
    #[must_use]
    pub fn judge(&self, values: &[&Value]) -> Verdict {
        let is_met = match (&self.rule, values) {
            (Rule::Null(test), [value]) => test(value),
            (Rule::Value(_), [Value::Null]) => return Verdict::Left,
            (Rule::Value(test), [value]) => test(value),
            (Rule::Pair(pair), [one, other]) => return pair.judge(one, other),
            (Rule::Sum(sum), values) => return sum.judge(values),
            _ => return Verdict::Left,
        };
        Verdict::of(is_met)
    }
}

impl Verdict {
    fn of(is_met: bool) -> Self {
        match is_met {
            true => Verdict::Met,
            false => Verdict::Unmet,
        }
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Judge");
        shown.field("columns", &self.columns);
        shown.field("mostly", &self.mostly).finish_non_exhaustive()
    }
}

/// The refusal of a column whose type an expectation has no question for.
fn wrong_type(column: &Field<'_>, what: &str) -> String {
    format!("column `{}` is `{}`, and {what}", column.name, column.ty)
}

#[cfg(test)]
mod tests;
