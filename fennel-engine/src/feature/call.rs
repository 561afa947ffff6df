//! Calls of a query: a function is called for each row.

use std::rc::Rc;

use fennel_core::value::Value;

use super::Evaluation;
use crate::error::{Error, Result};
use crate::graph::{Align, Argument, FeatureId, FunctionId, Linked, LookupId};
use crate::native;

/// Where a function's argument comes from.
enum Source<'q> {
    Instant,
    Column(Rc<Vec<Value>>),
    /// What a lookup found, and where the fields are in it.
    Rows(Rc<Vec<Value>>, &'q [(usize, Align)]),
}

impl Evaluation<'_> {
    /// Calls a function for each row, for these features, each with its position among the results. `rows` are the
    /// lookups of the arguments that are rows.
    pub(super) fn call(
        &mut self,
        function: FunctionId,
        features: &[(FeatureId, usize)],
        rows: &[LookupId],
    ) -> Result<()> {
        let function = self.graph.function(function);
        let Some((first, _)) = features.first() else {
            return Ok(());
        };
        let linked = match &function.linked {
            Ok(Linked::Rust(calls)) => calls,
            Ok(Linked::Python(callable)) => {
                return self.call_python(callable, &function.inputs, features);
            }
            Err(_) => return Ok(()),
        };
        let mut rows = rows.iter();
        let sources = linked.arguments.iter().map(|argument| match argument {
            Argument::Instant => Source::Instant,
            Argument::Feature(feature) => Source::Column(Rc::clone(self.column(*feature))),
            Argument::Row(_, fields) => {
                let found = rows.next().and_then(|lookup| self.found.get(lookup));
                let found = found.expect("a plan puts what a step needs before it");
                Source::Rows(Rc::clone(found), fields)
            }
        });
        let sources: Vec<_> = sources.collect();
        let mut columns = vec![Vec::with_capacity(self.rows); features.len()];
        let mut failed = Vec::new();
        for row in 0..self.rows {
            let arguments = sources.iter().map(|source| self.argument(source, row));
            let made = native::call(&function.path, linked.call, arguments.collect());
            let values = made.map_err(|reason| self.failed(*first, row, reason));
            let values = values.and_then(|made| {
                let values = features.iter().map(|(feature, position)| {
                    let value = made.get(*position).cloned().unwrap_or(Value::Null);
                    let value = match linked.results.get(*position) {
                        Some(align) => align.apply(value),
                        None => value,
                    };
                    let shape = &self.graph.feature(*feature).shape;
                    shape.accept(value).map_err(|mismatch| {
                        let reason = format!("`{}` made no such value: {mismatch}", function.path);
                        self.failed(*feature, row, reason)
                    })
                });
                values.collect::<Result<Vec<_>, _>>()
            });
            match values {
                Ok(values) => {
                    for (column, value) in columns.iter_mut().zip(values) {
                        column.push(value);
                    }
                }
                Err(row) => failed.push(row),
            }
        }
        if !failed.is_empty() {
            return Err(Error::Rows(failed));
        }
        for ((feature, _), column) in features.iter().zip(columns) {
            self.give(*feature, column);
        }
        Ok(())
    }

    fn argument(&self, source: &Source<'_>, row: usize) -> Value {
        match source {
            Source::Instant => Value::Timestamp(self.at.of(row)),
            Source::Column(values) => values.get(row).cloned().unwrap_or(Value::Null),
            Source::Rows(found, fields) => match found.get(row) {
                Some(Value::Record(columns)) => {
                    let values = fields.iter().map(|(at, align)| {
                        align.apply(columns.get(*at).cloned().unwrap_or(Value::Null))
                    });
                    Value::Record(values.collect())
                }
                _ => Value::Null,
            },
        }
    }
}
