//! What is wrong with an expression, and with which part of it.

use crate::message::Message;
use crate::ty::Computed;

/// A type, or why there is none.
pub type Typed<'a> = Result<Computed<'a>, Fault>;

/// What is wrong with one part of an expression.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The part, as [`Expr::size`](super::Expr::size) counts them: 0 is the whole.
    pub at: usize,
    /// What is wrong and what to do.
    pub message: Message,
}

impl Fault {
    /// Something is wrong with the whole.
    #[must_use]
    pub const fn new(message: Message) -> Self {
        Fault { at: 0, message }
    }

    /// The same fault, seen from an expression that has the faulty one `offset` nodes further.
    #[must_use]
    pub const fn within(self, offset: usize) -> Self {
        Fault {
            at: self.at + offset,
            message: self.message,
        }
    }
}

/// What a check of one expression found, for the macro's arms.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The node that is wrong, counted from 1 on; 0 where nothing is.
    pub at: u32,
    message: Message,
}

impl Found {
    /// What the check of an expression found.
    #[must_use]
    pub const fn of(checked: &Result<(), Fault>) -> Self {
        match checked {
            Ok(()) => Found {
                at: 0,
                message: Message::new(""),
            },
            Err(fault) => Found {
                at: fault.at as u32 + 1,
                message: fault.message,
            },
        }
    }
}

/// Turns what was found into a compile error at the caller's token.
///
/// # Panics
///
/// Always; it is called in `const _: () = ..` only, for what was found.
#[track_caller]
pub const fn raise(found: &Found) {
    panic!("{}", found.message.as_str());
}

/// `?` for a part's type: its fault, `offset` nodes further.
macro_rules! part {
    ($offset:expr, $typed:expr) => {
        match $typed {
            Ok(value) => value,
            Err(fault) => return Err(fault.within($offset)),
        }
    };
}
pub(crate) use part;

/// `return` a fault of the whole.
macro_rules! fault {
    ($message:expr) => {
        return Err($crate::expr::Fault::new($message))
    };
}
pub(crate) use fault;
