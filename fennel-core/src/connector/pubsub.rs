//! Pub/Sub: topics of Google Cloud.

use super::account::{account, unnamed};
use super::read::{another, read_secret, write_needed};
use super::table::{no_debezium, no_feed};
use super::{Connector, Decoded, Reader, Setting, SinkKind, Traits, Variables};
use crate::entity::Cdc;
use crate::message::Check;
use crate::wire::proto::connector::pub_sub::ServiceAccountKeyVariant;
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database, pub_sub_format};

account! {
    /// A project of Pub/Sub, with its topics of JSON objects.
    ///
    /// ```
    /// use fennel_core::connector::{PubSub, Secret};
    ///
    /// static PINGS: PubSub = PubSub::new("pings")
    ///     .project_id("shop-prod")
    ///     .service_account_key(Secret::env("PUBSUB_KEY"));
    ///
    /// let pings = PINGS.topic("pings");
    /// ```
    PubSub is "Pub/Sub" {
        /// The project.
        required_content project_id: &'a str = "",
    }
    secrets {
        /// The JSON text of a service account's key.
        required service_account_key,
    }
}

impl<'a> PubSub<'a> {
    /// One of its topics.
    #[must_use]
    pub const fn topic(&self, topic: &'a str) -> PubSubTopic<'a> {
        PubSubTopic {
            pubsub: *self,
            topic,
        }
    }

    /// The project without a topic, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.topic("").connector()
    }
}

/// One topic of Pub/Sub.
#[derive(Clone, Copy, Debug)]
pub struct PubSubTopic<'a> {
    /// The project.
    pub pubsub: PubSub<'a>,
    /// The topic's id.
    pub topic: &'a str,
}

impl<'a> PubSubTopic<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "pubsub",
        label: PubSub::LABEL,
        polled: false,
        sink: SinkKind::Never,
    };

    /// The topic as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::PubSub(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.pubsub.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        self.pubsub.settings()
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        vec![Setting::content("topic", self.topic)]
    }

    pub(super) const fn check_account(&self) -> Check {
        self.pubsub.check_settings()
    }

    pub(super) const fn check(&self) -> Check {
        if self.topic.is_empty() {
            return Err(unnamed(
                PubSub::LABEL,
                self.pubsub.name,
                "topics",
                ".topic(\"purchases\")",
            ));
        }
        Ok(())
    }

    pub(super) const fn check_source(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_sink(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_cdc(&self, cdc: Cdc) -> Check {
        match cdc {
            Cdc::Append | Cdc::Upsert => Ok(()),
            Cdc::Debezium => Err(no_debezium(PubSub::LABEL)),
            Cdc::Native => Err(no_feed(PubSub::LABEL)),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        Ok(())
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        ext_database::Variant::Pubsub(proto::PubSub {
            project_id: self.pubsub.project_id.into(),
            service_account_key_variant: write_needed(
                self.pubsub.service_account_key,
                variables,
                ServiceAccountKeyVariant::ServiceAccountKey,
                ServiceAccountKeyVariant::ServiceAccountKeySecret,
            ),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::PubSubTopic {
        proto::PubSubTopic {
            db,
            topic_id: self.topic.into(),
            format: Some(proto::PubSubFormat {
                variant: Some(pub_sub_format::Variant::Json(proto::JsonFormat {})),
            }),
        }
    }

    pub(super) fn read(reader: Reader<'a>, topic: &proto::PubSubTopic) -> Decoded<Self> {
        let (name, settings) = reader.system(topic.db.as_ref())?;
        let pubsub = match settings {
            None => PubSub::get(name),
            Some(ext_database::Variant::Pubsub(pubsub)) => PubSub {
                elsewhere: pubsub.project_id.is_empty(),
                project_id: reader.text(&pubsub.project_id),
                service_account_key: read_secret!(
                    reader,
                    pubsub.service_account_key_variant,
                    ServiceAccountKeyVariant::{ServiceAccountKey, ServiceAccountKeySecret}
                ),
                ..PubSub::new(name)
            },
            Some(_) => return another("a topic of Pub/Sub", name),
        };
        Ok(PubSubTopic {
            pubsub,
            topic: reader.text(&topic.topic_id),
        })
    }
}
