//! What messages of a topic are.

use super::account::{check_pair, check_secret, check_text, of};
use super::read::{Decoded, Reader, read_secret, write};
use super::{Secret, Setting, Variables};
use crate::message::{Check, ensure};
use crate::wire::proto::connector::{self as proto, kafka_format::Variant};
use crate::wire::proto::http_auth::basic_authentication::{PasswordVariant, UsernameVariant};
use crate::wire::proto::http_auth::token_authentication::TokenVariant;
use crate::wire::proto::http_auth::{
    BasicAuthentication, HttpAuthentication, TokenAuthentication, http_authentication,
};
use crate::wire::proto::schema_registry::{RegistryProvider, SchemaRegistry};

/// What messages of a topic are.
#[derive(Clone, Copy, Debug)]
pub enum Format<'a> {
    /// JSON objects.
    Json,
    /// Avro, with its schemas in a registry.
    Avro(Registry<'a>),
    /// Protobuf, with its schemas in a registry.
    Protobuf(Registry<'a>),
}

/// A registry of schemas.
///
/// ```
/// use fennel_core::connector::{Registry, Secret};
///
/// const SCHEMAS: Registry<'_> = Registry::confluent("https://registry.example.com")
///     .username(Secret::env("REGISTRY_USER"))
///     .password(Secret::env("REGISTRY_PASSWORD"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Registry<'a> {
    /// Its address.
    pub url: &'a str,
    /// The user to log in as.
    pub username: Option<Secret<'a>>,
    /// The user's password.
    pub password: Option<Secret<'a>>,
    /// A token, instead of the two.
    pub token: Option<Secret<'a>>,
}

impl<'a> Registry<'a> {
    const LABEL: &'static str = "the schema registry";

    /// A Confluent registry at that address.
    #[must_use]
    pub const fn confluent(url: &'a str) -> Self {
        Registry {
            url,
            username: None,
            password: None,
            token: None,
        }
    }

    /// The user to log in as.
    #[must_use]
    pub const fn username(mut self, username: Secret<'a>) -> Self {
        self.username = Some(username);
        self
    }

    /// The user's password.
    #[must_use]
    pub const fn password(mut self, password: Secret<'a>) -> Self {
        self.password = Some(password);
        self
    }

    /// A token, instead of a username and a password.
    #[must_use]
    pub const fn token(mut self, token: Secret<'a>) -> Self {
        self.token = Some(token);
        self
    }

    const fn check(&self, must_log_in: bool) -> Check {
        ensure!(check_text(Self::LABEL, self.url, "url", self.url));
        ensure!(check_secret(
            Self::LABEL,
            self.url,
            "username",
            &self.username,
            false
        ));
        ensure!(check_secret(
            Self::LABEL,
            self.url,
            "password",
            &self.password,
            false
        ));
        ensure!(check_secret(
            Self::LABEL,
            self.url,
            "token",
            &self.token,
            false
        ));
        let logs_in = self.username.is_some() || self.password.is_some();
        if self.token.is_some() && logs_in {
            return Err(of(Self::LABEL, self.url).text(
                " has two ways to log in: give the token, or the username and the password",
            ));
        }
        if must_log_in && self.token.is_none() && !logs_in {
            return Err(of(Self::LABEL, self.url).text(
                " needs a login: give a `.token(..)`, or a `.username(..)` and a `.password(..)`",
            ));
        }
        check_pair(
            Self::LABEL,
            self.url,
            ("username", &self.username),
            ("password", &self.password),
        )
    }

