//! Two columns beside each other.

use super::compare::{As, is_equal, order};
use super::given::Given;
use super::{Field, Rule, Value, Verdict};
use crate::literal::Literal;
use crate::ty::Type;

/// A question about two values, and which nulls leave a row out.
pub(super) struct Pair {
    left: Left,
    test: Test,
}

type Test = Box<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// Which rows an expectation about pairs is not about.
#[derive(Clone, Copy)]
enum Left {
    Both,
    Either,
    Neither,
}

impl Pair {
    pub(super) fn judge(&self, one: &Value, other: &Value) -> Verdict {
        let nulls = (*one == Value::Null, *other == Value::Null);
        let is_left = match self.left {
            Left::Both => nulls == (true, true),
            Left::Either => nulls.0 || nulls.1,
            Left::Neither => false,
        };
        if is_left {
            return Verdict::Left;
        }
        Verdict::of((self.test)(one, other))
    }

    fn rule(
        given: &Given<'_>,
        test: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
    ) -> Result<Rule, String> {
        let left = match given.text("ignore_row_if") {
            Some("both_values_are_missing") => Left::Both,
            Some("either_value_is_missing") => Left::Either,
            None | Some("neither" | "never") => Left::Neither,
            Some(other) => {
                return Err(format!(
                    "`ignore_row_if` is {other:?}; it is \"both_values_are_missing\", \"either_value_is_missing\" or \"neither\""
                ));
            }
        };
        let test = Box::new(test);
        Ok(Rule::Pair(Pair { left, test }))
    }
}

/// `expect_column_pair_values_to_be_equal`.
pub(super) fn equal(given: &Given<'_>, _: &[&Field<'_>]) -> Result<Rule, String> {
    Pair::rule(given, is_equal)
}

/// `expect_column_pair_values_A_to_be_greater_than_B`.
pub(super) fn greater(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let [one, other] = columns else {
        return Err("it is about two columns".into());
    };
    let instants = given.is_true("parse_strings_as_datetimes");
    let (as_one, as_other) = (As::of(one, instants), As::of(other, instants));
    let are_alike = match (order_of(&one.ty, as_one), order_of(&other.ty, as_other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    };
    if !are_alike && !given.is_true("allow_cross_type_comparisons") {
        return Err(format!(
            "column `{}` is `{}` and `{}` is `{}`, and neither is greater; to expect it all the same, say `allow_cross_type_comparisons = true`",
            one.name, one.ty, other.name, other.ty
        ));
    }
    let or_equal = given.is_true("or_equal");
    Pair::rule(given, move |one, other| {
        let order = order(&as_one.read(one), &as_other.read(other));
        order.is_some_and(|order| order.is_gt() || (or_equal && order.is_eq()))
    })
}

/// `expect_column_pair_values_to_be_in_set`. Null is a value here, where the row isn't left out.
pub(super) fn in_set(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let [one, other] = columns else {
        return Err("it is about two columns".into());
    };
    let pair = |first: &Literal<'_>, second: &Literal<'_>| {
        let by = As::Themselves;
        Ok::<_, String>((by.constant(first, one)?, by.constant(second, other)?))
    };
    let pairs = match given.literal("value_pairs_set") {
        Some(Literal::Object(pairs)) => pairs
            .iter()
            .map(|(first, second)| pair(&Literal::Str(first), second))
            .collect::<Result<Vec<_>, _>>()?,
        Some(Literal::List(pairs)) => pairs
            .iter()
            .filter_map(|it| match it {
                Literal::List([first, second]) => Some(pair(first, second)),
                _ => None,
            })
            .collect::<Result<Vec<_>, _>>()?,
        _ => Vec::new(),
    };
    let is = |one: &Value, other: &Value| {
        is_equal(one, other) || (*one == Value::Null && *other == Value::Null)
    };
    Pair::rule(given, move |one, other| {
        pairs
            .iter()
            .any(|(first, second)| is(first, one) && is(second, other))
    })
}

/// What values of a type are ordered with.
#[derive(PartialEq, Eq)]
enum Order {
    Numbers,
    Texts,
    Bytes,
    Instants,
    Bools,
}

fn order_of(ty: &Type<'_>, by: As) -> Option<Order> {
    Some(match ty.required().unrestricted() {
        Type::Int | Type::Float | Type::Decimal { .. } => Order::Numbers,
        Type::String if by == As::Instants => Order::Instants,
        Type::String => Order::Texts,
        Type::Bytes => Order::Bytes,
        Type::Timestamp | Type::Date => Order::Instants,
        Type::Bool => Order::Bools,
        _ => return None,
    })
}
