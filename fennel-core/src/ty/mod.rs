//! Column types.
//!
//! A [`Type`] is const data that borrows: a macro emits a `'static` one, a type read from the wire
//! borrows from the arena of its commit. [`DataType`] is the trait of the Rust types that can be
//! columns.

mod column;
mod computed;
mod decimal;
mod embedding;
mod restrict;
mod short;
mod window;

use core::fmt;

pub use column::DataType;
pub use computed::{Computed, MAX_NESTING, Parts};
pub use decimal::Decimal;
pub use embedding::Embedding;
pub use restrict::{Restrict, Restriction, check_restriction, restricted_or_bare};
pub use window::Window;

use crate::message::{Check, Message, check_name, ensure};
use crate::text::eq;
use crate::ty::short::Short;

/// The type of a column, a feature, or something nested in one.
#[derive(Clone, Copy, Debug)]
pub enum Type<'a> {
    /// `bool`.
    Bool,
    /// `i64`.
    Int,
    /// `f64`.
    Float,
    /// `String`.
    String,
    /// `Vec<u8>`.
    Bytes,
    /// `DateTime<Utc>`, to the microsecond.
    Timestamp,
    /// `NaiveDate`.
    Date,
    /// `Decimal<SCALE>`: up to 28 digits, `scale` of them behind the point.
    Decimal {
        /// Digits behind the point, 1 to 28.
        scale: u32,
    },
    /// `Embedding<DIM>`: exactly `dim` floats.
    Embedding {
        /// How many floats, at least 1.
        dim: u32,
    },
    /// `Option<T>`: a value or null.
    Optional(&'a Type<'a>),
    /// `Vec<T>`.
    List(&'a Type<'a>),
    /// `BTreeMap<String, T>`: a map with text keys.
    Map(&'a Type<'a>),
    /// A struct that derives `Record`.
    Record(&'a Record<'a>),
    /// A number within bounds.
    Between(Between),
    /// One of a closed set of whole numbers.
    OneOfInt(&'a [i64]),
    /// One of a closed set of texts.
    OneOfString(&'a [&'a str]),
    /// A text that a regular expression matches as a whole.
    Regex(&'a str),
}

/// A named group of fields, as `#[derive(Record)]` describes it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The struct's name.
    pub name: &'a str,
    /// Its fields, in the order of their declaration.
    pub fields: &'a [RecordField<'a>],
}

/// One field of a [`Record`].
#[derive(Clone, Copy, Debug)]
pub struct RecordField<'a> {
    /// The field's name.
    pub name: &'a str,
    /// Its type.
    pub ty: Type<'a>,
}

/// The bounds of a restricted number.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// The lower bound.
    pub min: Bound,
    /// The upper bound, of the same kind as the lower one.
    pub max: Bound,
    /// Whether the lower bound itself is out.
    pub strict_min: bool,
    /// Whether the upper bound itself is out.
    pub strict_max: bool,
}

/// A bound of [`Between`], of the type that it restricts.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Bounds an `i64`.
    Int(i64),
    /// Bounds an `f64`.
    Float(f64),
}

