//! `min(column, window, default = ..)`.

use super::params::{
    DEFAULT_NUMBER, Default, Params, Spec, Written, default_number, extreme, write,
};
use crate::expr::fault::part;
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// The least value of a column of numbers, dates or instants.
#[derive(Clone, Copy, Debug)]
pub struct Min<'a> {
    /// What it is over an empty window.
    pub default: Default<'a>,
}

impl<'a> Min<'a> {
    pub(super) const fn signature(_: &[Expr<'_>]) -> Signature {
        Signature::of("min", &["of"], &["window", "default", DEFAULT_NUMBER])
    }

    pub(super) const fn read(params: &Params<'_, 'a>) -> Result<Self, Fault> {
        Ok(Min {
            default: part!(0, params.default()),
        })
    }

    pub(super) const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
        extreme("min", of, &self.default)
    }

    pub(super) fn written(&self) -> Written {
        Written::new().named("default", self.default.text())
    }

    pub(super) fn encode(&self, spec: Spec, of: Computed<'_>) -> Variant {
        let Spec {
            name,
            of: column,
            window,
        } = spec;
        let default = default_number(&self.default, of);
        Variant::Min(proto::Min {
            of: column,
            name,
            window,
            default: default.unwrap_or(0.0),
            default_null: default.is_none(),
        })
    }

    pub(super) fn decode(message: &proto::Min, arena: Arena<'a>) -> Part<Expr<'a>> {
        let common = (
            message.name.as_str(),
            message.of.as_str(),
            message.window.as_ref(),
        );
        let default = if message.default_null {
            ("default", Some(Literal::Null))
        } else {
            (DEFAULT_NUMBER, Some(Literal::Float(message.default)))
        };
        write(arena, "min", common, None, [default])
    }
}

#[cfg(feature = "eval")]
impl super::accumulator::Accumulate for Min<'_> {
    type State = super::accumulator::Extreme;

    fn state(
        &self,
        of: Option<&crate::value::Shape>,
    ) -> Result<Self::State, crate::value::Mismatch> {
        use super::accumulator::{Extreme, Which};

        Extreme::new("min", Which::Least, &self.default, of)
    }
}
