//! Features that are computed: by an expression, or by a Rust function.

use std::fmt;

use fennel_core::expr::eval::Compiled;
use fennel_core::native::Call;

use super::FeatureId;

/// An expression over features of one featureset.
#[derive(Debug)]
pub(crate) struct Computation {
    pub(crate) expr: Compiled,
    /// The features that it may read, in the order that it was told of.
    pub(crate) columns: Vec<FeatureId>,
}

impl Computation {
    /// The features that it reads.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = FeatureId> {
        let read = self.expr.columns().iter();
        read.filter_map(|i| self.columns.get(*i).copied())
    }
}

/// A Rust function, called once for each row.
pub(crate) struct Function {
    /// What it is called in messages.
    pub(crate) name: String,
    pub(crate) call: Call,
    /// The features that it takes.
    pub(crate) inputs: Vec<FeatureId>,
    pub(crate) arguments: Vec<Argument>,
    /// The features that it makes, in order.
    pub(crate) outputs: Vec<FeatureId>,
}

/// What a function is called with.
#[derive(Debug)]
pub(crate) enum Argument {
    /// The instant that the row is answered as of.
    Instant,
    /// The input at that position.
    Input(usize),
    /// The row of a dataset by these inputs, or null.
    Row {
        dataset: String,
        /// Positions of inputs, in the order of the dataset's keys.
        keys: Vec<usize>,
        /// Where each column that the function expects is in the dataset.
        columns: Vec<usize>,
    },
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Function");
        shown.field("name", &self.name);
        shown.field("inputs", &self.inputs);
        shown.field("arguments", &self.arguments);
        shown.field("outputs", &self.outputs).finish()
    }
}
