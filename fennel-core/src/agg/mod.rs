//! The aggregates of groups.
//!
//! A file holds one aggregate: how it is called, its docs, what it makes of which column, its wire
//! form. Adding one is a file and a line in the table below.
//!
//! | aggregate | is | over an empty window |
//! |---|---|---|
//! | `count(window)`, `count(column, window, ..)` | how many rows; `dropnull` counts those with a value, `unique, approx` different ones | 0 |
//! | `sum(column, window)` | the sum, of the column's type | 0 |
//! | `average(column, window, default = 0.0)` | the mean, an `f64` | the default, or null for `None` |
//! | `stddev(column, window, default = -1.0)` | the standard deviation of the population | the default, or null for `None` |
//! | `min`, `max(column, window, default = ..)` | the least and the greatest, of the column's type | the default, else null |
//! | `quantile(column, p, window, approx = true)` | the value with `p` of all below it | null, or the default |
//! | `distinct(column, window, unordered = true)` | the different values, as a list | `[]` |
//! | `last_k`, `first_k(column, limit, window, dedup = false)` | the newest and the oldest values, as a list | `[]` |
//! | `exp_decay_sum(column, half_life, window)` | a sum in which each row halves every so often | 0.0 |
//!
//! Nulls are left out of all that compute with numbers; lists keep them unless `dropnull = true`.
//!
//! A sum that an `i64` or a decimal can't hold neither wraps nor ends there: whoever asks for it gets an error that names
//! it, until its rows come to less again. Where rows of aggregates go on into other steps, that row is set aside.
//!
//! With the feature `eval` they are computed, too: see `Aggregation::accumulator`.

#[cfg(feature = "eval")]
mod accumulator;
mod average;
mod count;
mod distinct;
mod exp_decay_sum;
mod first_k;
mod last_k;
mod max;
mod min;
mod params;
mod quantile;
mod stddev;
mod sum;

#[cfg(feature = "eval")]
pub use accumulator::{Accumulator, Contribution, Overflow, Retraction};
pub use average::Average;
pub use count::Count;
pub use distinct::Distinct;
pub use exp_decay_sum::ExpDecaySum;
pub use first_k::FirstK;
pub use last_k::LastK;
pub use max::Max;
pub use min::Min;
pub use params::Default;
pub use quantile::Quantile;
pub use stddev::Stddev;
pub use sum::Sum;

use core::fmt;

use crate::expr::fault::{fault, part};
use crate::expr::function::{Call, Signature};
use crate::expr::{Expr, Fault, Name, Names, Scope, Typed};
use crate::message::{Check, Message};
use crate::schema::Schema;
use crate::text::{closest, eq};
use crate::ty::Computed;
use crate::window::Window;
use crate::wire::proto::spec::{self as proto, pre_spec::Variant};
use crate::wire::{Arena, Decoded};
use params::{Params, Spec, Written};

#[cfg(feature = "eval")]
use {
    crate::time::Timestamp,
    crate::value::{Mismatch, Shape, Value},
    accumulator::{Accumulate, State},
};

/// One column of an `aggregate`: `spend_1d = sum(amount, "1d")`.
#[derive(Clone, Copy, Debug)]
pub struct Aggregation<'a> {
    /// The column that it makes.
    pub output: &'a str,
    /// What it computes.
    pub function: Function<'a>,
    /// The column it is computed of; `None` for rows themselves.
    pub of: Option<&'a str>,
    /// Over what; `None` where the group has a window.
    pub window: Option<Window>,
}

