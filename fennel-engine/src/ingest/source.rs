//! A source: what it makes of an incoming row.

use std::sync::{Mutex, PoisonError};

use fennel_core::connector::Connector;
use fennel_core::entity::{Dataset, PreprocValue, Source as Descriptor};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;

use super::Incoming;
use super::entry::Arrival;
use super::path::Path;
use super::phase::Phase;
use super::sample::Sample;
use crate::Error;
use crate::error::Result;
use crate::table::{Column, Entry, Said, Table};

/// A source of a dataset, made ready to run.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) webhook: String,
    pub(crate) endpoint: String,
    /// Of a bounded source, the silence of the endpoint after which no more rows are taken.
    idleness: Option<Duration>,
    /// How far it is, as of the last durable row.
    phase: Mutex<Phase>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    sample: Option<Sample>,
    /// How each column of the dataset is made.
    makers: Vec<Maker>,
}

/// How a column is made.
#[derive(Debug)]
enum Maker {
    Read(Path),
    Constant(Value),
}

/// What becomes of a row that a source was given.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It goes into the table.
    Row(Entry),
    /// It isn't part of what the source takes.
    Left,
    /// It doesn't fit, for this reason.
    Aside(String),
}

impl Source {
    /// The source of a checked dataset.
    pub(crate) fn new(source: &Descriptor<'_>, dataset: &Dataset<'_>) -> Result<Self> {
        let Connector::Webhook(from) = source.connector else {
            return Err(Error::Corrupt(format!(
                "dataset `{}` reads from {}, which this version of the server doesn't run; start the one that committed it",
                dataset.name, source.connector
            )));
        };
        let makers = dataset.fields.iter().map(|field| {
            let preproc = source
                .preproc
                .iter()
                .find(|preproc| preproc.column == field.name);
            Ok(match preproc.map(|preproc| preproc.value) {
                None => Maker::Read(Path::column(field.name)),
                Some(PreprocValue::Ref(path)) => Maker::Read(Path::parse(path)),
                Some(PreprocValue::Expr(_)) => {
                    return Err(Error::Corrupt(format!(
                        "preproc of `{}.{}` is an expression, which this version can't compute",
                        dataset.name, field.name
                    )));
                }
                Some(PreprocValue::Constant(literal)) => {
                    let value = literal.typed(&field.ty).map_err(|error| {
                        Error::Corrupt(format!(
                            "preproc of `{}.{}`: {error}",
                            dataset.name, field.name
                        ))
                    });
                    Maker::Constant(value?)
                }
            })
        });
        Ok(Self {
            webhook: from.webhook.name.into(),
            endpoint: from.endpoint.into(),
            idleness: source.idleness.filter(|_| source.bounded),
            phase: Mutex::default(),
            since: source.since,
            until: source.until,
            sample: Sample::of(source, dataset),
            makers: makers.collect::<Result<_>>()?,
        })
    }

    /// What becomes of a row in `table`, whose source this is. The same row has the same fate, always.
    pub(crate) fn take(&self, table: &Table, row: &Incoming) -> Taken {
        let entry = self.read(table, row).and_then(|values| {
            let entry = values.map(|values| table.entry(&values, Said::Is));
            entry.transpose()
        });
        match entry {
            Ok(Some(entry)) => Taken::Row(entry),
            Ok(None) => Taken::Left,
            Err(reason) => Taken::Aside(reason),
        }
    }

    /// The typed columns of a row in their order, or `None` for one that isn't part of what the source takes.
    ///
    /// # Errors
    ///
    /// Why the row doesn't fit.
    pub(super) fn read(&self, table: &Table, row: &Incoming) -> Result<Option<Vec<Value>>, String> {
        let mut values = Vec::with_capacity(self.makers.len());
        let mut reasons = Vec::new();
        for (column, maker) in table.columns.iter().zip(&self.makers) {
            values.push(maker.make(column, row).unwrap_or_else(|reason| {
                reasons.push(reason);
                Value::Null
            }));
        }
        if let Some(Value::Timestamp(time)) = values.get(table.timestamp)
            && !self.admits(*time)
        {
            return Ok(None);
        }
        if !reasons.is_empty() {
            return Err(reasons.join("; "));
        }
        let sample = self.sample.as_ref();
        let is_left = sample.is_some_and(|sample| !sample.takes(&values));
        Ok((!is_left).then_some(values))
    }

    /// Whether it may have ended before a row came that fits.
    pub(super) fn is_bounded(&self) -> bool {
        self.idleness.is_some()
    }

    /// How far the source is.
    pub(super) fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on to a phase that is durable, unless the source is farther.
    pub(crate) fn advance(&self, to: Phase) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        *phase = phase.or_later(to);
    }

    /// What becomes of a row that arrives now, given what would become of it otherwise.
    pub(super) fn meet(&self, phase: &mut Phase, arrival: Arrival, taken: Taken) -> Taken {
        let Some(idleness) = self.idleness else {
            return taken;
        };
        let over = phase.is_over(idleness, arrival);
        match taken {
            Taken::Row(_) | Taken::Aside(_) if over => Taken::Aside(format!(
                "the bounded source at endpoint `{}` has ended after {idleness} without a row; commit it without `bounded` to take later rows",
                self.endpoint
            )),
            Taken::Row(entry) => {
                phase.begin(arrival.at);
                Taken::Row(entry)
            }
            other => other,
        }
    }

    /// Whether rows of this event time are taken.
    fn admits(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time < until)
    }
}

impl Maker {
    /// The column's value in a row, or why there is none.
    fn make(&self, column: &Column, row: &Incoming) -> Result<Value, String> {
        let path = match self {
            Maker::Constant(value) => return Ok(value.clone()),
            Maker::Read(path) => path,
        };
        let Some(value) = path.of(row) else {
            return Err(format!("column `{path}` is missing"));
        };
        let accepted = column.shape.accept(value.clone());
        accepted.map_err(|mismatch| format!("column `{}`: {mismatch}", column.name))
    }
}
