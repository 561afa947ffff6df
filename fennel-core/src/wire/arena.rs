//! The arena of a decoded commit.

use std::cell::Cell;

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::entity::check_members;
use crate::literal::Literal;
use crate::text::MAX_NAME;
use crate::ty::Type;

/// What a part of a message says, or a clause about what is wrong with it.
pub(crate) type Decoded<T> = Result<T, String>;

/// The most names that the checks of a commit compare, about a second's worth. A thousand features
/// that look up a dataset of a thousand columns by two keys compare some twenty million.
const MAX_COMPARED: usize = 500_000_000;

/// Where descriptors live that were read from a message.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    bump: &'a Bump,
    /// How many comparisons of names the checks will take, as far as they are known.
    compared: &'a Cell<usize>,
}

impl<'a> Arena<'a> {
    pub(crate) fn new(bump: &'a Bump) -> Self {
        Arena {
            bump,
            compared: bump.alloc(Cell::new(0)),
        }
    }

    /// Counts that each of `names` will be searched among `others`. The checks compare names one by
    /// one, so a request must not be able to keep the server comparing.
    pub(crate) fn compares(&self, names: usize, others: usize) -> Decoded<()> {
        let before = self.compared.get();
        let compared = before.saturating_add(names.saturating_mul(others));
        self.compared.set(compared);
        // Said once: the commit is refused anyway.
        if before <= MAX_COMPARED && compared > MAX_COMPARED {
            return Err(
                "the commit has more names than can be compared with each other: split large entities, \
                 records and lists of options"
                    .into(),
            );
        }
        Ok(())
    }

    /// As [`Arena::compares`], for a list whose names are compared with each other.
    pub(crate) fn compares_all(&self, count: usize) -> Decoded<()> {
        check_members(count).map_err(|message| message.to_string())?;
        self.compares(count, count / 2 + 1)
    }

    pub(crate) const fn bump(self) -> &'a Bump {
        self.bump
    }

    pub(crate) fn text(&self, text: &str) -> &'a str {
        self.bump.alloc_str(text)
    }

    /// A name, refused where it is longer than any can be: names are compared all the time.
    pub(crate) fn name(&self, name: &str) -> Decoded<&'a str> {
        if name.len() > MAX_NAME {
            let begin: String = name.chars().take(40).collect();
            return Err(format!(
                "the name `{begin}…` is longer than {MAX_NAME} bytes, the most; shorten it"
            ));
        }
        Ok(self.text(name))
    }

    pub(crate) fn value<T: Copy>(&self, value: T) -> &'a T {
        self.bump.alloc(value)
    }

    pub(crate) fn slice<T: Copy>(&self, items: &[T]) -> &'a [T] {
        self.bump.alloc_slice_copy(items)
    }

    pub(crate) fn texts(&self, texts: &[String]) -> &'a [&'a str] {
        let texts: Vec<&'a str> = texts.iter().map(|text| self.text(text)).collect();
        self.slice(&texts)
    }

    /// JSON as a constant of a type.
    pub(crate) fn literal(&self, json: &Json, ty: &Type<'_>) -> Decoded<Literal<'a>> {
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
        match (json, ty.required()) {
            (Json::Object(entries), Type::Record(record)) => {
                self.compares(entries.len(), record.fields.len())?;
            }
            (Json::String(_), Type::OneOfString(options)) => self.compares(1, options.len())?,
            (Json::Number(_), Type::OneOfInt(options)) => self.compares(1, options.len())?,
            _ => {}
        }
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
                Literal::List(self.slice(&literals.collect::<Decoded<Vec<_>>>()?))
            }
            Json::Object(entries) => {
                let literals = entries.iter().map(|(name, json)| {
                    Ok((self.text(name), self.literal(json, &of_field(name))?))
                });
                Literal::Object(self.slice(&literals.collect::<Decoded<Vec<_>>>()?))
            }
        })
    }
}
