//! A call and its arguments.

#[cfg(feature = "eval")]
use crate::expr::eval::{Compiler, Operand};
use crate::expr::fault::fault;
use crate::expr::operator::but;
use crate::expr::repair::repair;
use crate::expr::wire::encode;
use crate::expr::{Expr, Fault, Scope, Typed, sizes};
use crate::literal::Literal;
use crate::message::Message;
use crate::text::eq;
use crate::ty::Computed;
use crate::wire::proto::expression as proto;

/// The most arguments that a function takes, its operand included.
pub(super) const MAX_ARGUMENTS: usize = 9;

/// The name of the parameter that a type is given for.
pub(super) const TYPE: &str = "T";

/// A call: its arguments, the operand first, and what names mean there.
#[derive(Clone, Copy, Debug)]
pub struct Call<'s, 'a> {
    /// The arguments as written.
    pub args: &'a [Expr<'a>],
    /// What names in them mean.
    pub scope: &'s Scope<'s, 'a>,
    /// The arguments' types. They are found in one place, since const evaluation can't nest deep.
    pub(super) types: [Computed<'a>; MAX_ARGUMENTS],
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
    /// The type of its result, where nothing is null.
    pub result: &'static str,
    /// What it does.
    pub docs: &'static str,
}

impl Signature {
    /// A signature without words about it.
    pub(crate) const fn of(
        name: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Signature {
            name,
            required,
            optional,
            result: "",
            docs: "",
        }
    }

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
        if takes_operand && matches!(call.args[0], Expr::Named(..)) {
            let message = Message::new("what ").name(self.name);
            return Err(
                Fault::new(message.text(" works on comes first, without a name")).within(1),
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
            } else if matches!(call.args[i], Expr::Type(_)) && !self.takes_type() {
                let message = Message::new("").name(self.name).text(" takes no type");
                return Err(Fault::new(message).within(at));
            } else if self.parameter(positional).is_none() {
                return Err(Fault::new(self.takes()).within(at));
            } else {
                positional += 1;
            }
            i += 1;
        }
        let mut i = 0;
        while i < self.required.len() {
            if call.position(self, i, takes_operand).is_none() {
                fault!(self.missing(self.required[i]));
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
            let message = message.text(" has no parameter ").name(name);
            return Err(match self.required.len() + self.optional.len() {
                0 => message,
                _ => self.list(message.text("; there is ")),
            });
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

    pub(super) const fn missing(&self, parameter: &str) -> Message {
        let message = Message::new("").name(self.name).text(" needs its ");
        if eq(parameter, TYPE) {
            return message
                .text("type, as in `a.")
                .text(self.name)
                .text("::<i64>()`");
        }
        if eq(parameter, "function") || eq(parameter, "predicate") {
            return message
                .text("closure, as in `a.")
                .text(self.name)
                .text("(|x| ..)`");
        }
        message.text("argument ").name(parameter)
    }

    /// Whether it takes a type in place of a value.
    const fn takes_type(&self) -> bool {
        !self.required.is_empty() && eq(self.required[0], TYPE)
    }

    const fn takes(&self) -> Message {
        let message = Message::new("").name(self.name).text(" takes ");
        if self.takes_type() {
            return message
                .text("its type alone, as in `a.")
                .text(self.name)
                .text("::<i64>()`");
        }
        match self.required.len() + self.optional.len() {
            0 => message.text("no argument"),
            1 => self.list(message.text("one argument: ")),
            count => self.list(message.int(count as i64).text(" arguments: ")),
        }
    }

    const fn list(&self, message: Message) -> Message {
        let count = self.required.len() + self.optional.len();
        let (mut message, mut i) = (message, 0);
        while let Some(parameter) = self.parameter(i) {
            message = message.listed(i, count, parameter);
            i += 1;
        }
        message
    }
}

impl<'s, 'a> Call<'s, 'a> {
    /// A call whose arguments have no types yet.
    pub(crate) const fn new(args: &'a [Expr<'a>], scope: &'s Scope<'s, 'a>) -> Self {
        Call {
            args,
            scope,
            types: [Computed::UNKNOWN; MAX_ARGUMENTS],
        }
    }

    /// The operand.
    pub(super) const fn operand(&self) -> Expr<'a> {
        self.args[0].unnamed()
    }