/// The table of aggregates: variant, the name that users call, and the variant of the message.
macro_rules! aggregates {
    ($($(#[$doc:meta])* $variant:ident $name:literal $message:ident,)*) => {
        /// What an aggregate computes. Numbers in it are compared bit by bit: 0.0 and -0.0 are told as two.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function<'a> {
            $($(#[$doc])* $variant($variant<'a>),)*
        }

        impl<'a> Function<'a> {
            /// The name that users call.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Function::$variant(_) => $name,)*
                }
            }

            /// The signature of the aggregate of that name for these arguments.
            const fn signature(name: &str, args: &[Expr<'_>]) -> Option<Signature> {
                $(if eq(name, $name) {
                    return Some($variant::signature(args));
                })*
                None
            }

            const fn read(name: &str, params: &Params<'_, 'a>) -> Result<Self, Fault> {
                $(if eq(name, $name) {
                    return match $variant::read(params) {
                        Ok(function) => Ok(Function::$variant(function)),
                        Err(fault) => Err(fault),
                    };
                })*
                fault!(Message::new(""))
            }

            const fn similar(name: &str) -> Option<&'static str> {
                $(if closest($name, name) {
                    return Some($name);
                })*
                None
            }

            /// The type of the result over a column of type `of`. The message says what the aggregate
            /// needs; what the column is instead is added behind.
            const fn result(&self, of: Computed<'a>) -> Result<Computed<'a>, Message> {
                match self {
                    $(Function::$variant(function) => function.result(of),)*
                }
            }

            /// Whether it has a default of its own, which also stands for a group that has no rows.
            #[must_use]
            pub const fn has_default(&self) -> bool {
                match self {
                    $(Function::$variant(_) => $variant::HAS_DEFAULT,)*
                }
            }

            /// Whether its value changes by the mere passing of time.
            #[must_use]
            pub const fn decays(&self) -> bool {
                match self {
                    $(Function::$variant(_) => $variant::DECAYS,)*
                }
            }

            /// Checks that the default is a value of the column.
            const fn check_default(&self, of: &Computed<'_>) -> Check {
                match self {
                    $(Function::$variant(function) => function.check_default(of),)*
                }
            }

            fn written(&self) -> Written {
                match self {
                    $(Function::$variant(function) => function.written(),)*
                }
            }

            fn encode(&self, spec: Spec, of: Computed<'_>) -> Variant {
                match self {
                    $(Function::$variant(function) => function.encode(spec, of),)*
                }
            }

            /// The argument of the aggregate that a message has.
            fn decode(message: &Variant, arena: Arena<'a>) -> Decoded<Expr<'a>> {
                match message {
                    $(Variant::$message(spec) => $variant::decode(spec, arena),)*
                }
            }
        }

        /// What an aggregate knows of the rows that were added.
        #[cfg(feature = "eval")]
        #[derive(Clone, Debug)]
        enum Machine {
            $($variant(<$variant<'static> as accumulator::Accumulate>::State),)*
        }

        #[cfg(feature = "eval")]
        impl Machine {
            fn new(function: &Function<'_>, of: Option<&Shape>) -> Result<Machine, Mismatch> {
                match function {
                    $(Function::$variant(function) => function.state(of).map(Machine::$variant),)*
                }
            }

            #[inline]
            fn add(&mut self, row: Contribution<'_>) {
                match self {
                    $(Machine::$variant(state) => state.add(row),)*
                }
            }

            fn retract(&mut self, row: Contribution<'_>) -> Retraction {
                match self {
                    $(Machine::$variant(state) => state.retract(row),)*
                }
            }

            fn merge(&mut self, other: &Self) {
                match (self, other) {
                    $((Machine::$variant(state), Machine::$variant(other)) => state.merge(other),)*
                    _ => panic!("accumulators of different aggregates can't be merged"),
                }
            }

            fn value(&self, at: Timestamp) -> Result<Value, Overflow> {
                match self {
                    $(Machine::$variant(state) => state.value(at),)*
                }
            }

            fn is_empty(&self) -> bool {
                match self {
                    $(Machine::$variant(state) => state.is_empty(),)*
                }
            }

            fn encode(&self, to: &mut Vec<u8>) {
                match self {
                    $(Machine::$variant(state) => state.encode(to),)*
                }
            }

            fn decode(&self, from: &mut accumulator::Reader<'_>) -> Option<Self> {
                Some(match self {
                    $(Machine::$variant(state) => Machine::$variant(state.decode(from)?),)*
                })
            }
        }

        const NAMES: &[&str] = &[$($name),*];
    };
}

aggregates! {
    /// How many rows or values.
    Count "count" Count,
    /// The sum.
    Sum "sum" Sum,
    /// The mean.
    Average "average" Average,
    /// The least value.
    Min "min" Min,
    /// The greatest value.
    Max "max" Max,
    /// The standard deviation.
    Stddev "stddev" Stddev,
    /// The value with a part of all below it.
    Quantile "quantile" Quantile,
    /// The different values.
    Distinct "distinct" Distinct,
    /// The newest values.
    LastK "last_k" LastK,
    /// The oldest values.
    FirstK "first_k" FirstK,
    /// A sum that decays.
    ExpDecaySum "exp_decay_sum" ExpDecay,
}

impl<'a> Aggregation<'a> {
    /// The aggregate that an argument `output = name(..)` writes.
    pub(crate) const fn read(arg: &Expr<'a>) -> Result<Aggregation<'a>, Fault> {
        const FORM: &str = "name the column and the aggregate, as in `total = sum(amount, \"1d\")`";
        let Expr::Named(output, value) = arg else {
            fault!(Message::new(FORM));
        };
        let Expr::Call(name, args) = value else {
            return Err(Fault::new(Message::new(FORM)).within(1));
        };
        let Some(signature) = Function::signature(name, args) else {
            return Err(Fault::new(unknown(name)).within(1));
        };
        let scope = Scope::new(Names::None);
        let call = Call::new(args, &scope);
        if let Err(fault) = signature.check(&call, false) {
            return Err(fault.within(1));
        }
        let params = Params { call, signature };
        let function = part!(1, Function::read(name, &params));
        Ok(Aggregation {
            output,
            function,
            of: part!(1, params.of()),
            window: part!(1, params.window()),
        })
    }

    /// The type of its column; `arg` is where it was read from.
    pub(crate) const fn result(&self, schema: &Schema<'a>, arg: &Expr<'a>) -> Typed<'a> {
        let of = match self.of {
            None => Computed::UNKNOWN,
            Some(name) => match schema.column(name) {
                Some(column) => column.ty,
                None if Window::is_word(name) => {
                    return Err(Fault::new(crate::window::forms()).within(argument_site(arg, "of")));
                }
                None if schema.is_open() => Computed::UNKNOWN,
                None => {
                    return Err(Fault::new(schema.no_column(name)).within(argument_site(arg, "of")));
                }
            },
        };
        match self.function.result(of) {
            Ok(ty) if self.of.is_some() && of.is_unknown() && !ty.is_whole() => {
                Ok(Computed::UNKNOWN)
            }
            Ok(ty) => match self.function.check_default(&of) {
                Ok(()) => Ok(ty),
                Err(message) => Err(Fault::new(message).within(argument_site(arg, "default"))),
            },
            Err(message) => {
                let message = match self.of {
                    Some(name) => message.text(", and ").name(name).text(" is ").computed(&of),
                    None => message,
                };
                Err(Fault::new(message).within(argument_site(arg, "of")))
            }
        }
    }

    pub(crate) fn encode(&self, schema: &Schema<'a>, group: Option<Window>) -> proto::PreSpec {
        let of = self.of.and_then(|of| schema.column(of));
        let spec = Spec {
            name: self.output.into(),
            of: self.of.unwrap_or_default().into(),
            window: self.window.or(group).map(|window| window.encode()),
        };
        let of = of.map_or(Computed::UNKNOWN, |column| column.ty);
        proto::PreSpec {
            variant: Some(self.function.encode(spec, of)),
        }
    }

    /// The argument that a message writes.
    pub(crate) fn decode(message: &proto::PreSpec, arena: Arena<'a>) -> Decoded<Expr<'a>> {
        let message = message.variant.as_ref();
        Function::decode(message.ok_or("an aggregate is missing")?, arena)
    }
}

/// The argument as a definition writes it.
impl fmt::Display for Aggregation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { positional, named } = self.function.written();
        let of = self.of.map(|of| Name(of).to_string());
        let window = self.window.map(|window| window.to_string());
        let args = of.into_iter().chain(positional).chain(window).chain(named);
        let args: Vec<_> = args.collect();
        let (output, name) = (Name(self.output), self.function.name());
        write!(f, "{output} = {name}({})", args.join(", "))
    }
}

/// The node of an aggregate's argument; the call's own where it is not given.
pub(crate) const fn argument_site(arg: &Expr<'_>, name: &str) -> usize {
    if let Expr::Named(_, Expr::Call(function, args)) = arg
        && let Some(signature) = Function::signature(function, args)
    {
        let scope = Scope::new(Names::None);
        let call = Call::new(args, &scope);
        if let Some((at, _)) = (Params { call, signature }).get(name) {
            return 1 + at;
        }
    }
    1
}

const fn unknown(name: &str) -> Message {
    let message = Message::new("there is no aggregate ").name(name);
    if let Some(near) = Function::similar(name) {
        return message.text("; did you mean ").name(near).text("?");
    }
    let mut message = message.text("; there is ");
    let mut i = 0;
    while i < NAMES.len() {
        message = message.listed(i, NAMES.len(), NAMES[i]);
        i += 1;
    }
    message
}
