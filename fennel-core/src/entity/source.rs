//! Sources: where a dataset's rows come from, and what is done to them on the way.

use std::fmt;

use super::{Dataset, Env, Python};
use crate::connector::Connector;
use crate::expr::Expr;
use crate::literal::Literal;
use crate::message::{Check, Message, ensure};
use crate::text::eq;
use crate::time::{Duration, Timestamp};
use crate::ty::{RecordField, Type};

/// What `#[source]` says.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where rows come from.
    pub connector: Connector<'a>,
    /// How much later than newer ones a row may come.
    pub disorder: Duration,
    /// What a row means.
    pub cdc: Cdc,
    /// How often to poll for new rows.
    pub every: Option<Duration>,
    /// Takes rows from this event time on.
    pub since: Option<Timestamp>,
    /// Takes rows before this event time.
    pub until: Option<Timestamp>,
    /// Which commits it takes part in.
    pub env: Env<'a>,
    /// The source ends: after `idleness` without a row it is exhausted.
    pub bounded: bool,
    /// Silence after which a bounded source has ended.
    pub idleness: Option<Duration>,
    /// Takes a part of the rows only.
    pub sample: Option<Sample<'a>>,
    /// Columns that are made rather than read.
    pub preproc: &'a [Preproc<'a>],
    /// Which rows to take, after preproc; all where there is none.
    pub filter: Option<Expr<'a>>,
    /// A Python function that tells which rows to take, instead of `filter`.
    pub filter_by: Option<Python<'a>>,
    /// Columns of incoming rows that expressions use and the dataset has not.
    pub columns: &'a [RecordField<'a>],
}

/// What a row of a source means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cdc {
    /// One more row. For datasets without keys.
    Append,
    /// The new state of its key. For keyed datasets.
    Upsert,
    /// A change event in Debezium's envelope.
    Debezium,
    /// A change in the store's own feed.
    Native,
}

impl Cdc {
    /// The name in attributes and plans.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cdc::Append => "append",
            Cdc::Upsert => "upsert",
            Cdc::Debezium => "debezium",
            Cdc::Native => "native",
        }
    }
}

/// Which rows a sampled source takes.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The part to take, 0 to 1.
    pub rate: f64,
    /// The columns that decide, so that equal ones are taken or left together; none for the keys,
    /// or for all columns of a dataset without keys.
    pub using: &'a [&'a str],
}

/// A column that is made rather than read.
#[derive(Clone, Copy, Debug)]
pub struct Preproc<'a> {
    /// The column of the dataset.
    pub column: &'a str,
    /// What it is made of.
    pub value: PreprocValue<'a>,
}

/// What a column is made of.
#[derive(Clone, Copy, Debug)]
pub enum PreprocValue<'a> {
    /// Another column of the incoming row, or a part of one: `a[b][c]`.
    Ref(&'a str),
    /// The same value in every row.
    Constant(Literal<'a>),
    /// Computed from columns of the row.
    Expr(Expr<'a>),
    /// Computed from columns of the row by a Python function.
    Python(Python<'a>),
}

/// Where its rows come from and what is done to them, such as
/// `Kafka events, topic sales, append, preproc(uid = user.id), filter amount > 0.0`.
impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.connector, self.cdc.name())?;
        for (i, part) in self.preproc.iter().enumerate() {
            let before = if i == 0 { ", preproc(" } else { ", " };
            write!(f, "{before}{} = ", part.column)?;
            match part.value {
                PreprocValue::Ref(path) => f.write_str(&path.replace('[', ".").replace(']', ""))?,
                PreprocValue::Constant(literal) => write!(f, "{}", Expr::Literal(literal))?,
                PreprocValue::Expr(expr) => write!(f, "{expr}")?,
                PreprocValue::Python(python) => f.write_str(python.source)?,
            }
        }
        if !self.preproc.is_empty() {
            f.write_str(")")?;
        }
        match (self.filter, self.filter_by) {
            (Some(filter), _) => write!(f, ", filter {filter}"),
            (None, Some(python)) => write!(f, ", filter {}", python.source),
            (None, None) => Ok(()),
        }
    }
}

