//! `distinct(column, window, unordered = true)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, flag, hashable, list_of, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The different values of a column, in no particular order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distinct<'a> {
    /// Leaves null out.
    pub dropnull: bool,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Distinct<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("distinct", &["of"], &["window", "unordered", "dropnull"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        if let Err(fault) = params.must_be_true(
            "unordered",
            "different values come in no particular order: write `unordered = true`",
        ) {
            return Err(fault);
        }
        Ok(Distinct {
            dropnull: part!(0, params.flag("dropnull")),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        if let Err(message) = hashable("distinct", &of) {
            return Err(message);
        }
        list_of(of, self.dropnull)
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        let written = Written::new().flag("unordered", true);
        written.flag("dropnull", self.dropnull)
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Distinct(proto::Distinct {
            of,
            name,
            window,
            dropnull: self.dropnull,
        })
    }

    pub(super) fn decode(message: &proto::Distinct, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let flags = [
            ("unordered", Some(Literal::Bool(true))),
            flag("dropnull", message.dropnull),
        ];
        write(arena, "distinct", common, None, flags)
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::super::accumulator::{
        Accumulate, Contribution, Overflow, Reader, Retraction, State, Tally,
    };
    use super::Distinct;
    use crate::time::Timestamp;
    use crate::value::{Mismatch, Shape, Value};

    /// The values are told in their own order, null first.
    #[derive(Clone, Debug)]
    pub(in crate::agg) struct Different {
        dropnull: bool,
        values: Tally,
    }

    impl Accumulate for Distinct<'_> {
        type State = Different;

        fn state(&self, _: Option<&Shape>) -> Result<Different, Mismatch> {
            Ok(Different {
                dropnull: self.dropnull,
                values: Tally::default(),
            })
        }
    }

    impl Different {
        fn skips(&self, value: &Value) -> bool {
            self.dropnull && *value == Value::Null
        }
    }

    impl State for Different {
        fn add(&mut self, row: Contribution<'_>) {
            if !self.skips(row.value) {
                self.values.add(row.value);
            }
        }

        fn retract(&mut self, row: Contribution<'_>) -> Retraction {
            if self.skips(row.value) {
                return Retraction::Done;
            }
            self.values.retract(row.value)
        }

        fn merge(&mut self, other: &Self) {
            self.values.merge(&other.values);
        }

        fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
            Ok(Value::List(self.values.values()))
        }

        fn is_empty(&self) -> bool {
            self.values.is_empty()
        }

        fn encode(&self, to: &mut Vec<u8>) {
            self.values.encode(to);
        }

        fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
            Some(Different {
                dropnull: self.dropnull,
                values: Tally::decode(from)?,
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

    fn distinct(dropnull: bool) -> Function<'static> {
        Function::Distinct(Distinct {
            dropnull,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        texts: distinct(false), Shape::String, law::optional(law::texts());
        whole_numbers: distinct(true), Shape::Int, law::optional(law::ints());
        decimals: distinct(false), Shape::Decimal(2), law::decimals();
    }

    #[test]
    fn values_come_in_their_order_and_null_is_one() {
        let values = || {
            [
                Value::Int(3),
                Value::Null,
                Value::Int(-1),
                Value::Int(3),
                Value::Null,
            ]
        };
        let list = |values: &[Value]| Ok(Value::List(values.to_vec()));
        let (a, b) = (Value::Int(-1), Value::Int(3));
        let all = law::value(distinct(false), &Shape::Int, values());
        assert_eq!(all, list(&[Value::Null, a.clone(), b.clone()]));
        assert_eq!(
            law::value(distinct(true), &Shape::Int, values()),
            list(&[a, b])
        );
        assert_eq!(law::value(distinct(false), &Shape::Int, []), list(&[]));
    }
}
