//! Kafka: topics of a cluster.

use super::account::{account, check_pair, of, unnamed};
use super::read::{another, read_secret, write};
use super::table::no_feed;
use super::{Connector, Decoded, Format, Reader, Registry, Setting, SinkKind, Traits, Variables};
use crate::entity::Cdc;
use crate::message::{Check, Message, ensure};
use crate::wire::proto::connector::kafka::{SaslPasswordVariant, SaslUsernameVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A cluster of Kafka, with its topics.
    ///
    /// ```
    /// use fennel_core::connector::{Kafka, Secret, SecurityProtocol};
    ///
    /// static EVENTS: Kafka = Kafka::new("events")
    ///     .bootstrap_servers("kafka-1:9092,kafka-2:9092")
    ///     .security_protocol(SecurityProtocol::SaslSsl)
    ///     .username(Secret::env("KAFKA_USER"))
    ///     .password(Secret::env("KAFKA_PASSWORD"));
    ///
    /// let purchases = EVENTS.topic("purchases").json();
    /// ```
    Kafka is "Kafka" {
        /// The brokers to begin with, as `host:port,host:port`.
        required_access bootstrap_servers: &'a str = "",
        /// How the connection is protected; not at all unless this is set.
        access security_protocol: SecurityProtocol = SecurityProtocol::Plaintext,
        /// How the username and the password are sent; as they are unless this is set.
        access sasl_mechanism: SaslMechanism = SaslMechanism::Plain,
    }
    secrets {
        /// The user to log in as.
        optional username,
        /// The user's password.
        optional password,
    }
}

/// How a connection to Kafka is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// Without encryption, with a login.
    SaslPlaintext,
    /// With TLS and a login.
    SaslSsl,
}

/// How a username and a password are sent to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// As they are.
    Plain,
    /// By a challenge, with SHA-256.
    ScramSha256,
    /// By a challenge, with SHA-512.
    ScramSha512,
    /// By Kerberos.
    Gssapi,
}

