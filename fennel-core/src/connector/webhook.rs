//! Webhooks: rows that are sent to the server.

use super::account::{check_name, of, unnamed};
use super::read::another;
use super::table::no_feed;
use super::{Connector, Decoded, Reader, Setting, SinkKind, Traits, Variables};
use crate::entity::Cdc;
use crate::message::{Check, Message, ensure};
use crate::time::{Duration, check_duration};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};
use crate::wire::time;

/// A named receiver of rows, with any number of endpoints.
///
/// ```
/// use fennel_core::connector::Webhook;
///
/// static APP: Webhook = Webhook::new("app").retention("14d");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// The name that `log` requests give.
    pub name: &'a str,
    /// How long sent rows can be read again, for datasets that come later.
    pub retention: Duration,
    /// The retention as it was written, if it was.
    written: Option<&'a str>,
}

impl<'a> Webhook<'a> {
    /// A webhook that keeps what was sent for 7 days.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Webhook {
            name,
            retention: Duration::from_days(7),
            written: None,
        }
    }

    /// Keeps what was sent for so long, such as `"14d"`.
    #[must_use]
    pub const fn retention(mut self, duration: &'a str) -> Self {
        self.retention = Duration::parse_or_zero(duration);
        self.written = Some(duration);
        self
    }

    /// The webhook without an endpoint, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.endpoint("").connector()
    }

    /// One of its endpoints, to read from.
    #[must_use]
    pub const fn endpoint(&self, endpoint: &'a str) -> Endpoint<'a> {
        Endpoint {
            webhook: *self,
            endpoint,
        }
    }
}

/// One endpoint of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// The webhook.
    pub webhook: Webhook<'a>,
    /// The endpoint's name.
    pub endpoint: &'a str,
}

impl<'a> Endpoint<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "webhook",
        label: "webhook",
        polled: false,
        sink: SinkKind::Never,
    };

    /// The endpoint as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Webhook(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.webhook.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        vec![Setting::content("retention", self.webhook.retention)]
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        vec![Setting::content("endpoint", self.endpoint)]
    }

    pub(super) const fn check_account(&self) -> Check {
        ensure!(check_name("webhook", self.webhook.name));
        if let Some(written) = self.webhook.written
            && let Err(message) = check_duration(written)
        {
            return Err(of("webhook", self.webhook.name)
                .text(", retention \"")
                .text(written)
                .text("\": ")
                .text(message.as_str()));
        }
        if self.webhook.retention.micros() == 0 {
            return Err(Message::new("the retention of webhook ")
                .name(self.webhook.name)
                .text(" must be longer than nothing"));
        }
        Ok(())
    }

    pub(super) const fn check(&self) -> Check {
        if self.endpoint.is_empty() {
            return Err(unnamed(
                "webhook",
                self.webhook.name,
                "endpoints",
                ".endpoint(\"sales\")",
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
            Cdc::Native => Err(no_feed("webhook")),
            Cdc::Append | Cdc::Upsert | Cdc::Debezium => Ok(()),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        Ok(())
    }

    pub(super) fn database(&self, _: &Variables) -> ext_database::Variant {
        ext_database::Variant::Webhook(proto::Webhook {
            name: self.webhook.name.into(),
            retention: Some(time::write_duration(self.webhook.retention)),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::WebhookEndpoint {
        proto::WebhookEndpoint {
            db,
            endpoint: self.endpoint.into(),
            duration: Some(time::write_duration(self.webhook.retention)),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::WebhookEndpoint) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let Some(ext_database::Variant::Webhook(webhook)) = settings else {
            return another("an endpoint of a webhook", name);
        };
        let name = reader.text(&webhook.name);
        let retention = time::read_duration(webhook.retention.as_ref())?;
        Ok(Endpoint {
            webhook: Webhook {
                retention: retention.unwrap_or(Webhook::new(name).retention),
                ..Webhook::new(name)
            },
            endpoint: reader.text(&table.endpoint),
        })
    }
}
