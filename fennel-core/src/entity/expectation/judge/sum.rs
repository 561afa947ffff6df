//! What some columns add up to.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::compare::is_equal;
use super::given::Given;
use super::{Field, Rule, Value, Verdict, wrong_type};
use crate::ty::Type;

/// A total that columns should come to.
pub(super) struct Sum {
    total: Value,
    /// Whether a column holds floats: then all are added as floats, in the order in which the columns are named.
    is_float: bool,
}

/// `expect_multicolumn_sum_to_equal`.
pub(super) fn rule(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let mut is_float = false;
    for column in columns {
        match column.ty.required().unrestricted() {
            Type::Int | Type::Decimal { .. } => {}
            Type::Float => is_float = true,
            _ => return Err(wrong_type(column, "is no number to be added")),
        }
    }
    let total = given.literal("sum_total").ok_or("it needs `sum_total`")?;
    Ok(Rule::Sum(Sum {
        total: total.to_value(),
        is_float,
    }))
}

impl Sum {
    /// Nulls add nothing, and a row of nothing else is left out.
    pub(super) fn judge(&self, values: &[&Value]) -> Verdict {
        if values.iter().all(|value| **value == Value::Null) {
            return Verdict::Left;
        }
        let sum = match self.is_float {
            true => Some(Value::Float(values.iter().filter_map(|it| float(it)).sum())),
            false => exact(values).map(Value::Decimal),
        };
        Verdict::of(sum.is_some_and(|sum| is_equal(&sum, &self.total)))
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Float(float) => Some(*float),
        Value::Decimal(decimal) => decimal.to_f64(),
        _ => None,
    }
}

/// The sum of whole numbers and decimals; `None` beyond 28 digits.
fn exact(values: &[&Value]) -> Option<Decimal> {
    let mut numbers = values.iter().filter_map(|value| match value {
        Value::Int(int) => Some(Decimal::from(*int)),
        Value::Decimal(decimal) => Some(*decimal),
        _ => None,
    });
    numbers.try_fold(Decimal::ZERO, Decimal::checked_add)
}
