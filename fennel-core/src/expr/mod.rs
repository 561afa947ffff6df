//! Expressions over columns and features.
//!
//! An [`Expr`] is what a definition wrote, as const data: the macros know its syntax, and only this
//! module knows what a name in it means. It is typed by `const fn`s ([`Expr::type_in`]), so that
//! rustc, `sync` and the server refuse the same mistakes. The functions stand in [`function`], a
//! file for each kind of operand.

pub mod advice;
#[cfg(feature = "eval")]
pub mod eval;
pub(crate) mod fault;
pub mod function;
mod names;
pub(crate) mod operator;
mod print;
pub(crate) mod repair;
mod scope;
pub(crate) mod typing;
pub(crate) mod wire;

pub use fault::{Fault, Found, Typed, raise};
pub use operator::{Binary, Unary};
pub(crate) use print::Name;
pub use scope::{Names, Scope};

use crate::literal::Literal;
use crate::ty::Type;

/// The deepest that an expression's messages nest: a binary operator, an operand or a field takes
/// two, a branch or a record's field three, an argument four. Readers of protobuf stop at 100 with
/// what is around, and rustc's const evaluation at 128 calls, of which typing takes one a message.
pub const MAX_DEPTH: usize = 80;

/// An expression as written.
#[derive(Clone, Copy, Debug)]
pub enum Expr<'a> {
    /// A column or a feature.
    Name(&'a str),
    /// The variable of the closure around it.
    Variable(&'a str),
    /// A constant.
    Literal(Literal<'a>),
    /// `-a` and `!a`.
    Unary(Unary, &'a Expr<'a>),
    /// `a + b`, `a && b`, `a == b`.
    Binary(Binary, &'a Expr<'a>, &'a Expr<'a>),
    /// `if a { b } else { c }`; null where nothing holds and there is no `else`.
    If(&'a [Branch<'a>], Option<&'a Expr<'a>>),
    /// `a.name(b)` and `name(a, b)`, which are the same.
    Call(&'a str, &'a [Expr<'a>]),
    /// `name = value`, as an argument.
    Named(&'a str, &'a Expr<'a>),
    /// `|x| body`, as an argument.
    Closure(&'a str, &'a Expr<'a>),
    /// `a.name`.
    Field(&'a Expr<'a>, &'a str),
    /// `Point { x: a, y: b }`.
    Record(Type<'a>, &'a [FieldExpr<'a>]),
    /// `Point::zip(x = a, y = b)`: a list of records of lists.
    Zip(Type<'a>, &'a [FieldExpr<'a>]),
    /// `a as T`: a typed constant, or the declared type of a whole expression.
    Cast(&'a Expr<'a>, Type<'a>),
    /// `T`, as the argument in `a.parse::<T>()`.
    Type(Type<'a>),
    /// A constant that is an expression itself, made by `expr!`. It counts as one node: its own
    /// tokens stand elsewhere.
    Shared(&'a Expr<'a>),
}

/// `if condition { value }`.
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a> {
    /// What decides.
    pub condition: Expr<'a>,
    /// What it is then.
    pub value: Expr<'a>,
}

/// `name: value` of a record.
#[derive(Clone, Copy, Debug)]
pub struct FieldExpr<'a> {
    /// The field.
    pub name: &'a str,
    /// What it is.
    pub value: Expr<'a>,
}

impl<'a> Expr<'a> {
    /// How many nodes it has. Nodes are counted from 0 on, each before its parts, the way the
    /// macros number their tokens: that is how a [`Fault`] says where.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self {
            Expr::Name(_)
            | Expr::Variable(_)
            | Expr::Literal(_)
            | Expr::Type(_)
            | Expr::Shared(_) => 1,
            Expr::Unary(_, a)
            | Expr::Named(_, a)
            | Expr::Closure(_, a)
            | Expr::Field(a, _)
            | Expr::Cast(a, _) => 1 + a.size(),
            Expr::Binary(_, a, b) => 1 + a.size() + b.size(),
            Expr::If(branches, otherwise) => {
                let mut size = branches_size(branches, branches.len());
                if let Some(otherwise) = otherwise {
                    size += otherwise.size();
                }
                1 + size
            }
            Expr::Call(_, args) => 1 + sizes(args, args.len()),
            Expr::Record(_, fields) | Expr::Zip(_, fields) => 1 + fields_size(fields, fields.len()),
        }
    }

    /// Whether its messages nest no deeper than `depth`.
    pub(crate) const fn fits(&self, depth: usize) -> bool {
        if depth < 2 {
            return false;
        }
        match self {
            Expr::Name(_) | Expr::Variable(_) | Expr::Literal(_) | Expr::Type(_) => true,
            Expr::Unary(_, a) | Expr::Field(a, _) => a.fits(depth - 2),
            Expr::Cast(a, _) | Expr::Shared(a) => a.fits(depth - 1),
            Expr::Named(_, a) | Expr::Closure(_, a) => a.fits(depth),
            Expr::Binary(_, a, b) => a.fits(depth - 2) && b.fits(depth - 2),
            Expr::If(branches, otherwise) => {
                let mut i = 0;
                while i < branches.len() {
                    let inner = depth.saturating_sub(3);
                    if !branches[i].condition.fits(inner) || !branches[i].value.fits(inner) {
                        return false;
                    }
                    i += 1;
                }
                match otherwise {
                    Some(otherwise) => otherwise.fits(depth - 2),
                    None => true,
                }
            }
            Expr::Call(_, args) => {
                let mut i = 0;
                while i < args.len() {
                    let taken = if i == 0 { 2 } else { 4 };
                    if !args[i].fits(depth.saturating_sub(taken)) {
                        return false;
                    }
                    i += 1;
                }
                true
            }
            Expr::Record(_, fields) | Expr::Zip(_, fields) => {
                let mut i = 0;
                while i < fields.len() {
                    if !fields[i].value.fits(depth.saturating_sub(3)) {
                        return false;
                    }
                    i += 1;
                }
                true
            }
        }
    }

    /// Whether this is the name of a column, which a message can say.
    pub(crate) const fn as_name(&self) -> Option<&'a str> {
        match self {
            Expr::Name(name) | Expr::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// The argument without its name.
    pub(crate) const fn unnamed(&self) -> Expr<'a> {
        match self {
            Expr::Named(_, value) => **value,
            other => *other,
        }
    }
}

/// The nodes of the first `count` expressions.
pub(crate) const fn sizes(exprs: &[Expr<'_>], count: usize) -> usize {
    let (mut size, mut i) = (0, 0);
    while i < count {
        size += exprs[i].size();
        i += 1;
    }
    size
}

const fn branches_size(branches: &[Branch<'_>], count: usize) -> usize {
    let (mut size, mut i) = (0, 0);
    while i < count {
        size += branches[i].condition.size() + branches[i].value.size();
        i += 1;
    }
    size
}

const fn fields_size(fields: &[FieldExpr<'_>], count: usize) -> usize {
    let (mut size, mut i) = (0, 0);
    while i < count {
        size += fields[i].value.size();
        i += 1;
    }
    size
}
