//! Doing the steps of a plan, column by column.

use std::collections::HashMap;
use std::rc::Rc;

use fennel_core::column;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::arrays::Arrays;
use super::plan::Step;
use crate::error::{Error, FailedRow, Result};
use crate::graph::{Align, ComputationId, Extraction, FeatureId, Graph, LookupId};
use crate::store::Snapshot;

/// The instant that each row is answered as of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instants<'q> {
    /// The same for every row, for it is now.
    Now(Timestamp),
    /// One per row.
    Each(&'q [Timestamp]),
}

impl Instants<'_> {
    pub(crate) fn of(&self, row: usize) -> Timestamp {
        match self {
            Instants::Now(now) => *now,
            Instants::Each(instants) => {
                *instants.get(row).expect("there is an instant for each row")
            }
        }
    }
}

/// The columns that are known so far.
pub(crate) struct Evaluation<'q> {
    pub(super) graph: &'q Graph,
    pub(super) snapshot: &'q Snapshot,
    pub(super) at: Instants<'q>,
    pub(super) rows: usize,
    columns: HashMap<FeatureId, Rc<Vec<Value>>>,
    arrays: Arrays,
    /// What lookups found as a whole.
    pub(super) found: HashMap<LookupId, Rc<Vec<Value>>>,
}

impl<'q> Evaluation<'q> {
    /// Begins with so many rows, and no columns.
    pub(crate) fn new(
        graph: &'q Graph,
        snapshot: &'q Snapshot,
        at: Instants<'q>,
        rows: usize,
    ) -> Self {
        Self {
            graph,
            snapshot,
            at,
            rows,
            columns: HashMap::new(),
            arrays: Arrays::default(),
            found: HashMap::new(),
        }
    }

    /// Adds the column of a feature.
    pub(crate) fn give(&mut self, feature: FeatureId, values: Vec<Value>) {
        self.columns.insert(feature, Rc::new(values));
    }

    /// The column of a feature that was given or computed.
    pub(crate) fn column(&self, feature: FeatureId) -> &Rc<Vec<Value>> {
        self.columns
            .get(&feature)
            .expect("a plan puts what a step needs before it")
    }

    /// Does one step.
    pub(crate) fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Alias { feature, of } => self.alias(*feature, *of),
            Step::Compute {
                feature,
                computation,
            } => return self.compute(*feature, *computation),
            Step::Lookup {
                lookup,
                features,
                is_whole,
            } => return self.look_up(*lookup, features, *is_whole),
            Step::Call {
                function,
                features,
                rows,
            } => return self.call(*function, features, rows),
        }
        Ok(())
    }

    pub(super) fn extraction(&self, feature: FeatureId) -> &'q Extraction {
        let extraction = self.graph.feature(feature).extraction.as_ref();
        extraction.expect("a plan's steps are for features that have an extraction")
    }

    fn alias(&mut self, feature: FeatureId, of: FeatureId) {
        let extraction = self.extraction(feature);
        let source = Rc::clone(self.column(of));
        let column = if extraction.keeps_values() {
            source
        } else {
            Rc::new(
                source
                    .iter()
                    .map(|value| extraction.finish(value.clone()))
                    .collect(),
            )
        };
        self.columns.insert(feature, column);
    }

    fn compute(&mut self, feature: FeatureId, computation: ComputationId) -> Result<()> {
        let computation = self.graph.computation(computation);
        for input in computation.inputs() {
            let values = Rc::clone(self.column(input));
            self.arrays
                .add(input, &self.graph.feature(input).shape, &values);
        }
        let evaluated = self.arrays.evaluate(computation, self.rows, self.at);
        if !evaluated.failures.is_empty() {
            let failures = evaluated.failures.iter();
            let failed = failures.map(|it| self.failed(feature, it.row, it.reason.clone()));
            return Err(Error::Rows(failed.collect()));
        }
        let (shape, array) = (computation.expr.shape(), evaluated.values);
        let values = (0..self.rows).map(|row| column::value(shape, array.as_ref(), row));
        self.give(feature, values.collect());
        self.arrays.keep(feature, array);
        Ok(())
    }

    /// A feature for which a row has no value.
    pub(super) fn failed(&self, feature: FeatureId, row: usize, reason: String) -> FailedRow {
        let name = &self.graph.feature(feature).name;
        let what = format!("feature `{name}`");
        FailedRow { row, what, reason }
    }
}

impl Extraction {
    /// Whether values stay as they are read.
    pub(super) fn keeps_values(&self) -> bool {
        self.default.is_none() && matches!(self.align, Align::Same)
    }

    /// The feature's value for a value that was read.
    pub(super) fn finish(&self, value: Value) -> Value {
        match (value, &self.default) {
            (Value::Null, Some(default)) => default.clone(),
            (value, _) => self.align.apply(value),
        }
    }
}
