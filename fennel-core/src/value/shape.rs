//! The run-time form of a type.

use std::sync::Arc;

use regex::Regex;

use crate::ty::{Between, Bound, Computed, Parts, Type};

/// A [`Type`] made ready to run: owned, with its regular expression compiled.
#[derive(Clone, Debug)]
pub enum Shape {
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
    /// `DateTime<Utc>`.
    Timestamp,
    /// `NaiveDate`.
    Date,
    /// `Decimal<N>` with its scale.
    Decimal(u32),
    /// `Embedding<N>` with its dimension.
    Embedding(u32),
    /// `Option<T>`.
    Optional(Arc<Shape>),
    /// `Vec<T>`.
    List(Arc<Shape>),
    /// `BTreeMap<String, T>`.
    Map(Arc<Shape>),
    /// A record: its name, and its fields in the order of their declaration.
    Record(String, Arc<[(String, Shape)]>),
    /// A number within bounds.
    Between(Between),
    /// One of a set of whole numbers.
    OneOfInt(Arc<[i64]>),
    /// One of a set of texts.
    OneOfString(Arc<[String]>),
    /// A text that the expression matches as a whole.
    Regex(Regex),
}

impl Shape {
    /// The run-time form of `ty`.
    ///
    /// # Errors
    ///
    /// The regular expression inside the type, with what is wrong with it.
    pub fn new(ty: &Type<'_>) -> Result<Shape, regex::Error> {
        Ok(match ty {
            Type::Bool => Shape::Bool,
            Type::Int => Shape::Int,
            Type::Float => Shape::Float,
            Type::String => Shape::String,
            Type::Bytes => Shape::Bytes,
            Type::Timestamp => Shape::Timestamp,
            Type::Date => Shape::Date,
            Type::Decimal { scale } => Shape::Decimal(*scale),
            Type::Embedding { dim } => Shape::Embedding(*dim),
            Type::Optional(inner) => Shape::Optional(Arc::new(Shape::new(inner)?)),
            Type::List(inner) => Shape::List(Arc::new(Shape::new(inner)?)),
            Type::Map(inner) => Shape::Map(Arc::new(Shape::new(inner)?)),
            Type::Record(record) => {
                let fields = record.fields.iter();
                let fields = fields.map(|field| Ok((field.name.into(), Shape::new(&field.ty)?)));
                let fields: Result<Vec<_>, regex::Error> = fields.collect();
                Shape::Record(record.name.into(), fields?.into())
            }
            Type::Between(between) => Shape::Between(*between),
            Type::OneOfInt(options) => Shape::OneOfInt((*options).into()),
            Type::OneOfString(options) => {
                Shape::OneOfString(options.iter().map(|option| String::from(*option)).collect())
            }
            Type::Regex(pattern) => {
                // By itself first: `a)|(b` is no pattern, though it is one between brackets.
                Regex::new(pattern)?;
                Shape::Regex(Regex::new(&format!("{WHOLE}{pattern}{END}"))?)
            }
        })
    }

    /// The run-time form of a computed type. That of null alone is taken to be an option of `bool`.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`].
    pub fn of(ty: Computed<'_>) -> Result<Shape, regex::Error> {
        Ok(match ty.parts() {
            Parts::Optional(inner) => Shape::Optional(Arc::new(Shape::of(inner)?)),
            Parts::List(inner) => Shape::List(Arc::new(Shape::of(inner)?)),
            Parts::Map(inner) => Shape::Map(Arc::new(Shape::of(inner)?)),
            Parts::Plain(ty) => Shape::new(&ty)?,
            Parts::Unknown => Shape::Bool,
        })
    }

    /// What a value of this type is, in words that are of no programming language: `a whole number from 0 to 10`.
    /// Of lists, maps and records it is what they are themselves, without their parts.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Shape::Bool => "true or false".into(),
            Shape::Int => "a whole number".into(),
            Shape::Float => "a number".into(),
            Shape::String => "a text".into(),
            Shape::Bytes => "bytes".into(),
            Shape::Timestamp => "an instant such as 2024-01-31T12:30:00Z".into(),
            Shape::Date => "a date such as 2024-01-31".into(),
            Shape::Decimal(_) => "a decimal number".into(),
            Shape::Embedding(dim) => format!("a list of {dim} numbers"),
            Shape::Optional(inner) => format!("{} or null", inner.in_words()),
            Shape::List(_) => "a list".into(),
            Shape::Map(_) => "a map".into(),
            Shape::Record(name, _) => format!("a record `{name}`"),
            Shape::Between(between) => between.in_words(),
            Shape::OneOfInt(options) => one_of(options),
            Shape::OneOfString(options) => one_of(
                &options
                    .iter()
                    .map(|it| format!("{it:?}"))
                    .collect::<Vec<_>>(),
            ),
            Shape::Regex(regex) => format!("a text that `{}` matches", pattern(regex)),
        }
    }

    /// Whether null is a value of this shape.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(self, Shape::Optional(_))
    }
}

/// What makes a pattern match a text as a whole.
const WHOLE: &str = "^(?:";
const END: &str = ")$";

/// The pattern as it was written.
fn pattern(regex: &Regex) -> &str {
    let text = regex.as_str();
    let text = text.strip_prefix(WHOLE).unwrap_or(text);
    text.strip_suffix(END).unwrap_or(text)
}

fn one_of(options: &[impl std::fmt::Display]) -> String {
    /// How many options are told.
    const SHOWN: usize = 12;
    let shown = options.iter().take(SHOWN).map(ToString::to_string);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match options.len().saturating_sub(SHOWN) {
        0 => format!("one of {shown}"),
        more => format!("one of {shown} and {more} more"),
    }
}

impl Between {
    fn in_words(&self) -> String {
        let what = match self.min {
            Bound::Int(_) => "a whole number",
            Bound::Float(_) => "a number",
        };
        let (min, max) = (self.min, self.max);
        match (self.strict_min, self.strict_max) {
            (false, false) => format!("{what} from {min} to {max}"),
            (false, true) => format!("{what} from {min} and below {max}"),
            (true, false) => format!("{what} above {min} and up to {max}"),
            (true, true) => format!("{what} above {min} and below {max}"),
        }
    }
}

/// The type's name for a person.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Shape::Bool => f.write_str("bool"),
            Shape::Int => f.write_str("i64"),
            Shape::Float => f.write_str("f64"),
            Shape::String => f.write_str("String"),
            Shape::Bytes => f.write_str("Vec<u8>"),
            Shape::Timestamp => f.write_str("DateTime<Utc>"),
            Shape::Date => f.write_str("NaiveDate"),
            Shape::Decimal(scale) => write!(f, "Decimal<{scale}>"),
            Shape::Embedding(dim) => write!(f, "Embedding<{dim}>"),
            Shape::Optional(inner) => write!(f, "Option<{inner}>"),
            Shape::List(inner) => write!(f, "Vec<{inner}>"),
            Shape::Map(inner) => write!(f, "BTreeMap<String, {inner}>"),
            Shape::Record(name, _) => f.write_str(name),
            Shape::Between(between) => write!(f, "{}", Type::Between(*between)),
            Shape::OneOfInt(options) => write!(f, "{}", Type::OneOfInt(options)),
            Shape::OneOfString(options) => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                write!(f, "{}", Type::OneOfString(&options))
            }
            Shape::Regex(regex) => write!(f, "{}", Type::Regex(pattern(regex))),
        }
    }
}
