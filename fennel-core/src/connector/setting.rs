//! What connectors say, as names and texts.

use core::fmt;

use super::Secret;

/// One thing that a connector says: for plans, and for comparing two connectors.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// What it is about, such as `host`.
    pub name: &'static str,
    /// Its value as people see it, without secrets.
    pub text: String,
    /// Whether it tells how the data is reached, not which data it is. It may change under any
    /// version.
    pub access: bool,
    /// Where it is kept, if it is a secret.
    pub secret: Option<Secret<'a>>,
    /// What is compared and never shown.
    hidden: Vec<&'a str>,
}

impl<'a> Setting<'a> {
    /// Which data it is.
    pub(crate) fn content(name: &'static str, text: impl fmt::Display) -> Self {
        Setting {
            name,
            text: text.to_string(),
            access: false,
            secret: None,
            hidden: Vec::new(),
        }
    }

    /// How the data is reached.
    pub(super) fn access(name: &'static str, text: impl fmt::Display) -> Self {
        Setting {
            access: true,
            ..Setting::content(name, text)
        }
    }

    /// How the data is reached, not to be shown; an empty text where it is not set.
    pub(super) fn secret(name: &'static str, secret: Option<Secret<'a>>) -> Self {
        Setting {
            secret,
            hidden: secret
                .and_then(|secret| secret.text())
                .into_iter()
                .collect(),
            ..Setting::access(
                name,
                secret.map_or(String::new(), |secret| secret.to_string()),
            )
        }
    }

    /// The same, with texts that are compared and never shown.
    pub(super) fn hiding(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.hidden.extend(texts);
        self
    }

    /// What is compared and never shown.
    pub(crate) fn hidden(&self) -> &[&'a str] {
        &self.hidden
    }

    /// Whether it says something.
    pub(super) fn is_set(&self) -> bool {
        !self.text.is_empty()
    }
}

impl fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.text)
    }
}
