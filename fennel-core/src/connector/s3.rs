//! S3: objects in buckets.

use super::account::{account, check_pair, of, unnamed};
use super::read::{another, read_secret, write};
use super::table::no_feed;
use super::{Connector, Decoded, Reader, Setting, SinkKind, Traits, Variables, s3_path};
use crate::entity::Cdc;
use crate::message::{Check, Message, ensure};
use crate::time::{Duration, check_duration};
use crate::wire::proto::connector::s3::{AwsAccessKeyIdVariant, AwsSecretAccessKeyVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};
use crate::wire::time::{read_duration, write_duration};

account! {
    /// An account of S3, with its buckets. Without credentials, the server's own are used.
    ///
    /// ```
    /// use fennel_core::connector::S3;
    ///
    /// static LAKE: S3 = S3::new("lake").role_arn("arn:aws:iam::1:role/lake");
    ///
    /// let events = LAKE
    ///     .bucket("events")
    ///     .path("day=%Y-%m-%d/*.json.gz")
    ///     .json()
    ///     .spread("2h");
    /// ```
    S3 is "S3" {
        /// The role to take on.
        access role_arn: &'a str = "",
    }
    secrets {
        /// The id of an access key.
        optional access_key_id,
        /// The access key.
        optional secret_access_key,
    }
}

impl<'a> S3<'a> {
    /// One of its buckets, whose objects are CSV unless something else is said.
    #[must_use]
    pub const fn bucket(&self, bucket: &'a str) -> Bucket<'a> {
        Bucket {
            s3: *self,
            bucket,
            prefix: None,
            path: None,
            format: S3Format::Csv,
            delimiter: None,
            headers: &[],
            presorted: false,
            spread: None,
        }
    }

    /// The account without a bucket, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.bucket("").connector()
    }
}

/// Objects in one bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    /// The account.
    pub s3: S3<'a>,
    /// The bucket's name.
    pub bucket: &'a str,
    /// What the objects' names begin with.
    pub prefix: Option<&'a str>,
    /// What the objects' names are, with wildcards and dates.
    pub path: Option<&'a str>,
    /// What the objects are.
    pub format: S3Format,
    /// What stands between two columns of CSV; a comma where nothing is said.
    pub delimiter: Option<&'a str>,
    /// The columns of CSV without a line of names.
    pub headers: &'a [&'a str],
    /// The objects' names grow with time.
    pub presorted: bool,
    /// How far a row's time is from that in its object's path.
    pub spread: Option<&'a str>,
}

/// What objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Format {
    /// Lines of texts with a delimiter between.
    Csv,
    /// Lines of JSON objects.
    Json,
    /// Parquet.
    Parquet,
    /// A table of Apache Hudi.
    Hudi,
    /// A table of Delta Lake.
    Delta,
}

impl S3Format {
    const fn name(self) -> &'static str {
        match self {
            S3Format::Csv => "csv",
            S3Format::Json => "json",
            S3Format::Parquet => "parquet",
            S3Format::Hudi => "hudi",
            S3Format::Delta => "delta",
        }
    }

    fn read(name: &str) -> Option<Self> {
        let all = [
            S3Format::Csv,
            S3Format::Json,
            S3Format::Parquet,
            S3Format::Hudi,
            S3Format::Delta,
        ];
        all.into_iter().find(|format| format.name() == name)
    }
}

