//! `quantile(column, p, window, approx = true)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, flag, float_default, numbers, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The value of a column of numbers that a part of all values is below: of the sorted values the one at index
/// `p * count`, rounded down, or the last.
///
/// It is exact up to 1,024 values, and beyond that within 0.8 % of that value.
#[derive(Clone, Copy, Debug)]
pub struct Quantile<'a> {
    /// The part, 0 to 1: 0.5 for the median.
    pub p: f64,
    /// What it is over an empty window; `None` for null.
    pub default: Option<f64>,
    lifetime: PhantomData<&'a ()>,
}

impl PartialEq for Quantile<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.p.to_bits() == other.p.to_bits()
            && self.default.map(f64::to_bits) == other.default.map(f64::to_bits)
    }
}

impl Eq for Quantile<'_> {}

impl<'a> Quantile<'a> {
    pub(super) const HAS_DEFAULT: bool = true;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("quantile", &["of", "p"], &["window", "approx", "default"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        let p = match params.get("p") {
            Some((_, Expr::Literal(Literal::Float(p)))) if p >= 0.0 && p <= 1.0 => p,
            Some((_, Expr::Literal(Literal::Int(p)))) if p == 0 || p == 1 => p as f64,
            Some((at, _)) => {
                return Err(Fault::new(Message::new("`p` is a number from 0.0 to 1.0")).within(at));
            }
            None => 0.0,
        };
        if let Err(fault) = params.must_be_true(
            "approx",
            "quantiles are computed approximately: write `approx = true`",
        ) {
            return Err(fault);
        }
        Ok(Quantile {
            p,
            default: part!(0, params.float_default(None)),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("quantile", &of) {
            Ok(()) => Ok(Computed::FLOAT.optional_if(self.default.is_none())),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        let written = Written::new().positional(format!("{:?}", self.p));
        let written = written.flag("approx", true);
        written.named("default", float_default(self.default, None))
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Quantile(proto::Quantile {
            of,
            name,
            window,
            default: self.default,
            quantile: self.p,
            approx: true,
        })
    }

    pub(super) fn decode(message: &proto::Quantile, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let p = Expr::Literal(Literal::Float(message.quantile));
        let named = [
            flag("approx", message.approx),
            ("default", message.default.map(Literal::Float)),
        ];
        write(arena, "quantile", common, [p], named)
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Histogram, Number, Overflow, Reader, Retraction, State,
    };
    use super::Quantile;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Sorted {
        p: f64,
        default: Option<f64>,
        number: Number,
        values: Histogram,
    }

    impl Accumulate for Quantile<'_> {
        type State = Sorted;

        fn state(&self, of: Option<&Shape>) -> Result<Sorted, Mismatch> {
            Ok(Sorted {
                p: self.p,
                default: self.default,
                number: Number::of("quantile", of)?,
                values: Histogram::default(),
            })
        }
    }

    impl State for Sorted {
        fn add(&mut self, row: Contribution<'_>) {
            if let Some(number) = self.number.float(row.value) {
                self.values.add(number);
            }
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            match self.number.float(row.value) {
                Some(number) => self.values.retract(number),
                None => Retraction::Done,
            }
        }

        fn merge(&mut self, other: &Self) {
            self.values.merge(&other.values);
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            let number = self.values.quantile(self.p).or(self.default);
            Ok(number.map_or(Value::Null, Value::Float))
        }

        fn is_empty(&self) -> bool {
            self.values.is_empty()
        }

        fn encode(&self, to: &mut Vec<u8>) {
            self.values.encode(to);
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            Some(Sorted {
                values: Histogram::decode(from)?,
                ..*self
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

    fn quantile(p: f64) -> Function<'static> {
        Function::Quantile(Quantile {
            p,
            default: None,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        whole_numbers: quantile(0.5), Shape::Int, law::optional(law::ints());
        floats: quantile(0.9), Shape::Float, law::optional(law::all_floats());
        decimals: quantile(0.1), Shape::Decimal(2), law::optional(law::decimals());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
        #[test]
        fn many_numbers(case in law::cases(law::ints_to(4_000), 1_900..2_200)) {
            law::check(quantile(0.25), &Shape::Int, case)?;
        }
    }

    #[test]
    fn it_is_the_value_at_its_part_of_all() {
        let at = |p| {
            law::value(
                quantile(p),
                &Shape::Int,
                [5, 1, 9, 3, 7, 2, 8, 4, 6, 10].map(Value::Int),
            )
        };
        for (p, expected) in [
            (0.0, 1.0),
            (0.25, 3.0),
            (0.5, 6.0),
            (0.99, 10.0),
            (1.0, 10.0),
        ] {
            assert_eq!(at(p), Ok(Value::Float(expected)));
        }
        assert_eq!(
            law::value(quantile(0.5), &Shape::Int, [Value::Null]),
            Ok(Value::Null)
        );
    }

    #[test]
    fn of_many_values_it_is_right_within_one_percent() {
        for p in [0.0, 0.01, 0.5, 0.999, 1.0] {
            let values = || (-50_000..50_000).map(|i| f64::from(i).powi(3));
            let exact = values()
                .nth((p * 100_000.0) as usize)
                .unwrap_or(49_999_f64.powi(3));
            let Ok(Value::Float(found)) =
                law::value(quantile(p), &Shape::Float, values().map(Value::Float))
            else {
                panic!("a float");
            };
            assert!(
                (found - exact).abs() <= exact.abs() * 0.01,
                "{p}: {found} {exact}"
            );
        }
    }
}
