//! `exp_decay_sum(column, half_life, window)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, duration_text, numbers, write};
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::time::Duration;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// A sum in which each row counts half as much every half-life; 0.0 over an empty window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpDecaySum<'a> {
    /// The time after which a row counts half as much, in whole seconds.
    pub half_life: Duration,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> ExpDecaySum<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = true;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("exp_decay_sum", &["of", "half_life"], &["window"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        const SECOND: i64 = 1_000_000;
        let half_life = match params.get("half_life") {
            Some((at, Expr::Literal(Literal::Str(text)))) => match Duration::parse(text) {
                Ok(half_life)
                    if half_life.micros() >= SECOND
                        && half_life.micros() % SECOND == 0
                        && half_life.micros() / SECOND <= u32::MAX as i64 =>
                {
                    half_life
                }
                Ok(_) => {
                    return Err(Fault::new(Message::new(
                        "`half_life` is at least one second, in whole seconds",
                    ))
                    .within(at));
                }
                Err(message) => return Err(Fault::new(message).within(at)),
            },
            Some((at, _)) => {
                return Err(
                    Fault::new(Message::new("`half_life` is a duration, such as \"7d\""))
                        .within(at),
                );
            }
            None => Duration::ZERO,
        };
        Ok(ExpDecaySum {
            half_life,
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("exp_decay_sum", &of) {
            Ok(()) => Ok(Computed::FLOAT),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        Written::new().positional(format!("\"{}\"", self.half_life))
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::ExpDecay(proto::ExponentialDecayAggregate {
            of,
            name,
            window,
            half_life_seconds: u32::try_from(self.half_life.micros() / 1_000_000)
                .unwrap_or(u32::MAX),
        })
    }

    pub(super) fn decode(
        message: &proto::ExponentialDecayAggregate,
        arena: Arena<'a>,
    ) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let half_life = Duration::from_micros(i64::from(message.half_life_seconds) * 1_000_000);
        let half_life = duration_text(arena, half_life);
        write(arena, "exp_decay_sum", common, [half_life], None)
    }
}

#[cfg(feature = "eval")]
mod eval {
    use std::collections::BTreeMap;

    use super::super::accumulator::{
        Accumulate, Contribution, Exact, NonFinite, Number, Overflow, Reader, Retraction, State,
        put_signed, put_varint,
    };
    use super::ExpDecaySum;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    /// So many half-lives share a sum: the bits of a limb, so that sums are brought together limb by limb.
    const SPAN: i64 = 64;

    /// Sums more than so many spans back have decayed below the least float, however large they were.
    const FORGOTTEN: i64 = 40;

    /// A row weighs `2^(time / half_life)`, whenever it is read; what is read is divided by the weight of
    /// that moment.
    ///
    /// Whole half-lives are exact shifts. The part of one is rounded, once for each row, so that rows come and go
    /// without a trace.
    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Decayed {
        number: Number,
        /// In microseconds.
        half_life: i64,
        /// The sums of each [`SPAN`] half-lives since 1970, as of their first.
        spans: BTreeMap<i64, Span>,
        /// These don't decay.
        others: NonFinite,
    }

    #[derive(Clone, Debug)]
    struct Span {
        count: i64,
        sum: Exact,
    }

    impl Accumulate for ExpDecaySum<'_> {
        type State = Decayed;

        fn state(&self, of: Option<&Shape>) -> Result<Decayed, Mismatch> {
            Ok(Decayed {
                number: Number::of("exp_decay_sum", of)?,
                half_life: self.half_life.micros().max(1),
                spans: BTreeMap::new(),
                others: NonFinite::default(),
            })
        }
    }

    impl Decayed {
        /// Whole half-lives since 1970, and the part of another one.
        fn half_lives(&self, time: Timestamp) -> (i64, f64) {
            let rest = time.micros().rem_euclid(self.half_life);
            let whole = time.micros().div_euclid(self.half_life);
            (whole, rest as f64 / self.half_life as f64)
        }

        fn count(&mut self, row: Contribution<'_>, is_retracted: bool) {
            let Some(number) = self.number.float(row.value) else {
                return;
            };
            let times = if is_retracted { -1 } else { 1 };
            if !number.is_finite() {
                self.others.add(number, times);
                return;
            }
            let (whole, part) = self.half_lives(row.time);
            let (span, shift) = (whole.div_euclid(SPAN), whole.rem_euclid(SPAN) as i32);
            let signed = if is_retracted { -number } else { number };
            self.change(span, times, |sum| {
                sum.add_scaled(signed, libm::exp2(part), shift);
            });
        }

        fn change(&mut self, span: i64, times: i64, change: impl FnOnce(&mut Exact)) {
            let sums = self.spans.entry(span).or_insert(Span {
                count: 0,
                sum: Exact::ZERO,
            });
            change(&mut sums.sum);
            sums.count += times;
            if sums.count == 0 {
                self.spans.remove(&span);
            }
        }
    }

    impl State for Decayed {
        fn add(&mut self, row: Contribution<'_>) {
            self.count(row, false);
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            self.count(row, true);
            Retraction::Done
        }

        fn merge(&mut self, other: &Self) {
            for (span, more) in &other.spans {
                self.change(*span, more.count, |sum| sum.merge(&more.sum));
            }
            self.others.merge(&other.others);
        }

        fn value(&self, at: Timestamp) -> Result<Value, Overflow> {
            if let Some(sum) = self.others.sum() {
                return Ok(Value::Float(sum));
            }
            let (whole, part) = self.half_lives(at);
            let last = self.spans.last_key_value().map(|(span, _)| *span);
            let last = last.map_or(whole.div_euclid(SPAN), |span| {
                span.max(whole.div_euclid(SPAN))
            });
            let mut sum = Exact::ZERO;
            for (span, sums) in self.spans.range(last - FORGOTTEN..) {
                sum.add_times(false, &sums.sum, 1, (span - last) as i32);
            }
            let shift = (last * SPAN - whole).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            let sum = sum.over(&[]).scaled(shift).to_f64();
            Ok(Value::Float(sum * libm::exp2(-part)))
        }

        fn is_empty(&self) -> bool {
            self.spans.is_empty() && self.others.sum().is_none()
        }

        /// What is not finite; the number of spans; then each span's distance from the one before, its count and
        /// its sum.
        fn encode(&self, to: &mut Vec<u8>) {
            self.others.encode(to);
            put_varint(to, self.spans.len() as u64);
            let mut before = 0;
            for (span, sums) in &self.spans {
                put_signed(to, span - before);
                put_signed(to, sums.count);
                sums.sum.encode(to);
                before = *span;
            }
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            let others = NonFinite::decode(from)?;
            let mut spans = BTreeMap::new();
            let mut before = 0_i64;
            for i in 0..from.count()? {
                let distance = from.signed()?;
                let span = before.checked_add(distance)?;
                // None is further from 1970 than all of time in microseconds.
                let fits = span.unsigned_abs() < 1 << 53 && (i == 0 || distance > 0);
                let count = from.balance().filter(|count| fits && *count != 0)?;
                let sum = Exact::decode(from)?;
                spans.insert(span, Span { count, sum });
                before = span;
            }
            Some(Decayed {
                spans,
                others,
                ..*self
            })
        }
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Contribution;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    fn decayed(half_life: i64) -> Function<'static> {
        Function::ExpDecaySum(ExpDecaySum {
            half_life: Duration::from_micros(half_life * 1_000_000),
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        whole_numbers: decayed(7), Shape::Int, law::optional(law::ints());
        floats: decayed(1), Shape::Float, law::optional(law::floats());
        floats_with_infinities: decayed(3_600), Shape::Float, law::all_floats();
        decimals: decayed(60), Shape::Decimal(2), law::optional(law::decimals());
    }

    #[test]
    fn a_row_counts_half_as_much_every_half_life() {
        const HOUR: i64 = 3_600;
        let mut sum = law::accumulator(decayed(HOUR), &Shape::Float);
        for (hour, amount) in [(10, 8.0), (11, 4.0), (12, -2.0)] {
            sum.add(Contribution {
                time: law::seconds(hour * HOUR),
                order: &[],
                value: &Value::Float(amount),
            });
        }
        for (at, expected) in [
            (12 * HOUR, 2.0),
            (12 * HOUR + HOUR / 2, core::f64::consts::SQRT_2),
            (13 * HOUR, 1.0),
            (112 * HOUR, 2.0 * 0.5_f64.powi(100)),
            (9_999 * HOUR, 0.0),
        ] {
            let Ok(Value::Float(found)) = sum.value(law::seconds(at)) else {
                panic!("a float");
            };
            assert!(
                (found - expected).abs() <= expected * 1e-15,
                "{at}: {found}"
            );
        }
    }

    #[test]
    fn it_is_the_sum_of_all_rows_decayed_by_themselves() {
        let half_life = 86_400.0 * 7.0;
        // The second moment has rows before 1970.
        for at in [1_700_000_000, 1_000_000] {
            let mut sum = law::accumulator(decayed(86_400 * 7), &Shape::Float);
            let mut expected = 0.0;
            for i in 0..1_000 {
                let (ago, amount) = (i * i * 61, (i % 17) as f64 + 0.25);
                expected += amount * (-(ago as f64) / half_life).exp2();
                sum.add(Contribution {
                    time: law::seconds(at - ago),
                    order: &[],
                    value: &Value::Float(amount),
                });
            }
            let Ok(Value::Float(found)) = sum.value(law::seconds(at)) else {
                panic!("a float");
            };
            let error = (found - expected) / expected;
            assert!(error.abs() < 1e-12, "{at}: {found} {expected}");
        }
    }

    #[test]
    fn over_nothing_it_is_zero() {
        assert_eq!(
            law::value(decayed(1), &Shape::Int, [Value::Null]),
            Ok(Value::Float(0.0))
        );
    }
}
