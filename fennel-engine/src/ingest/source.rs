//! A source: what it makes of an incoming row.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fennel_core::connector::Connector;
use fennel_core::entity::{Cdc, Dataset, PreprocValue, Source as Descriptor};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Computed;
use fennel_core::value::{Shape, Value};

use super::Incoming;
use super::debezium::decoded;
use super::entry::Arrival;
use super::expression::Expression;
use super::memory;
use super::path::Path;
use super::phase::Phase;
use super::python::Function;
use super::sample::Sample;
use super::tally::{Counters, Tally};
use super::watermark::{Mark, Marks, Seen, watermark};
use crate::Error;
use crate::error::Result;
use crate::python::{OnStop, RunBy};
use crate::table::{Column, Entry, Said, Table};

/// A source of a dataset, made ready to run.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) webhook: String,
    pub(crate) endpoint: String,
    /// How long the webhook keeps rows, at least.
    pub(crate) retention: Duration,
    /// Whether rows are events of Debezium.
    pub(crate) is_debezium: bool,
    /// Of a bounded source, the silence of the endpoint after which no more rows are taken.
    idleness: Option<Duration>,
    /// How far it is, as of the last durable row.
    phase: Mutex<Phase>,
    /// How much later than newer rows a row may come.
    disorder: Duration,
    /// How far its event time is, as of the last row that has a number.
    marks: Mutex<Marks>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    sample: Option<Sample>,
    /// How each column of the dataset is made.
    makers: Vec<Maker>,
    /// What must be true of a row for it to be taken.
    filter: Option<Filter>,
    /// What became of rows.
    pub(crate) counters: Counters,
}

/// How a column is made.
#[derive(Debug)]
enum Maker {
    Read(Path),
    Constant(Value),
    Computed(Expression),
    Python(Function),
}

/// What tells whether a row is taken.
#[derive(Debug)]
enum Filter {
    Expression(Expression),
    Python(Function),
}

/// What a row says of one key, or of a dataset without keys.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) said: Said,
    /// The typed columns in their order; of a key that is gone, the key and the event time alone.
    pub(super) values: Vec<Value>,
}

/// What a row says: nothing if it isn't part of what the source takes, and of two keys if it moves from one to the other.
pub(super) type Changes = [Option<Change>; 2];

/// What becomes of a row that a source was given.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It goes into the table.
    Row(Row),
    /// It isn't part of what the source takes.
    Left,
    /// It doesn't fit, for this reason.
    Aside(String),
}

/// A row as it goes into a table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What it says there.
    pub(super) fitting: [Option<Fitting>; 2],
    /// What it says, to be remembered where a Python function had a say in it.
    pub(super) remembered: Option<Vec<u8>>,
}

/// What a row says, and how that goes into the table.
#[derive(Debug)]
pub(crate) struct Fitting {
    pub(super) entry: Entry,
    pub(super) change: Change,
}

/// How far a source is once the rows of a request are in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(super) phase: Phase,
    pub(super) seen: Seen,
    pub(super) tally: Tally,
}

