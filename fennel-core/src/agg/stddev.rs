//! `stddev(column, window, default = -1.0)`.

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

/// The standard deviation of a column of numbers, of the population.
#[derive(Clone, Copy, Debug)]
pub struct Stddev<'a> {
    /// What it is over an empty window; `None` for null.
    pub default: Option<f64>,
    lifetime: PhantomData<&'a ()>,
}

impl PartialEq for Stddev<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.default.map(f64::to_bits) == other.default.map(f64::to_bits)
    }
}

impl Eq for Stddev<'_> {}

impl<'a> Stddev<'a> {
    pub(super) const HAS_DEFAULT: bool = true;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("stddev", &["of"], &["window", "default"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Stddev {
            default: part!(0, params.float_default(Some(-1.0))),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("stddev", &of) {
            Ok(()) => Ok(Computed::FLOAT.optional_if(self.default.is_none())),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        Written::new().named("default", float_default(self.default, Some(-1.0)))
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Stddev(proto::Stddev {
            of,
            name,
            window,
            default: self.default.unwrap_or(0.0),
            default_null: self.default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Stddev, arena: Arena<'a>) -> Decoded<Expr<'a>> {
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
        write(arena, "stddev", common, None, [("default", Some(default))])
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Exact, Number, Overflow, Part, Reader, Retraction, State,
        put_signed,
    };
    use super::Stddev;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    /// From the exact sums of values and of squares: the variance is rounded once and its root once, however
    /// near to each other large values are.
    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Deviation {
        default: Option<f64>,
        number: Number,
        count: i64,
        /// How many of the values are infinite or NaN.
        others: i64,
        sum: Exact,
        squares: Exact,
    }

    impl Accumulate for Stddev<'_> {
        type State = Deviation;

        fn state(&self, of: Option<&Shape>) -> Result<Deviation, Mismatch> {
            Ok(Deviation {
                default: self.default,
                number: Number::of("stddev", of)?,
                count: 0,
                others: 0,
                sum: Exact::ZERO,
                squares: Exact::ZERO,
            })
        }
    }

    impl Deviation {
        fn count(&mut self, value: &Value, is_retracted: bool) {
            let times = if is_retracted { -1 } else { 1 };
            match self.number.part(value) {
                None => return,
                Some(Part::NonFinite) => self.others += times,
                Some(Part::Finite {
                    negative,
                    mantissa,
                    exponent,
                }) => {
                    self.sum
                        .add_wide(negative != is_retracted, mantissa, exponent);
                    self.squares.add_square(is_retracted, mantissa, exponent);
                }
            }
            self.count += times;
        }

        fn deviation(&self) -> Option<f64> {
            let count = u64::try_from(self.count).ok().filter(|count| *count > 0)?;
            if self.others != 0 {
                return Some(f64::NAN);
            }
            // Count times squares less the square of the sum, over the count twice.
            let mut spread = Exact::ZERO;
            spread.add_times(false, &self.squares, count, 0);
            spread.subtract_square(&self.sum);
            let [a, b] = self.number.divisors();
            Some(spread.over(&[count, count, a, a, b, b]).sqrt())
        }
    }

    impl State for Deviation {
        fn add(&mut self, row: Contribution<'_>) {
            self.count(row.value, false);
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            self.count(row.value, true);
            Retraction::Done
        }

        fn merge(&mut self, other: &Self) {
            self.count += other.count;
            self.others += other.others;
            self.sum.merge(&other.sum);
            self.squares.merge(&other.squares);
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            let deviation = self.deviation().or(self.default);
            Ok(deviation.map_or(Value::Null, Value::Float))
        }

        fn is_empty(&self) -> bool {
            self.count == 0
        }

        fn encode(&self, to: &mut Vec<u8>) {
            put_signed(to, self.count);
            put_signed(to, self.others);
            self.sum.encode(to);
            self.squares.encode(to);
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            Some(Deviation {
                default: self.default,
                number: self.number,
                count: from.balance()?,
                others: from.balance()?,
                sum: Exact::decode(from)?,
                squares: Exact::decode(from)?,
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

    const STDDEV: Function<'static> = Function::Stddev(Stddev {
        default: Some(-1.0),
        lifetime: PhantomData,
    });

    law::obeys_the_law! {
        whole_numbers: STDDEV, Shape::Int, law::optional(law::ints());
        floats: STDDEV, Shape::Float, law::optional(law::all_floats());
        decimals: STDDEV, Shape::Decimal(2), law::optional(law::decimals());
    }

    fn deviation(of: &Shape, values: impl IntoIterator<Item = Value>) -> f64 {
        match law::value(STDDEV, of, values) {
            Ok(Value::Float(deviation)) => deviation,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_that_of_the_population() {
        let ints = [2, 4, 4, 4, 5, 5, 7, 9].map(Value::Int);
        assert_eq!(deviation(&Shape::Int, ints), 2.0);
        let prices = ["0.02", "0.04"].map(|digits| Value::Decimal(digits.parse().unwrap()));
        assert_eq!(deviation(&Shape::Decimal(2), prices), 0.01);
        assert_eq!(deviation(&Shape::Float, [Value::Float(0.1)]), 0.0);
        assert_eq!(
            deviation(&Shape::Float, vec![Value::Float(0.1); 1_000]),
            0.0
        );
        assert_eq!(deviation(&Shape::Int, [Value::Null]), -1.0);
        assert_eq!(
            deviation(&Shape::Int, [i64::MIN, i64::MAX].map(Value::Int)),
            9_223_372_036_854_775_807.5
        );
    }

    #[test]
    fn it_is_right_for_values_of_any_size() {
        for (size, unit) in [
            (1e9, 1e-3),
            (1e300, 1e290),
            (0.0, 1e-200),
            (0.0, f64::MAX / 8.0),
        ] {
            let values = [-3.0, 1.0, 4.0, -2.0].map(|step| size + step * unit);
            // Differences of near numbers are exact.
            let steps = values.map(|value| (value - size) / unit);
            let mean = steps.iter().sum::<f64>() / 4.0;
            let variance = steps.iter().map(|step| (step - mean).powi(2)).sum::<f64>() / 4.0;
            let expected = variance.sqrt() * unit;
            let found = deviation(&Shape::Float, values.map(Value::Float));
            assert!(
                ((found - expected) / expected).abs() < 1e-14,
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn infinities_have_none() {
        let values = [1.0, f64::INFINITY].map(Value::Float);
        assert!(deviation(&Shape::Float, values).is_nan());
    }
}