impl<'a> Type<'a> {
    /// Whether null is a value of this type.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_))
    }

    /// The type without its `Option`.
    #[must_use]
    pub const fn required(&self) -> Type<'a> {
        match self {
            Type::Optional(inner) => **inner,
            other => *other,
        }
    }

    /// The type without its own restriction: an `i64` within bounds is an `i64`.
    #[must_use]
    pub const fn unrestricted(&self) -> Type<'a> {
        match self {
            Type::Between(Between {
                min: Bound::Int(_), ..
            })
            | Type::OneOfInt(_) => Type::Int,
            Type::Between(_) => Type::Float,
            Type::OneOfString(_) | Type::Regex(_) => Type::String,
            other => *other,
        }
    }

    /// Whether values of two types are one type in Rust: restrictions are for values alone.
    #[must_use]
    pub const fn is_as_value(&self, other: &Type<'_>) -> bool {
        match (self, other) {
            (Type::Optional(a), Type::Optional(b))
            | (Type::List(a), Type::List(b))
            | (Type::Map(a), Type::Map(b)) => a.is_as_value(b),
            _ => self.unrestricted().is(&other.unrestricted()),
        }
    }

    /// Whether two types are the same: no widening, restrictions and scales included. Records are
    /// the same if their names and fields are, in any order of the fields.
    #[must_use]
    pub const fn is(&self, other: &Type<'_>) -> bool {
        match (self, other) {
            (Type::Bool, Type::Bool)
            | (Type::Int, Type::Int)
            | (Type::Float, Type::Float)
            | (Type::String, Type::String)
            | (Type::Bytes, Type::Bytes)
            | (Type::Timestamp, Type::Timestamp)
            | (Type::Date, Type::Date) => true,
            (Type::Decimal { scale: a }, Type::Decimal { scale: b }) => *a == *b,
            (Type::Embedding { dim: a }, Type::Embedding { dim: b }) => *a == *b,
            (Type::Optional(a), Type::Optional(b))
            | (Type::List(a), Type::List(b))
            | (Type::Map(a), Type::Map(b)) => a.is(b),
            (Type::Record(a), Type::Record(b)) => a.is(b),
            (Type::Between(a), Type::Between(b)) => a.is(b),
            (Type::OneOfInt(a), Type::OneOfInt(b)) => same_ints(a, b),
            (Type::OneOfString(a), Type::OneOfString(b)) => same_texts(a, b),
            (Type::Regex(a), Type::Regex(b)) => eq(a, b),
            _ => false,
        }
    }

    /// Whether values of this type can be a key: what has exact equality.
    #[must_use]
    pub const fn can_be_key(&self) -> bool {
        match self {
            Type::Bool
            | Type::Int
            | Type::String
            | Type::Bytes
            | Type::Timestamp
            | Type::Date
            | Type::Decimal { .. }
            | Type::OneOfInt(_)
            | Type::OneOfString(_)
            | Type::Regex(_)
            | Type::Between(Between {
                min: Bound::Int(_), ..
            }) => true,
            Type::List(element) => element.can_be_key(),
            Type::Float
            | Type::Embedding { .. }
            | Type::Optional(_)
            | Type::Map(_)
            | Type::Between(_) => false,
            Type::Record(_) => self.is_window(),
        }
    }

    /// Checks what the Rust type alone can't rule out: scales, dimensions, bounds, options.
    ///
    /// # Errors
    ///
    /// A clause that says what is wrong with the type.
    pub const fn check(&self) -> Check {
        match self {
            Type::Decimal { scale: 0 } => Err(Message::new(
                "a decimal without digits behind the point is a whole number: use `i64`",
            )),
            Type::Decimal { scale } if *scale > 28 => {
                Err(Message::new("a decimal's scale is 1 to 28, not ").int(*scale as i64))
            }
            Type::Embedding { dim: 0 } => {
                Err(Message::new("an embedding has at least one dimension"))
            }
            Type::Optional(Type::Optional(_)) => Err(Message::new(
                "an `Option` of an `Option` has one null too many: write `Option<T>`",
            )),
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => inner.check(),
            Type::Record(record) => record.check(),
            Type::Between(between) => between.check(),
            Type::OneOfInt(options) => {
                let mut i = 0;
                while i < options.len() {
                    let mut j = 0;
                    while j < i {
                        if options[i] == options[j] {
                            return Err(Message::new("`one_of` lists ")
                                .int(options[i])
                                .text(" twice"));
                        }
                        j += 1;
                    }
                    i += 1;
                }
                some_options(options.len())
            }
            Type::OneOfString(options) => {
                let mut i = 0;
                while i < options.len() {
                    let mut j = 0;
                    while j < i {
                        if eq(options[i], options[j]) {
                            return Err(Message::new("`one_of` lists ")
                                .name(options[i])
                                .text(" twice"));
                        }
                        j += 1;
                    }
                    i += 1;
                }
                some_options(options.len())
            }
            _ => Ok(()),
        }
    }

    /// Appends the type as Rust writes it, a restricted one as its attribute with the base first:
    /// `between(i64, 0..=100)`. It is what `Display` writes, but that a record is its name alone and
    /// long lists of options are cut.
    pub(crate) const fn write(&self, to: Message) -> Message {
        match self {
            Type::Bool => to.text("bool"),
            Type::Int => to.text("i64"),
            Type::Float => to.text("f64"),
            Type::String => to.text("String"),
            Type::Bytes => to.text("Vec<u8>"),
            Type::Timestamp => to.text("DateTime<Utc>"),
            Type::Date => to.text("NaiveDate"),
            Type::Decimal { scale } => to.text("Decimal<").int(*scale as i64).text(">"),
            Type::Embedding { dim } => to.text("Embedding<").int(*dim as i64).text(">"),
            Type::Optional(inner) => inner.write(to.text("Option<")).text(">"),
            Type::List(inner) => inner.write(to.text("Vec<")).text(">"),
            Type::Map(inner) => inner.write(to.text("BTreeMap<String, ")).text(">"),
            Type::Record(record) => to.text(record.name),
            Type::Between(between) => between.write(to),
            Type::OneOfInt(options) => {
                let mut to = to.text("one_of(i64");
                let mut i = 0;
                while i < options.len() && i < SHOWN_OPTIONS {
                    to = to.text(", ").int(options[i]);
                    i += 1;
                }
                close_options(to, options.len())
            }
            Type::OneOfString(options) => {
                let mut to = to.text("one_of(String");
                let mut i = 0;
                while i < options.len() && i < SHOWN_OPTIONS {
                    to = to.text(", ").quoted(options[i]);
                    i += 1;
                }
                close_options(to, options.len())
            }
            Type::Regex(pattern) => to.text("regex(String, ").quoted(pattern).text(")"),
        }
    }
}