    fn facts(&self) -> Vec<Setting<'a>> {
        let mut facts = vec![
            Setting::access("registry", self.url),
            Setting::secret("registry.username", self.username),
            Setting::secret("registry.password", self.password),
            Setting::secret("registry.token", self.token),
        ];
        facts.retain(Setting::is_set);
        facts
    }

    fn write(&self, variables: &Variables) -> SchemaRegistry {
        let variant = match (self.username, self.token) {
            (Some(_), _) => {
                let password = write(
                    self.password,
                    variables,
                    PasswordVariant::Password,
                    PasswordVariant::PasswordSecret,
                );
                let empty = |password: &PasswordVariant| matches!(password, PasswordVariant::Password(text) if text.is_empty());
                Some(http_authentication::Variant::Basic(BasicAuthentication {
                    username_variant: write(
                        self.username,
                        variables,
                        UsernameVariant::Username,
                        UsernameVariant::UsernameSecret,
                    ),
                    password_variant: password.filter(|password| !empty(password)),
                }))
            }
            (None, Some(token)) => Some(http_authentication::Variant::Token(TokenAuthentication {
                token_variant: write(
                    Some(token),
                    variables,
                    TokenVariant::Token,
                    TokenVariant::TokenSecret,
                ),
            })),
            (None, None) => None,
        };
        SchemaRegistry {
            registry_provider: RegistryProvider::Confluent.into(),
            url: self.url.into(),
            auth: variant.map(|variant| HttpAuthentication {
                variant: Some(variant),
            }),
        }
    }

    fn read(reader: Reader<'a>, registry: Option<&SchemaRegistry>) -> Decoded<Self> {
        let registry = registry.ok_or("its format needs a schema registry")?;
        if RegistryProvider::try_from(registry.registry_provider).is_err() {
            return Err("the schema registry is not Confluent's, which is the one there is".into());
        }
        let read = Registry::confluent(reader.text(&registry.url));
        let variant = registry
            .auth
            .as_ref()
            .and_then(|auth| auth.variant.as_ref());
        Ok(match variant {
            None => read,
            Some(http_authentication::Variant::Token(token)) => Registry {
                token: read_secret!(reader, token.token_variant, TokenVariant::{Token, TokenSecret}),
                ..read
            },
            Some(http_authentication::Variant::Basic(basic)) => Registry {
                username: read_secret!(
                    reader,
                    basic.username_variant,
                    UsernameVariant::{Username, UsernameSecret}
                ),
                password: read_secret!(
                    reader,
                    basic.password_variant,
                    PasswordVariant::{Password, PasswordSecret}
                )
                .or(Some(Secret::plain(""))),
                ..read
            },
        })
    }
}

impl<'a> Format<'a> {
    pub(super) const fn check(&self) -> Check {
        match self {
            Format::Json => Ok(()),
            Format::Avro(registry) => registry.check(false),
            Format::Protobuf(registry) => registry.check(true),
        }
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        let (name, registry) = match self {
            Format::Json => ("json", None),
            Format::Avro(registry) => ("avro", Some(registry)),
            Format::Protobuf(registry) => ("protobuf", Some(registry)),
        };
        let mut facts = vec![Setting::content("format", name)];
        facts.extend(registry.map(Registry::facts).unwrap_or_default());
        facts
    }

    pub(super) fn write(&self, variables: &Variables) -> proto::KafkaFormat {
        let variant = match self {
            Format::Json => Variant::Json(proto::JsonFormat {}),
            Format::Avro(registry) => Variant::Avro(proto::AvroFormat {
                schema_registry: Some(registry.write(variables)),
            }),
            Format::Protobuf(registry) => Variant::Protobuf(proto::ProtobufFormat {
                schema_registry: Some(registry.write(variables)),
            }),
        };
        proto::KafkaFormat {
            variant: Some(variant),
        }
    }

    pub(super) fn read(reader: Reader<'a>, format: Option<&proto::KafkaFormat>) -> Decoded<Self> {
        let variant = format.and_then(|format| format.variant.as_ref());
        Ok(match variant {
            None | Some(Variant::Json(_)) => Format::Json,
            Some(Variant::Avro(avro)) => {
                Format::Avro(Registry::read(reader, avro.schema_registry.as_ref())?)
            }
            Some(Variant::Protobuf(protobuf)) => {
                Format::Protobuf(Registry::read(reader, protobuf.schema_registry.as_ref())?)
            }
        })
    }
}