/// The protocol's names of an enum's variants, there and back.
macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),* }) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self {
                    $($type::$variant => $name,)*
                })
            }
        }

        impl $type {
            fn read(name: &str) -> Option<Self> {
                match name {
                    $($name => Some($type::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    SecurityProtocol {
        Plaintext = "PLAINTEXT",
        SaslPlaintext = "SASL_PLAINTEXT",
        SaslSsl = "SASL_SSL"
    }
}

names! {
    SaslMechanism {
        Plain = "PLAIN",
        ScramSha256 = "SCRAM-SHA-256",
        ScramSha512 = "SCRAM-SHA-512",
        Gssapi = "GSSAPI"
    }
}

impl<'a> Kafka<'a> {
    /// One of its topics, whose messages are JSON unless something else is said.
    #[must_use]
    pub const fn topic(&self, topic: &'a str) -> Topic<'a> {
        Topic {
            kafka: *self,
            topic,
            format: Format::Json,
        }
    }

    /// The cluster without a topic, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.topic("").connector()
    }
}

/// One topic of Kafka.
#[derive(Clone, Copy, Debug)]
pub struct Topic<'a> {
    /// The cluster.
    pub kafka: Kafka<'a>,
    /// The topic's name.
    pub topic: &'a str,
    /// What its messages are.
    pub format: Format<'a>,
}

impl<'a> Topic<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "kafka",
        label: Kafka::LABEL,
        polled: false,
        sink: SinkKind::Events,
    };

    /// Its messages are JSON objects.
    #[must_use]
    pub const fn json(mut self) -> Self {
        self.format = Format::Json;
        self
    }

    /// Its messages are Avro, with their schemas in a registry.
    #[must_use]
    pub const fn avro(mut self, registry: Registry<'a>) -> Self {
        self.format = Format::Avro(registry);
        self
    }

    /// Its messages are Protobuf, with their schemas in a registry.
    #[must_use]
    pub const fn protobuf(mut self, registry: Registry<'a>) -> Self {
        self.format = Format::Protobuf(registry);
        self
    }

    /// The topic as a connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Kafka(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.kafka.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        self.kafka.settings()
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        let mut facts = vec![Setting::content("topic", self.topic)];
        facts.extend(self.format.facts());
        facts
    }

    pub(super) const fn check_account(&self) -> Check {
        ensure!(self.kafka.check_settings());
        check_pair(
            Kafka::LABEL,
            self.kafka.name,
            ("username", &self.kafka.username),
            ("password", &self.kafka.password),
        )
    }

    pub(super) const fn check(&self) -> Check {
        if self.topic.is_empty() {
            return Err(unnamed(
                Kafka::LABEL,
                self.kafka.name,
                "topics",
                ".topic(\"purchases\")",
            ));
        }
        self.format.check()
    }

    pub(super) const fn check_source(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_sink(&self) -> Check {
        match self.format {
            Format::Json => Ok(()),
            Format::Avro(_) | Format::Protobuf(_) => Err(of(Kafka::LABEL, self.kafka.name)
                .text(": rows are written as JSON: write `.json()`")),
        }
    }

    pub(super) const fn check_cdc(&self, cdc: Cdc) -> Check {
        match (cdc, &self.format) {
            (Cdc::Native, _) => Err(no_feed(Kafka::LABEL)),
            (Cdc::Debezium, Format::Protobuf(_)) => Err(Message::new(
                "Debezium's envelope is read from JSON and Avro, not from Protobuf: write `cdc = append` or `cdc = upsert`",
            )),
            _ => Ok(()),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        Ok(())
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let kafka = &self.kafka;
        ext_database::Variant::Kafka(proto::Kafka {
            bootstrap_servers: kafka.bootstrap_servers.into(),
            security_protocol: kafka.security_protocol.to_string(),
            sasl_mechanism: kafka.sasl_mechanism.to_string(),
            sasl_username_variant: write(
                kafka.username,
                variables,
                SaslUsernameVariant::SaslPlainUsername,
                SaslUsernameVariant::SaslUsernameSecret,
            ),
            sasl_password_variant: write(
                kafka.password,
                variables,
                SaslPasswordVariant::SaslPlainPassword,
                SaslPasswordVariant::SaslPasswordSecret,
            ),
            ..Default::default()
        })
    }

    pub(super) fn table(
        &self,
        db: Option<ExtDatabase>,
        variables: &Variables,
    ) -> proto::KafkaTopic {
        proto::KafkaTopic {
            db,
            topic: self.topic.into(),
            format: Some(self.format.write(variables)),
        }
    }

    pub(super) fn read(reader: Reader<'a>, topic: &proto::KafkaTopic) -> Decoded<Self> {
        let (name, settings) = reader.system(topic.db.as_ref())?;
        let kafka = match settings {
            None => Kafka::get(name),
            Some(ext_database::Variant::Kafka(kafka)) => read_kafka(reader, name, kafka)?,
            Some(_) => return another("a topic of Kafka", name),
        };
        Ok(Topic {
            kafka,
            topic: reader.text(&topic.topic),
            format: Format::read(reader, topic.format.as_ref())?,
        })
    }
}

fn read_kafka<'a>(reader: Reader<'a>, name: &'a str, kafka: &proto::Kafka) -> Decoded<Kafka<'a>> {
    #[expect(
        deprecated,
        reason = "messages may still hold what nothing here can keep"
    )]
    let (jaas, group) = (&kafka.sasl_jaas_config, &kafka.group_id);
    if !jaas.is_empty() || !group.is_empty() {
        return Err(format!(
            "Kafka `{name}` has a JAAS configuration or a group id, which are out of use: give the username and password alone"
        ));
    }
    let protocol = SecurityProtocol::read(&kafka.security_protocol).ok_or_else(|| {
        format!("the security protocol of Kafka `{name}` is none of PLAINTEXT, SASL_PLAINTEXT and SASL_SSL")
    })?;
    let mechanism = SaslMechanism::read(&kafka.sasl_mechanism).ok_or_else(|| {
        format!("the SASL mechanism of Kafka `{name}` is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and GSSAPI")
    })?;
    Ok(Kafka {
        elsewhere: kafka.bootstrap_servers.is_empty(),
        bootstrap_servers: reader.text(&kafka.bootstrap_servers),
        security_protocol: protocol,
        sasl_mechanism: mechanism,
        username: read_secret!(
            reader,
            kafka.sasl_username_variant,
            SaslUsernameVariant::{SaslPlainUsername, SaslUsernameSecret}
        ),
        password: read_secret!(
            reader,
            kafka.sasl_password_variant,
            SaslPasswordVariant::{SaslPlainPassword, SaslPasswordSecret}
        ),
        ..Kafka::new(name)
    })
}
