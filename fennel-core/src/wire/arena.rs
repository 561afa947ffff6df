//! The arena of a decoded commit.

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::literal::Literal;
use crate::ty::Type;

/// A part of a message, or a clause about what is wrong with it.
pub(crate) type Part<T> = Result<T, String>;

/// Where descriptors live that were read from a message.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a>(&'a Bump);

impl<'a> Arena<'a> {
    pub(crate) const fn new(arena: &'a Bump) -> Self {
        Arena(arena)
    }

    pub(crate) const fn bump(self) -> &'a Bump {
        self.0
    }

    pub(crate) fn text(&self, text: &str) -> &'a str {
        self.0.alloc_str(text)
    }

    pub(crate) fn value<T: Copy>(&self, value: T) -> &'a T {
        self.0.alloc(value)
    }

    pub(crate) fn slice<T: Copy>(&self, items: &[T]) -> &'a [T] {
        self.0.alloc_slice_copy(items)
    }

    pub(crate) fn texts(&self, texts: &[String]) -> &'a [&'a str] {
        let texts: Vec<&'a str> = texts.iter().map(|text| self.text(text)).collect();
        self.slice(&texts)
    }

    /// JSON as a constant of a type.
    pub(crate) fn literal(&self, json: &Json, ty: &Type<'_>) -> Part<Literal<'a>> {
        let element = match ty.required() {
            Type::List(element) | Type::Map(element) => *element,
            other => other,
        };
        let of_field = |name: &str| match ty.required() {
            Type::Record(record) => {
                let field = record.fields.iter().find(|field| field.name == name);
                field.map_or(element, |field| field.ty)
            }
            _ => element,
        };
        Ok(match json {
            Json::Null => Literal::Null,
            Json::Bool(bool) => Literal::Bool(*bool),
            Json::Number(number) => match number.as_i64() {
                Some(int) if matches!(ty.required(), Type::Float) => Literal::Float(int as f64),
                Some(int) => Literal::Int(int),
                None if matches!(ty.required(), Type::Decimal { .. }) => {
                    Literal::Str(self.text(&number.to_string()))
                }
                None => Literal::Float(number.as_f64().ok_or("its default is out of range")?),
            },
            Json::String(text) => Literal::Str(self.text(text)),
            Json::Array(elements) => {
                let literals = elements.iter().map(|json| self.literal(json, &element));
                Literal::List(self.slice(&literals.collect::<Part<Vec<_>>>()?))
            }
            Json::Object(entries) => {
                let literals = entries.iter().map(|(name, json)| {
                    Ok((self.text(name), self.literal(json, &of_field(name))?))
                });
                Literal::Object(self.slice(&literals.collect::<Part<Vec<_>>>()?))
            }
        })
    }
}
