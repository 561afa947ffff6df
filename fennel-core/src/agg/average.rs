//! `average(column, window, default = 0.0)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, float_default, numbers, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The mean of a column of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Average<'a> {
    /// What it is over an empty window; `None` for null.
    pub default: Option<f64>,
    lifetime: PhantomData<&'a ()>,
}

impl PartialEq for Average<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.default.map(f64::to_bits) == other.default.map(f64::to_bits)
    }
}

impl Eq for Average<'_> {}

impl<'a> Average<'a> {
    pub(super) const HAS_DEFAULT: bool = true;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("average", &["of"], &["window", "default"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Average {
            default: part!(0, params.float_default(Some(0.0))),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("average", &of) {
            Ok(()) => Ok(Computed::FLOAT.optional_if(self.default.is_none())),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        Written::new().named("default", float_default(self.default, Some(0.0)))
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Average(proto::Average {
            of,
            name,
            window,
            default: self.default.unwrap_or(0.0),
            default_null: self.default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Average, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let default = if message.default_null {
            Literal::Null
        } else {
            Literal::Float(message.default)
        };
        write(arena, "average", common, None, [("default", Some(default))])
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Number, Overflow, Reader, Retraction, State, Total,
    };
    use super::Average;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    /// The mean is the exact sum over the count, rounded once.
    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Averaged {
        default: Option<f64>,
        total: Total,
    }

    impl Accumulate for Average<'_> {
        type State = Averaged;

        fn state(&self, of: Option<&Shape>) -> Result<Averaged, Mismatch> {
            Ok(Averaged {
                default: self.default,
                total: Total::new(Number::of("average", of)?),
            })
        }
    }

    impl State for Averaged {
        #[inline]
        fn add(&mut self, row: Contribution<'_>) {
            self.total.add(row.value);
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            self.total.retract(row.value);
            Retraction::Done
        }

        fn merge(&mut self, other: &Self) {
            self.total.merge(&other.total);
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            let mean = self.total.mean().or(self.default);
            Ok(mean.map_or(Value::Null, Value::Float))
        }

        fn is_empty(&self) -> bool {
            self.total.is_empty()
        }

        fn encode(&self, to: &mut Vec<u8>) {
            self.total.encode(to);
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            Some(Averaged {
                default: self.default,
                total: self.total.decode(from)?,
            })
        }
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    fn average(default: Option<f64>) -> Function<'static> {
        Function::Average(Average {
            default,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        whole_numbers: average(None), Shape::Int, law::optional(law::ints());
        floats: average(None), Shape::Float, law::optional(law::all_floats());
        decimals: average(Some(0.0)), Shape::Decimal(2), law::optional(law::decimals());
    }

    #[test]
    fn a_mean_is_the_exact_sum_over_the_count_and_rounded_once() {
        let mean = |of: Shape, values: &[Value]| {
            law::value(average(None), &of, values.iter().cloned()).unwrap()
        };
        let (a, b) = (9_007_199_254_740_993, 7);
        let exact = Value::Float(4_503_599_627_370_500.0);
        assert_eq!(mean(Shape::Int, &[Value::Int(a), Value::Int(b)]), exact);
        let largest = Value::Float(f64::MAX);
        assert_eq!(
            mean(Shape::Float, &[largest.clone(), largest.clone()]),
            largest
        );
        let prices = ["0.10", "0.20", "0.00"].map(|digits| Value::Decimal(digits.parse().unwrap()));
        assert_eq!(mean(Shape::Decimal(2), &prices), Value::Float(0.1));
        assert_eq!(
            mean(Shape::Int, &[Value::Null, Value::Int(2)]),
            Value::Float(2.0)
        );
    }

    #[test]
    fn over_nothing_it_is_the_default() {
        for (default, expected) in [(Some(-1.0), Value::Float(-1.0)), (None, Value::Null)] {
            let found = law::value(average(default), &Shape::Float, [Value::Null]);
            assert_eq!(found, Ok(expected));
        }
    }

    #[test]
    fn one_that_differs_in_a_bit_of_its_default_is_another() {
        assert_eq!(average(Some(f64::NAN)), average(Some(f64::NAN)));
        assert_ne!(average(Some(0.0)), average(Some(-0.0)));
        assert_ne!(average(Some(0.0)), average(None));
    }
}
