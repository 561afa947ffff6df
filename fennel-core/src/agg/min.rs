//! `min(column, window, default = ..)`.

use super::params::{
    DEFAULT_NUMBER, Default, Params, Spec, Written, check_default, default_number, extreme, write,
};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The least value of a column of numbers, dates or instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Min<'a> {
    /// What it is over an empty window.
    pub default: Default<'a>,
}

impl<'a> Min<'a> {
    pub(super) const HAS_DEFAULT: bool = true;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("min", &["of"], &["window", "default", DEFAULT_NUMBER])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Min {
            default: part!(0, params.default()),
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        extreme("min", of, &self.default)
    }

    pub(super) const fn check_default(&self, of: &Computed<'_>) -> Check {
        check_default(&self.default, of)
    }

    pub(super) fn written(&self) -> Written {
        Written::new().named("default", self.default.text())
    }

    pub(super) fn encode(&self, spec: Spec, of: Computed<'_>) -> Variant {
        let Spec {
            name,
            of: column,
            window,
        } = spec;
        let default = default_number(&self.default, of);
        Variant::Min(proto::Min {
            of: column,
            name,
            window,
            default: default.unwrap_or(0.0),
            default_null: default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Min, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let default = if message.default_null {
            ("default", Some(Literal::Null))
        } else {
            (DEFAULT_NUMBER, Some(Literal::Float(message.default)))
        };
        write(arena, "min", common, None, [default])
    }
}

#[cfg(feature = "eval")]
impl super::accumulator::Accumulate for Min<'_> {
    type State = super::accumulator::Extreme;

    fn state(
        &self,
        of: Option<&crate::value::Shape>,
    ) -> Result<Self::State, crate::value::Mismatch> {
        use super::accumulator::{Extreme, Which};

        Extreme::new("min", Which::Least, &self.default, of)
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    const fn min(default: Default<'static>) -> Function<'static> {
        Function::Min(Min { default })
    }

    law::obeys_the_law! {
        whole_numbers: min(Default::Null), Shape::Int, law::optional(law::ints());
        floats: min(Default::Number(1.0)), Shape::Float, law::optional(law::all_floats());
        decimals: min(Default::Number(0.5)), Shape::Decimal(2), law::optional(law::decimals());
    }

    #[test]
    fn the_least_is_found_among_zeros_and_nan() {
        let least = |values: &[f64]| {
            let values = values.iter().map(|float| Value::Float(*float));
            law::value(min(Default::Null), &Shape::Float, values)
        };
        assert_eq!(least(&[f64::NAN, 0.0, 3.0]), Ok(Value::Float(0.0)));
        assert!(matches!(least(&[f64::NAN]), Ok(Value::Float(nan)) if nan.is_nan()));
        assert_eq!(
            least(&[f64::NEG_INFINITY, -1.0]),
            Ok(Value::Float(f64::NEG_INFINITY))
        );
    }

    #[test]
    fn over_nothing_it_is_the_default_as_the_columns_type_has_it() {
        use crate::time::Timestamp;

        for (default, of, expected) in [
            (Default::Null, Shape::Int, Value::Null),
            (Default::Number(7.0), Shape::Int, Value::Int(7)),
            (
                Default::Literal(Literal::Int(7)),
                Shape::Float,
                Value::Float(7.0),
            ),
            (
                Default::Number(0.5),
                Shape::Decimal(2),
                Value::Decimal("0.50".parse().unwrap()),
            ),
            (
                Default::Number(1.0),
                Shape::Date,
                Value::Date("1970-01-02".parse().unwrap()),
            ),
            (
                Default::Number(1e6),
                Shape::Timestamp,
                Value::Timestamp(Timestamp::parse("1970-01-01T00:00:01").unwrap()),
            ),
        ] {
            let of = Shape::Optional(of.into());
            assert_eq!(law::value(min(default), &of, [Value::Null]), Ok(expected));
        }
    }

    #[test]
    fn a_default_that_is_no_value_of_the_column_is_refused() {
        let aggregation = |default| crate::agg::Aggregation {
            output: "least",
            function: min(Default::Number(default)),
            of: Some("of"),
            window: None,
        };
        let refused = |default, of| {
            aggregation(default)
                .accumulator(Some(&of))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(0.5, Shape::Int),
            "in the default: expected a whole number, found 0.5"
        );
        assert_eq!(
            refused(1e18, Shape::Timestamp),
            "in the default: 1000000000000000000 microseconds are outside years 1 to 9999"
        );
        assert_eq!(
            refused(0.0, Shape::String),
            "`min` needs numbers, dates or instants, found `String`"
        );
    }

    #[test]
    fn zeros_of_two_signs_are_two_defaults() {
        for zero in [Default::Number, |zero| {
            Default::Literal(Literal::Float(zero))
        }] {
            assert_eq!(min(zero(0.0)), min(zero(0.0)));
            assert_ne!(min(zero(0.0)), min(zero(-0.0)));
        }
    }
}
