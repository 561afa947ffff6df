//! `sum(column, window)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, numbers, write};
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// The sum of a column of numbers, of the column's type; 0 over an empty window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum<'a>(PhantomData<&'a ()>);

impl<'a> Sum<'a> {
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

    pub(super) fn written(&self) -> Written {
        Written::new()
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Sum(proto::Sum { of, name, window })
    }

    pub(super) fn decode(message: &proto::Sum, arena: Arena<'a>) -> Part<Expr<'a>> {
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
