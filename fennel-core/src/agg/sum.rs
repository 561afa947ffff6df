//! `sum(column, window)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, numbers, write};
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The sum of a column of numbers, of the column's type; 0 over an empty window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum<'a>(PhantomData<&'a ()>);

impl<'a> Sum<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("sum", &["of"], &["window"])
    }

    pub(super) const fn read(_: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Sum(PhantomData))
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("sum", &of) {
            Ok(()) => Ok(of.required()),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        Written::new()
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Sum(proto::Sum { of, name, window })
    }

    pub(super) fn decode(message: &proto::Sum, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        write(arena, "sum", common, None, None)
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Number, Overflow, Reader, Retraction, State, Total,
    };
    use super::Sum;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Summed(Total);

    impl Accumulate for Sum<'_> {
        type State = Summed;

        fn state(&self, of: Option<&Shape>) -> Result<Summed, Mismatch> {
            Ok(Summed(Total::new(Number::of("sum", of)?)))
        }
    }

    impl State for Summed {
        #[inline]
        fn add(&mut self, row: Contribution<'_>) {
            self.0.add(row.value);
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            self.0.retract(row.value);
            Retraction::Done
        }

        fn merge(&mut self, other: &Self) {
            self.0.merge(&other.0);
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            self.0.sum()
        }

        fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        fn encode(&self, to: &mut Vec<u8>) {
            self.0.encode(to);
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            self.0.decode(from).map(Summed)
        }
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    const SUM: Function<'static> = Function::Sum(Sum(PhantomData));

    law::obeys_the_law! {
        whole_numbers: SUM, Shape::Int, law::optional(law::ints());
        floats: SUM, Shape::Float, law::optional(law::floats());
        floats_with_infinities: SUM, Shape::Float, law::all_floats();
        decimals: SUM, Shape::Decimal(2), law::optional(law::decimals());
    }

    fn sum(values: &[f64]) -> f64 {
        let values = values.iter().map(|float| Value::Float(*float));
        match law::value(SUM, &Shape::Float, values) {
            Ok(Value::Float(sum)) => sum,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn floats_are_summed_exactly_and_rounded_once() {
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, 5e-324, -f64::MAX]), 5e-324);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        // Half of the last digit rounds to even, a little more rounds up.
        assert_eq!(
            sum(&[9_007_199_254_740_992.0, 1.0]),
            9_007_199_254_740_992.0
        );
        assert_eq!(
            sum(&[9_007_199_254_740_992.0, 1.0, 1e-300]),
            9_007_199_254_740_994.0
        );
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[f64::INFINITY, -f64::MAX]), f64::INFINITY);
    }

    #[test]
    fn nothing_sums_up_to_a_zero_of_the_type() {
        let decimal = |digits: &str| Value::Decimal(digits.parse().unwrap());
        for (of, zero) in [
            (Shape::Int, Value::Int(0)),
            (Shape::Float, Value::Float(0.0)),
            (Shape::Decimal(2), decimal("0.00")),
        ] {
            let found = law::value(SUM, &of, [Value::Null]).unwrap();
            assert_eq!(found.to_string(), zero.to_string());
        }
        let prices = ["0.10", "0.20", "-1.00"].map(decimal);
        let found = law::value(SUM, &Shape::Decimal(2), prices).unwrap();
        assert_eq!(found.to_string(), "-0.70");
    }

    #[test]
    fn whole_numbers_may_leave_their_range_on_the_way_but_not_at_the_end() {
        let sum = |values: &[i64]| {
            law::value(SUM, &Shape::Int, values.iter().map(|int| Value::Int(*int)))
        };
        assert_eq!(sum(&[i64::MAX, 1, -1]), Ok(Value::Int(i64::MAX)));
        assert_eq!(
            sum(&[i64::MAX, 1]).unwrap_err().to_string(),
            "the sum is 9223372036854775808, more than an `i64` can hold: \
             sum the column as `f64` or decimal"
        );
        let largest = Value::Decimal(rust_decimal::Decimal::MAX);
        assert!(law::value(SUM, &Shape::Decimal(0), [largest.clone(), largest]).is_err());
    }

    #[test]
    fn a_column_that_is_no_number_is_refused() {
        let aggregation = crate::agg::Aggregation {
            output: "total",
            function: SUM,
            of: Some("name"),
            window: None,
        };
        let refused = |of| aggregation.accumulator(of).unwrap_err().to_string();
        assert_eq!(
            refused(Some(&Shape::String)),
            "`sum` needs numbers, found `String`"
        );
        assert_eq!(refused(None), "`sum` needs a column of numbers");
    }

    #[test]
    fn the_bytes_of_a_sum_are_few_and_stay_what_they_are() {
        let mut sum = law::accumulator(SUM, &Shape::Float);
        assert_eq!(law::bytes(&sum), [0, 0, 0]);
        law::add(&mut sum, [1.0, 0.5, -1e-3, f64::NAN].map(Value::Float));
        // Four numbers, one of them NaN; nine bytes from 2^-64 on, and how many there are of NaN and infinities.
        let expected = [
            8, 1, 18, 15, 16, 88, 57, 180, 200, 118, 190, 127, 1, 2, 0, 0,
        ];
        assert_eq!(law::bytes(&sum), expected);
        let mut sum = law::accumulator(SUM, &Shape::Int);
        law::add(&mut sum, [1, 299].map(Value::Int));
        assert_eq!(law::bytes(&sum), [4, 216, 4]);
    }
}
