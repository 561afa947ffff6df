//! Constants in definitions: defaults and preproc values.

use chrono::SecondsFormat;
use serde_json::Value as Json;

use crate::expr::Expr;
use crate::message::{Check, Message, ensure};
use crate::text::{eq, is_one_of};
use crate::time::{Timestamp, parse_date};
use crate::ty::{Between, Bound, Record, Type};
use crate::value::{Mismatch, Shape, Value};

/// A constant as written: its type is the column's, which [`Literal::check`] compares it with.
///
/// Instants, dates and decimals are written as text.
#[derive(Clone, Copy, Debug)]
pub enum Literal<'a> {
    /// `None`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `7`.
    Int(i64),
    /// `0.5`.
    Float(f64),
    /// `"text"`.
    Str(&'a str),
    /// `[1, 2]`.
    List(&'a [Literal<'a>]),
    /// `Address { street: "Main", zip: None }`, or a map as `[("a", 1), ("b", 2)]`.
    Object(&'a [(&'a str, Literal<'a>)]),
}

/// Numbers are compared bit by bit, so that each constant equals itself, and 0.0 is not -0.0.
impl PartialEq for Literal<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Literal::Null, Literal::Null) => true,
            (Literal::Bool(one), Literal::Bool(other)) => one == other,
            (Literal::Int(one), Literal::Int(other)) => one == other,
            (Literal::Float(one), Literal::Float(other)) => one.to_bits() == other.to_bits(),
            (Literal::Str(one), Literal::Str(other)) => one == other,
            (Literal::List(one), Literal::List(other)) => one == other,
            (Literal::Object(one), Literal::Object(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Literal<'_> {}

/// A Rust constant by name, so that `default = LIMIT` works for each type of literal.
#[derive(Clone, Copy, Debug)]
pub struct Const<T>(pub T);

macro_rules! constant {
    ($($rust:ty => $variant:ident),*) => {$(
        impl Const<$rust> {
            /// The constant as a literal.
            #[must_use]
            pub const fn literal(self) -> Literal<'static> {
                Literal::$variant(self.0)
            }

            /// The constant in an expression.
            #[must_use]
            pub const fn expr(self) -> Expr<'static> {
                Expr::Literal(self.literal())
            }
        }
    )*};
}

impl Const<&'static Expr<'static>> {
    /// The expression inside another one.
    #[must_use]
    pub const fn expr(self) -> Expr<'static> {
        Expr::Shared(self.0)
    }
}

constant!(bool => Bool, i64 => Int, f64 => Float, &'static str => Str);

/// What a constant of a definition can be; nothing else is, so nothing implements it.
#[diagnostic::on_unimplemented(
    message = "a constant of type `{Self}` can't stand in a definition",
    label = "not a `bool`, `i64`, `f64`, `&str` or `&Expr`",
    note = "declare the constant `i64` for whole numbers, `f64` for others, `&str` for texts; a column is named without its dataset"
)]
pub trait Constant {}

/// Stands in for [`Const`]'s own methods where its type has none, so that rustc says what
/// [`Constant`]s there are.
pub trait NoConst<T>: Sized {
    /// No literal.
    #[must_use]
    fn literal(self) -> Literal<'static>
    where
        T: Constant,
    {
        Literal::Null
    }

    /// No expression.
    #[must_use]
    fn expr(self) -> Expr<'static>
    where
        T: Constant,
    {
        Expr::Literal(Literal::Null)
    }
}

impl<T> NoConst<T> for Const<T> {}

