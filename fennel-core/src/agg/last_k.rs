//! `last_k(column, limit, window, dedup = false)`.

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

/// The newest values of a column, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastK<'a> {
    /// How many at most.
    pub limit: u32,
    /// Takes each value once.
    pub dedup: bool,
    /// Leaves nulls out.
    pub dropnull: bool,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> LastK<'a> {
    pub(super) const HAS_DEFAULT: bool = false;
    pub(super) const DECAYS: bool = false;

    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("last_k", &["of", "limit"], &["window", "dedup", "dropnull"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(LastK {
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
        Variant::LastK(proto::LastK {
            of,
            name,
            limit: self.limit,
            dedup: self.dedup,
            window,
            dropnull: self.dropnull,
        })
    }

    pub(super) fn decode(message: &proto::LastK, arena: Arena<'a>) -> Decoded<Expr<'a>> {
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
        write(arena, "last_k", common, [limit], flags)
    }
}

#[cfg(feature = "eval")]
impl super::accumulator::Accumulate for LastK<'_> {
    type State = super::accumulator::Ranked;

    fn state(
        &self,
        _: Option<&crate::value::Shape>,
    ) -> Result<Self::State, crate::value::Mismatch> {
        use super::accumulator::{End, Ranked};

        Ok(Ranked::new(
            End::Newest,
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

    fn last_k(limit: u32, dedup: bool, dropnull: bool) -> Function<'static> {
        Function::LastK(LastK {
            limit,
            dedup,
            dropnull,
            lifetime: PhantomData,
        })
    }

    law::obeys_the_law! {
        texts: last_k(3, false, false), Shape::String, law::optional(law::texts());
        different_texts: last_k(3, true, false), Shape::String, law::optional(law::texts());
        different_floats: last_k(5, true, true), Shape::Float, law::optional(law::all_floats());
        long_lists: last_k(100, false, true), Shape::Int, law::optional(law::ints());
    }

    fn list(limit: u32, dedup: bool, dropnull: bool) -> String {
        let values = [Some(1), Some(2), None, Some(2), Some(3), Some(1)];
        let values = values.map(|value| value.map_or(Value::Null, Value::Int));
        match law::value(last_k(limit, dedup, dropnull), &Shape::Int, values) {
            Ok(Value::List(values)) => values.iter().map(|value| format!("{value} ")).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newest_come_first_and_limits_apply_after_the_rest() {
        assert_eq!(list(4, false, false), "1 3 2 null ");
        assert_eq!(list(4, false, true), "1 3 2 2 ");
        assert_eq!(list(3, true, false), "1 3 2 ");
        assert_eq!(list(9, true, false), "1 3 2 null ");
        assert_eq!(list(9, true, true), "1 3 2 ");
    }

    #[test]
    fn a_row_that_leaves_a_full_list_makes_room_for_one_that_is_not_known() {
        use crate::agg::Retraction;

        let mut newest = law::accumulator(last_k(2, false, false), &Shape::Int);
        let rows = law::add(&mut newest, [1, 2, 3].map(Value::Int));
        assert_eq!(newest.retract(rows[0].part()), Retraction::Done);
        assert_eq!(newest.retract(rows[2].part()), Retraction::Done);
        let left = Value::List(vec![Value::Int(2)]);
        assert_eq!(newest.value(law::seconds(9)), Ok(left));

        let mut newest = law::accumulator(last_k(2, false, false), &Shape::Int);
        let rows = law::add(&mut newest, [1, 2, 3].map(Value::Int));
        assert_eq!(newest.retract(rows[2].part()), Retraction::Rebuild);
    }
}
