//! Secrets: credentials that stand outside of the source text.

use core::fmt;
use std::collections::BTreeMap;

use crate::message::{Check, Message};

/// Where a credential is kept. Its value is never shown: not by `Debug`, in plans, or in errors.
///
/// ```
/// use fennel_core::connector::Secret;
///
/// // Read when `sync` commits.
/// const OURS: Secret<'_> = Secret::env("KAFKA_PASSWORD");
/// // Read by the server: the field `password` of a JSON secret in AWS Secrets Manager.
/// const THEIRS: Secret<'_> = Secret::aws("arn:aws:secretsmanager:eu-west-1:1:secret:kafka")
///     .role("arn:aws:iam::1:role/reader")
///     .path(&["kafka", "password"]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret<'a> {
    place: Place<'a>,
    role: Option<&'a str>,
    path: &'a [&'a str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Variable(&'a str),
    Text(&'a str),
    Aws(&'a str),
}

impl<'a> Secret<'a> {
    /// The environment variable of that name, which `sync` reads just before it commits.
    #[must_use]
    pub const fn env(variable: &'a str) -> Self {
        Secret::at(Place::Variable(variable))
    }

    /// A secret of AWS Secrets Manager by its ARN, which the server reads.
    #[must_use]
    pub const fn aws(arn: &'a str) -> Self {
        Secret::at(Place::Aws(arn))
    }

    /// The credential itself. Whoever reads the source text, or a binary made of it, has it.
    #[must_use]
    #[deprecated(
        note = "a credential in source text is no secret: keep it in a variable, `Secret::env(\"NAME\")`, or in AWS, `Secret::aws(\"arn\")`"
    )]
    pub const fn literal(text: &'a str) -> Self {
        Secret::plain(text)
    }

    /// A text that is treated like a secret.
    pub(crate) const fn plain(text: &'a str) -> Self {
        Secret::at(Place::Text(text))
    }

    const fn at(place: Place<'a>) -> Self {
        Secret {
            place,
            role: None,
            path: &[],
        }
    }

    /// The role that the server takes on to read a secret of AWS.
    #[must_use]
    pub const fn role(mut self, arn: &'a str) -> Self {
        self.role = Some(arn);
        self
    }

    /// The way into a secret of AWS that is JSON: the names of objects inside objects.
    #[must_use]
    pub const fn path(mut self, path: &'a [&'a str]) -> Self {
        self.path = path;
        self
    }

    /// The environment variable that it is in, if it is in one.
    #[must_use]
    pub const fn variable(&self) -> Option<&'a str> {
        match self.place {
            Place::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// The name of a secret of the server, if it is one: a place in AWS begins with `arn:`.
    #[must_use]
    pub fn place_of_server(&self) -> Option<&'a str> {
        match self.place {
            Place::Aws(arn) => Some(arn).filter(|arn| !arn.starts_with("arn:")),
            _ => None,
        }
    }

    /// A text that stands in its place, for comparing and never for showing.
    pub(crate) const fn text(&self) -> Option<&'a str> {
        match self.place {
            Place::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, where `variables` say what is in variables; `Err` has the place in AWS.
    pub(super) fn read(&self, variables: &'a Variables) -> Result<&'a str, Reference<'a>> {
        match self.place {
            Place::Text(text) => Ok(text),
            Place::Variable(name) => Ok(variables.get(name)),
            Place::Aws(arn) => Err(Reference {
                arn,
                role: self.role,
                path: self.path,
            }),
        }
    }

    pub(super) const fn check(&self) -> Check {
        let (in_aws, named) = match self.place {
            Place::Aws(arn) => (true, !arn.is_empty()),
            Place::Variable(name) => (false, is_variable(name)),
            Place::Text(_) => (false, true),
        };
        if !in_aws && (self.role.is_some() || !self.path.is_empty()) {
            return Err(Message::new(
                "only a secret of AWS has a role and a path: write `Secret::aws(\"arn\")`, or leave them out",
            ));
        }
        if !named && in_aws {
            return Err(Message::new("a secret of AWS needs its ARN"));
        }
        if !named {
            return Err(Message::new(
                "a secret needs the name of an environment variable, such as `Secret::env(\"KAFKA_PASSWORD\")`",
            ));
        }
        let mut i = 0;
        while i < self.path.len() {
            if self.path[i].is_empty() {
                return Err(Message::new("the path of a secret has an empty part"));
            }
            i += 1;
        }
        Ok(())
    }
}

/// A place in AWS Secrets Manager.
pub(super) struct Reference<'a> {
    pub(super) arn: &'a str,
    pub(super) role: Option<&'a str>,
    pub(super) path: &'a [&'a str],
}

const fn is_variable(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'=' || bytes[i] <= b' ' {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// Where it is kept: `env KAFKA_PASSWORD`, `aws arn:..[kafka][password]`, `literal (hidden)`.
impl fmt::Display for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Variable(name) => write!(f, "env {name}"),
            Place::Text(_) => f.write_str("literal (hidden)"),
            Place::Aws(arn) => {
                write!(f, "aws {arn}")?;
                for part in self.path {
                    write!(f, "[{part}]")?;
                }
                match self.role {
                    Some(role) => write!(f, " as {role}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

/// What is in the environment variables that a catalog's secrets name.
#[derive(Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// None at all: for catalogs without secrets in variables, and where no secret is needed. A
    /// secret in a variable is an empty text then.
    pub const NONE: Variables = Variables(BTreeMap::new());

    /// Adds a variable with its value.
    pub fn insert(&mut self, name: &str, value: String) {
        self.0.insert(name.into(), value);
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// The names alone.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_value() {
        let secret = Secret::plain("hunter2");
        let mut variables = Variables::default();
        variables.insert("NAME", "hunter2".into());
        let shown = format!("{secret} {secret:?} {:#?} {variables:?}", Some(secret));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("literal (hidden)") && shown.contains("NAME"));
    }

    #[test]
    fn a_place_is_shown() {
        let secret = Secret::aws("arn:a").role("arn:r").path(&["a", "b"]);
        assert_eq!(secret.to_string(), "aws arn:a[a][b] as arn:r");
        assert_eq!(Secret::env("NAME").to_string(), "env NAME");
    }

    #[test]
    fn places_that_are_none_are_refused() {
        for wrong in [
            Secret::env(""),
            Secret::env("A=B"),
            Secret::env("A B"),
            Secret::env("A").role("arn:r"),
            Secret::aws(""),
            Secret::aws("arn:a").path(&["a", ""]),
        ] {
            assert!(wrong.check().is_err(), "{wrong}");
        }
        assert!(Secret::aws("arn:a").path(&["a"]).check().is_ok());
    }
}
