//! Sinks: where a dataset's changes are written to.

use super::{Cdc, Dataset, Env};
use crate::connector::{Connector, SinkKind};
use crate::message::{Check, Message};
use crate::text::eq;
use crate::time::{Duration, Timestamp};

/// What `#[sink]` says.
#[derive(Clone, Copy, Debug)]
pub struct Sink<'a> {
    /// Where changes go.
    pub connector: Connector<'a>,
    /// How a change is written, where each is an event.
    pub cdc: Option<Cdc>,
    /// How often changes are written, where they are written in batches.
    pub every: Option<Duration>,
    /// What a batch does to those before it.
    pub how: Option<How<'a>>,
    /// Columns that are called otherwise where they go: the column, and its name there.
    pub renames: &'a [(&'a str, &'a str)],
    /// Writes rows from this event time on.
    pub since: Option<Timestamp>,
    /// Writes rows before this event time.
    pub until: Option<Timestamp>,
    /// Which commits it takes part in.
    pub env: Env<'a>,
}

/// What a batch of changes does to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How<'a> {
    /// It adds to them.
    Incremental,
    /// It takes the place of all of them.
    Recreate,
    /// It stands beside them.
    Snapshot {
        /// The file that tells that a snapshot is complete.
        marker: &'a str,
        /// How many snapshots are kept.
        retain: u32,
    },
}

impl How<'_> {
    /// The name in attributes and plans.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            How::Incremental => "incremental",
            How::Recreate => "recreate",
            How::Snapshot { .. } => "snapshot",
        }
    }
}

impl core::fmt::Display for How<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())?;
        match self {
            How::Snapshot { marker, retain } => write!(f, " of {retain}, marked by {marker}"),
            How::Incremental | How::Recreate => Ok(()),
        }
    }
}

impl Sink<'_> {
    /// All checks of this sink of `dataset`, in the order of its arguments.
    pub fn checks(&self, dataset: &Dataset<'_>) -> impl Iterator<Item = Check> {
        let checks = [
            self.env.check(),
            self.connector.check_account(),
            self.connector.check(),
            self.connector.check_sink(),
            self.check_dataset(dataset),
            self.check_cdc(),
            self.check_every(),
            self.check_how(),
            self.check_period(),
        ];
        let renames = (0..self.renames.len()).map(|i| self.check_rename(dataset, i));
        let renames: Vec<_> = renames.collect();
        checks.into_iter().chain(renames)
    }

    /// Checks that the dataset is not one whose rows come from outside anyway.
    ///
    /// # Errors
    ///
    /// It has a source.
    pub const fn check_dataset(&self, dataset: &Dataset<'_>) -> Check {
        if dataset.sources.is_empty() {
            return Ok(());
        }
        Err(Message::new("dataset ").name(dataset.name).text(
            " has a source, and sinks are for datasets that are derived, in every env: remove the sink",
        ))
    }

    /// Checks how changes are written.
    ///
    /// # Errors
    ///
    /// Events in another form than Debezium's, or batches in one.
    pub const fn check_cdc(&self) -> Check {
        match (self.connector.sink(), self.cdc) {
            (SinkKind::Events, Some(Cdc::Debezium)) | (SinkKind::Batches, None) => Ok(()),
            (SinkKind::Events, _) => Err(self
                .sinks("each change is written to ")
                .text(" in Debezium's envelope: write `cdc = debezium`")),
            (SinkKind::Batches, Some(_)) => Err(self
                .sinks("rows are written to ")
                .text(" as they are, and not as changes: remove `cdc`")),
            (SinkKind::Never, _) => Ok(()),
        }
    }

    /// Checks that what is written now and then can be.
    ///
    /// # Errors
    ///
    /// Each change is written at once.
    pub const fn check_every(&self) -> Check {
        match (self.connector.sink(), self.every) {
            (SinkKind::Events, Some(_)) => Err(self
                .sinks("changes are written to ")
                .text(" as they come: remove `every`")),
            (SinkKind::Batches, Some(every)) if every.micros() == 0 => {
                Err(Message::new("`every` must be longer than nothing"))
            }
            _ => Ok(()),
        }
    }

    /// Checks what a batch does to those before it.
    ///
    /// # Errors
    ///
    /// Anything but adding to them, or nothing said where something has to be.
    pub const fn check_how(&self) -> Check {
        match (self.connector.sink(), self.how) {
            (_, Some(How::Incremental)) | (SinkKind::Events | SinkKind::Never, None) => Ok(()),
            (SinkKind::Batches, None) => Err(self
                .sinks("a sink to ")
                .text(" says how it writes: add `how = incremental`")),
            (_, Some(how)) => Err(self
                .sinks("changes are added to what is in ")
                .text(", and `")
                .text(how.name())
                .text("` is not done: write `how = incremental`")),
        }
    }

    /// Checks that some instant is both since and until, where rows are chosen by time.
    ///
    /// # Errors
    ///
    /// None is, or every change is written.
    pub const fn check_period(&self) -> Check {
        let given = match (self.since, self.until) {
            (None, None) => return Ok(()),
            (Some(_), None) => "remove `since`",
            (None, Some(_)) => "remove `until`",
            (Some(_), Some(_)) => "remove `since` and `until`",
        };
        if let SinkKind::Events = self.connector.sink() {
            return Err(self
                .sinks("every change is written to ")
                .text(": ")
                .text(given));
        }
        match (self.since, self.until) {
            (Some(since), Some(until)) if since.micros() >= until.micros() => {
                Err(Message::new("`since` must be before `until`"))
            }
            _ => Ok(()),
        }
    }

    /// Checks the `i`th column that is called otherwise where it goes.
    ///
    /// # Errors
    ///
    /// No such column, one renamed twice, a name that is taken, or changes that are events.
    pub const fn check_rename(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let (column, name) = self.renames[i];
        if let SinkKind::Events = self.connector.sink() {
            return Err(self
                .sinks("events for ")
                .text(" keep the names of the columns: remove `renames`"));
        }
        if dataset.position(column).is_none() {
            return Err(dataset.no_column(column));
        }
        if name.is_empty() {
            return Err(Message::new("")
                .name(column)
                .text(" can't be renamed to nothing"));
        }
        let mut j = 0;
        while j < i {
            if eq(self.renames[j].0, column) {
                return Err(Message::new("renames have ").name(column).text(" twice"));
            }
            if eq(self.renames[j].1, name) {
                return Err(Message::new("renames make two columns ").name(name));
            }
            j += 1;
        }
        if dataset.position(name).is_some() && !self.renames_away(name) {
            return Err(Message::new("")
                .name(column)
                .text(" can't be renamed to ")
                .name(name)
                .text(", which another column is called; rename that one too"));
        }
        Ok(())
    }

    /// Whether a column of that name is written under another, or renamed to itself.
    const fn renames_away(&self, column: &str) -> bool {
        let mut i = 0;
        while i < self.renames.len() {
            if eq(self.renames[i].0, column) {
                return true;
            }
            i += 1;
        }
        false
    }

    const fn sinks(&self, text: &str) -> Message {
        Message::new(text).text(self.connector.label())
    }
}
