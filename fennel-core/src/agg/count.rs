//! `count(window)` and `count(column, window, ..)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, flag, hashable, nullable, write};
use crate::expr::fault::{fault, part};
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::window::Window;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// How many rows, or how many values of a column; 0 over an empty window.
///
/// Different values are counted exactly up to 1,024 of them, and beyond that in 16 KiB, which are 12 KiB on the disk, with
/// a standard error of 0.81 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<'a> {
    /// Counts different values, each once.
    pub unique: bool,
    /// Allows a count that is only nearly right; what `unique` needs.
    pub approx: bool,
    /// Leaves nulls out.
    pub dropnull: bool,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Count<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = false;

    /// The column comes first; what is surely a window or has a name is no column.
    pub(super) const fn signature(args: &[Expr<'_>]) -> Signature {
        let of_rows = match args {
            [] | [Expr::Named(..), ..] => true,
            [Expr::Literal(Literal::Str(_)), Expr::Literal(_), ..] => false,
            [Expr::Literal(_), ..] => true,
            [Expr::Call(name, _), ..] => {
                !matches!(args, [_, Expr::Literal(_), ..]) || Window::is_word(name)
            }
            _ => false,
        };
        if of_rows {
            let optional = &["window", "of", "unique", "approx", "dropnull"];
            Signature::of("count", &[], optional)
        } else {
            let optional = &["window", "unique", "approx", "dropnull"];
            Signature::of("count", &["of"], optional)
        }
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        let count = Count {
            unique: part!(0, params.flag("unique")),
            approx: part!(0, params.flag("approx")),
            dropnull: part!(0, params.flag("dropnull")),
            lifetime: PhantomData,
        };
        if count.unique && !count.approx {
            fault!(Message::new(
                "different values are counted approximately: write `unique = true, approx = true`"
            ));
        }
        if count.approx && !count.unique {
            fault!(Message::new(
                "`approx` is for different values alone: write `unique = true, approx = true`"
            ));
        }
        if count.unique && params.get("of").is_none() {
            fault!(Message::new(
                "name the column whose different values are counted, as in `count(uid, ..)`"
            ));
        }
        if count.dropnull && params.get("of").is_none() {
            fault!(Message::new(
                "name the column whose nulls are left out, as in `count(coupon, ..)`"
            ));
        }
        Ok(count)
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        if self.unique
            && let Err(message) = hashable("count", &of)
        {
            return Err(message);
        }
        if self.dropnull
            && let Err(message) = nullable(&of)
        {
            return Err(message);
        }
        Ok(Computed::INT)
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        let written = Written::new().flag("unique", self.unique);
        let written = written.flag("approx", self.approx);
        written.flag("dropnull", self.dropnull)
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Count(proto::Count {
            name,
            window,
            unique: self.unique,
            approx: self.approx,
            of,
            dropnull: self.dropnull,
        })
    }

    pub(super) fn decode(message: &proto::Count, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let flags = [
            flag("unique", message.unique),
            flag("approx", message.approx),
            flag("dropnull", message.dropnull),
        ];
        write(arena, "count", common, None, flags)
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Overflow, Reader, Retraction, State, Unique, put_signed,
    };
    use super::Count;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Counted {
        dropnull: bool,
        count: Counter,
    }

    #[derive(Clone, Debug)]
    enum Counter {
        Rows(i64),
        Unique(Unique),
    }

    impl Accumulate for Count<'_> {
        type State = Counted;

        fn state(&self, _: Option<&Shape>) -> Result<Counted, Mismatch> {
            let count = if self.unique {
                Counter::Unique(Unique::new())
            } else {
                Counter::Rows(0)
            };
            Ok(Counted {
                dropnull: self.dropnull,
                count,
            })
        }
    }

    impl Counted {
        fn skips(&self, value: &Value) -> bool {
            self.dropnull && *value == Value::Null
        }
    }

    impl State for Counted {
        #[inline]
        fn add(&mut self, row: Contribution<'_>) {
            if self.skips(row.value) {
                return;
            }
            match &mut self.count {
                Counter::Rows(count) => *count += 1,
                Counter::Unique(unique) => unique.add(row.value),
            }
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            if self.skips(row.value) {
                return Retraction::Done;
            }
            match &mut self.count {
                Counter::Rows(count) => {
                    *count -= 1;
                    Retraction::Done
                }
                Counter::Unique(unique) => unique.retract(row.value),
            }
        }

        fn merge(&mut self, other: &Self) {
            match (&mut self.count, &other.count) {
                (Counter::Rows(count), Counter::Rows(more)) => *count += more,
                (Counter::Unique(unique), Counter::Unique(more)) => unique.merge(more),
                _ => panic!("counts of rows and of different values can't be merged"),
            }
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            Ok(Value::Int(match &self.count {
                Counter::Rows(count) => *count,
                Counter::Unique(unique) => unique.count(),
            }))
        }

        fn is_empty(&self) -> bool {
            match &self.count {
                Counter::Rows(count) => *count == 0,
                Counter::Unique(unique) => unique.is_empty(),
            }
        }

        fn encode(&self, to: &mut Vec<u8>) {
            match &self.count {
                Counter::Rows(count) => put_signed(to, *count),
                Counter::Unique(unique) => unique.encode(to),
            }
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            let count = match &self.count {
                Counter::Rows(_) => Counter::Rows(from.balance()?),
                Counter::Unique(_) => Counter::Unique(Unique::decode(from)?),
            };
            Some(Counted {
                dropnull: self.dropnull,
                count,
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

    fn count(unique: bool, dropnull: bool) -> Function<'static> {
        Function::Count(Count {
            unique,
            approx: unique,
            dropnull,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        rows: count(false, false), Shape::Int, law::optional(law::ints());
        values: count(false, true), Shape::Int, law::optional(law::ints());
        different_values: count(true, false), Shape::String, law::optional(law::texts());
        different_values_but_null: count(true, true), Shape::String, law::optional(law::texts());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
        #[test]
        fn many_different_values(case in law::cases(law::ints_to(4_000), 2_300..2_900)) {
            law::check(count(true, false), &Shape::Int, case)?;
        }
    }

    #[test]
    fn null_is_a_row_and_a_value_unless_it_is_dropped() {
        let values = || {
            [1, 2, 2]
                .map(Value::Int)
                .into_iter()
                .chain([Value::Null, Value::Null])
        };
        for (unique, dropnull, expected) in [
            (false, false, 5),
            (false, true, 3),
            (true, false, 3),
            (true, true, 2),
        ] {
            let found = law::value(count(unique, dropnull), &Shape::Int, values());
            assert_eq!(found, Ok(Value::Int(expected)));
        }
        for unique in [false, true] {
            assert_eq!(
                law::value(count(unique, false), &Shape::Int, []),
                Ok(Value::Int(0))
            );
        }
    }

    #[test]
    fn a_few_rows_are_a_byte() {
        let mut rows = law::accumulator(count(false, false), &Shape::Int);
        law::add(&mut rows, (0..63).map(Value::Int));
        assert_eq!(law::bytes(&rows), [126]);
    }
}
