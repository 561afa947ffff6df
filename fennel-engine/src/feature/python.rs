//! Calls of Python functions: once for all rows of a query, and it may look up.

use fennel_core::value::Value;

use super::{Evaluation, Instants};
use crate::error::{Error, Result};
use crate::graph::FeatureId;
use crate::lookup;
use crate::python::{Callable, LookedUp, Lookup, Stop};

impl Evaluation<'_> {
    /// Calls a function for these features, each with its position among what it makes.
    pub(super) fn call_python(
        &mut self,
        callable: &Callable,
        inputs: &[FeatureId],
        features: &[(FeatureId, usize)],
    ) -> Result<()> {
        let instants = (0..self.rows).map(|row| Value::Timestamp(self.at.of(row)));
        let mut columns = vec![instants.collect()];
        columns.extend(inputs.iter().map(|input| self.column(*input).to_vec()));
        let made = callable.call(&columns, self.rows, &mut |asked| self.answer(asked));
        let name = &callable.function.name;
        let made = made.map_err(|stop| match stop {
            Stop::Raised(what) | Stop::Stopped(what) => {
                let features = features.iter().map(|(id, _)| &self.graph.feature(*id).name);
                let features: Vec<_> = features.map(|name| format!("`{name}`")).collect();
                let (features, rows) = (features.join(", "), self.rows);
                let rows = match rows {
                    1 => "1 row".into(),
                    rows => format!("{rows} rows"),
                };
                Error::Request(format!("{features} of {rows}: `{name}` {what}"))
            }
            Stop::Unavailable(what) => Error::Python(what),
        })?;
        for (feature, position) in features {
            let shape = &self.graph.feature(*feature).shape;
            let made = made.get(*position).into_iter().flatten().enumerate();
            let (mut values, mut failed) = (Vec::with_capacity(self.rows), Vec::new());
            for (row, value) in made {
                match shape.accept(value.clone()) {
                    Ok(value) => values.push(value),
                    Err(mismatch) => {
                        let reason = format!("`{name}` made no such value: {mismatch}");
                        failed.push(self.failed(*feature, row, reason));
                    }
                }
            }
            if !failed.is_empty() {
                return Err(Error::Rows(failed));
            }
            self.give(*feature, values);
        }
        Ok(())
    }

    /// What a function looks up, in the state that the query sees.
    fn answer(&self, asked: &Lookup) -> Result<LookedUp, String> {
        let dataset = self.graph.dataset(&asked.dataset);
        let dataset = dataset.map_err(|error| error.to_string())?;
        let instants = &asked.instants;
        // As of the query's own instants a lookup needs the index that the query's own would.
        let is_own = instants.len() == self.rows
            && (0..self.rows).all(|row| instants.get(row) == Some(&self.at.of(row)));
        let at = if is_own {
            self.at
        } else {
            Instants::Each(instants)
        };
        let keys = (0..instants.len()).map(|row| {
            let key = asked.keys.iter();
            let key = key.map(|column| column.get(row).cloned().unwrap_or(Value::Null));
            key.collect::<Vec<_>>()
        });
        let keys = keys.collect::<Vec<_>>();
        dataset.check_index(at).map_err(|error| error.to_string())?;
        let found = lookup::find(&dataset.table, self.snapshot, &keys, at, &asked.fields);
        let found = found.map_err(|error| error.to_string())?;
        let columns = found.columns.0.into_iter();
        Ok(LookedUp {
            found: found.found,
            columns: columns
                .map(|column| (column.name, column.shape, column.values))
                .collect(),
        })
    }
}