impl Source {
    /// The source of a checked dataset.
    pub(crate) fn new(
        source: &Descriptor<'_>,
        dataset: &Dataset<'_>,
        python: RunBy<'_>,
    ) -> Result<Self> {
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
                Some(PreprocValue::Expr(expr)) => {
                    let ty = Computed::of(&field.ty);
                    Maker::Computed(Expression::new(&expr, source, dataset, ty)?)
                }
                Some(PreprocValue::Python(function)) => {
                    Maker::Python(Function::column(&function, field, source, dataset, python)?)
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
        let filter = match (&source.filter, &source.filter_by) {
            (Some(expr), _) => {
                let expr = Expression::new(expr, source, dataset, Computed::BOOL)?;
                Some(Filter::Expression(expr))
            }
            (None, Some(function)) => {
                let function = Function::filter(function, source, dataset, python)?;
                Some(Filter::Python(function))
            }
            (None, None) => None,
        };
        Ok(Self {
            filter,
            webhook: from.webhook.name.into(),
            endpoint: from.endpoint.into(),
            retention: from.webhook.retention,
            is_debezium: source.cdc == Cdc::Debezium,
            idleness: source.idleness.filter(|_| source.bounded),
            phase: Mutex::default(),
            disorder: source.disorder,
            marks: Mutex::default(),
            since: source.since,
            until: source.until,
            sample: Sample::of(source, dataset),
            makers: makers.collect::<Result<_>>()?,
            counters: Counters::default(),
        })
    }

    /// What becomes of each of `rows` in `table`, whose source this is. The same row has the same fate, always.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a Python function can't be called at all, or is stopped where that is to fail.
    pub(crate) fn take(
        &self,
        table: &Table,
        rows: &[&Incoming],
        on_stop: OnStop,
    ) -> Result<Vec<Taken>> {
        let read = self.read(table, rows, on_stop)?.into_iter();
        let taken = read.map(|changes| match changes {
            Ok(changes) => self.taken(table, changes),
            Err(reason) => Taken::Aside(reason),
        });
        Ok(taken.collect())
    }

    /// What becomes of a row that says this.
    pub(super) fn taken(&self, table: &Table, changes: Changes) -> Taken {
        let remembered = self.calls_python().then(|| memory::encode(table, &changes));
        match fitting(table, changes) {
            Ok([None, None]) => Taken::Left,
            Ok(fitting) => Taken::Row(Row {
                fitting,
                remembered,
            }),
            Err(reason) => Taken::Aside(reason),
        }
    }

    /// What each row says, or why it doesn't fit.
    pub(super) fn read(
        &self,
        table: &Table,
        rows: &[&Incoming],
        on_stop: OnStop,
    ) -> Result<Vec<Result<Changes, String>>> {
        if self.is_debezium {
            return self.read_events(table, rows, on_stop);
        }
        let rows = self.read_rows(table, rows, on_stop)?.into_iter();
        let changes = rows.map(|row| {
            row.map(|values| {
                let said = Said::Is;
                [values.map(|values| Change { said, values }), None]
            })
        });
        Ok(changes.collect())
    }

    /// The typed columns of each row in their order, `None` for one that isn't part of what the source takes, or why
    /// it doesn't fit.
    pub(super) fn read_rows(
        &self,
        table: &Table,
        rows: &[&Incoming],
        on_stop: OnStop,
    ) -> Result<Vec<Result<Option<Vec<Value>>, String>>> {
        if self.reads_alone() {
            let made = rows.iter().map(|row| {
                let columns = self.makers.iter().zip(&table.columns);
                let columns = columns.map(|(maker, column)| self.make(maker, column, row));
                self.judge(table, columns, None)
            });
            return Ok(made.collect());
        }
        let columns = self.columns(table, rows, None, on_stop)?;
        let read = |i: usize, name: &str, shape: &Shape, row: usize| match columns.get(i) {
            Some(column) => column.get(row).cloned().unwrap_or(Ok(Value::Null)),
            None => self.incoming(name, shape, rows.get(row)),
        };
        let filter = match &self.filter {
            Some(Filter::Expression(expr)) => Some(expr.evaluate(&times(table, &columns), read)),
            Some(Filter::Python(function)) => Some(function.evaluate(rows.len(), on_stop, read)?),
            None => None,
        };
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        let kept = (0..rows.len()).map(|row| {
            let values = columns.iter_mut().filter_map(Iterator::next);
            let filter = filter.as_ref().and_then(|filter| filter.get(row));
            self.judge(table, values, filter)
        });
        Ok(kept.collect())
    }

    /// The columns of rows: of each row the value, or why there is none. Functions make those at the positions that are
    /// wanted, and leave others null.
    pub(super) fn columns(
        &self,
        table: &Table,
        rows: &[&Incoming],
        wanted: Option<&[usize]>,
        on_stop: OnStop,
    ) -> Result<Vec<Vec<Result<Value, String>>>> {
        // First what is read, then what is computed of it; the event time before what may use it.
        let mut columns: Vec<Vec<Result<Value, String>>> = Vec::with_capacity(self.makers.len());
        for (column, maker) in table.columns.iter().zip(&self.makers) {
            let values = rows.iter().map(|row| self.make(maker, column, row));
            columns.push(values.collect());
        }
        for i in self.made_by_python(table, wanted) {
            if let (Some(Maker::Python(function)), Some(slot)) =
                (self.makers.get(i), columns.get_mut(i))
            {
                let read = |_: usize, name: &str, shape: &Shape, row: usize| {
                    self.incoming(name, shape, rows.get(row))
                };
                *slot = function.evaluate(rows.len(), on_stop, read)?;
            }
        }
        let times = times(table, &columns);
        for (i, maker) in self.makers.iter().enumerate() {
            if let (Maker::Computed(expr), Some(slot)) = (maker, columns.get_mut(i)) {
                let name = table.columns.get(i).map_or("", |column| &column.name);
                let values = expr.evaluate(&times, |_, name, shape, row| {
                    self.incoming(name, shape, rows.get(row))
                });
                let values = values.into_iter();
                let values = values
                    .map(|value| value.map_err(|reason| format!("column `{name}`: {reason}")));
                *slot = values.collect();
            }
        }
        Ok(columns)
    }

    /// Whether a row of these columns is taken, which has passed the filter or not.
    fn judge(
        &self,
        table: &Table,
        columns: impl Iterator<Item = Result<Value, String>>,
        filter: Option<&Result<Value, String>>,
    ) -> Result<Option<Vec<Value>>, String> {
        let mut values = Vec::with_capacity(table.columns.len());
        let mut reasons = Vec::new();
        for column in columns {
            values.push(column.unwrap_or_else(|reason| {
                reasons.push(reason);
                Value::Null
            }));
        }
        if let Some(Value::Timestamp(time)) = values.get(table.timestamp)
            && !self.admits(*time)
        {
            return Ok(None);
        }
        if matches!(filter, Some(Ok(passed)) if *passed != Value::Bool(true)) {
            return Ok(None);
        }
        if let (true, Some(Err(reason))) = (reasons.is_empty(), filter) {
            reasons.push(format!("the source's filter: {reason}"));
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

    /// Whether each row is taken by itself: nothing is computed over many of them.
    fn reads_alone(&self) -> bool {
        let mut makers = self.makers.iter();
        let is_computed = |maker: &Maker| matches!(maker, Maker::Computed(_) | Maker::Python(_));
        self.filter.is_none() && !makers.any(is_computed)
    }

    /// Whether a Python function has a say in what becomes of a row.
    pub(crate) fn calls_python(&self) -> bool {
        let mut makers = self.makers.iter();
        makers.any(|maker| matches!(maker, Maker::Python(_)))
            || matches!(self.filter, Some(Filter::Python(_)))
    }

    /// The positions of the columns that functions make, or of those that are needed to have the `wanted` ones: what is
    /// computed may go by the event time.
    pub(super) fn made_by_python(&self, table: &Table, wanted: Option<&[usize]>) -> Vec<usize> {
        let is_computed = |i: &usize| matches!(self.makers.get(*i), Some(Maker::Computed(_)));
        let is_needed = |i: usize| {
            wanted.is_none_or(|wanted| {
                let is_time = i == table.timestamp && wanted.iter().any(is_computed);
                wanted.contains(&i) || is_time
            })
        };
        let makers = self.makers.iter().enumerate();
        let made = makers.filter(|(i, it)| matches!(it, Maker::Python(_)) && is_needed(*i));
        made.map(|(i, _)| i).collect()
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

    /// The latest event time among all rows, and the watermark; neither is there before the first row, nor once the
    /// source has ended.
    pub(crate) fn event_time(&self) -> Option<(i64, i64)> {
        let latest = self.marks().latest().filter(|latest| *latest < i64::MAX)?;
        Some((latest, watermark(latest, self.disorder)))
    }

    /// Its marks.
    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it has seen, for the next request.
    pub(super) fn seen(&self) -> Seen {
        Seen::after(self.marks().latest())
    }

    /// Goes on to a mark.
    pub(crate) fn mark(&self, mark: Mark) {
        self.marks().push(mark);
    }

    /// All its marks, in order.
    pub(crate) fn all_marks(&self) -> Vec<Mark> {
        self.marks().iter().collect()
    }

    /// Forgets marks that nobody needs who asks for `applied` rows or more, and gives them.
    pub(super) fn trim(&self, applied: u64) -> Vec<Mark> {
        self.marks().trim(applied)
    }

    /// No row of the log behind the first `applied` ones is taken whose event time is before this.
    pub(crate) fn watermark(&self, applied: u64) -> i64 {
        let latest = self.marks().as_of(applied);
        latest.map_or(i64::MIN, |latest| watermark(latest, self.disorder))
    }

    /// Whether a row of this event time may have come late.
    pub(super) fn may_be_late(&self, time: i64) -> bool {
        let latest = self.marks().latest();
        latest.is_some_and(|latest| time < watermark(latest, self.disorder))
    }

    /// What becomes of a row that arrives now, given what would become of it otherwise.
    pub(super) fn meet(&self, progress: &mut Progress, arrival: Arrival, taken: Taken) -> Taken {
        let Progress { phase, seen, tally } = progress;
        tally.rows += 1;
        seen.meet(arrival);
        if let Some(idleness) = self.idleness
            && phase.is_over(idleness, arrival)
        {
            seen.end();
            return match taken {
                Taken::Row(_) | Taken::Aside(_) => {
                    tally.late += 1;
                    Taken::Aside(format!(
                        "the bounded source at endpoint `{}` has ended after {idleness} without a row; commit it without `bounded` to take later rows",
                        self.endpoint
                    ))
                }
                Taken::Left => Taken::Left,
            };
        }
        let Taken::Row(row) = taken else {
            tally.misfits += u64::from(matches!(taken, Taken::Aside(_)));
            return taken;
        };
        let times = || row.fitting.iter().flatten().map(|it| it.entry.time);
        let late = |time| seen.is_late(time, self.disorder);
        if let Some(reason) = times().min().and_then(late) {
            tally.late += 1;
            return Taken::Aside(reason);
        }
        times().for_each(|time| seen.take(time, arrival));
        if self.idleness.is_some() {
            phase.begin(arrival.at);
        }
        Taken::Row(row)
    }

    /// Whether rows of this event time are taken.
    pub(super) fn admits(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time < until)
    }

    /// A column's value in a row, or why there is none. What is computed follows.
    fn make(&self, maker: &Maker, column: &Column, row: &Incoming) -> Result<Value, String> {
        match maker {
            Maker::Constant(value) => Ok(value.clone()),
            Maker::Computed(_) | Maker::Python(_) => Ok(Value::Null),
            Maker::Read(path) => self.value(path, &column.name, &column.shape, row),
        }
    }

    /// A column of an incoming row that an expression reads.
    fn incoming(
        &self,
        name: &str,
        shape: &Shape,
        row: Option<&&Incoming>,
    ) -> Result<Value, String> {
        let row = row.ok_or_else(String::new)?;
        self.value(&Path::column(name), name, shape, row)
    }

    /// The value at a path of a row, as the column called `name` has it.
    fn value(
        &self,
        path: &Path,
        name: &str,
        shape: &Shape,
        row: &Incoming,
    ) -> Result<Value, String> {
        let Some(value) = path.of(row) else {
            return Err(format!("column `{path}` is missing"));
        };
        let value = if self.is_debezium {
            decoded(shape, value).map_err(|reason| format!("column `{name}`: {reason}"))?
        } else {
            value.clone()
        };
        let accepted = shape.accept(value);
        accepted.map_err(|mismatch| format!("column `{name}`: {mismatch}"))
    }
}

/// The event time of each row; null where there is none.
fn times(table: &Table, columns: &[Vec<Result<Value, String>>]) -> Vec<Value> {
    let times = columns.get(table.timestamp).into_iter().flatten();
    times
        .map(|time| time.clone().unwrap_or(Value::Null))
        .collect()
}

/// What a row says, with its entries.
///
/// # Errors
///
/// The reason why the row can't be kept.
fn fitting(table: &Table, [one, other]: Changes) -> Result<[Option<Fitting>; 2], String> {
    let fitting = |change: Change| {
        let entry = table.entry(&change.values, change.said)?;
        Ok::<_, String>(Fitting { entry, change })
    };
    Ok([
        one.map(fitting).transpose()?,
        other.map(fitting).transpose()?,
    ])
}
