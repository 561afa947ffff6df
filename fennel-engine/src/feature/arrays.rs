//! Columns of features as arrays, for expressions.

use std::cell::OnceCell;
use std::collections::HashMap;

use arrow_array::ArrayRef;
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Evaluated, Now};
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use super::Instants;
use crate::graph::{Computation, FeatureId};

/// The arrays of a query: each is made when the first expression reads it.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    features: HashMap<FeatureId, ArrayRef>,
    instants: OnceCell<ArrayRef>,
}

impl Arrays {
    /// Makes the array of a feature, if there is none yet.
    pub(super) fn add(&mut self, feature: FeatureId, shape: &Shape, values: &[Value]) {
        let array = || column::array(shape, values.iter());
        self.features.entry(feature).or_insert_with(array);
    }

    /// Keeps what an expression came to.
    pub(super) fn keep(&mut self, feature: FeatureId, array: ArrayRef) {
        self.features.insert(feature, array);
    }

    /// Evaluates an expression over so many rows, whose inputs were added.
    pub(super) fn evaluate(
        &self,
        computation: &Computation,
        rows: usize,
        at: Instants<'_>,
    ) -> Evaluated {
        let columns = computation.inputs();
        let columns: Vec<ArrayRef> = columns
            .filter_map(|input| self.features.get(&input).cloned())
            .collect();
        let now = match at {
            Instants::Now(now) => Now::Instant(now),
            Instants::Each(each) => Now::Column(self.instants.get_or_init(|| instants(each))),
        };
        computation.expr.evaluate(&Batch {
            rows,
            columns: &columns,
            now,
        })
    }
}

fn instants(each: &[Timestamp]) -> ArrayRef {
    let instants: Vec<_> = each.iter().copied().map(Value::Timestamp).collect();
    column::array(&Shape::Timestamp, instants.iter())
}
