//! Parts of messages that several connectors have.

use bumpalo::Bump;

use super::secret::{Reference, Secret, Variables};
use crate::wire::proto::connector::{ExtDatabase, ext_database};
use crate::wire::proto::secret::SecretRef;

pub(crate) use crate::wire::Decoded;

/// Reads messages into an arena.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) arena: &'a Bump,
    /// The cursor, which the protocol keeps beside the table.
    pub(crate) cursor: Option<&'a str>,
}

impl<'a> Reader<'a> {
    pub(super) fn text(self, text: &str) -> &'a str {
        self.arena.alloc_str(text)
    }

    pub(super) fn texts(self, texts: &[String]) -> &'a [&'a str] {
        self.arena
            .alloc_slice_fill_iter(texts.iter().map(|text| self.text(text)))
    }

    /// The outside system's name, and its settings; none where it is defined elsewhere.
    pub(super) fn system<'m>(
        self,
        database: Option<&'m ExtDatabase>,
    ) -> Decoded<(&'a str, Option<&'m ext_database::Variant>)> {
        let database = database.ok_or("it names no outside system")?;
        let settings = match database.variant.as_ref() {
            Some(ext_database::Variant::Reference(_)) => None,
            Some(settings) => Some(settings),
            None => return Err(format!("connector `{}` is empty", database.name)),
        };
        Ok((self.text(&database.name), settings))
    }

    pub(super) fn secret(self, value: Value<'_>) -> Secret<'a> {
        match value {
            Value::Text(text) => Secret::plain(self.text(text)),
            Value::Reference(reference) => {
                let secret = Secret::aws(self.text(&reference.secret_arn));
                let secret = secret.path(self.texts(&reference.path));
                match &reference.role_arn {
                    Some(role) => secret.role(self.text(role)),
                    None => secret,
                }
            }
        }
    }
}

/// A credential in a message.
#[derive(Clone, Copy)]
pub(super) enum Value<'m> {
    Text(&'m str),
    Reference(&'m SecretRef),
}

/// Reads a credential, one of two variants of a message's field.
macro_rules! read_secret {
    ($reader:expr, $field:expr, $variant:ident::{$text:ident, $reference:ident}) => {
        $field.as_ref().map(|variant| {
            $reader.secret(match variant {
                $variant::$text(text) => crate::connector::read::Value::Text(text),
                $variant::$reference(reference) => {
                    crate::connector::read::Value::Reference(reference)
                }
            })
        })
    };
}
pub(super) use read_secret;

/// A credential as one of two variants of a message's field.
pub(super) fn write<V>(
    secret: Option<Secret<'_>>,
    variables: &Variables,
    text: fn(String) -> V,
    reference: fn(SecretRef) -> V,
) -> Option<V> {
    Some(match secret?.read(variables) {
        Ok(value) => text(value.into()),
        Err(Reference { arn, role, path }) => reference(SecretRef {
            secret_arn: arn.into(),
            role_arn: role.map(Into::into),
            path: path.iter().map(|part| (*part).into()).collect(),
        }),
    })
}

/// A credential that is always sent, as an empty text where there is none.
pub(super) fn write_needed<V>(
    secret: Option<Secret<'_>>,
    variables: &Variables,
    text: fn(String) -> V,
    reference: fn(SecretRef) -> V,
) -> Option<V> {
    let secret = secret.unwrap_or(Secret::plain(""));
    write(Some(secret), variables, text, reference)
}

/// What a message with settings of another system is told.
pub(super) fn another<T>(what: &str, system: &str) -> Decoded<T> {
    Err(format!(
        "{what} needs settings of its own kind, and `{system}` has others"
    ))
}
