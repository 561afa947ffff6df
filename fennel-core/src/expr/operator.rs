//! Operators between expressions: how they are written, typed and sent.

#[cfg(feature = "eval")]
mod eval;

use super::fault::fault;
use super::repair::Needed;
use super::{Expr, Typed, advice};
use crate::message::Message;
use crate::ty::{Computed, Type};
use crate::wire::proto::expression as proto;

/// `-a` and `!a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-a`, of a number.
    Neg,
    /// `!a`, of a bool.
    Not,
}

/// The table of binary operators: variant, text, wire form.
macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident $text:literal $wire:ident,)*) => {
        /// `a + b` and the like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Binary {
            $($(#[$doc])* $variant,)*
        }

        impl Binary {
            /// All of them.
            pub const ALL: &'static [Binary] = &[$(Binary::$variant),*];

            /// The operator as Rust writes it; `floor_div` is a method there.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Binary::$variant => $text,)*
                }
            }

            pub(crate) const fn encode(self) -> proto::BinOp {
                match self {
                    $(Binary::$variant => proto::BinOp::$wire,)*
                }
            }

            pub(crate) const fn decode(op: proto::BinOp) -> Self {
                match op {
                    $(proto::BinOp::$wire => Binary::$variant,)*
                }
            }
        }
    };
}

binary! {
    /// Sum.
    Add "+" Add,
    /// Difference.
    Sub "-" Sub,
    /// Product.
    Mul "*" Mul,
    /// Quotient, always an `f64`.
    Div "/" Div,
    /// Rest of the floor division.
    Rem "%" Mod,
    /// Quotient rounded down: `a.floor_div(b)`.
    FloorDiv "floor_div" FloorDiv,
    /// Equal.
    Eq "==" Eq,
    /// Not equal.
    Ne "!=" Ne,
    /// Greater.
    Gt ">" Gt,
    /// Greater or equal.
    Ge ">=" Gte,
    /// Less.
    Lt "<" Lt,
    /// Less or equal.
    Le "<=" Lte,
    /// Both; null and false is false.
    And "&&" And,
    /// Either; null or true is true.
    Or "||" Or,
}

impl Unary {
    /// The operator as Rust writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Unary::Neg => "-",
            Unary::Not => "!",
        }
    }

    pub(crate) const fn result<'a>(self, operand: &Expr<'a>, ty: Computed<'a>) -> Typed<'a> {
        let fits = match self {
            Unary::Neg => ty.is_number(),
            Unary::Not => ty.is_bool(),
        };
        if fits {
            let result = match self {
                _ if !ty.is_null() => ty.required().unrestricted(),
                Unary::Neg => Computed::FLOAT,
                Unary::Not => Computed::BOOL,
            };
            return Ok(result.optional_if(ty.is_optional()));
        }
        let needs = match self {
            Unary::Neg => "a number",
            Unary::Not => "a `bool`",
        };
        let message = Message::new("")
            .name(self.text())
            .text(" needs ")
            .text(needs);
        let needed = match self {
            Unary::Neg => Needed::Number,
            Unary::Not => Needed::Bool,
        };
        let message = but(message, operand, &ty).text(needed.of(operand, &ty));
        Err(super::Fault::new(message).within(1))
    }
}