impl<'a> Bucket<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "s3",
        label: S3::LABEL,
        polled: true,
        sink: SinkKind::Batches,
    };

    /// The objects whose names begin with that.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// The objects of these names: `*` is any part, `**` any parts, `*.csv` any name with that
    /// ending, and a part may hold a date, such as `day=%Y-%m-%d`.
    #[must_use]
    pub const fn path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// They are CSV.
    #[must_use]
    pub const fn csv(mut self) -> Self {
        self.format = S3Format::Csv;
        self
    }

    /// They are lines of JSON objects.
    #[must_use]
    pub const fn json(mut self) -> Self {
        self.format = S3Format::Json;
        self
    }

    /// They are Parquet.
    #[must_use]
    pub const fn parquet(mut self) -> Self {
        self.format = S3Format::Parquet;
        self
    }

    /// They are a table of Apache Hudi.
    #[must_use]
    pub const fn hudi(mut self) -> Self {
        self.format = S3Format::Hudi;
        self
    }

    /// They are a table of Delta Lake.
    #[must_use]
    pub const fn delta(mut self) -> Self {
        self.format = S3Format::Delta;
        self
    }

    /// What stands between two columns of CSV.
    #[must_use]
    pub const fn delimiter(mut self, delimiter: &'a str) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// The columns of CSV that has no line of names.
    #[must_use]
    pub const fn headers(mut self, columns: &'a [&'a str]) -> Self {
        self.headers = columns;
        self
    }

    /// The objects' names grow with time, so that the newest are found fast.
    #[must_use]
    pub const fn presorted(mut self) -> Self {
        self.presorted = true;
        self
    }

    /// How far a row's time is from that in its object's path at most, such as `"2h"`.
    #[must_use]
    pub const fn spread(mut self, spread: &'a str) -> Self {
        self.spread = Some(spread);
        self
    }

    /// The objects as a connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::S3(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.s3.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        self.s3.settings()
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        let (prefix, suffix) = self.location();
        let spread = self.spread.map(Duration::parse_or_zero);
        let mut facts = vec![
            Setting::content("bucket", self.bucket),
            Setting::content("prefix", prefix),
            Setting::content("path", suffix),
            Setting::content("format", self.format.name()),
            Setting::content("headers", self.headers.join(", ")),
            Setting::content("presorted", if self.presorted { "true" } else { "" }),
            Setting::content("spread", spread.map_or(String::new(), |it| it.to_string())),
        ];
        if let S3Format::Csv = self.format {
            facts.push(Setting::content(
                "delimiter",
                format!("{:?}", self.between()),
            ));
        }
        facts.retain(Setting::is_set);
        facts
    }

    /// What the names of all objects begin with, and the path from there.
    fn location(&self) -> (&'a str, &'a str) {
        match self.path {
            Some(path) => s3_path::split(path),
            None => (self.prefix.unwrap_or_default(), ""),
        }
    }

    /// What stands between two columns.
    fn between(&self) -> &'a str {
        self.delimiter.unwrap_or(",")
    }

    pub(super) const fn check_account(&self) -> Check {
        ensure!(self.s3.check_settings());
        check_pair(
            S3::LABEL,
            self.s3.name,
            ("access_key_id", &self.s3.access_key_id),
            ("secret_access_key", &self.s3.secret_access_key),
        )
    }

    pub(super) const fn check(&self) -> Check {
        if self.bucket.is_empty() {
            return Err(unnamed(
                S3::LABEL,
                self.s3.name,
                "buckets",
                ".bucket(\"events\")",
            ));
        }
        match (self.prefix, self.path) {
            (Some(_), Some(_)) => {
                return Err(self.says(" has both a path and a prefix: leave one out"));
            }
            (None, None) => {
                return Err(self.says(
                    " is read by a prefix or a path: add `.prefix(\"events/\")` or `.path(\"events/*.csv\")`",
                ));
            }
            (None, Some(path)) => ensure!(s3_path::check(path)),
            (Some(_), None) => {}
        }
        if let Some(spread) = self.spread {
            if self.path.is_none() {
                return Err(
                    self.says(": a spread is around the times in a path: write `.path(..)`")
                );
            }
            if check_duration(spread).is_err() {
                return Err(Message::new("spread \"")
                    .text(spread)
                    .text("\" is not a duration: write a number and a unit, such as \"2h\""));
            }
        }
        let is_csv = matches!(self.format, S3Format::Csv);
        if !is_csv && (self.delimiter.is_some() || !self.headers.is_empty()) {
            return Err(self.says(": a delimiter and headers are for CSV: leave them out"));
        }
        if matches!(self.delimiter, Some(delimiter) if delimiter.is_empty()) {
            return Err(self.says(": the delimiter is empty"));
        }
        Ok(())
    }

    const fn says(&self, text: &str) -> Message {
        of("bucket", self.bucket).text(text)
    }

    pub(super) const fn check_source(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_sink(&self) -> Check {
        if !matches!(self.format, S3Format::Delta) && !self.bucket.is_empty() {
            return Err(self.says(": rows are written as a Delta table: write `.delta()`"));
        }
        if self.s3.access_key_id.is_some()
            || self.s3.secret_access_key.is_some()
            || !self.s3.role_arn.is_empty()
        {
            return Err(of(S3::LABEL, self.s3.name).text(
                ": rows are written by the server's own data access role: remove the keys and the role",
            ));
        }
        Ok(())
    }

    pub(super) const fn check_cdc(&self, cdc: Cdc) -> Check {
        match (cdc, self.format) {
            (Cdc::Native, S3Format::Delta | S3Format::Hudi) => Ok(()),
            (_, S3Format::Delta) => Err(self.says(
                " is a Delta table, which has a change feed of its own: write `cdc = native`",
            )),
            (Cdc::Native, _) => Err(no_feed(S3::LABEL)),
            _ => Ok(()),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        if let S3Format::Json = self.format {
            return Ok(());
        }
        Err(
            Message::new("parts of columns are read from JSON alone, and these objects are ")
                .text(self.format.name())
                .text(": name a whole column"),
        )
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let s3 = &self.s3;
        ext_database::Variant::S3(proto::S3 {
            role_arn: (!s3.role_arn.is_empty()).then(|| s3.role_arn.into()),
            aws_access_key_id_variant: write(
                s3.access_key_id,
                variables,
                AwsAccessKeyIdVariant::AwsAccessKeyId,
                AwsAccessKeyIdVariant::AwsAccessKeyIdSecret,
            ),
            aws_secret_access_key_variant: write(
                s3.secret_access_key,
                variables,
                AwsSecretAccessKeyVariant::AwsSecretAccessKey,
                AwsSecretAccessKeyVariant::AwsSecretAccessKeySecret,
            ),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::S3Table {
        let (prefix, suffix) = self.location();
        let is_csv = matches!(self.format, S3Format::Csv);
        proto::S3Table {
            bucket: self.bucket.into(),
            path_prefix: prefix.into(),
            spread: self
                .spread
                .map(|spread| write_duration(Duration::parse_or_zero(spread))),
            delimiter: if is_csv {
                self.between().into()
            } else {
                String::new()
            },
            format: self.format.name().into(),
            db,
            pre_sorted: self.presorted,
            path_suffix: suffix.into(),
            headers: self.headers.iter().map(|column| (*column).into()).collect(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::S3Table) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let s3 = match settings {
            None => S3::get(name),
            Some(ext_database::Variant::S3(s3)) => S3 {
                role_arn: reader.text(s3.role_arn.as_deref().unwrap_or_default()),
                access_key_id: read_secret!(
                    reader,
                    s3.aws_access_key_id_variant,
                    AwsAccessKeyIdVariant::{AwsAccessKeyId, AwsAccessKeyIdSecret}
                ),
                secret_access_key: read_secret!(
                    reader,
                    s3.aws_secret_access_key_variant,
                    AwsSecretAccessKeyVariant::{AwsSecretAccessKey, AwsSecretAccessKeySecret}
                ),
                ..S3::new(name)
            },
            Some(_) => return another("a bucket of S3", name),
        };
        let format = S3Format::read(&table.format).ok_or_else(|| {
            format!(
                "the format of its objects is csv, json, parquet, hudi or delta, and not `{}`",
                table.format
            )
        })?;
        let spread = read_duration(table.spread.as_ref())?;
        let place = reader.text(&format!("{}{}", table.path_prefix, table.path_suffix));
        let is_path = !table.path_suffix.is_empty() || spread.is_some();
        Ok(Bucket {
            s3,
            bucket: reader.text(&table.bucket),
            prefix: (!is_path).then_some(place),
            path: is_path.then_some(place),
            format,
            delimiter: (!table.delimiter.is_empty()).then(|| reader.text(&table.delimiter)),
            headers: reader.texts(&table.headers),
            presorted: table.pre_sorted,
            spread: spread.map(|spread| reader.text(&spread.to_string())),
        })
    }
}