impl Literal<'_> {
    /// Checks that this is a constant of type `ty`, restrictions included. A regular expression is
    /// left to the run time, which has one to match with.
    ///
    /// # Errors
    ///
    /// A clause that names both.
    pub const fn check(&self, ty: &Type<'_>) -> Check {
        match (self, ty) {
            (Literal::Null, Type::Optional(_))
            | (Literal::Bool(_), Type::Bool)
            | (Literal::Int(_), Type::Int | Type::Decimal { .. })
            | (Literal::Float(_), Type::Float)
            | (Literal::Str(_), Type::String | Type::Regex(_) | Type::Bytes) => Ok(()),
            (_, Type::Optional(inner)) => self.check(inner),
            (Literal::Int(_), Type::Float) => Err(Message::new(
                "this is a whole number, and the type is `f64`: write it with a point",
            )),
            (Literal::Str(text), Type::Timestamp) => match Timestamp::parse(text) {
                Ok(_) => Ok(()),
                Err(message) => Err(message),
            },
            (Literal::Str(text), Type::Date) => match parse_date(text) {
                Some(_) => Ok(()),
                None => Err(Message::new("not a date: write it as \"2024-02-03\"")),
            },
            (Literal::Str(text), Type::Decimal { .. }) => {
                if is_decimal(text) {
                    return Ok(());
                }
                Err(Message::new("not a decimal: write it as \"12.50\""))
            }
            (Literal::Float(_), Type::Decimal { .. }) => Err(Message::new(
                "a decimal is written as text, such as \"12.50\", so that no digit is lost",
            )),
            (Literal::Int(int), Type::Between(between)) => between.check_int(*int),
            (Literal::Float(float), Type::Between(between)) => between.check_float(*float),
            (Literal::Int(int), Type::OneOfInt(options)) => {
                let mut i = 0;
                while i < options.len() {
                    if options[i] == *int {
                        return Ok(());
                    }
                    i += 1;
                }
                Err(Message::new("")
                    .int(*int)
                    .text(" is not one of the column's options"))
            }
            (Literal::Str(text), Type::OneOfString(options)) => {
                if is_one_of(text, options) {
                    return Ok(());
                }
                Err(Message::new("")
                    .name(text)
                    .text(" is not one of the column's options"))
            }
            (Literal::List(elements), Type::List(element)) => all(elements, element),
            (Literal::List(elements), Type::Embedding { dim }) => {
                if elements.len() != *dim as usize {
                    return Err(Message::new("this has ")
                        .int(elements.len() as i64)
                        .text(" floats, and the type is ")
                        .ty(ty));
                }
                all(elements, &Type::Float)
            }
            (Literal::List([]), Type::Map(_)) => Ok(()),
            (Literal::Object(entries), Type::Map(value)) => {
                let mut i = 0;
                while i < entries.len() {
                    ensure!(entries[i].1.check(value));
                    i += 1;
                }
                Ok(())
            }
            (Literal::Object(entries), Type::Record(record)) => check_record(entries, record),
            _ => Err(Message::new("this is ")
                .text(self.kind())
                .text(", and the type is ")
                .ty(ty)),
        }
    }

    /// What it is, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Literal::Null => "null",
            Literal::Bool(_) => "a bool",
            Literal::Int(_) => "a whole number",
            Literal::Float(_) => "a float",
            Literal::Str(_) => "a text",
            Literal::List(_) => "a list",
            Literal::Object(_) => "a record or a map",
        }
    }

    /// The constant as an incoming value, before it is matched to a type.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Literal::Null => Value::Null,
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Int(int) => Value::Int(*int),
            Literal::Float(float) => Value::Float(*float),
            Literal::Str(text) => Value::String((*text).into()),
            Literal::List(elements) => {
                Value::List(elements.iter().map(Literal::to_value).collect())
            }
            Literal::Object(entries) => {
                let entries = entries.iter();
                Value::Map(
                    entries
                        .map(|(name, value)| ((*name).into(), value.to_value()))
                        .collect(),
                )
            }
        }
    }

    /// The constant as a value of type `ty`.
    ///
    /// # Errors
    ///
    /// The constant is not of this type.
    pub fn typed(&self, ty: &Type<'_>) -> Result<Value, Mismatch> {
        self.check(ty)
            .map_err(|message| Mismatch(message.to_string()))?;
        let shape = Shape::new(ty).map_err(|error| Mismatch(error.to_string()))?;
        shape.accept(self.to_value())
    }

    /// The constant as JSON, the way the protocol writes defaults: fields in the order of the
    /// record, instants as `YYYY-MM-DD HH:MM:SS`, dates, decimals and the rest as their text.
    #[must_use]
    pub fn to_json(&self, ty: &Type<'_>) -> Json {
        match (self, ty) {
            (_, Type::Optional(inner)) => self.to_json(inner),
            (Literal::Str(text), Type::Timestamp) => match Timestamp::parse(text) {
                Ok(instant) => {
                    let whole = instant.micros() % 1_000_000 == 0;
                    let digits = if whole {
                        SecondsFormat::Secs
                    } else {
                        SecondsFormat::Micros
                    };
                    let text = instant.to_datetime().to_rfc3339_opts(digits, true);
                    Json::String(text.replace('T', " ").trim_end_matches('Z').into())
                }
                Err(_) => Json::String((*text).into()),
            },
            (Literal::Int(int), Type::Decimal { .. }) => Json::String(int.to_string()),
            (Literal::List(elements), Type::List(element)) => elements
                .iter()
                .map(|literal| literal.to_json(element))
                .collect(),
            (Literal::Object(entries), Type::Map(value)) => {
                let entries = entries.iter();
                Json::Object(
                    entries
                        .map(|(key, literal)| ((*key).into(), literal.to_json(value)))
                        .collect(),
                )
            }
            (Literal::Object(entries), Type::Record(record)) => {
                let fields = record.fields.iter().map(|field| {
                    let entry = entries.iter().find(|(name, _)| *name == field.name);
                    let value = entry.map_or(Json::Null, |(_, literal)| literal.to_json(&field.ty));
                    (field.name.into(), value)
                });
                Json::Object(fields.collect())
            }
            _ => self.to_value().to_json(),
        }
    }
}

