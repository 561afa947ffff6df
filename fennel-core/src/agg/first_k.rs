//! `first_k(column, limit, window, dedup = false)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, flag, list_of, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};

/// The oldest values of a column, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstK<'a> {
    /// How many at most.
    pub limit: u32,
    /// Takes each value once.
    pub dedup: bool,
    /// Leaves nulls out.
    pub dropnull: bool,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> FirstK<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of(
            "first_k",
            &["of", "limit"],
            &["window", "dedup", "dropnull"],
        )
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(FirstK {
            limit: part!(0, params.limit()),
            dedup: part!(0, params.flag("dedup")),
            dropnull: part!(0, params.flag("dropnull")),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        list_of(of, self.dropnull)
    }

    pub(super) const fn check_default(&self, _: &Computed<'_>) -> Check {
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        let written = Written::new().positional(self.limit.to_string());
        let written = written.flag("dedup", self.dedup);
        written.flag("dropnull", self.dropnull)
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::FirstK(proto::FirstK {
            of,
            name,
            limit: self.limit,
            dedup: self.dedup,
            window,
            dropnull: self.dropnull,
        })
    }

    pub(super) fn decode(message: &proto::FirstK, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let limit = Expr::Literal(Literal::Int(message.limit.into()));
        let flags = [
            flag("dedup", message.dedup),
            flag("dropnull", message.dropnull),
        ];
        write(arena, "first_k", common, [limit], flags)
    }
}

#[cfg(feature = "eval")]
impl super::accumulator::Accumulate for FirstK<'_> {
    type State = super::accumulator::Ranked;

    fn state(
        &self,
        _: Option<&crate::value::Shape>,
    ) -> Result<Self::State, crate::value::Mismatch> {
        use super::accumulator::{End, Ranked};

        Ok(Ranked::new(
            End::Oldest,
            self.limit,
            self.dedup,
            self.dropnull,
        ))
    }
}

#[cfg(all(test, feature = "eval"))]
mod tests {
    use super::*;
    use crate::agg::Function;
    use crate::agg::accumulator::law;
    use crate::value::{Shape, Value};

    fn first_k(limit: u32, dedup: bool, dropnull: bool) -> Function<'static> {
        Function::FirstK(FirstK {
            limit,
            dedup,
            dropnull,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        texts: first_k(3, false, false), Shape::String, law::optional(law::texts());
        different_texts: first_k(3, true, false), Shape::String, law::optional(law::texts());
        different_floats: first_k(5, true, true), Shape::Float, law::optional(law::all_floats());
        long_lists: first_k(100, false, true), Shape::Int, law::optional(law::ints());
    }

    fn list(limit: u32, dedup: bool, dropnull: bool) -> String {
        let values = [Some(1), Some(2), None, Some(2), Some(3), Some(1)];
        let values = values.map(|value| value.map_or(Value::Null, Value::Int));
        match law::value(first_k(limit, dedup, dropnull), &Shape::Int, values) {
            Ok(Value::List(values)) => values.iter().map(|value| format!("{value} ")).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_oldest_come_first_and_limits_apply_after_the_rest() {
        assert_eq!(list(4, false, false), "1 2 null 2 ");
        assert_eq!(list(4, false, true), "1 2 2 3 ");
        assert_eq!(list(3, true, false), "1 2 null ");
        assert_eq!(list(9, true, false), "1 2 null 3 ");
        assert_eq!(list(9, true, true), "1 2 3 ");
    }
}
