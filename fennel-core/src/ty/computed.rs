//! Types that const code computes.
//!
//! A [`Type`] borrows what it wraps, and a `const fn` has nowhere to put a `Vec<T>` that it has just
//! made of a `T`. So a computed type counts its outermost wrappers and borrows only what a
//! definition wrote.

use super::{Between, Bound, Record, Type};
use crate::message::Message;
use crate::text::eq;

/// The most wrappers (`Option`, `Vec`, map) around one type.
pub const MAX_NESTING: u32 = 16;

/// The type of an expression or of a column in a pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Computed<'a> {
    /// Two bits a wrapper, the outermost in the lowest bits.
    wrappers: u32,
    depth: u32,
    /// What is wrapped; `None` where only null is known of it.
    core: Option<Type<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    Optional = 1,
    List = 2,
    Map = 3,
}

impl<'a> Computed<'a> {
    /// The type of null: an option of nothing known.
    pub const NULL: Computed<'static> = Computed {
        wrappers: Wrapper::Optional as u32,
        depth: 1,
        core: None,
    };
    /// A type that is not known since something before it is wrong; whatever is done with it is
    /// taken to be right, so that one mistake is one error.
    pub const UNKNOWN: Computed<'static> = Computed {
        wrappers: 0,
        depth: 0,
        core: None,
    };
    /// `bool`.
    pub const BOOL: Computed<'static> = Computed::scalar(Type::Bool);
    /// `i64`.
    pub const INT: Computed<'static> = Computed::scalar(Type::Int);
    /// `f64`.
    pub const FLOAT: Computed<'static> = Computed::scalar(Type::Float);
    /// `String`.
    pub const STRING: Computed<'static> = Computed::scalar(Type::String);
    /// `DateTime<Utc>`.
    pub const TIMESTAMP: Computed<'static> = Computed::scalar(Type::Timestamp);

    /// The window of a group: `Window`.
    pub const WINDOW: Computed<'static> = Computed::scalar(Type::Record(&super::window::RECORD));

    const fn scalar(ty: Type<'a>) -> Self {
        Computed {
            wrappers: 0,
            depth: 0,
            core: Some(ty),
        }
    }

    /// A type as a definition wrote it. What is nested deeper than [`MAX_NESTING`] stays as it was
    /// written.
    #[must_use]
    pub const fn of(ty: &Type<'a>) -> Self {
        let mut computed = Computed::scalar(*ty);
        while computed.depth < MAX_NESTING {
            let (wrapper, inner) = match computed.core {
                Some(Type::Optional(inner)) => (Wrapper::Optional, inner),
                Some(Type::List(inner)) => (Wrapper::List, inner),
                Some(Type::Map(inner)) => (Wrapper::Map, inner),
                _ => return computed,
            };
            computed.wrappers |= (wrapper as u32) << (2 * computed.depth);
            computed.depth += 1;
            computed.core = Some(*inner);
        }
        computed
    }

    const fn outermost(&self) -> Option<Wrapper> {
        match self.wrappers & 3 {
            1 => Some(Wrapper::Optional),
            2 => Some(Wrapper::List),
            3 => Some(Wrapper::Map),
            _ => None,
        }
    }

    const fn unwrapped(self) -> Self {
        Computed {
            wrappers: self.wrappers >> 2,
            depth: self.depth.saturating_sub(1),
            core: self.core,
        }
    }

    const fn wrapped(self, wrapper: Wrapper) -> Option<Self> {
        if self.depth >= MAX_NESTING {
            return None;
        }
        Some(Computed {
            wrappers: (self.wrappers << 2) | wrapper as u32,
            depth: self.depth + 1,
            core: self.core,
        })
    }

    /// Whether null is a value of it.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        matches!(self.outermost(), Some(Wrapper::Optional))
    }

    /// Whether it is the type of null alone.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        self.core.is_none() && self.depth == 1 && self.is_optional()
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.core.is_none() && !self.is_null()
    }

    /// Whether it is an `i64` or `f64`, restricted or optional ones too.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        self.is_unknown()
            || self.is_null()
            || matches!(self.required().base(), Some(Type::Int | Type::Float))
    }

    /// Whether it is an `i64`, restricted or optional ones too.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self.required().base(), Some(Type::Int))
    }

    /// Whether it is a `bool` or an optional one.
    #[must_use]
    pub const fn is_bool(&self) -> bool {
        self.is_unknown() || self.is_null() || matches!(self.required().base(), Some(Type::Bool))
    }

    /// Whether it is a `String`, restricted or optional ones too.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.is_unknown() || self.is_null() || matches!(self.required().base(), Some(Type::String))
    }

    /// An option of it; itself where it is one.
    #[must_use]
    pub const fn optional(self) -> Self {
        if self.is_optional() {
            return self;
        }
        match self.wrapped(Wrapper::Optional) {
            Some(optional) => optional,
            None => self,
        }
    }

    /// An option of it if `optional`, else itself.
    #[must_use]
    pub const fn optional_if(self, optional: bool) -> Self {
        if optional { self.optional() } else { self }
    }

    /// The type without its `Option`.
    #[must_use]
    pub const fn required(self) -> Self {
        if self.is_optional() {
            self.unwrapped()
        } else {
            self
        }
    }

    /// A list of it; `None` where that is nested too deep.
    #[must_use]
    pub const fn list(self) -> Option<Self> {
        self.wrapped(Wrapper::List)
    }

    /// The elements' type of a list or an embedding.
    #[must_use]
    pub const fn element(self) -> Option<Self> {
        match (self.outermost(), self.core) {
            (Some(Wrapper::List), _) => Some(self.unwrapped()),
            (None, Some(Type::Embedding { .. })) => Some(Computed::FLOAT),
            _ => None,
        }
    }

    /// Whether it is a `Vec`, which an embedding is not.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self.outermost(), Some(Wrapper::List))
    }

    /// The values' type of a map.
    #[must_use]
    pub const fn map_value(self) -> Option<Self> {
        match self.outermost() {
            Some(Wrapper::Map) => Some(self.unwrapped()),
            _ => None,
        }
    }

    /// The record that it is.
    #[must_use]
    pub const fn record(self) -> Option<&'a Record<'a>> {
        match (self.outermost(), self.core) {
            (None, Some(Type::Record(record))) => Some(record),
            _ => None,
        }
    }

    /// What it is where nothing wraps it.
    #[must_use]
    pub const fn as_scalar(self) -> Option<Type<'a>> {
        match self.outermost() {
            None => self.core,
            Some(_) => None,
        }
    }

    /// The scalar without its restriction: an `i64` within bounds is an `i64`.
    #[must_use]
    pub const fn base(self) -> Option<Type<'a>> {
        match self.as_scalar() {
            Some(ty) => Some(ty.unrestricted()),
            None => None,
        }
    }

    /// Without the restriction of its scalar, if it is one.
    #[must_use]
    pub const fn unrestricted(self) -> Self {
        match self.base() {
            Some(base) => Computed::scalar(base),
            None => self,
        }
    }

    /// Whether it is exactly the type that a definition wrote.
    #[must_use]
    pub const fn is(&self, ty: &Type<'_>) -> bool {
        self.same(&Computed::of(ty))
    }

    /// Whether two are the same, restrictions and scales included.
    #[must_use]
    pub const fn same(&self, other: &Computed<'_>) -> bool {
        if self.wrappers != other.wrappers || self.depth != other.depth {
            return false;
        }
        match (&self.core, &other.core) {
            (Some(a), Some(b)) => a.is(b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether the two have one base: equal, or equal without restrictions.
    #[must_use]
    pub const fn same_base(&self, other: &Computed<'_>) -> bool {
        self.same(other) || self.unrestricted().same(&other.unrestricted())
    }

    /// Whether its values have exact equality, so that they can be told apart and counted.
    #[must_use]
    pub const fn is_hashable(&self) -> bool {
        match self.core {
            Some(Type::Float | Type::Embedding { .. } | Type::Map(_)) => false,
            Some(Type::Between(Between {
                min: Bound::Float(_),
                ..
            })) => false,
            Some(Type::Record(record)) => {
                let mut i = 0;
                while i < record.fields.len() {
                    if !Computed::of(&record.fields[i].ty).is_hashable() {
                        return false;
                    }
                    i += 1;
                }
                true
            }
            _ => !self.has_map(),
        }
    }

    const fn has_map(&self) -> bool {
        let mut rest = self.wrappers;
        while rest != 0 {
            if rest & 3 == Wrapper::Map as u32 {
                return true;
            }
            rest >>= 2;
        }
        false
    }

    /// Whether each value of it is one of `to` as it is: an option takes what it wraps, `f64` takes
    /// `i64`, a record takes one with the same fields, each promotable.
    #[must_use]
    pub const fn promotes_to(&self, to: &Computed<'_>) -> bool {
        if self.is_unknown() || to.is_unknown() {
            return true;
        }
        if self.is_null() {
            return to.is_optional();
        }
        if self.same_base(to) {
            return match to.as_scalar() {
                // A restriction is not there for free.
                Some(
                    Type::Between(_) | Type::OneOfInt(_) | Type::OneOfString(_) | Type::Regex(_),
                ) => self.same(to),
                _ => true,
            };
        }
        if to.is_optional() {
            return self.required().promotes_to(&to.required());
        }
        if matches!(
            (self.as_scalar(), to.as_scalar()),
            (Some(Type::Int), Some(Type::Float))
        ) {
            return true;
        }
        match (self.record(), to.record()) {
            (Some(a), Some(b)) => record_promotes(a, b),
            _ => false,
        }
    }

    /// Whether an expression of this type can be declared `ty`: promotable, or a plain value where a
    /// restricted one is declared.
    #[must_use]
    pub const fn matches(&self, ty: &Type<'_>) -> bool {
        self.can_be(&Computed::of(ty))
    }

    /// The same of a computed type.
    #[must_use]
    pub const fn can_be(&self, to: &Computed<'_>) -> bool {
        if self.promotes_to(to) {
            return true;
        }
        match to.as_scalar() {
            Some(Type::Between(_) | Type::OneOfInt(_) | Type::OneOfString(_) | Type::Regex(_)) => {
                self.same_base(to)
            }
            _ => false,
        }
    }

    /// The least type that both are promotable to.
    #[must_use]
    pub const fn common(self, other: Computed<'a>) -> Option<Computed<'a>> {
        if self.is_unknown() || other.is_unknown() {
            return Some(Computed::UNKNOWN);
        }
        if self.is_null() {
            return Some(other.optional());
        }
        if other.is_null() {
            return Some(self.optional());
        }
        let optional = self.is_optional() || other.is_optional();
        let (a, b) = (
            self.required().unrestricted(),
            other.required().unrestricted(),
        );
        if a.same(&b) {
            // Both restricted alike stay so.
            let kept = if self.required().same(&other.required()) && optional {
                self.required()
            } else {
                a
            };
            return Some(kept.optional_if(optional));
        }
        match (a.as_scalar(), b.as_scalar()) {
            (Some(Type::Int), Some(Type::Float)) | (Some(Type::Float), Some(Type::Int)) => {
                Some(Computed::FLOAT.optional_if(optional))
            }
            _ => None,
        }
    }

    /// Appends the type as Rust writes it.
    pub(crate) const fn write(&self, to: Message) -> Message {
        let inner = self.unwrapped();
        match self.outermost() {
            Some(Wrapper::Optional) if self.is_null() => to.text("null"),
            Some(Wrapper::Optional) => inner.write(to.text("Option<")).text(">"),
            Some(Wrapper::List) => inner.write(to.text("Vec<")).text(">"),
            Some(Wrapper::Map) => inner.write(to.text("BTreeMap<String, ")).text(">"),
            None => match &self.core {
                Some(ty) => ty.write(to),
                None => to.text("_"),
            },
        }
    }

    /// Takes it apart for code that has a heap: what wraps, and what is wrapped.
    #[must_use]
    pub fn parts(self) -> Parts<'a> {
        let inner = self.unwrapped();
        match self.outermost() {
            Some(Wrapper::Optional) => Parts::Optional(inner),
            Some(Wrapper::List) => Parts::List(inner),
            Some(Wrapper::Map) => Parts::Map(inner),
            None => self.core.map_or(Parts::Unknown, Parts::Plain),
        }
    }
}

/// One level of a [`Computed`] type.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// An option of that.
    Optional(Computed<'a>),
    /// A list of that.
    List(Computed<'a>),
    /// A map to that.
    Map(Computed<'a>),
    /// A type as a definition wrote it.
    Plain(Type<'a>),
    /// Nothing is known of it.
    Unknown,
}

const fn record_promotes(from: &Record<'_>, to: &Record<'_>) -> bool {
    if from.fields.len() != to.fields.len() {
        return false;
    }
    let mut i = 0;
    while i < from.fields.len() {
        let mut found = false;
        let mut j = 0;
        while j < to.fields.len() {
            if eq(from.fields[i].name, to.fields[j].name) {
                found =
                    Computed::of(&from.fields[i].ty).promotes_to(&Computed::of(&to.fields[j].ty));
            }
            j += 1;
        }
        if !found {
            return false;
        }
        i += 1;
    }
    true
}

impl core::fmt::Display for Computed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.parts() {
            Parts::Optional(_) if self.is_null() => f.write_str("null"),
            Parts::Optional(inner) => write!(f, "Option<{inner}>"),
            Parts::List(inner) => write!(f, "Vec<{inner}>"),
            Parts::Map(inner) => write!(f, "BTreeMap<String, {inner}>"),
            Parts::Plain(ty) => write!(f, "{ty}"),
            Parts::Unknown => f.write_str("_"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONAL_INT: Type<'static> = Type::Optional(&Type::Int);
    const LIST: Type<'static> = Type::List(&OPTIONAL_INT);

    fn of(ty: &Type<'static>) -> Computed<'static> {
        Computed::of(ty)
    }

    #[test]
    fn wrappers_come_off_as_they_went_on() {
        let list = of(&LIST);
        assert_eq!(list.to_string(), "Vec<Option<i64>>");
        assert!(list.is(&LIST) && !list.is(&OPTIONAL_INT));
        assert!(
            list.element()
                .is_some_and(|element| element.is(&OPTIONAL_INT))
        );
        let lists = list.list().expect("not too deep").optional();
        assert_eq!(lists.to_string(), "Option<Vec<Vec<Option<i64>>>>");
        assert!(
            lists
                .required()
                .element()
                .is_some_and(|inner| inner.same(&list))
        );
        assert_eq!(Computed::NULL.to_string(), "null");
    }

    #[test]
    fn promotion_is_the_documented_matrix() {
        let between = Type::Between(Between {
            min: Bound::Int(0),
            max: Bound::Int(9),
            strict_min: false,
            strict_max: false,
        });
        let matches = |from: Computed<'_>, to: &Type<'_>| from.matches(to);
        assert!(matches(Computed::INT, &Type::Float));
        assert!(matches(Computed::INT, &Type::Optional(&Type::Float)));
        assert!(matches(Computed::INT, &between));
        assert!(matches(of(&OPTIONAL_INT), &Type::Optional(&Type::Float)));
        assert!(!matches(of(&OPTIONAL_INT), &between));
        assert!(!matches(of(&OPTIONAL_INT), &Type::Int));
        assert!(!matches(Computed::FLOAT, &Type::Int));
        assert!(matches(Computed::STRING, &Type::Regex("a")));
        assert!(matches(Computed::of(&between), &Type::Int));
        assert!(!matches(Computed::of(&between), &Type::Float));
        assert!(matches(Computed::NULL, &LIST) == LIST.is_optional());
        assert!(matches(Computed::NULL, &OPTIONAL_INT));
    }

    #[test]
    fn the_common_type_widens_and_takes_nulls() {
        let common = |a: Computed<'static>, b: Computed<'static>| {
            a.common(b).map(|common| common.to_string())
        };
        assert_eq!(
            common(Computed::INT, Computed::FLOAT).as_deref(),
            Some("f64")
        );
        assert_eq!(
            common(of(&OPTIONAL_INT), Computed::FLOAT).as_deref(),
            Some("Option<f64>")
        );
        assert_eq!(
            common(Computed::NULL, Computed::STRING).as_deref(),
            Some("Option<String>")
        );
        assert_eq!(
            common(Computed::NULL, Computed::NULL).as_deref(),
            Some("null")
        );
        assert_eq!(common(Computed::INT, Computed::STRING), None);
    }
}
