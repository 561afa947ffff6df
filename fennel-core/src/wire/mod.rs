//! Fennel's wire protocol: a catalog as a `SyncRequest`, and back.
//!
//! [`encode`] sends what the public Python client sends for the same definitions, and
//! [`decode`] reads what either of us sends. Descriptors that were decoded borrow from an arena
//! that lives as long as the commit is looked at.

use bumpalo::Bump;

use crate::expr::wire::Reader;
use crate::expr::{Expr, Scope};
use crate::ty::{Computed, Type};

mod arena;
mod decode;
mod derived;
mod encode;
mod expectation;
mod extractor;
mod incoming;
pub(crate) mod json_text;
mod lambda;
mod names;
pub(crate) mod native;
mod pipeline;
pub mod proto;
pub(crate) mod python;
mod sink;
mod source;
pub(crate) mod time;
pub(crate) mod types;

pub(crate) use arena::{Arena, Decoded};
pub(crate) use time::{read_duration as decode_duration, write_duration as encode_duration};

pub use decode::decode;
pub use encode::{encode, encode_with};
pub use native::is_native;

/// The message of an expression that has been typed in `scope`.
#[must_use]
pub fn encode_expr(expr: &Expr<'_>, scope: &Scope<'_, '_>) -> proto::expression::Expr {
    crate::expr::wire::encode(expr, scope)
}

/// The expression of a message. It borrows from `arena`.
///
/// # Errors
///
/// What in the message is malformed, as a clause.
pub fn decode_expr<'a>(
    arena: &'a Bump,
    message: &proto::expression::Expr,
) -> Result<Expr<'a>, String> {
    Reader::new(Arena::new(arena)).expr(Some(message))
}

/// The message of a computed type.
#[must_use]
pub fn encode_type(ty: Computed<'_>) -> proto::schema::DataType {
    crate::expr::wire::encode_type(ty)
}

/// The column type of a message. It borrows from `arena`.
///
/// # Errors
///
/// What in the message is malformed, as a clause.
pub fn decode_type<'a>(
    arena: &'a Bump,
    message: &proto::schema::DataType,
) -> Result<Type<'a>, String> {
    types::decode(Arena::new(arena), Some(message))
}
