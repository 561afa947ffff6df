//! Connectors: the outside systems that rows come from. One file each, with the builder that
//! definitions use.

mod webhook;

pub use webhook::{Endpoint, Webhook};

use crate::message::{Check, Message};

/// Where a source reads from.
#[derive(Clone, Copy, Debug)]
pub enum Connector<'a> {
    /// Rows that are sent to the server's `log` endpoint.
    Webhook(Endpoint<'a>),
}

impl Connector<'_> {
    /// The name of the outside system, for plans.
    #[must_use]
    pub const fn name(&self) -> &str {
        match self {
            Connector::Webhook(endpoint) => endpoint.webhook.name,
        }
    }

    /// The settings of the outside system, for people and for comparing two of one name.
    #[must_use]
    pub fn settings(&self) -> String {
        match self {
            Connector::Webhook(endpoint) => {
                format!("a webhook with retention {}", endpoint.webhook.retention)
            }
        }
    }

    /// What is read, as names and texts: a plan shows them, and a dataset's identity holds them.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Connector::Webhook(endpoint) => vec![
                ("webhook", endpoint.webhook.name.into()),
                ("endpoint", endpoint.endpoint.into()),
                ("retention", endpoint.webhook.retention.to_string()),
            ],
        }
    }

    /// Checks the settings of the outside system.
    ///
    /// # Errors
    ///
    /// A setting that is wrong.
    pub const fn check(&self) -> Check {
        match self {
            Connector::Webhook(endpoint) => endpoint.check(),
        }
    }

    /// Checks that the system is one that is polled.
    pub(crate) const fn check_every(&self) -> Check {
        match self {
            Connector::Webhook(_) => Err(Message::new(
                "rows are sent to a webhook, and nothing is polled: remove `every`",
            )),
        }
    }

    /// Checks that the system has a change feed of its own.
    pub(crate) const fn check_native(&self) -> Check {
        match self {
            Connector::Webhook(_) => Err(Message::new(
                "a webhook has no change feed of its own: write `cdc = append` or `cdc = upsert`",
            )),
        }
    }
}

/// What is read, for people: `webhook app, endpoint sales`.
impl core::fmt::Display for Connector<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Connector::Webhook(endpoint) => {
                write!(
                    f,
                    "webhook {}, endpoint {}",
                    endpoint.webhook.name, endpoint.endpoint
                )
            }
        }
    }
}
