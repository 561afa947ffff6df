//! What an engine runs: a few machines on rows.
//!
//! A [`Program`] is plain data that prints. [`Catalog::lower`](crate::catalog::Catalog::lower) makes it
//! of definitions; nothing here assumes one engine rather than another.
//!
//! | kernel | makes | of |
//! |---|---|---|
//! | [`Source`](Kernel::Source) | the rows that an outside system has | nothing |
//! | [`Table`](Kernel::Table) | the rows of a dataset, and their history where it has keys | all that fills it |
//! | [`Rows`](Kernel::Rows) | rows, of each row by itself | one input |
//! | [`Pick`](Kernel::Pick) | one row of those that belong together | one input |
//! | [`Fold`](Kernel::Fold) | aggregates of groups | one input |
//! | [`Join`](Kernel::Join) | rows with columns of a table, as of their event time | rows, and a table |
//! | [`Merge`](Kernel::Merge) | the rows of both | two inputs |

use core::fmt;

use crate::agg::Aggregation;
use crate::entity::Source;
use crate::expr::{Expr, Name};
use crate::message::Message;
use crate::op::{Does, Emit, How, Python, RowFunction};
use crate::schema::Schema;
use crate::time::Duration;
use crate::ty::Computed;
use crate::window::Window;

/// Kernels that feed each other.
#[derive(Clone, Debug, Default)]
pub struct Program<'a> {
    /// The kernels, each behind those it takes rows from.
    pub nodes: Vec<Node<'a>>,
}

/// A kernel in its place.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// What it does.
    pub kernel: Kernel<'a>,
    /// The nodes whose rows it takes, by position; of a join the rows, then the table.
    pub inputs: Vec<usize>,
    /// The columns of the rows that it makes.
    pub output: Layout<'a>,
}

/// The columns of rows.
#[derive(Clone, Debug, Default)]
pub struct Layout<'a> {
    /// Keys, then values.
    pub columns: Vec<(&'a str, Computed<'a>)>,
    /// How many of them are keys.
    pub keys: usize,
    /// The name of the event time.
    pub timestamp: &'a str,
}

/// A machine on rows.
#[derive(Clone, Debug)]
pub enum Kernel<'a> {
    /// The rows of an outside system, as they fit the dataset that they fill.
    Source(&'a Source<'a>),
    /// The rows of the dataset of that name; columns are matched by name.
    Table(&'a str),
    /// Does this to each row, one after the other; nothing where a step changes nothing.
    Rows(Vec<RowStep<'a>>),
    /// Keeps one row of those that belong together.
    Pick(Pick<'a>),
    /// Computes aggregates of groups.
    Fold(Fold<'a>),
    /// Adds columns of a table.
    Join(Join<'a>),
    /// The rows of both inputs.
    Merge,
}

/// What is done to a row, and what it is then.
#[derive(Clone, Debug)]
pub struct RowStep<'a> {
    /// What is done.
    pub row: Row<'a>,
    /// The columns that there are before.
    pub input: Layout<'a>,
}

/// What can be done to a row by itself.
#[derive(Clone, Debug)]
pub enum Row<'a> {
    /// Keeps it where the condition is true.
    Filter(Expr<'a>),
    /// Sets columns to values, all computed before any is set, each of its type.
    Assign(Vec<Assigned<'a>>),
    /// Makes another one of it.
    Transform(RowFunction<'a>),
    /// Calls a Python function.
    Python(Python<'a>),
    /// Removes columns.
    Drop(Vec<&'a str>),
    /// Keeps it where none of these is null.
    Dropnull(Vec<&'a str>),
    /// Renames columns one after the other, from the first name to the second.
    Rename(Vec<(&'a str, &'a str)>),
    /// Makes one of each element of these lists, side by side; of empty ones one with null.
    Explode(Vec<&'a str>),
    /// Makes rows of changes: keys become values, and a column tells what a change was.
    Changelog {
        /// The column.
        column: &'a str,
        /// Whether it is true for deletes, rather than for inserts.
        deletes: bool,
    },
}

/// A column and what it is set to.
#[derive(Clone, Copy, Debug)]
pub struct Assigned<'a> {
    /// The column.
    pub name: &'a str,
    /// What it is.
    pub value: Expr<'a>,
    /// The type that the value is brought to.
    pub ty: Computed<'a>,
}

/// Keeps one row of those that belong together.
#[derive(Clone, Debug)]
pub struct Pick<'a> {
    /// Rows that are equal in these belong together,
    pub by: Vec<&'a str>,
    /// if they are also together in this.
    pub among: Among,
    /// Which of them is kept.
    pub which: Which,
}

/// Where rows are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Everywhere: the columns are the key of what is made.
    All,
    /// At one event time.
    Instant,
    /// In one window.
    Window(Window),
}

/// Which row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of the earliest event time, the first to arrive of several.
    First,
    /// The one of the latest event time, the last to arrive of several.
    Latest,
}

/// Computes aggregates of groups.
#[derive(Clone, Debug)]
pub struct Fold<'a> {
    /// The columns of the group.
    pub by: Vec<&'a str>,
    /// The window that is part of the group.
    pub window: Option<Window>,
    /// What is computed, each over its own window.
    pub aggregations: Vec<Aggregation<'a>>,
    /// The column that places rows in time, where it is not the event time.
    pub along: Option<&'a str>,
    /// When values are told.
    pub emit: Emit,
    /// Whether values change by the mere passing of time: told eagerly, they are computed when they
    /// are read.
    pub continuous: bool,
}

/// Adds columns of a table, of the version that holds at a row's event time.
#[derive(Clone, Debug)]
pub struct Join<'a> {
    /// What happens to rows that find nothing.
    pub how: How,
    /// For each key of the table, the column that has its value and the key.
    pub on: Vec<(&'a str, &'a str)>,
    /// How much older than the row the version may be; `None` for forever.
    pub since: Option<Duration>,
    /// How much younger it may be.
    pub until: Duration,
    /// The columns to add.
    pub fields: Vec<&'a str>,
}

impl<'a> Layout<'a> {
    /// The columns of a step.
    #[must_use]
    pub fn of(schema: &Schema<'a>) -> Self {
        let columns = (0..schema.columns()).map(|i| schema.get(i));
        Layout {
            columns: columns.map(|column| (column.name, column.ty)).collect(),
            keys: schema.keys(),
            timestamp: schema.timestamp(),
        }
    }
}

impl<'a> Kernel<'a> {
    /// One thing that is done to each row.
    pub(crate) fn row(row: Row<'a>, before: &Schema<'a>) -> Self {
        let input = Layout::of(before);
        Kernel::Rows(vec![RowStep { row, input }])
    }
}

/// One line for each kernel, with its number, and below it the columns that it makes.
impl fmt::Display for Program<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, node) in self.nodes.iter().enumerate() {
            writeln!(f, "#{i} {node}\n    {}", node.output)?;
        }
        Ok(())
    }
}

