//! Features that are computed by an expression.

use fennel_core::expr::eval::Compiled;

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
