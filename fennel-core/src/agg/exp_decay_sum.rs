//! `exp_decay_sum(column, half_life, window)`.

use core::marker::PhantomData;

use super::params::{Params, Spec, Written, duration_text, numbers, write};
use crate::expr::function::Signature;
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::Message;
use crate::time::Duration;
use crate::ty::Computed;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Part};

/// A sum in which each row counts half as much every half-life; 0.0 over an empty window.
#[derive(Clone, Copy, Debug)]
pub struct ExpDecaySum<'a> {
    /// The time after which a row counts half as much, in whole seconds.
    pub half_life: Duration,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> ExpDecaySum<'a> {
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
    ) -> Part<Expr<'a>> {
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
