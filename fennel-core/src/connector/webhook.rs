//! Webhooks: rows that are sent to the server.

use super::Connector;
use crate::message::{Check, Message};
use crate::time::Duration;

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
}

impl<'a> Webhook<'a> {
    /// A webhook that keeps what was sent for 7 days.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Webhook {
            name,
            retention: Duration::from_days(7),
        }
    }

    /// Keeps what was sent for so long, such as `"14d"`.
    ///
    /// # Panics
    ///
    /// When the text is not a duration: a compile error, since a webhook is a `static`.
    #[must_use]
    #[track_caller]
    pub const fn retention(mut self, duration: &str) -> Self {
        match Duration::parse(duration) {
            Ok(duration) => self.retention = duration,
            Err(message) => panic!("{}", message.as_str()),
        }
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
    /// The endpoint as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Webhook(self)
    }

    pub(super) const fn check(&self) -> Check {
        if self.webhook.name.is_empty() {
            return Err(Message::new("a webhook needs a name"));
        }
        if self.endpoint.is_empty() {
            return Err(Message::new("webhook ")
                .name(self.webhook.name)
                .text(" has many endpoints: name the one to read, as in `.endpoint(\"sales\")`"));
        }
        if self.webhook.retention.micros() == 0 {
            return Err(Message::new("the retention of webhook ")
                .name(self.webhook.name)
                .text(" must be longer than nothing"));
        }
        Ok(())
    }
}
