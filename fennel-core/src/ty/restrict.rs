//! Restrictions that an attribute puts on a field: `#[between]`, `#[one_of]`, `#[regex]`.
//!
//! A restriction narrows the innermost scalar of the field's type: `#[regex("[A-Z]{3}")]` on a
//! `Vec<Option<String>>` makes it a list of optional texts that match.

use std::collections::{BTreeMap, HashMap};

use super::{Bound, DataType, Type};
use crate::message::{Check, Message, ensure};

/// A restriction, named by a type so that it can reach into generic ones.
pub trait Restriction {
    /// The restricted scalar.
    const TYPE: Type<'static>;
}

/// A column type whose innermost scalar can be restricted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be restricted",
    label = "`between` needs `i64` or `f64`, `one_of` needs `i64` or `String`, `regex` needs `String`"
)]
pub trait Restrict<R: Restriction>: DataType {
    /// The column's type with the restriction in place. [`check_restriction`] tells whether it is one
    /// of this scalar at all.
    const RESTRICTED: Type<'static>;
}

impl<R: Restriction> Restrict<R> for i64 {
    const RESTRICTED: Type<'static> = R::TYPE;
}

impl<R: Restriction> Restrict<R> for f64 {
    const RESTRICTED: Type<'static> = R::TYPE;
}

impl<R: Restriction> Restrict<R> for String {
    const RESTRICTED: Type<'static> = R::TYPE;
}

impl<R: Restriction, T: Restrict<R>> Restrict<R> for Option<T> {
    const RESTRICTED: Type<'static> = Type::Optional(&T::RESTRICTED);
}

impl<R: Restriction, T: Restrict<R>> Restrict<R> for Vec<T> {
    const RESTRICTED: Type<'static> = Type::List(&T::RESTRICTED);
}

impl<R: Restriction, T: Restrict<R>> Restrict<R> for BTreeMap<String, T> {
    const RESTRICTED: Type<'static> = Type::Map(&T::RESTRICTED);
}

impl<R: Restriction, T: Restrict<R>> Restrict<R> for HashMap<String, T> {
    const RESTRICTED: Type<'static> = Type::Map(&T::RESTRICTED);
}

/// Checks that a restriction allows something, and that it is one of the field's scalar.
///
/// # Errors
///
/// The restriction is malformed, or of another type.
pub const fn check_restriction(restricted: &Type<'_>, bare: &Type<'_>) -> Check {
    ensure!(restricted.innermost().check());
    if restricted.restriction_fits(bare) {
        return Ok(());
    }
    Err(Message::new("")
        .ty(restricted)
        .text(" doesn't restrict ")
        .ty(bare)
        .text(": the bounds and options have the column's own type"))
}

/// The restricted type, or the bare one where [`check_restriction`] refuses the restriction: so that
/// its mistake is reported once, and not again by each check that meets the type.
#[must_use]
pub const fn restricted_or_bare<'a>(restricted: Type<'a>, bare: Type<'a>) -> Type<'a> {
    match check_restriction(&restricted, &bare) {
        Ok(()) => restricted,
        Err(_) => bare,
    }
}

impl<'a> Type<'a> {
    /// What stands inside all options, lists and maps.
    const fn innermost(&self) -> &Type<'a> {
        let mut ty = self;
        while let Type::Optional(inner) | Type::List(inner) | Type::Map(inner) = ty {
            ty = inner;
        }
        ty
    }

    /// Whether a restricted type stands where its base type does: the restriction of an `i64` is
    /// one of whole numbers, and so on down the nesting.
    #[must_use]
    pub const fn restriction_fits(&self, bare: &Type<'_>) -> bool {
        match (self, bare) {
            (Type::Optional(a), Type::Optional(b))
            | (Type::List(a), Type::List(b))
            | (Type::Map(a), Type::Map(b)) => a.restriction_fits(b),
            (Type::Between(between), Type::Int) => matches!(between.min, Bound::Int(_)),
            (Type::Between(between), Type::Float) => matches!(between.min, Bound::Float(_)),
            (Type::OneOfInt(_), Type::Int)
            | (Type::OneOfString(_) | Type::Regex(_), Type::String) => true,
            _ => self.is(bare),
        }
    }
}
