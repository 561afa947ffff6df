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
#[derive(Clone, Copy, Debug)]
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
