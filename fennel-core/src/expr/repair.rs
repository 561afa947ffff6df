//! How a value becomes what is needed of it, where an expression can make it that.

use super::{Expr, advice};
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
            (Needed::Number | Needed::Whole, Type::String) if written => advice::WITHOUT_QUOTES,
            (Needed::Whole, Type::Float) if written => advice::WITHOUT_A_POINT,
            (Needed::Text, Type::Int | Type::Float) if written => advice::IN_QUOTES,
            (Needed::Bool, _) if written => advice::A_BOOL,
            (Needed::Instant, _) if written => advice::AN_INSTANT,
            (Needed::Number, Type::String) => advice::TEXT_TO_NUMBER,
            (Needed::Whole, Type::String) => advice::TEXT_TO_WHOLE,
            (Needed::Whole, Type::Float) => advice::FLOAT_TO_WHOLE,
            (Needed::Number | Needed::Whole, Type::Bool) => advice::BOOL_TO_NUMBER,
            (Needed::Number | Needed::Whole, Type::Timestamp) => advice::INSTANT_TO_WHOLE,
            (Needed::Number | Needed::Whole, Type::Decimal { .. }) => advice::NO_DECIMALS,
            (Needed::Text, Type::Int | Type::Float) => advice::NUMBER_TO_TEXT,
            (Needed::Text, Type::Timestamp) => advice::INSTANT_TO_TEXT,
            (Needed::Bool, Type::Int | Type::Float) => advice::NUMBER_TO_BOOL,
            (Needed::Bool, Type::String) => advice::TEXT_TO_BOOL,
            (Needed::Instant, Type::String) => advice::TEXT_TO_INSTANT,
            (Needed::Instant, Type::Int) => advice::WHOLE_TO_INSTANT,
            (Needed::Instant, Type::Date) => advice::NO_TIME_OF_DAY,
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
        return advice::NULL;
    }
    match Needed::like(to) {
        Some(needed) => needed.of(value, from),
        None => "",
    }
}
