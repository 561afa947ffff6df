//! Definitions as plain data: datasets, and the pipelines that fill them.

mod check;
mod columns;
mod facts;
mod message;
mod print;
mod read;
mod request;

use crate::value::V;

pub(crate) use columns::Columns;
pub(crate) use facts::Facts;
pub(crate) use request::{DISORDER, HISTORY, WEBHOOK};

/// Microseconds.
pub(crate) type Micros = i64;

/// Datasets, each behind those that it takes rows from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Graph {
    pub(crate) datasets: Vec<Dataset>,
    /// How late the rows of all sources may be.
    pub(crate) disorder: Micros,
}

/// A dataset. With keys it has both indexes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) columns: Columns,
    pub(crate) fill: Fill,
    /// How long rows are kept.
    pub(crate) history: Micros,
}

/// Where the rows of a dataset come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fill {
    /// The endpoint of its own name: rows of a dataset with keys are upserts.
    Source,
    /// The pipeline `p`.
    Pipeline(Chain),
}

/// The rows of a dataset, and what is done to them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    pub(crate) input: String,
    pub(crate) steps: Vec<Step>,
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    Int,
    Float,
    Str,
    Bool,
    Time,
    Window,
    List(Box<Ty>),
    Optional(Box<Ty>),
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Ty,
}

/// An operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Filter(Expr),
    Assign(Vec<(Column, Expr)>),
    Drop(Vec<String>),
    /// Pairs of an old and a new name.
    Rename(Vec<(String, String)>),
    Dropnull(Vec<String>),
    Explode(Vec<String>),
    Dedup {
        by: Vec<String>,
        window: Option<Window>,
    },
    Union(Chain),
    Join(Join),
    First(Vec<String>),
    Latest(Vec<String>),
    Changelog {
        column: String,
        /// Whether the column is true for deletes, rather than for inserts.
        deletes: bool,
    },
    Aggregate(Aggregate),
}

/// Adds columns of a keyed dataset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Join {
    pub(crate) right: String,
    pub(crate) inner: bool,
    /// Pairs of a column and the key of the dataset that it has the value of.
    pub(crate) on: Vec<(String, String)>,
    /// How much older than the row the version may be; `None` for forever.
    pub(crate) since: Option<Micros>,
    /// How much younger it may be.
    pub(crate) until: Micros,
    /// The columns to add; none for all values.
    pub(crate) fields: Vec<String>,
}

/// Computes aggregates of groups.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) by: Vec<String>,
    /// The window that is a key of its own, and that of all aggregates.
    pub(crate) window: Option<Window>,
    pub(crate) specs: Vec<Spec>,
    pub(crate) along: Option<String>,
    /// Whether values over continuous windows are rows too.
    pub(crate) is_final: bool,
}

/// One aggregate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    /// The column; a plain count has none.
    pub(crate) of: String,
    pub(crate) window: Window,
    /// How much later than it ends the window is seen; the same for all aggregates of a group.
    pub(crate) lookback: Micros,
    pub(crate) function: Function,
}

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Function {
    Count {
        unique: bool,
        dropnull: bool,
    },
    Sum,
    /// Each with the value of no values; `None` for null.
    Average(Option<f64>),
    Min(Option<f64>),
    Max(Option<f64>),
    Stddev(Option<f64>),
    Quantile {
        p: f64,
        default: Option<f64>,
    },
    Distinct {
        dropnull: bool,
    },
    LastK {
        limit: u32,
        dedup: bool,
        dropnull: bool,
    },
    FirstK {
        limit: u32,
        dedup: bool,
        dropnull: bool,
    },
    /// With its half-life in seconds.
    DecaySum(u32),
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Window {
    Continuous(Micros),
    Forever,
    Tumbling(Micros),
    /// Duration and stride.
    Hopping(Micros, Micros),
    ForeverHopping(Micros),
    Session(Micros),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Column(String),
    Literal(V),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    FillNull(Box<Expr>, V),
    /// The length of a text.
    Len(Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    /// Condition, then, otherwise.
    If(Box<(Expr, Expr, Expr)>),
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    And,
    Or,
}

impl Graph {
    pub(crate) fn dataset(&self, name: &str) -> &Dataset {
        let mut datasets = self.datasets.iter();
        let found = datasets.find(|dataset| dataset.name == name);
        found.unwrap_or_else(|| panic!("there is no dataset `{name}`"))
    }
}

impl Dataset {
    pub(crate) fn is_keyed(&self) -> bool {
        !self.columns.keys.is_empty()
    }
}

impl Ty {
    pub(crate) fn optional(self) -> Ty {
        match self {
            Ty::Optional(_) => self,
            other => Ty::Optional(Box::new(other)),
        }
    }

    /// The type without its option.
    pub(crate) fn required(&self) -> &Ty {
        match self {
            Ty::Optional(inner) => inner,
            other => other,
        }
    }

    pub(crate) fn is_optional(&self) -> bool {
        matches!(self, Ty::Optional(_))
    }
}

impl Column {
    pub(crate) fn new(name: &str, ty: Ty) -> Self {
        Column {
            name: name.into(),
            ty,
        }
    }
}

impl Window {
    /// Whether it goes along with time, rather than ends.
    pub(crate) fn is_continuous(self) -> bool {
        matches!(self, Window::Continuous(_) | Window::Forever)
    }
}

impl Function {
    pub(crate) fn decays(&self) -> bool {
        matches!(self, Function::DecaySum(_))
    }
}

impl Aggregate {
    /// Whether its values are computed when they are read, so that nothing can be made of them.
    pub(crate) fn is_terminal(&self) -> bool {
        let continuous = self.specs.iter().any(|spec| spec.window.is_continuous());
        continuous && !self.is_final || self.specs.iter().any(|spec| spec.function.decays())
    }
}
