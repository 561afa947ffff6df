//! `max(column, window, default = ..)`.

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

/// The greatest value of a column of numbers, dates or instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Max<'a> {
    /// What it is over an empty window.
    pub default: Default<'a>,
}

impl<'a> Max<'a> {
    pub(super) const HAS_DEFAULT: bool = true;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("max", &["of"], &["window", "default", DEFAULT_NUMBER])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Max {
            default: part!(0, params.default()),
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        extreme("max", of, &self.default)
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
        Variant::Max(proto::Max {
            of: column,
            name,
            window,
            default: default.unwrap_or(0.0),
            default_null: default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Max, arena: Arena<'a>) -> Decoded<Expr<'a>> {
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
        write(arena, "max", common, None, [default])
    }
}

#[cfg(feature = "eval")]
impl super::accumulator::Accumulate for Max<'_> {
    type State = super::accumulator::Extreme;

    fn state(
        &self,
        of: Option<&crate::value::Shape>,
    ) -> Result<Self::State, crate::value::Mismatch> {
        use super::accumulator::{Extreme, Which};

        Extreme::new("max", Which::Greatest, &self.default, of)
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    const MAX: Function<'static> = Function::Max(Max {
        default: Default::Null,
    });

    law::obeys_the_law! {
        whole_numbers: MAX, Shape::Int, law::optional(law::ints());
        floats: MAX, Shape::Float, law::optional(law::all_floats());
        dates: MAX, Shape::Date, law::dates();
    }

    #[test]
    fn nan_is_greater_than_all_numbers_and_a_negative_maximum_is_no_zero() {
        let greatest = |values: &[f64]| {
            let values = values.iter().map(|float| Value::Float(*float));
            law::value(MAX, &Shape::Float, values)
        };
        assert_eq!(greatest(&[-3.0, -1.0, -2.0]), Ok(Value::Float(-1.0)));
        let Ok(Value::Float(nan)) = greatest(&[f64::INFINITY, f64::NAN, 1.0]) else {
            panic!("a float");
        };
        assert!(nan.is_nan());
    }

    #[test]
    fn the_greatest_can_leave_where_another_is_as_great() {
        use crate::agg::Retraction;

        let mut greatest = law::accumulator(MAX, &Shape::Int);
        let rows = law::add(&mut greatest, [5, 3, 5].map(Value::Int));
        assert_eq!(greatest.retract(rows[0].part()), Retraction::Done);
        assert_eq!(greatest.value(law::seconds(9)), Ok(Value::Int(5)));
        assert_eq!(greatest.retract(rows[2].part()), Retraction::Rebuild);
    }
}
