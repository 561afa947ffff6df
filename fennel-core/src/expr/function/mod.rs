//! The functions of expressions, one file for each kind of operand.
//!
//! A file holds its functions' names, parameters, docs, typing rules and wire form. Adding a
//! function is one entry there. `len`, `contains` and the like mean what the type of their operand
//! makes of them.

mod call;
mod general;
mod number;
mod unit;
mod zone;

pub use call::{Call, Signature};
pub use unit::TimeUnit;

use super::fault::{fault, part};
use super::wire::Reader;
use super::{Expr, Fault, Typed};
use crate::message::Message;
use crate::text::closest;
use crate::ty::{Computed, Type};
use crate::wire::Part;
use crate::wire::proto::expression as proto;

/// Writes the enum of a file's functions from their table: variant, signature, docs.
macro_rules! functions {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal ($($required:literal),* $(; $($optional:literal),+)?),)*) => {
        /// A function of this family.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])+ $variant,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// How it is called.
            #[must_use]
            pub const fn signature(self) -> $crate::expr::function::Signature {
                match self {
                    $(Function::$variant => $crate::expr::function::Signature {
                        name: $name,
                        required: &[$($required),*],
                        optional: &[$($($optional),+)?],
                    },)*
                }
            }

            /// The function of that name.
            #[must_use]
            pub const fn find(name: &str) -> Option<Function> {
                $(if $crate::text::eq(name, $name) {
                    return Some(Function::$variant);
                })*
                None
            }
        }
    };
}
use functions;

/// The table of families: variant, module, and what their operand is called.
macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident $module:ident $operand:literal,)*) => {
        /// A function of expressions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])* $variant($module::Function),)*
        }

        impl Function {
            /// Each function's signature, with what its operand is.
            pub fn all() -> impl Iterator<Item = (&'static str, Signature)> {
                let all = std::iter::empty();
                $(let all = all.chain(
                    $module::Function::ALL.iter().map(|function| ($operand, function.signature())),
                );)*
                all
            }

            /// How it is called.
            #[must_use]
            pub const fn signature(self) -> Signature {
                match self {
                    $(Function::$variant(function) => function.signature(),)*
                }
            }

            const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
                match self {
                    $(Function::$variant(function) => function.result(call, operand),)*
                }
            }

            fn encode(self, call: &Call<'_, '_>) -> proto::expr::Node {
                match self {
                    $(Function::$variant(function) => function.encode(call),)*
                }
            }
        }

        /// The first function of that name and what its operand is.
        const fn anywhere(name: &str) -> Option<(Function, &'static str)> {
            $(if let Some(function) = $module::Function::find(name) {
                return Some((Function::$variant(function), $operand));
            })*
            None
        }

        /// A function whose name is one slip away.
        const fn similar(name: &str) -> Option<&'static str> {
            $({
                let mut i = 0;
                while i < $module::Function::ALL.len() {
                    let known = $module::Function::ALL[i].signature().name;
                    if closest(known, name) {
                        return Some(known);
                    }
                    i += 1;
                }
            })*
            None
        }
    };
}

families! {
    /// Of anything, or of nothing.
    General general "any value",
    /// Of numbers.
    Number number "a number",
}

/// The function that a name means for an operand of that type.
const fn find(name: &str, operand: &Computed<'_>) -> Option<Function> {
    if let Some(function) = general::Function::find(name) {
        return Some(Function::General(function));
    }
    let ty = operand.required();
    match ty.base() {
        Some(Type::Int | Type::Float) => match number::Function::find(name) {
            Some(function) => Some(Function::Number(function)),
            None => None,
        },
        Some(_) => None,
        // Of null, or of something unknown.
        None => match anywhere(name) {
            Some((function, _)) => Some(function),
            None => None,
        },
    }
}

/// The type of `operand.name(..)` and `name(..)`.
pub(super) const fn result<'a>(name: &str, call: &Call<'_, 'a>) -> Typed<'a> {
    let Some((first, needs)) = anywhere(name) else {
        fault!(unknown(name));
    };
    if call.args.is_empty() {
        let Function::General(function) = first else {
            fault!(
                Message::new("")
                    .name(name)
                    .text(" is a function of ")
                    .text(needs)
                    .text(": write it behind one, as in `a.")
                    .text(name)
                    .text("(..)`")
            );
        };
        if let Err(fault) = function.signature().check(call, function.takes_operand()) {
            return Err(fault);
        }
        return function.result(call, Computed::UNKNOWN);
    }
    let operand = part!(1, call.args[0].unnamed().type_in(call.scope));
    let Some(function) = find(name, &operand) else {
        let message = Message::new("").name(name).text(" needs ").text(needs);
        return Err(Fault::new(super::operator::but(message, &call.args[0], &operand)).within(1));
    };
    let takes_operand = match function {
        Function::General(function) => function.takes_operand(),
        _ => true,
    };
    if let Err(fault) = function.signature().check(call, takes_operand) {
        return Err(fault);
    }
    function.result(call, operand)
}

const fn unknown(name: &str) -> Message {
    let message = Message::new("there is no function ").name(name);
    match similar(name) {
        Some(known) => message.text("; did you mean ").name(known).text("?"),
        None => message,
    }
}

/// The wire form of a call that [`result`] has typed.
pub(super) fn encode(name: &str, call: &Call<'_, '_>) -> proto::expr::Node {
    let operand = call
        .args
        .first()
        .and_then(|operand| operand.unnamed().type_in(call.scope).ok())
        .unwrap_or(Computed::UNKNOWN);
    match find(name, &operand) {
        Some(function) => function.encode(call),
        // Only what was typed is sent.
        None => proto::expr::Node::Ref(proto::Ref { name: name.into() }),
    }
}

/// The call that a message makes.
pub(super) fn decode<'a>(node: &proto::expr::Node, reader: &mut Reader<'a>) -> Part<Expr<'a>> {
    use proto::expr::Node;

    match node {
        Node::MathFn(call) => number::Function::decode(call, reader),
        other => general::Function::decode(other, reader),
    }
}