impl<'a> Source<'a> {
    /// How often a source is polled where nothing else is said: every half hour.
    pub const DEFAULT_EVERY: Duration = Duration::from_micros(1_800_000_000);

    /// A source that takes all rows of a connector as they are, in every environment.
    #[must_use]
    pub const fn new(connector: Connector<'a>, disorder: Duration, cdc: Cdc) -> Self {
        Source {
            connector,
            disorder,
            cdc,
            every: None,
            since: None,
            until: None,
            env: Env::ANY,
            bounded: false,
            idleness: None,
            sample: None,
            preproc: &[],
            filter: None,
            filter_by: None,
            columns: &[],
        }
    }

    /// Checks that the kind of change suits the dataset's keys.
    ///
    /// # Errors
    ///
    /// Rows to append to a table, or to upsert without a key; a kind that the connector has not.
    pub const fn check_cdc(&self, dataset: &Dataset<'_>) -> Check {
        match (self.cdc, dataset.is_keyed()) {
            (Cdc::Append, true) => Err(Message::new("")
                .name(dataset.name)
                .text(" has a key, so its rows can't just be appended: write `cdc = upsert`, or drop the key")),
            (Cdc::Upsert, false) => Err(Message::new("")
                .name(dataset.name)
                .text(" has no key to upsert by: write `cdc = append`, or mark a key `#[field(key)]`")),
            _ => self.connector.check_cdc(self.cdc),
        }
    }

    /// How often it is polled, if it is.
    #[must_use]
    pub const fn poll_interval(&self) -> Option<Duration> {
        match self.every {
            None if self.connector.is_polled() => Some(Source::DEFAULT_EVERY),
            every => every,
        }
    }

    /// Checks that what is polled can be.
    ///
    /// # Errors
    ///
    /// The connector is not one that is polled.
    pub const fn check_every(&self) -> Check {
        match self.every {
            Some(_) => self.connector.check_every(),
            None => Ok(()),
        }
    }

    /// Checks `bounded` and `idleness`, which need each other.
    ///
    /// # Errors
    ///
    /// One of them alone.
    pub const fn check_bounded(&self) -> Check {
        match (self.bounded, self.idleness) {
            (true, None) => Err(Message::new(
                "a bounded source needs an `idleness`: the silence after which it has ended",
            )),
            (false, Some(_)) => Err(Message::new("`idleness` is for sources that are `bounded`")),
            _ => Ok(()),
        }
    }

    /// Checks that some instant is both since and until.
    ///
    /// # Errors
    ///
    /// None is.
    pub const fn check_period(&self) -> Check {
        match (self.since, self.until) {
            (Some(since), Some(until)) if since.micros() >= until.micros() => {
                Err(Message::new("`since` must be before `until`"))
            }
            _ => Ok(()),
        }
    }

    /// Checks the rate of a sample, and that some column can decide it. The columns that it names
    /// are for [`Source::check_sampled_by`].
    ///
    /// # Errors
    ///
    /// A rate outside 0 to 1, or no column left that can decide.
    pub const fn check_sample(&self, dataset: &Dataset<'_>) -> Check {
        let Some(sample) = self.sample else {
            return Ok(());
        };
        if !(sample.rate >= 0.0 && sample.rate <= 1.0) {
            return Err(Message::new(
                "a sample is a part of the rows, from 0.0 to 1.0",
            ));
        }
        if !sample.using.is_empty() {
            return Ok(());
        }
        let mut i = 0;
        while i < dataset.fields.len() {
            if self.decides(dataset, i) {
                return Ok(());
            }
            i += 1;
        }
        Err(Message::new(
            "preproc makes every column that could decide: name others, as in `sample(0.1, using = [..])`",
        ))
    }