/// How many options of a `one_of` a message shows.
const SHOWN_OPTIONS: usize = 6;

const fn close_options(to: Message, count: usize) -> Message {
    if count > SHOWN_OPTIONS {
        to.text(", and ")
            .int((count - SHOWN_OPTIONS) as i64)
            .text(" more)")
    } else {
        to.text(")")
    }
}

const fn some_options(count: usize) -> Check {
    if count == 0 {
        return Err(Message::new("`one_of` needs at least one option"));
    }
    Ok(())
}

const fn same_ints(a: &[i64], b: &[i64]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn same_texts(a: &[&str], b: &[&str]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if !eq(a[i], b[i]) {
            return false;
        }
        i += 1;
    }
    true
}

impl<'a> Record<'a> {
    /// The type of the field of that name.
    pub(crate) const fn field(&self, name: &str) -> Option<Type<'a>> {
        let mut i = 0;
        while i < self.fields.len() {
            if eq(self.fields[i].name, name) {
                return Some(self.fields[i].ty);
            }
            i += 1;
        }
        None
    }

    const fn is(&self, other: &Record<'_>) -> bool {
        if self.fields.len() != other.fields.len() || !eq(self.name, other.name) {
            return false;
        }
        let mut i = 0;
        while i < self.fields.len() {
            let mut found = false;
            let mut j = 0;
            while j < other.fields.len() {
                if eq(self.fields[i].name, other.fields[j].name) {
                    found = self.fields[i].ty.is(&other.fields[j].ty);
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

    const fn check(&self) -> Check {
        ensure!(check_name(self.name));
        let mut i = 0;
        while i < self.fields.len() {
            ensure!(check_name(self.fields[i].name));
            let mut j = 0;
            while j < i {
                if eq(self.fields[i].name, self.fields[j].name) {
                    return Err(Message::new("record ")
                        .name(self.name)
                        .text(" has two fields ")
                        .name(self.fields[i].name));
                }
                j += 1;
            }
            ensure!(self.fields[i].ty.check());
            i += 1;
        }
        Ok(())
    }
}

impl Between {
    /// Appends the restriction. Floats that have no short decimal are left out, both of them.
    const fn write(&self, to: Message) -> Message {
        let to = match (self.min, self.max) {
            (Bound::Int(min), Bound::Int(max)) => {
                to.text("between(i64, ").int(min).text(self.dots()).int(max)
            }
            (Bound::Float(min), Bound::Float(max)) => {
                let (Some(min), Some(max)) = (Short::of(min), Short::of(max)) else {
                    return to.text("between(f64)");
                };
                max.write(min.write(to.text("between(f64, ")).text(self.dots()))
            }
            (Bound::Int(_), Bound::Float(_)) => return to.text("between(i64)"),
            (Bound::Float(_), Bound::Int(_)) => return to.text("between(f64)"),
        };
        to.text(if self.strict_min {
            ", strict_min)"
        } else {
            ")"
        })
    }

    /// What stands between the bounds.
    const fn dots(&self) -> &'static str {
        if self.strict_max { ".." } else { "..=" }
    }

    const fn is(&self, other: &Between) -> bool {
        let same = match (self.min, self.max, other.min, other.max) {
            (Bound::Int(a), Bound::Int(b), Bound::Int(c), Bound::Int(d)) => a == c && b == d,
            (Bound::Float(a), Bound::Float(b), Bound::Float(c), Bound::Float(d)) => {
                a == c && b == d
            }
            _ => false,
        };
        same && self.strict_min == other.strict_min && self.strict_max == other.strict_max
    }

    const fn check(&self) -> Check {
        let open = self.strict_min || self.strict_max;
        let empty = match (self.min, self.max) {
            (Bound::Int(min), Bound::Int(max)) => {
                let first = min as i128 + self.strict_min as i128;
                let last = max as i128 - self.strict_max as i128;
                first > last
            }
            // Written so that a bound that is not a number is refused too.
            (Bound::Float(min), Bound::Float(max)) => !(min < max || (min == max && !open)),
            _ => {
                return Err(Message::new(
                    "the bounds of `between` are both whole numbers or both floats",
                ));
            }
        };
        if empty {
            return Err(Message::new(
                "no number is within these bounds of `between`",
            ));
        }
        Ok(())
    }
}

/// The type as Rust writes it, restrictions in full.
impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Optional(inner) => write!(f, "Option<{inner}>"),
            Type::List(inner) => write!(f, "Vec<{inner}>"),
            Type::Map(inner) => write!(f, "BTreeMap<String, {inner}>"),
            Type::Record(record) => {
                write!(f, "{} {{ ", record.name)?;
                for (i, field) in record.fields.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{}: {}", field.name, field.ty)?;
                }
                f.write_str(" }")
            }
            Type::Between(between) => {
                let name = match between.min {
                    Bound::Int(_) => "i64",
                    Bound::Float(_) => "f64",
                };
                let (min, dots, max) = (between.min, between.dots(), between.max);
                write!(f, "between({name}, {min}{dots}{max}")?;
                f.write_str(if between.strict_min {
                    ", strict_min)"
                } else {
                    ")"
                })
            }
            Type::OneOfInt(options) => {
                f.write_str("one_of(i64")?;
                for option in *options {
                    write!(f, ", {option}")?;
                }
                f.write_str(")")
            }
            Type::OneOfString(options) => {
                f.write_str("one_of(String")?;
                for option in *options {
                    write!(f, ", {option:?}")?;
                }
                f.write_str(")")
            }
            Type::Regex(pattern) => write!(f, "regex(String, {pattern:?})"),
            plain => f.write_str(plain.write(Message::new("")).as_str()),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Int(bound) => write!(f, "{bound}"),
            Bound::Float(bound) => write!(f, "{bound:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(min: f64, max: f64) -> Type<'static> {
        Type::Between(Between {
            min: Bound::Float(min),
            max: Bound::Float(max),
            strict_min: true,
            strict_max: false,
        })
    }

    fn written(ty: &Type<'_>) -> String {
        ty.write(Message::new("")).as_str().to_owned()
    }

    #[test]
    fn messages_write_restrictions_as_display_does() {
        let ints = Type::Between(Between {
            min: Bound::Int(i64::MIN),
            max: Bound::Int(100),
            strict_min: false,
            strict_max: true,
        });
        for (ty, expected) in [
            (ints, "between(i64, -9223372036854775808..100)"),
            (between(0.0, 1.0), "between(f64, 0.0..=1.0, strict_min)"),
            (
                between(-12.5, 0.001),
                "between(f64, -12.5..=0.001, strict_min)",
            ),
            (Type::OneOfInt(&[3, -4]), "one_of(i64, 3, -4)"),
            (Type::OneOfInt(&[]), "one_of(i64)"),
            (
                Type::OneOfString(&["a", "ö\"\n"]),
                "one_of(String, \"a\", \"ö\\\"\\n\")",
            ),
            (Type::Regex("\\d+"), "regex(String, \"\\\\d+\")"),
        ] {
            assert_eq!(written(&ty), expected);
            assert_eq!(ty.to_string(), expected);
            let nested = Type::Optional(&ty);
            assert_eq!(written(&nested), nested.to_string());
        }
    }

    #[test]
    fn messages_cut_long_lists_and_leave_out_long_floats() {
        let many = Type::OneOfInt(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(written(&many), "one_of(i64, 1, 2, 3, 4, 5, 6, and 2 more)");
        let long = "é".repeat(100);
        let cut = format!("regex(String, \"{}…\")", "é".repeat(20));
        assert_eq!(written(&Type::Regex(&long)), cut);
        for (min, max) in [
            (0.0, f64::MAX),
            (1e-9, 1.0),
            (f64::NAN, 1.0),
            (0.0, 1.0 / 3.0),
        ] {
            assert_eq!(written(&between(min, max)), "between(f64)");
        }
    }

    #[test]
    fn a_short_decimal_reads_back_as_the_same_float() {
        for i in -20_000_i32..20_000 {
            for places in [1.0, 10.0, 1000.0, 1e6] {
                let float = f64::from(i) * 37.0 / places;
                if let Some(short) = Short::of(float) {
                    let text = short.write(Message::new(""));
                    assert_eq!(text.as_str().parse(), Ok(float), "{float}");
                    assert_eq!(text.as_str(), format!("{float:?}"));
                }
            }
        }
        assert!(Short::of(0.1 + 0.2).is_none());
    }
}
