//! `last_k(column, limit, window, dedup = false)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, flag, list_of, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// The newest values of a column, newest first.
#[derive(Clone, Copy, Debug)]
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

    pub(super) fn decode(message: &proto::LastK, arena: Arena<'a>) -> Part<Expr<'a>> {
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