const fn all(elements: &[Literal<'_>], ty: &Type<'_>) -> Check {
    let mut i = 0;
    while i < elements.len() {
        ensure!(elements[i].check(ty));
        i += 1;
    }
    Ok(())
}

const fn check_record(entries: &[(&str, Literal<'_>)], record: &Record<'_>) -> Check {
    let mut i = 0;
    while i < entries.len() {
        let mut known = false;
        let mut j = 0;
        while j < record.fields.len() {
            known |= eq(entries[i].0, record.fields[j].name);
            j += 1;
        }
        if !known {
            return Err(Message::new("")
                .name(record.name)
                .text(" has no field ")
                .name(entries[i].0));
        }
        i += 1;
    }
    let mut i = 0;
    while i < record.fields.len() {
        let field = record.fields[i];
        let mut found = field.ty.is_optional();
        let mut j = 0;
        while j < entries.len() {
            if eq(entries[j].0, field.name) {
                found = true;
                ensure!(entries[j].1.check(&field.ty));
            }
            j += 1;
        }
        if !found {
            return Err(Message::new("field ")
                .name(field.name)
                .text(" of ")
                .name(record.name)
                .text(" is missing"));
        }
        i += 1;
    }
    Ok(())
}

impl Between {
    const fn check_int(&self, int: i64) -> Check {
        let (Bound::Int(min), Bound::Int(max)) = (self.min, self.max) else {
            return Err(Message::new("this is a whole number, and the type is ")
                .ty(&Type::Between(*self))
                .text(": write it with a point"));
        };
        if int < min
            || int > max
            || (int == min && self.strict_min)
            || (int == max && self.strict_max)
        {
            return Err(Message::new("")
                .int(int)
                .text(" is outside the column's bounds"));
        }
        Ok(())
    }

    const fn check_float(&self, float: f64) -> Check {
        let (Bound::Float(min), Bound::Float(max)) = (self.min, self.max) else {
            return Err(Message::new("this is a float, and the type is ").ty(&Type::Between(*self)));
        };
        let inside = float > min && float < max
            || (float == min && !self.strict_min)
            || (float == max && !self.strict_max);
        if !inside {
            return Err(Message::new("this number is outside the column's bounds"));
        }
        Ok(())
    }
}

/// Whether a text is digits with at most one point and an optional sign.
const fn is_decimal(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut digits, mut points, mut i) = (0, 0, 0);
    while i < bytes.len() {
        match bytes[i] {
            b'0'..=b'9' => digits += 1,
            b'.' => points += 1,
            b'+' | b'-' if i == 0 => {}
            _ => return false,
        }
        i += 1;
    }
    digits > 0 && digits <= 28 && points <= 1
}
