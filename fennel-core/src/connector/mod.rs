//! Connectors: the outside systems that rows come from and go to. One file each, with the builder
//! that definitions use, what it checks, and its form on the wire.

mod account;
mod certificate;
mod format;
mod read;
mod s3_path;
mod secret;
mod setting;
mod table;

pub use certificate::Certificate;
pub use format::{Format, Registry};
pub(crate) use read::{Decoded, Reader};
pub use secret::{Secret, Variables};
pub use setting::Setting;

use crate::entity::Cdc;
use crate::message::{Check, Message};
use crate::wire::proto::connector::{ExtDatabase, ExtTable, ext_table};

/// What all systems of one kind have in common.
pub(crate) struct Traits {
    /// The name among facts, such as `kafka`.
    key: &'static str,
    /// What people call it.
    label: &'static str,
    /// The server asks for new rows now and then. Otherwise they come by themselves.
    polled: bool,
    /// How rows are written to it.
    sink: SinkKind,
}

/// Whether rows can be written there, and how.
#[derive(Clone, Copy)]
pub(crate) enum SinkKind {
    /// They can't.
    Never,
    /// Each change as an event of its own.
    Events,
    /// Changes since the last time, now and then.
    Batches,
}

/// Makes the enum of all connectors, and hands each call on. A line names the variant, its module,
/// what one place to read from or write to is, and that place's variant in the protocol.
macro_rules! connectors {
    ($($(#[$doc:meta])* $variant:ident in $module:ident, $place:ident as $wire:ident;)*) => {
        $(mod $module;)*

        /// Where a source reads from, or a sink writes to.
        #[derive(Clone, Copy, Debug)]
        pub enum Connector<'a> {
            $($(#[$doc])* $variant($module::$place<'a>),)*
        }

        impl<'a> Connector<'a> {
            pub(crate) const fn traits(&self) -> &'static Traits {
                match self {
                    $(Connector::$variant(_) => &$module::$place::TRAITS,)*
                }
            }

            /// The name of the outside system.
            #[must_use]
            pub const fn name(&self) -> &'a str {
                match self {
                    $(Connector::$variant(place) => place.name(),)*
                }
            }

            /// The settings of the outside system.
            #[must_use]
            pub fn settings(&self) -> Vec<Setting<'a>> {
                match self {
                    $(Connector::$variant(place) => place.settings(),)*
                }
            }

            /// What is read or written in the outside system.
            #[must_use]
            pub fn facts(&self) -> Vec<Setting<'a>> {
                match self {
                    $(Connector::$variant(place) => place.facts(),)*
                }
            }

            /// Checks the settings of the outside system.
            ///
            /// # Errors
            ///
            /// A setting that is missing or wrong.
            pub const fn check_account(&self) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check_account(),)*
                }
            }

            /// Checks what is read or written in it.
            ///
            /// # Errors
            ///
            /// The table, topic or the like is not named, or not in a way that can be.
            pub const fn check(&self) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check(),)*
                }
            }

            /// Checks that rows can be read there.
            ///
            /// # Errors
            ///
            /// They can't, or something that reading needs is missing.
            pub const fn check_source(&self) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check_source(),)*
                }
            }

            /// Checks that rows can be written there, where a system takes rows at all.
            const fn check_place_of_sink(&self) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check_sink(),)*
                }
            }

            /// The column that grows with each change, by which new rows are found.
            #[must_use]
            pub const fn cursor(&self) -> Option<&'a str> {
                match self {
                    $(Connector::$variant(place) => place.cursor_column(),)*
                }
            }

            /// Checks that rows there mean that.
            pub(crate) const fn check_cdc(&self, cdc: Cdc) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check_cdc(cdc),)*
                }
            }

            /// Checks that rows have parts inside of columns.
            pub(crate) const fn check_nested(&self) -> Check {
                match self {
                    $(Connector::$variant(place) => place.check_nested(),)*
                }
            }

            /// The outside system as a message.
            pub(crate) fn database(&self, variables: &Variables) -> ExtDatabase {
                let settings = match self {
                    $(Connector::$variant(place) => place.database(variables),)*
                };
                ExtDatabase {
                    name: self.name().into(),
                    variant: Some(settings),
                }
            }

            /// What is read or written there as a message.
            pub(crate) fn table(&self, variables: &Variables) -> ExtTable {
                let db = Some(self.database(variables));
                let table = match self {
                    $(Connector::$variant(place) => {
                        ext_table::Variant::$wire(place.table(db, variables))
                    })*
                };
                ExtTable {
                    variant: Some(table),
                }
            }

            /// What a message says.
            pub(crate) fn read(reader: Reader<'a>, table: Option<&ExtTable>) -> Decoded<Self> {
                let table = table.and_then(|table| table.variant.as_ref());
                Ok(match table.ok_or("it names nothing to read from or write to")? {
                    $(ext_table::Variant::$wire(table) => {
                        Connector::$variant($module::$place::read(reader, table)?)
                    })*
                })
            }
        }
    };
}

