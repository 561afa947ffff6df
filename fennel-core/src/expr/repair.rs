//! How a value becomes what is needed of it, where an expression can make it that.

use super::Expr;
use crate::ty::{Computed, Type};

/// What is needed of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    /// An `i64` or an `f64`.
    Number,
    /// An `i64`.
    Whole,
    /// A `String`.
    Text,
    /// A `bool`.
    Bool,
    /// A `DateTime<Utc>`.
    Instant,
}

impl Needed {
    /// What a value of that type is needed to be, if it is a scalar.
    const fn like(ty: &Computed<'_>) -> Option<Needed> {
        Some(match ty.required().base() {
            Some(Type::Int) => Needed::Whole,
            Some(Type::Float) => Needed::Number,
            Some(Type::String) => Needed::Text,
            Some(Type::Bool) => Needed::Bool,
            Some(Type::Timestamp) => Needed::Instant,
            _ => return None,
        })
    }

    /// What makes it of `value`, which is of type `from`, as the end of a message.
    pub(crate) const fn of(self, value: &Expr<'_>, from: &Computed<'_>) -> &'static str {
        let Some(base) = from.required().base() else {
            return "";
        };
        let written = matches!(value, Expr::Literal(_));
        match (self, base) {
            (Needed::Number | Needed::Whole, Type::String) if written => {
                ": a number or a column is written without quotes"
            }
            (Needed::Whole, Type::Float) if written => ": write it without a point",
            (Needed::Text, Type::Int | Type::Float) if written => ": write it in quotes",
            (Needed::Bool, _) if written => ": write `true` or `false`",
            (Needed::Instant, _) if written => ": write an instant as `datetime(2024, 1, 31)`",
            (Needed::Number, Type::String) => ": `.parse::<f64>()` makes it a number",
            (Needed::Whole, Type::String) => ": `.parse::<i64>()` makes it an `i64`",
            (Needed::Whole, Type::Float) => {
                ": `.round()`, `.floor()` and `.ceil()` make it an `i64`"
            }
            (Needed::Number | Needed::Whole, Type::Bool) => {
                ": `if a { 1 } else { 0 }` makes it a number"
            }
            (Needed::Number | Needed::Whole, Type::Timestamp) => {
                ": `.since_epoch(\"second\")` makes it an `i64`"
            }
            (Needed::Number | Needed::Whole, Type::Decimal { .. }) => {
                ", which expressions don't compute with: declare the column `f64`"
            }
            (Needed::Text, Type::Int | Type::Float) => ": `.to_string()` makes it a text",
            (Needed::Text, Type::Timestamp) => ": `.strftime(\"%Y-%m-%d\")` makes it a text",
            (Needed::Bool, Type::Int | Type::Float) => ": compare it, as in `a > 0`",
            (Needed::Bool, Type::String) => ": compare it, as in `a == \"text\"`",
            (Needed::Instant, Type::String) => ": `.strptime(\"%Y-%m-%d\")` makes it an instant",
            (Needed::Instant, Type::Int) => ": `from_epoch(a, \"second\")` makes it an instant",
            (Needed::Instant, Type::Date) => {
                ", which has no time of day: declare the column `DateTime<Utc>`"
            }
            _ => "",
        }
    }
}

/// What makes `value` of type `from` one of type `to`, as the end of a message.
pub(crate) const fn repair(
    value: &Expr<'_>,
    from: &Computed<'_>,
    to: &Computed<'_>,
) -> &'static str {
    if from.is_optional() && !from.is_null() && from.required().promotes_to(to) {
        return ": say what null means, as in `.fill_null(..)`";
    }
    match Needed::like(to) {
        Some(needed) => needed.of(value, from),
        None => "",
    }
}
