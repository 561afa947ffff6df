//! `stddev(column, window, default = -1.0)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, float_default, numbers, write};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// The standard deviation of a column of numbers, of the population.
#[derive(Clone, Copy, Debug)]
pub struct Stddev<'a> {
    /// What it is over an empty window; `None` for null.
    pub default: Option<f64>,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Stddev<'a> {
    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("stddev", &["of"], &["window", "default"])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Stddev {
            default: part!(0, params.float_default(Some(-1.0))),
            lifetime: PhantomData,
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        match numbers("stddev", &of) {
            Ok(()) => Ok(Computed::FLOAT.optional_if(self.default.is_none())),
            Err(message) => Err(message),
        }
    }

    pub(super) fn written(&self) -> Written {
        Written::new().named("default", float_default(self.default, Some(-1.0)))
    }

    pub(super) fn encode(&self, spec: Spec, _: Computed<'_>) -> Variant {
        let Spec { name, of, window } = spec;
        Variant::Stddev(proto::Stddev {
            of,
            name,
            window,
            default: self.default.unwrap_or(0.0),
            default_null: self.default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Stddev, arena: Arena<'a>) -> Part<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let default = if message.default_null {
            Literal::Null
        } else {
            Literal::Float(message.default)
        };
        write(arena, "stddev", common, None, [("default", Some(default))])
    }
}
