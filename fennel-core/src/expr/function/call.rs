//! A call and its arguments.

use crate::expr::fault::fault;
use crate::expr::{Expr, Fault, Scope, Typed, sizes};
use crate::literal::Literal;
use crate::message::Message;
use crate::text::eq;
use crate::ty::{Computed, Type};

/// A call: its arguments, the operand first, and what names mean there.
#[derive(Clone, Copy, Debug)]
pub struct Call<'s, 'a> {
    /// The arguments as written.
    pub args: &'a [Expr<'a>],
    /// What names in them mean.
    pub scope: &'s Scope<'s, 'a>,
}

/// How a function is called: its name, and its parameters behind the operand.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The function's name.
    pub name: &'static str,
    /// Parameters that must be given.
    pub required: &'static [&'static str],
    /// Parameters that may be.
    pub optional: &'static [&'static str],
}

impl Signature {
    /// The name of the `i`th parameter.
    const fn parameter(&self, i: usize) -> Option<&'static str> {
        if i < self.required.len() {
            Some(self.required[i])
        } else if i - self.required.len() < self.optional.len() {
            Some(self.optional[i - self.required.len()])
        } else {
            None
        }
    }

    /// The position of a parameter.
    pub(crate) const fn position(&self, name: &str) -> Option<usize> {
        let mut i = 0;
        while let Some(parameter) = self.parameter(i) {
            if eq(parameter, name) {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// Checks that the arguments are those of this function, each once.
    pub(crate) const fn check(
        &self,
        call: &Call<'_, '_>,
        takes_operand: bool,
    ) -> Result<(), Fault> {
        let first = takes_operand as usize;
        if call.args.len() < first {
            fault!(
                Message::new("")
                    .name(self.name)
                    .text(" needs a value to work on")
            );
        }
        let mut positional = 0;
        let mut i = first;
        while i < call.args.len() {
            let at = 1 + sizes(call.args, i);
            if let Expr::Named(name, _) = call.args[i] {
                if let Err(message) = self.check_named(call, i, positional, name) {
                    return Err(Fault::new(message).within(at));
                }
            } else if positional < i - first {
                let message = "arguments without a name come before those with one";
                return Err(Fault::new(Message::new(message)).within(at));
            } else if self.parameter(positional).is_none() {
                return Err(Fault::new(self.takes()).within(at));
            } else {
                positional += 1;
            }
            i += 1;
        }
        let mut i = 0;
        while i < self.required.len() {
            if call.parameter(self, i, takes_operand).is_none() {
                fault!(
                    self.list(
                        Message::new("")
                            .name(self.name)
                            .text(" needs its argument ")
                            .name(self.required[i])
                    )
                );
            }
            i += 1;
        }
        Ok(())
    }

    /// Checks the argument `i`, which has a name, behind `positional` ones that have none.
    const fn check_named(
        &self,
        call: &Call<'_, '_>,
        i: usize,
        positional: usize,
        name: &str,
    ) -> Result<(), Message> {
        let Some(position) = self.position(name) else {
            let message = Message::new("").name(self.name);
            return Err(self.list(message.text(" has no parameter ").name(name)));
        };
        let mut twice = position < positional;
        let mut j = 0;
        while j < i {
            twice |= matches!(call.args[j], Expr::Named(other, _) if eq(other, name));
            j += 1;
        }
        if twice {
            return Err(Message::new("").name(name).text(" is given twice"));
        }
        Ok(())
    }

    const fn takes(&self) -> Message {
        let message = Message::new("").name(self.name).text(" takes ");
        match self.required.len() + self.optional.len() {
            0 => message.text("no argument"),
            1 => self.list(message.text("one argument")),
            count => self.list(message.int(count as i64).text(" arguments")),
        }
    }

    const fn list(&self, message: Message) -> Message {
        let count = self.required.len() + self.optional.len();
        if count == 0 {
            return message;
        }
        let mut message = message.text("; there is ");
        let mut i = 0;
        while let Some(parameter) = self.parameter(i) {
            message = message.listed(i, count, parameter);
            i += 1;
        }
        message
    }
}

impl<'s, 'a> Call<'s, 'a> {
    /// The operand.
    pub(super) const fn operand(&self) -> Expr<'a> {
        self.args[0].unnamed()
    }

    /// The `i`th parameter's argument and its node.
    const fn parameter(
        &self,
        signature: &Signature,
        i: usize,
        takes_operand: bool,
    ) -> Option<(usize, Expr<'a>)> {
        let first = takes_operand as usize;
        if first + i < self.args.len() && !matches!(self.args[first + i], Expr::Named(..)) {
            return Some((1 + sizes(self.args, first + i), self.args[first + i]));
        }
        let Some(wanted) = signature.parameter(i) else {
            return None;
        };
        let mut k = first;
        while k < self.args.len() {
            if let Expr::Named(name, value) = self.args[k]
                && eq(name, wanted)
            {
                return Some((2 + sizes(self.args, k), *value));
            }
            k += 1;
        }
        None
    }

    /// The argument for the parameter `i` behind the operand, and its node.
    pub(super) const fn argument(
        &self,
        signature: &Signature,
        i: usize,
    ) -> Option<(usize, Expr<'a>)> {
        self.parameter(signature, i, true)
    }

    /// The argument for the parameter `i` of a function without an operand, and its node.
    pub(crate) const fn plain(&self, signature: &Signature, i: usize) -> Option<(usize, Expr<'a>)> {
        self.parameter(signature, i, false)
    }

    /// The type of the argument for parameter `i`, which is there.
    pub(super) const fn typed(
        &self,
        signature: &Signature,
        i: usize,
    ) -> Result<(usize, Computed<'a>), Fault> {
        match self.argument(signature, i) {
            Some((at, argument)) => match argument.type_in(self.scope) {
                Ok(ty) => Ok((at, ty)),
                Err(fault) => Err(fault.within(at)),
            },
            None => Ok((0, Computed::UNKNOWN)),
        }
    }

    /// The argument for parameter `i` as a text that is written out; `None` where it is not given.
    pub(super) const fn literal_text(
        &self,
        signature: &Signature,
        i: usize,
        what: &str,
    ) -> Result<Option<(usize, &'a str)>, Fault> {
        match self.argument(signature, i) {
            None => Ok(None),
            Some((at, Expr::Literal(Literal::Str(text)))) => Ok(Some((at, text))),
            Some((at, _)) => Err(Fault::new(
                Message::new("")
                    .name(signature.name)
                    .text(" needs ")
                    .text(what)
                    .text(" as a constant text"),
            )
            .within(at)),
        }
    }

    /// The argument for parameter `i` as a type.
    pub(super) const fn type_argument(&self, i: usize) -> Option<Type<'a>> {
        if i + 1 < self.args.len()
            && let Expr::Type(ty) = self.args[i + 1]
        {
            return Some(ty);
        }
        None
    }
}

/// A type that is null where `operand` can be.
pub(super) const fn lifted<'a>(ty: Computed<'a>, operand: &Computed<'_>) -> Typed<'a> {
    Ok(ty.optional_if(operand.is_optional()))
}