impl Binary {
    /// The type of `left op right`. Null is contagious: an optional operand makes an optional result.
    pub(crate) const fn result<'a>(
        self,
        left: (&Expr<'a>, Computed<'a>),
        right: (&Expr<'a>, Computed<'a>),
    ) -> Typed<'a> {
        let optional = left.1.is_optional() || right.1.is_optional();
        match self {
            Binary::Eq | Binary::Ne => {
                if left.1.common(right.1).is_none() {
                    fault!(
                        Message::new("can't compare ")
                            .computed(&left.1)
                            .text(" with ")
                            .computed(&right.1)
                            .text(uncomparable(&left.1, &right.1))
                    );
                }
                Ok(Computed::BOOL.optional_if(optional))
            }
            Binary::And | Binary::Or => {
                if let Some(fault) = self.refused(left, right, "bools", false) {
                    return Err(fault);
                }
                Ok(Computed::BOOL.optional_if(optional))
            }
            Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le => {
                if let Some(fault) = self.refused(left, right, "numbers", true) {
                    return Err(fault);
                }
                Ok(Computed::BOOL.optional_if(optional))
            }
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Rem
            | Binary::FloorDiv => {
                if let Some(fault) = self.refused(left, right, "numbers", true) {
                    return Err(fault);
                }
                // Null leaves it to the other side.
                let whole = match (left.1.is_null(), right.1.is_null()) {
                    (true, true) => false,
                    (true, false) => right.1.is_whole(),
                    (false, true) => left.1.is_whole(),
                    (false, false) => left.1.is_whole() && right.1.is_whole(),
                } && !matches!(self, Binary::Div);
                let number = if whole {
                    Computed::INT
                } else {
                    Computed::FLOAT
                };
                Ok(number.optional_if(optional))
            }
        }
    }

    /// The operand that is no number (or bool), if there is one.
    const fn refused<'a>(
        self,
        left: (&Expr<'a>, Computed<'a>),
        right: (&Expr<'a>, Computed<'a>),
        needs: &str,
        numbers: bool,
    ) -> Option<super::Fault> {
        let left_fits = if numbers {
            left.1.is_number()
        } else {
            left.1.is_bool()
        };
        let right_fits = if numbers {
            right.1.is_number()
        } else {
            right.1.is_bool()
        };
        let (at, (operand, ty)) = match (left_fits, right_fits) {
            (true, true) => return None,
            (false, _) => (1, left),
            (true, false) => (1 + left.0.size(), right),
        };
        let message = Message::new("")
            .name(self.text())
            .text(" needs ")
            .text(needs);
        let texts = left.1.is_text() && right.1.is_text();
        let message = but(message, operand, &ty).text(self.hint(operand, &ty, texts));
        Some(super::Fault::new(message).within(at))
    }

    /// What to write instead, where there is something.
    const fn hint(self, operand: &Expr<'_>, ty: &Computed<'_>, texts: bool) -> &'static str {
        let base = ty.required().base();
        match (self, base) {
            (Binary::Add, Some(Type::String)) if texts => advice::JOIN_TEXTS,
            (Binary::Sub, Some(Type::Timestamp)) => advice::TIME_BETWEEN,
            (Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le, Some(Type::Timestamp)) => {
                advice::COMPARE_INSTANTS
            }
            (Binary::And | Binary::Or, _) => Needed::Bool.of(operand, ty),
            (Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le, Some(Type::String)) if texts => {
                advice::TEXTS_HAVE_NO_ORDER
            }
            (Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le, Some(Type::Date)) => {
                advice::DATES_HAVE_NO_ORDER
            }
            _ => Needed::Number.of(operand, ty),
        }
    }
}

/// How two types can be compared after all, as the end of a message.
const fn uncomparable(a: &Computed<'_>, b: &Computed<'_>) -> &'static str {
    let (a, b) = (a.required(), b.required());
    match (a.base(), b.base()) {
        (Some(Type::Timestamp), Some(Type::String))
        | (Some(Type::String), Some(Type::Timestamp)) => advice::INSTANT_LITERAL,
        (Some(Type::Decimal { .. }), Some(Type::Int | Type::Float | Type::String))
        | (Some(Type::Int | Type::Float | Type::String), Some(Type::Decimal { .. })) => {
            advice::DECIMAL_LITERAL
        }
        (Some(Type::Date), Some(Type::String)) | (Some(Type::String), Some(Type::Date)) => {
            advice::DATE_LITERAL
        }
        (Some(Type::Bool), Some(_)) | (Some(_), Some(Type::Bool)) => advice::BOOL_ITSELF,
        (Some(Type::Int | Type::Float), Some(Type::String)) => advice::LEFT_TO_TEXT,
        (Some(Type::String), Some(Type::Int | Type::Float)) => advice::RIGHT_TO_TEXT,
        _ => "",
    }
}

/// Appends what the operand is instead.
pub(crate) const fn but(message: Message, operand: &Expr<'_>, ty: &Computed<'_>) -> Message {
    match operand.as_name() {
        Some(name) => message.text(", and ").name(name),
        None => message.text(", and this"),
    }
    .text(" is ")
    .computed(ty)
}
