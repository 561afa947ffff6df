//! The builder of an outside system's settings.

use super::Secret;
use crate::message::{Check, Message};

/// An outside system: a struct with its settings, a builder for each, and what is to be known about
/// all of them. A setting's kind tells whether it is required, and whether it says which data it is
/// (`content`) or how that is reached (`access`). A `secret` is a credential; a `hidden` text may
/// hold one.
macro_rules! account {
    (
        $(#[$doc:meta])*
        $name:ident is $label:literal {
            $($(#[$setting_doc:meta])* $kind:ident $setting:ident: $type:ty = $default:expr,)*
        }
        $(secrets { $($(#[$secret_doc:meta])* $need:ident $secret:ident,)* })?
        $(hidden { $($(#[$hidden_doc:meta])* $hidden:ident,)* })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            /// The name, which tells it from all other systems.
            pub name: &'a str,
            /// Its settings are not here: the server has them.
            pub elsewhere: bool,
            $($(#[$setting_doc])* pub $setting: $type,)*
            $($($(#[$secret_doc])* pub $secret: Option<$crate::connector::Secret<'a>>,)*)?
            $($($(#[$hidden_doc])* pub $hidden: Option<$crate::connector::Secret<'a>>,)*)?
        }

        impl<'a> $name<'a> {
            const LABEL: &'static str = $label;

            #[doc = concat!("A ", $label, " system of that name.")]
            #[must_use]
            pub const fn new(name: &'a str) -> Self {
                $name {
                    name,
                    elsewhere: false,
                    $($setting: $default,)*
                    $($($secret: None,)*)?
                    $($($hidden: None,)*)?
                }
            }

            #[doc = concat!("A ", $label, " system of that name that the server knows already: it has no settings here.")]
            #[must_use]
            pub const fn get(name: &'a str) -> Self {
                $name {
                    elsewhere: true,
                    ..$name::new(name)
                }
            }

            $(
                $(#[$setting_doc])*
                #[must_use]
                pub const fn $setting(mut self, $setting: $type) -> Self {
                    self.$setting = $setting;
                    self
                }
            )*
            $($(
                $(#[$secret_doc])*
                #[must_use]
                pub const fn $secret(mut self, $secret: $crate::connector::Secret<'a>) -> Self {
                    self.$secret = Some($secret);
                    self
                }
            )*)?
            $($(
                $(#[$hidden_doc])*
                #[must_use]
                pub const fn $hidden(mut self, $hidden: &'a str) -> Self {
                    self.$hidden = Some($crate::connector::Secret::plain($hidden));
                    self
                }
            )*)?

            /// Whatever is set.
            pub(super) fn settings(&self) -> Vec<$crate::connector::Setting<'a>> {
                use $crate::connector::Setting;

                if self.elsewhere {
                    return vec![Setting::access("settings", "elsewhere")];
                }
                let mut settings = vec![
                    $($crate::connector::account::setting!(
                        $kind stringify!($setting), self.$setting
                    ),)*
                    $($(Setting::secret(stringify!($secret), self.$secret),)*)?
                    $($(Setting::secret(stringify!($hidden), self.$hidden),)*)?
                ];
                settings.retain(Setting::is_set);
                settings
            }

            /// Checks that what is required is there, and that secrets can be had.
            const fn check_settings(&self) -> $crate::message::Check {
                use $crate::connector::account;
                use $crate::message::ensure;

                ensure!(account::check_name(Self::LABEL, self.name));
                if self.elsewhere {
                    return Ok(());
                }
                $(ensure!(account::required!(
                    $kind Self::LABEL, self.name, stringify!($setting), self.$setting
                ));)*
                $($(ensure!(account::check_secret(
                    Self::LABEL,
                    self.name,
                    stringify!($secret),
                    &self.$secret,
                    account::is_required!($need),
                ));)*)?
                Ok(())
            }
        }
    };
}
pub(super) use account;

macro_rules! setting {
    (required_content $name:expr, $value:expr) => {
        $crate::connector::Setting::content($name, $value)
    };
    (content $name:expr, $value:expr) => {
        $crate::connector::Setting::content($name, $value)
    };
    (required_access $name:expr, $value:expr) => {
        $crate::connector::Setting::access($name, $value)
    };
    (access $name:expr, $value:expr) => {
        $crate::connector::Setting::access($name, $value)
    };
}
pub(super) use setting;

macro_rules! required {
    (required_content $label:expr, $system:expr, $name:expr, $value:expr) => {
        $crate::connector::account::check_text($label, $system, $name, $value)
    };
    (required_access $label:expr, $system:expr, $name:expr, $value:expr) => {
        $crate::connector::account::check_text($label, $system, $name, $value)
    };
    ($kind:ident $label:expr, $system:expr, $name:expr, $value:expr) => {
        Ok(())
    };
}
pub(super) use required;

macro_rules! is_required {
    (required) => {
        true
    };
    (optional) => {
        false
    };
}
pub(super) use is_required;

pub(super) const fn check_name(label: &str, name: &str) -> Check {
    if name.is_empty() {
        return Err(Message::new("")
            .text(label)
            .text(" needs a name: it tells one outside system from another"));
    }
    Ok(())
}

/// Checks a required text, and that it is no address with a credential in it, which would be shown.
pub(super) const fn check_text(label: &str, system: &str, name: &str, text: &str) -> Check {
    if text.is_empty() {
        return Err(missing(label, system, name, "\"..\""));
    }
    if has_user_info(text) {
        return Err(of(label, system)
            .text(": the ")
            .text(name)
            .text(" holds a user or a password, and would be shown: give them as secrets"));
    }
    Ok(())
}

pub(super) const fn check_secret(
    label: &str,
    system: &str,
    name: &str,
    secret: &Option<Secret<'_>>,
    required: bool,
) -> Check {
    match secret {
        Some(secret) => match secret.check() {
            Ok(()) => Ok(()),
            Err(message) => Err(of(label, system)
                .text(", ")
                .text(name)
                .text(": ")
                .text(message.as_str())),
        },
        None if required => Err(missing(label, system, name, "Secret::env(\"..\")")),
        None => Ok(()),
    }
}

/// Checks two credentials that need each other.
pub(super) const fn check_pair(
    label: &str,
    system: &str,
    first: (&str, &Option<Secret<'_>>),
    second: (&str, &Option<Secret<'_>>),
) -> Check {
    let (given, missing) = match (first.1, second.1) {
        (Some(_), None) => (first.0, second.0),
        (None, Some(_)) => (second.0, first.0),
        _ => return Ok(()),
    };
    Err(of(label, system)
        .text(" has its ")
        .name(given)
        .text(" and no ")
        .name(missing)
        .text(": give both"))
}

/// What a system without a table, topic or the like is told.
pub(super) const fn unnamed(label: &str, system: &str, what: &str, example: &str) -> Message {
    of(label, system)
        .text(" has many ")
        .text(what)
        .text(": name the one that is meant, as in `")
        .text(example)
        .text("`")
}

pub(super) const fn of(label: &str, system: &str) -> Message {
    Message::new("").text(label).text(" ").name(system)
}

const fn missing(label: &str, system: &str, name: &str, example: &str) -> Message {
    of(label, system)
        .text(" needs its ")
        .name(name)
        .text(": add `.")
        .text(name)
        .text("(")
        .text(example)
        .text(")`")
}

/// Whether a text is an address with a user or password, `scheme://user:password@host`.
const fn has_user_info(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut slashes, mut i) = (false, 0);
    while i < bytes.len() {
        match bytes[i] {
            b'@' if slashes => return true,
            b'/' if !slashes && i > 1 && bytes[i - 1] == b'/' && bytes[i - 2] == b':' => {
                slashes = true;
            }
            b'/' | b'?' | b'#' if slashes => return false,
            _ => {}
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_credentials_are_seen() {
        assert!(has_user_info("mongodb+srv://me:hush@host/db"));
        assert!(!has_user_info("https://host/a@b"));
        assert!(!has_user_info("host:9092"));
    }
}