    /// The node of the `k`th argument, without its name.
    pub(super) const fn node(&self, k: usize) -> usize {
        1 + sizes(self.args, k) + matches!(self.args[k], Expr::Named(..)) as usize
    }

    /// Which argument is given for the `i`th parameter.
    const fn position(
        &self,
        signature: &Signature,
        i: usize,
        takes_operand: bool,
    ) -> Option<usize> {
        let first = takes_operand as usize;
        if first + i < self.args.len() && !matches!(self.args[first + i], Expr::Named(..)) {
            return Some(first + i);
        }
        let Some(wanted) = signature.parameter(i) else {
            return None;
        };
        let mut k = first;
        while k < self.args.len() {
            if let Expr::Named(name, _) = self.args[k]
                && eq(name, wanted)
            {
                return Some(k);
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
        match self.position(signature, i, true) {
            Some(k) => Some((self.node(k), self.args[k].unnamed())),
            None => None,
        }
    }

    /// The argument for the parameter `i` of a function without an operand, and its node.
    pub(crate) const fn plain(&self, signature: &Signature, i: usize) -> Option<(usize, Expr<'a>)> {
        match self.position(signature, i, false) {
            Some(k) => Some((self.node(k), self.args[k].unnamed())),
            None => None,
        }
    }

    /// The node and the type of the argument for parameter `i`; `None` where it is not given.
    pub(super) const fn typed(
        &self,
        signature: &Signature,
        i: usize,
    ) -> Option<(usize, Computed<'a>)> {
        match self.position(signature, i, true) {
            Some(k) if k < MAX_ARGUMENTS => Some((self.node(k), self.types[k])),
            _ => None,
        }
    }

    /// What is wrong where the argument for parameter `i` is not what the function `needs`.
    /// The message says how an expression makes it one of type `to`, where it can.
    pub(super) const fn fault(
        &self,
        signature: &Signature,
        i: usize,
        needs: &str,
        to: &Computed<'_>,
    ) -> Fault {
        let message = Message::new("")
            .name(signature.name)
            .text(" needs ")
            .text(needs);
        match (self.argument(signature, i), self.typed(signature, i)) {
            (Some((at, argument)), Some((_, ty))) => {
                let message = but(message, &argument, &ty).text(repair(&argument, &ty, to));
                Fault::new(message).within(at)
            }
            _ => Fault::new(message),
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

    /// The text that is written out for parameter `i`.
    pub(super) const fn text(&self, signature: &Signature, i: usize) -> Option<&'a str> {
        match self.argument(signature, i) {
            Some((_, Expr::Literal(Literal::Str(text)))) => Some(text),
            _ => None,
        }
    }

    /// The node of the operand.
    #[cfg(feature = "eval")]
    pub(super) fn compile_operand(
        &self,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Operand<'a>, Message> {
        compiler.compile(&self.operand(), self.scope)
    }

    /// The node of the argument for parameter `i`, if it is given.
    #[cfg(feature = "eval")]
    pub(super) fn compile_argument(
        &self,
        signature: &Signature,
        i: usize,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Option<Operand<'a>>, Message> {
        let argument = self.argument(signature, i);
        let operand = argument.map(|(_, argument)| compiler.compile(&argument, self.scope));
        operand.transpose()
    }

    /// The node of the argument for parameter `i`, which must be given.
    #[cfg(feature = "eval")]
    pub(super) fn compile_required(
        &self,
        signature: &Signature,
        i: usize,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Operand<'a>, Message> {
        let operand = self.compile_argument(signature, i, compiler)?;
        operand.ok_or_else(|| {
            Message::new("")
                .name(signature.name)
                .text(" lacks an argument")
        })
    }

    /// The message of the operand.
    pub(super) fn encode_operand(&self) -> Option<Box<proto::Expr>> {
        Some(Box::new(encode(&self.operand(), self.scope)))
    }

    /// The message of the argument for parameter `i`.
    pub(super) fn encode_argument(
        &self,
        signature: &Signature,
        i: usize,
    ) -> Option<Box<proto::Expr>> {
        let (_, argument) = self.argument(signature, i)?;
        Some(Box::new(encode(&argument, self.scope)))
    }
}

/// A type that is null where `operand` can be.
pub(super) const fn lifted<'a>(ty: Computed<'a>, operand: &Computed<'_>) -> Typed<'a> {
    Ok(ty.optional_if(operand.is_optional()))
}