    /// Checks the `k`th column that a sample names.
    ///
    /// # Errors
    ///
    /// No such column, or one that can't decide.
    pub const fn check_sampled_by(&self, dataset: &Dataset<'_>, k: usize) -> Check {
        let Some(sample) = self.sample else {
            return Ok(());
        };
        let column = sample.using[k];
        let Some(i) = dataset.position(column) else {
            return Err(dataset.no_column(column));
        };
        if matches!(dataset.timestamp(), Some(t) if t == i) || self.makes(column) {
            return Err(Message::new("")
                .name(column)
                .text(" can't decide a sample: it is the event time or made by preproc"));
        }
        Ok(())
    }

    /// Whether the `i`th column decides a sample that names none.
    #[must_use]
    pub const fn decides(&self, dataset: &Dataset<'_>, i: usize) -> bool {
        let is_timestamp = matches!(dataset.timestamp(), Some(t) if t == i);
        let field = &dataset.fields[i];
        !is_timestamp && !self.makes(field.name) && (field.key || !dataset.is_keyed())
    }

    const fn makes(&self, column: &str) -> bool {
        let mut i = 0;
        while i < self.preproc.len() {
            if eq(self.preproc[i].column, column) {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Checks the name of the `i`th column that preproc makes.
    ///
    /// # Errors
    ///
    /// No such column, or one made twice.
    pub const fn check_made(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let column = self.preproc[i].column;
        if dataset.position(column).is_none() {
            return Err(dataset.no_column(column));
        }
        let mut j = 0;
        while j < i {
            if eq(self.preproc[j].column, column) {
                return Err(Message::new("preproc makes ").name(column).text(" twice"));
            }
            j += 1;
        }
        Ok(())
    }

    /// Checks what the `i`th column that preproc makes is made of; a column that
    /// [`Source::check_made`] reports is passed over.
    ///
    /// # Errors
    ///
    /// A constant of another type, a reference that is not one.
    pub const fn check_preproc(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let Preproc { column, value } = self.preproc[i];
        let Some(field) = dataset.field(column) else {
            return Ok(());
        };
        match value {
            PreprocValue::Ref(path) if is_nested(path) => {
                ensure!(check_path(path));
                self.connector.check_nested()
            }
            PreprocValue::Ref(path) => check_path(path),
            PreprocValue::Expr(_) | PreprocValue::Python(_) => Ok(()),
            PreprocValue::Constant(Literal::Null) => {
                Err(Message::new("a preproc constant can't be null"))
            }
            PreprocValue::Constant(Literal::List(_) | Literal::Object(_)) => Err(Message::new(
                "a preproc constant is a text, bool, number or instant",
            )),
            PreprocValue::Constant(literal) => match field.ty.required() {
                Type::Bytes | Type::Date | Type::Decimal { .. } => Err(Message::new(
                    "a preproc constant is a text, bool, number or instant, and the column is ",
                )
                .ty(&field.ty)),
                ty => literal.check(&ty),
            },
        }
    }
}

const fn is_nested(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'[' {
            return true;
        }
        i += 1;
    }
    false
}

/// Checks `name` or `name[part][part]`.
const fn check_path(path: &str) -> Check {
    let bytes = path.as_bytes();
    let (mut open, mut len, mut i) = (false, 0, 0);
    while i < bytes.len() {
        match bytes[i] {
            b'[' if open || (len == 0 && i == 0) => return Err(unbalanced(path)),
            b'[' => {
                open = true;
                len = 0;
            }
            b']' if !open || len == 0 || (i + 1 < bytes.len() && bytes[i + 1] != b'[') => {
                return Err(unbalanced(path));
            }
            b']' => {
                open = false;
                len = 0;
            }
            _ => len += 1,
        }
        i += 1;
    }
    if bytes.is_empty() {
        return Err(Message::new("a reference needs a column's name"));
    }
    if open {
        return Err(unbalanced(path));
    }
    Ok(())
}

const fn unbalanced(path: &str) -> Message {
    Message::new("the brackets of ")
        .name(path)
        .text(" don't pair up: write `column[part][part]`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_into_a_row() {
        for path in ["a", "a b", "A[B][C]"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", "[a]", "A[B[C]", "A[B", "A]", "A[]", "A[B]C"] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}
