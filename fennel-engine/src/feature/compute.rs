//! Features that are computed of others.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::DataType;
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Now};
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use super::Instants;
use super::evaluate::Evaluation;
use crate::error::{Error, Result};
use crate::graph::{Argument, Computation, Dataset, FeatureId, Function};
use crate::kernel::encode_group;

impl Evaluation<'_> {
    /// Evaluates an expression for every row.
    pub(super) fn compute(&mut self, feature: FeatureId, computation: &Computation) -> Result<()> {
        let columns = computation.columns.iter().enumerate().map(|(i, of)| {
            if !computation.expr.columns().contains(&i) {
                return new_null_array(&DataType::Null, self.rows);
            }
            let shape = &self.graph.feature(*of).shape;
            column::array(shape, self.column(*of).iter())
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let instants;
        let now = match self.at {
            Instants::Now(now) => Now::Instant(now),
            Instants::Each(each) => {
                let each: Vec<_> = each.iter().map(|at| Value::Timestamp(*at)).collect();
                instants = column::array(&Shape::Timestamp, each.iter());
                Now::Column(&instants)
            }
        };
        let evaluated = computation.expr.evaluate(&Batch {
            rows: self.rows,
            columns: &columns,
            now,
        });
        if let Some(failure) = evaluated.failures.first() {
            let name = &self.graph.feature(feature).name;
            let (row, reason) = (failure.row, &failure.reason);
            return Err(Error::Request(format!(
                "feature `{name}`, row {row}: {reason}"
            )));
        }
        let shape = computation.expr.shape();
        let values = (0..self.rows).map(|row| column::value(shape, &evaluated.values, row));
        self.give(feature, values.collect());
        Ok(())
    }

    /// Calls a function for every row. What was given of its results stays as it is.
    pub(super) fn call(&mut self, function: &Function, given: &[FeatureId]) -> Result<()> {
        let mut arguments = Vec::with_capacity(function.arguments.len());
        for argument in &function.arguments {
            arguments.push(self.argument(function, argument)?);
        }
        let mut columns: Vec<_> = function
            .outputs
            .iter()
            .map(|_| Vec::with_capacity(self.rows))
            .collect();
        for row in 0..self.rows {
            let row_arguments = arguments.iter_mut().map(|column| {
                let value = column.get_mut(row);
                value.map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
            });
            let made = self.call_once(function, row, row_arguments.collect())?;
            for (column, value) in columns.iter_mut().zip(made) {
                column.push(value);
            }
        }
        for (output, column) in function.outputs.iter().zip(columns) {
            if !given.contains(output) {
                self.give(*output, column);
            }
        }
        Ok(())
    }

    /// The results of a function for one row, each a value of its feature's type.
    fn call_once(
        &self,
        function: &Function,
        row: usize,
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>> {
        let failed = |reason: String| {
            let name = &function.name;
            Error::Request(format!("extractor `{name}`, row {row}: {reason}"))
        };
        let call = function.call;
        let made = catch_unwind(AssertUnwindSafe(|| call(arguments)))
            .map_err(|_| failed("the function panicked".into()))?
            .map_err(|mismatch| failed(mismatch.to_string()))?;
        if made.len() != function.outputs.len() {
            let (made, expected) = (made.len(), function.outputs.len());
            return Err(failed(format!("it made {made} results of {expected}")));
        }
        let outputs = function.outputs.iter().zip(made);
        let checked = outputs.map(|(output, value)| {
            let feature = self.graph.feature(*output);
            let value = feature.shape.accept(value);
            value.map_err(|mismatch| failed(format!("it made for `{}`: {mismatch}", feature.name)))
        });
        checked.collect()
    }

    /// What one parameter is in every row.
    fn argument(&self, function: &Function, argument: &Argument) -> Result<Vec<Value>> {
        let (dataset, keys, columns) = match argument {
            Argument::Instant => {
                let instants = (0..self.rows).map(|row| Value::Timestamp(self.at.of(row)));
                return Ok(instants.collect());
            }
            Argument::Input(i) => {
                let input = function.inputs.get(*i);
                return Ok(input.map_or_else(Vec::new, |input| self.column(*input).to_vec()));
            }
            Argument::Row {
                dataset,
                keys,
                columns,
            } => (self.graph.dataset(dataset)?, keys, columns),
        };
        dataset.check_index(self.at)?;
        let keys = keys.iter().filter_map(|i| function.inputs.get(*i));
        let keys: Vec<_> = keys.map(|input| self.column(*input)).collect();
        let mut rows = Rows::new(dataset, columns);
        let mut found = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let key: Vec<&Value> = keys.iter().filter_map(|column| column.get(row)).collect();
            found.push(rows.find(self, &key, self.at.of(row))?);
        }
        Ok(found)
    }
}

/// Whole rows of a dataset, each looked up once.
struct Rows<'d> {
    dataset: &'d Dataset,
    selection: crate::table::Selection,
    columns: usize,
    known: HashMap<Vec<u8>, Value>,
    buffer: Vec<u8>,
}

impl<'d> Rows<'d> {
    fn new(dataset: &'d Dataset, columns: &[usize]) -> Self {
        Self {
            dataset,
            selection: dataset.table.select(columns.iter().copied()),
            columns: columns.len(),
            known: HashMap::new(),
            buffer: Vec::new(),
        }
    }

    /// The row of a key as of an instant, as a record, or null. A key with a null has none.
    fn find(
        &mut self,
        evaluation: &Evaluation<'_>,
        key: &[&Value],
        at: Timestamp,
    ) -> Result<Value> {
        if key.iter().any(|value| **value == Value::Null) {
            return Ok(Value::Null);
        }
        let mut place = at.micros().to_be_bytes().to_vec();
        encode_group(key.iter().copied(), &mut place);
        if let Some(known) = self.known.get(&place) {
            return Ok(known.clone());
        }
        let table = &self.dataset.table;
        let found = table.find(evaluation.snapshot, key, at, &mut self.buffer)?;
        let row = match &found {
            None => Value::Null,
            Some(found) => {
                let mut values = Vec::with_capacity(self.columns);
                table.read(&self.selection, key, Some(found), |value| {
                    values.push(value)
                })?;
                Value::Record(values)
            }
        };
        self.known.insert(place, row.clone());
        Ok(row)
    }
}
