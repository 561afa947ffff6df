//! Kinesis: streams of AWS.

use super::account::{account, unnamed};
use super::read::another;
use super::table::no_feed;
use super::{Connector, Decoded, Reader, Setting, SinkKind, Traits, Variables};
use crate::entity::Cdc;
use crate::message::{Check, Message};
use crate::time::Timestamp;
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};
use crate::wire::proto::kinesis;
use crate::wire::time::{read_timestamp, write_timestamp};

account! {
    /// An account of Kinesis, with its streams of JSON objects.
    ///
    /// ```
    /// use fennel_core::connector::{InitPosition, Kinesis};
    ///
    /// static TAPS: Kinesis = Kinesis::new("taps").role_arn("arn:aws:iam::1:role/kinesis");
    ///
    /// let taps = TAPS.stream(
    ///     "arn:aws:kinesis:eu-west-1:1:stream/taps",
    ///     InitPosition::At("2024-01-01T00:00:00Z"),
    /// );
    /// ```
    Kinesis is "Kinesis" {
        /// The role to take on.
        required_access role_arn: &'a str = "",
    }
}

/// Where in a stream to begin.
#[derive(Clone, Copy, Debug)]
pub enum InitPosition<'a> {
    /// With rows that come from now on.
    Latest,
    /// With the oldest row there is.
    TrimHorizon,
    /// At an instant, such as `"2024-02-03T04:05:06Z"`.
    At(&'a str),
    /// At an instant, as seconds since 1970.
    AtSeconds(f64),
}

impl InitPosition<'_> {
    /// The instant, where it is one.
    const fn instant(&self) -> Result<Option<Timestamp>, Message> {
        match self {
            InitPosition::Latest | InitPosition::TrimHorizon => Ok(None),
            InitPosition::At(text) => match Timestamp::parse(text) {
                Ok(instant) => Ok(Some(instant)),
                Err(message) => Err(Message::new("\"")
                    .text(text)
                    .text("\" is no place to begin: write `InitPosition::Latest`, `InitPosition::TrimHorizon`, or an instant; it is ")
                    .text(message.as_str())),
            },
            InitPosition::AtSeconds(seconds) => {
                match Timestamp::from_micros((*seconds * 1e6) as i64) {
                    Some(instant) if seconds.is_finite() => Ok(Some(instant)),
                    _ => Err(Message::new(
                        "the place to begin is outside years 1 to 9999: give seconds since 1970",
                    )),
                }
            }
        }
    }
}

impl<'a> Kinesis<'a> {
    /// One of its streams by its ARN, and where in it to begin.
    #[must_use]
    pub const fn stream(&self, arn: &'a str, init_position: InitPosition<'a>) -> Stream<'a> {
        Stream {
            kinesis: *self,
            arn,
            init_position,
        }
    }

    /// The account without a stream, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.stream("", InitPosition::Latest).connector()
    }
}

/// One stream of Kinesis.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    /// The account.
    pub kinesis: Kinesis<'a>,
    /// The stream's ARN.
    pub arn: &'a str,
    /// Where to begin.
    pub init_position: InitPosition<'a>,
}

impl<'a> Stream<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "kinesis",
        label: Kinesis::LABEL,
        polled: false,
        sink: SinkKind::Never,
    };

    /// The stream as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Kinesis(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.kinesis.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        self.kinesis.settings()
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        let begins = match (self.init_position, self.init_position.instant()) {
            (_, Ok(Some(instant))) => instant.to_string(),
            (InitPosition::TrimHorizon, _) => "trim horizon".into(),
            _ => "latest".into(),
        };
        vec![
            Setting::content("stream", self.arn),
            Setting::content("init_position", begins),
        ]
    }

    pub(super) const fn check_account(&self) -> Check {
        self.kinesis.check_settings()
    }

    pub(super) const fn check(&self) -> Check {
        if self.arn.is_empty() {
            return Err(unnamed(
                Kinesis::LABEL,
                self.kinesis.name,
                "streams",
                ".stream(\"arn:..\", InitPosition::Latest)",
            ));
        }
        match self.init_position.instant() {
            Ok(_) => Ok(()),
            Err(message) => Err(message),
        }
    }

    pub(super) const fn check_source(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_sink(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_cdc(&self, cdc: Cdc) -> Check {
        match cdc {
            Cdc::Native => Err(no_feed(Kinesis::LABEL)),
            Cdc::Append | Cdc::Upsert | Cdc::Debezium => Ok(()),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        Ok(())
    }

    pub(super) fn database(&self, _: &Variables) -> ext_database::Variant {
        ext_database::Variant::Kinesis(proto::Kinesis {
            role_arn: self.kinesis.role_arn.into(),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::KinesisStream {
        let position = match self.init_position {
            InitPosition::Latest => kinesis::InitPosition::Latest,
            InitPosition::TrimHorizon => kinesis::InitPosition::TrimHorizon,
            InitPosition::At(_) | InitPosition::AtSeconds(_) => kinesis::InitPosition::AtTimestamp,
        };
        let instant = self.init_position.instant().ok().flatten();
        proto::KinesisStream {
            stream_arn: self.arn.into(),
            init_position: position.into(),
            init_timestamp: instant.map(write_timestamp),
            format: "json".into(),
            db,
        }
    }

    pub(super) fn read(reader: Reader<'a>, stream: &proto::KinesisStream) -> Decoded<Self> {
        let (name, settings) = reader.system(stream.db.as_ref())?;
        let kinesis = match settings {
            None => Kinesis::get(name),
            Some(ext_database::Variant::Kinesis(kinesis)) => Kinesis {
                elsewhere: kinesis.role_arn.is_empty(),
                role_arn: reader.text(&kinesis.role_arn),
                ..Kinesis::new(name)
            },
            Some(_) => return another("a stream of Kinesis", name),
        };
        if stream.format != "json" {
            return Err(format!(
                "rows of Kinesis are JSON, and not `{}`: write \"json\"",
                stream.format
            ));
        }
        let init_position = match kinesis::InitPosition::try_from(stream.init_position) {
            Ok(kinesis::InitPosition::Latest) => InitPosition::Latest,
            Ok(kinesis::InitPosition::TrimHorizon) => InitPosition::TrimHorizon,
            Ok(kinesis::InitPosition::AtTimestamp) => {
                let instant = stream.init_timestamp.as_ref();
                let instant = instant.ok_or("it begins at an instant, and names none")?;
                InitPosition::At(reader.text(&read_timestamp(instant)?.to_string()))
            }
            Err(_) => {
                return Err(
                    "it begins neither at the latest row, the oldest, nor an instant".into(),
                );
            }
        };
        Ok(Stream {
            kinesis,
            arn: reader.text(&stream.stream_arn),
            init_position,
        })
    }
}