connectors! {
    /// Rows that are sent to the server's `log` endpoint.
    Webhook in webhook, Endpoint as Endpoint;
    /// A topic of Kafka.
    Kafka in kafka, Topic as KafkaTopic;
    /// Objects in a bucket of S3.
    S3 in s3, Bucket as S3Table;
    /// A stream of Kinesis.
    Kinesis in kinesis, Stream as KinesisStream;
    /// A topic of Pub/Sub.
    PubSub in pubsub, PubSubTopic as PubsubTopic;
    /// A table of Postgres.
    Postgres in postgres, PostgresTable as PgTable;
    /// A table of MySQL.
    MySql in mysql, MySqlTable as MysqlTable;
    /// A table of Snowflake.
    Snowflake in snowflake, SnowflakeTable as SnowflakeTable;
    /// A table of BigQuery.
    BigQuery in bigquery, BigQueryTable as BigqueryTable;
    /// A table of Redshift.
    Redshift in redshift, RedshiftTable as RedshiftTable;
    /// A collection of Mongo.
    Mongo in mongo, MongoCollection as MongoCollection;
    /// A path of an HTTP server.
    Http in http, HttpPath as HttpPath;
}

pub use bigquery::{BigQuery, BigQueryTable};
pub use http::{Http, HttpPath};
pub use kafka::{Kafka, SaslMechanism, SecurityProtocol, Topic};
pub use kinesis::{InitPosition, Kinesis, Stream};
pub use mongo::{Mongo, MongoCollection};
pub use mysql::{MySql, MySqlTable};
pub use postgres::{Postgres, PostgresTable};
pub use pubsub::{PubSub, PubSubTopic};
pub use redshift::{Redshift, RedshiftTable};
pub use s3::{Bucket, S3, S3Format};
pub use snowflake::{Snowflake, SnowflakeTable};
pub use webhook::{Endpoint, Webhook};

impl<'a> Connector<'a> {
    /// What people call systems of this kind.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.traits().label
    }

    /// Whether the server asks it for new rows now and then.
    #[must_use]
    pub const fn is_polled(&self) -> bool {
        self.traits().polled
    }

    /// The kind's name among facts, such as `kafka`.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.traits().key
    }

    /// How rows are written to it.
    #[must_use]
    pub(crate) const fn sink(&self) -> SinkKind {
        self.traits().sink
    }

    /// Checks that rows can be written there.
    ///
    /// # Errors
    ///
    /// They can't, or not in that form.
    pub const fn check_sink(&self) -> Check {
        match self.sink() {
            SinkKind::Never => Err(Message::new(
                "rows are written to Kafka, S3, Snowflake or HTTP; there are no ",
            )
            .text(self.label())
            .text(" sinks")),
            SinkKind::Events | SinkKind::Batches => self.check_place_of_sink(),
        }
    }

    /// How two systems of one name differ, each as a text, if they do.
    #[must_use]
    pub fn difference(&self, other: &Connector<'_>) -> Option<(String, String)> {
        if self.label() != other.label() {
            return Some((self.label().into(), other.label().into()));
        }
        let (ours, theirs) = (self.settings(), other.settings());
        let text = |mine: &[Setting<'_>], others: &[Setting<'_>]| {
            let differing = mine.iter().filter(|setting| !others.contains(setting));
            let differing: Vec<_> = differing
                .map(|setting| format!("{} {}", setting.name, setting.text))
                .collect();
            match differing.is_empty() {
                true => format!("{} without them", self.label()),
                false => format!("{} with {}", self.label(), differing.join(", ")),
            }
        };
        (ours != theirs).then(|| (text(&ours, &theirs), text(&theirs, &ours)))
    }

    /// Checks that the system is one that is polled.
    pub(crate) const fn check_every(&self) -> Check {
        if self.is_polled() {
            return Ok(());
        }
        Err(Message::new("`every` is for sources that are polled, and ")
            .text(self.label())
            .text(" sources are not: remove it"))
    }
}

/// What is read or written, for people: `webhook app, endpoint sales`.
impl core::fmt::Display for Connector<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.label(), self.name())?;
        match self.facts().first() {
            Some(fact) => write!(f, ", {} {}", fact.name, fact.text),
            None => Ok(()),
        }
    }
}
