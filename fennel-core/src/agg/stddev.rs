//! `stddev(column, window, default = -1.0)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, float_default, numbers, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// The standard deviation of a column of numbers, of the population.
#[derive(Clone, Copy, Debug)]
pub struct Stddev<'a> {
    /// What it is over an empty window; `None` for null.
    pub default: Option<f64>,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Stddev<'a> {
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

    pub(super) fn decode(message: &proto::Stddev, arena: Arena<'a>) -> Part<Expr<'a>> {
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
                count: from.signed()?,
                others: from.signed()?,
                sum: Exact::decode(from)?,
                squares: Exact::decode(from)?,
            })
        }
    }
}