/// The kernel and the numbers of its inputs.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kernel)?;
        for (i, input) in self.inputs.iter().enumerate() {
            write!(f, "{}#{input}", if i == 0 { " <- " } else { ", " })?;
        }
        Ok(())
    }
}

/// `key uid: i64, spend: f64, time at`.
impl fmt::Display for Layout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, ty)) in self.columns.iter().enumerate() {
            let role = if i < self.keys { "key " } else { "" };
            let ty = ty.write(Message::new(""));
            write!(f, "{role}{}: {}, ", Name(name), ty.as_str())?;
        }
        write!(f, "time {}", Name(self.timestamp))
    }
}

impl fmt::Display for Kernel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kernel::Source(source) => write!(f, "source {source}"),
            Kernel::Table(dataset) => write!(f, "table {dataset}"),
            Kernel::Rows(steps) if steps.is_empty() => f.write_str("rows as they are"),
            Kernel::Rows(steps) => {
                f.write_str("rows")?;
                for (i, step) in steps.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { " " } else { " | " }, step.row)?;
                }
                Ok(())
            }
            Kernel::Pick(pick) => write!(f, "{pick}"),
            Kernel::Fold(fold) => write!(f, "{fold}"),
            Kernel::Join(join) => write!(f, "{join}"),
            Kernel::Merge => f.write_str("merge"),
        }
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Filter(condition) => write!(f, "filter {condition}"),
            Row::Assign(columns) => {
                let columns = columns
                    .iter()
                    .map(|it| format!("{} = {}", Name(it.name), it.value));
                write!(f, "assign {}", columns.collect::<Vec<_>>().join(", "))
            }
            Row::Transform(function) => write!(f, "transform {}", function.native.symbol),
            Row::Python(Python { function, does }) => {
                let does = match does {
                    Does::Filter => "filter",
                    Does::Assign(..) => "assign",
                    Does::Transform(_) => "transform",
                };
                write!(f, "{does} by Python {}", function.entry_point)
            }
            Row::Drop(columns) => write!(f, "drop {}", names(columns)),
            Row::Dropnull(columns) => write!(f, "dropnull {}", names(columns)),
            Row::Rename(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(old, new)| format!("{} to {}", Name(old), Name(new)));
                write!(f, "rename {}", pairs.collect::<Vec<_>>().join(", "))
            }
            Row::Explode(columns) => write!(f, "explode {}", names(columns)),
            Row::Changelog { column, deletes } => {
                let kind = if *deletes { "deletes" } else { "inserts" };
                write!(f, "changelog, {} for {kind}", Name(column))
            }
        }
    }
}

impl fmt::Display for Pick<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.which {
            Which::First => "first",
            Which::Latest => "latest",
        };
        write!(f, "pick {which} by {}", names(&self.by))?;
        match self.among {
            Among::All => Ok(()),
            Among::Instant => f.write_str(" at one time"),
            Among::Window(window) => write!(f, " in one {window}"),
        }
    }
}

impl fmt::Display for Fold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fold by {}", names(&self.by))?;
        if let Some(window) = self.window {
            write!(f, " in {window}")?;
        }
        if let Some(along) = self.along {
            write!(f, " along {}", Name(along))?;
        }
        for (i, aggregation) in self.aggregations.iter().enumerate() {
            write!(f, "{}{aggregation}", if i == 0 { ": " } else { ", " })?;
        }
        match (self.emit, self.continuous) {
            (Emit::Final, _) => f.write_str("; told at the end of windows"),
            (Emit::Eager, true) => f.write_str("; computed when read"),
            (Emit::Eager, false) => f.write_str("; told with every row"),
        }
    }
}

impl fmt::Display for Join<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            How::Left => "left",
            How::Inner => "inner",
        };
        let on = self
            .on
            .iter()
            .map(|(left, key)| format!("{} == {}", Name(left), Name(key)));
        write!(f, "join {how} on {}", on.collect::<Vec<_>>().join(", "))?;
        if let Some(since) = self.since {
            write!(f, ", at most {since} older")?;
        }
        if self.until > Duration::ZERO {
            write!(f, ", at most {} younger", self.until)?;
        }
        if !self.fields.is_empty() {
            write!(f, ", adds {}", names(&self.fields))?;
        }
        Ok(())
    }
}

fn names(columns: &[&str]) -> String {
    let names = columns.iter().map(|name| Name(name).to_string());
    names.collect::<Vec<_>>().join(", ")
}
