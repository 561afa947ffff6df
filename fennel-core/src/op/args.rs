//! The arguments of an operator.

use core::fmt;

use crate::expr::{Expr, sizes};
use crate::flow::Mistakes;
use crate::literal::Literal;
use crate::message::Message;
use crate::text::{closest, eq, is_name};
use crate::wire::{Arena, Decoded};

/// The arguments as written: those without a name first.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    /// The operator's own token, among the pipeline's. The arguments' follow.
    pub site: u32,
    /// The arguments.
    pub list: &'a [Expr<'a>],
}

impl<'a> Args<'a> {
    /// The arguments behind the token `site`.
    #[must_use]
    pub const fn new(site: u32, list: &'a [Expr<'a>]) -> Self {
        Args { site, list }
    }

    /// The token where the `i`th argument begins.
    pub(crate) const fn site_of(&self, i: usize) -> u32 {
        self.site + 1 + sizes(self.list, i) as u32
    }

    /// How many have no name.
    pub(crate) const fn positional(&self) -> usize {
        let mut count = 0;
        while count < self.list.len() && !matches!(self.list[count], Expr::Named(..)) {
            count += 1;
        }
        count
    }

    /// The leading arguments that are columns.
    pub(crate) const fn columns(&self) -> Columns<'a> {
        Columns(Args {
            site: self.site,
            list: self.list.split_at(self.positional()).0,
        })
    }

    /// The value of the argument of that name, and its token.
    pub(crate) const fn named(&self, name: &str) -> Option<(u32, Expr<'a>)> {
        let mut i = 0;
        while i < self.list.len() {
            if let Expr::Named(other, value) = self.list[i]
                && eq(other, name)
            {
                return Some((self.site_of(i) + 1, *value));
            }
            i += 1;
        }
        None
    }

    /// The arguments of the argument `name(..)`.
    pub(crate) const fn clause(&self, name: &str) -> Option<Args<'a>> {
        let mut i = 0;
        while i < self.list.len() {
            if let Expr::Call(other, list) = self.list[i]
                && eq(other, name)
            {
                return Some(Args {
                    site: self.site_of(i),
                    list,
                });
            }
            i += 1;
        }
        None
    }

    /// Notes each argument that is neither one of `clauses` nor has one of the `names`.
    pub(crate) const fn refuse_others(
        &self,
        from: usize,
        clauses: &[&str],
        names: &[&str],
        mistakes: &mut Mistakes,
    ) {
        let mut i = from;
        while i < self.list.len() {
            let (known, written) = match self.list[i] {
                Expr::Call(name, _) => (clauses, name),
                Expr::Named(name, _) => (names, name),
                _ => (clauses, ""),
            };
            let (mut found, mut near, mut twice, mut k) = (false, None, false, 0);
            while k < known.len() {
                if eq(known[k], written) {
                    found = true;
                } else if closest(known[k], written) {
                    near = Some(known[k]);
                }
                k += 1;
            }
            let mut j = from;
            while j < i {
                twice |= match (self.list[i], self.list[j]) {
                    (Expr::Call(a, _), Expr::Call(b, _)) => eq(a, b),
                    (Expr::Named(a, _), Expr::Named(b, _)) => eq(a, b),
                    _ => false,
                };
                j += 1;
            }
            if twice {
                mistakes.push(
                    self.site_of(i),
                    Message::new("").name(written).text(" is given twice"),
                );
            } else if !found {
                let message = match self.list[i] {
                    Expr::Named(name, _) if among(clauses, name) => {
                        Message::new("write `").text(name).text("(..)`")
                    }
                    Expr::Call(name, _) if among(names, name) => {
                        Message::new("write `").text(name).text(" = ..`")
                    }
                    Expr::Named(..) | Expr::Call(..) => {
                        let message = Message::new("there is no argument ").name(written);
                        expected(message, near, clauses, names)
                    }
                    _ if clauses.is_empty() => {
                        Message::new("arguments without a name come before those with one")
                    }
                    _ => {
                        let message = Message::new("this argument is not expected here");
                        expected(message, None, clauses, names)
                    }
                };
                mistakes.push(self.site_of(i), message);
            }
            i += 1;
        }
    }
}

const fn among(names: &[&str], name: &str) -> bool {
    let mut i = 0;
    while i < names.len() {
        if eq(names[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

/// What is said of an expression where the name of a column is expected.
pub(crate) const fn no_name(expr: &Expr<'_>) -> Message {
    match expr {
        Expr::Literal(Literal::Str(text)) if is_name(text) => {
            Message::new("a column is written without quotes: ").name(text)
        }
        Expr::Literal(Literal::List(_)) => {
            Message::new("list the columns one by one, without brackets")
        }
        Expr::Literal(_) => Message::new("expected the name of a column"),
        Expr::Named(name, _) => Message::new("there is no argument ")
            .name(name)
            .text(": list the columns themselves"),
        _ => Message::new("expected the name of a column: compute it before, with `assign`"),
    }
}

const fn expected(
    message: Message,
    near: Option<&str>,
    clauses: &[&str],
    names: &[&str],
) -> Message {
    if let Some(near) = near {
        return message.text("; did you mean ").name(near).text("?");
    }
    let total = clauses.len() + names.len();
    let mut message = message.text("; there is ");
    let mut i = 0;
    while i < total {
        let name = if i < clauses.len() {
            clauses[i]
        } else {
            names[i - clauses.len()]
        };
        message = message.listed(i, total, name);
        i += 1;
    }
    message
}

/// Names of columns.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a>(pub(crate) Args<'a>);

impl<'a> Columns<'a> {
    /// The names of the message of `operator`, at least one.
    pub(crate) fn decode_some(
        arena: Arena<'a>,
        names: &[String],
        operator: &str,
    ) -> Decoded<Columns<'a>> {
        if names.is_empty() {
            return Err(format!("its `{operator}` names no column"));
        }
        Ok(Columns::decode(arena, names))
    }

    /// The names of a message.
    pub(crate) fn decode(arena: Arena<'a>, names: &[String]) -> Self {
        let names: Vec<_> = names
            .iter()
            .map(|name| Expr::Name(arena.text(name)))
            .collect();
        Columns(Args::new(0, arena.slice(&names)))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `i`th name; empty where the argument is none, which the check of columns notes.
    #[must_use]
    pub const fn get(&self, i: usize) -> &'a str {
        match self.0.list[i] {
            Expr::Name(name) => name,
            _ => "",
        }
    }

    /// The token of the `i`th name.
    pub(crate) const fn site_of(&self, i: usize) -> u32 {
        self.0.site_of(i)
    }

    /// Whether a name is among them.
    #[must_use]
    pub const fn contains(&self, name: &str) -> bool {
        let mut i = 0;
        while i < self.len() {
            if eq(self.get(i), name) {
                return true;
            }
            i += 1;
        }
        false
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let columns = *self;
        (0..self.len()).map(move |i| columns.get(i))
    }

    /// Notes what is no name, and names given twice.
    pub(crate) const fn check(&self, mistakes: &mut Mistakes) {
        let mut i = 0;
        while i < self.len() {
            let name = self.get(i);
            if name.is_empty() {
                mistakes.push(self.site_of(i), no_name(&self.0.list[i]));
            }
            let mut j = 0;
            while j < i {
                if !name.is_empty() && eq(self.get(j), name) {
                    mistakes.push(
                        self.site_of(i),
                        Message::new("").name(name).text(" is listed twice"),
                    );
                }
                j += 1;
            }
            i += 1;
        }
    }
}

impl fmt::Display for Args<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arg) in self.list.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}{arg}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
