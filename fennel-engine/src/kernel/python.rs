//! Steps that are done by Python functions.

use fennel_core::op;
use fennel_core::value::{Shape, Value};

use super::lower::{Lowered, position};
use super::rows::{RowStep, instant};
use super::{Failure, Layout, Row};
use crate::error::Result;
use crate::python::{Callable, Kind, RunBy};

/// A Python function of rows.
#[derive(Debug)]
pub(super) struct PythonStep {
    callable: Callable,
    does: Does,
}

/// What becomes of a row.
#[derive(Debug)]
enum Does {
    /// It is kept where the function says so.
    Filter,
    /// Each of its columns is that at this position, or what the function makes.
    Assign(Vec<Option<usize>>),
    /// Its columns are what the function makes, behind which the event time stands; so many are keys.
    Transform { keys: usize },
}

impl PythonStep {
    /// A step on rows of `at` that makes rows of `next`.
    pub(super) fn new(
        step: &op::Python<'_>,
        at: &Layout,
        next: &Layout,
        python: RunBy<'_>,
    ) -> Lowered<Self> {
        let (does, kind, makes) = match step.does {
            op::Does::Filter => {
                let makes = vec![("kept".into(), Shape::Bool)];
                (Does::Filter, Kind::Filter, makes)
            }
            op::Does::Assign(name, _) => {
                let made = next.columns.iter().find(|(column, _)| column == name);
                let made = made.ok_or_else(|| format!("loses column `{name}`"))?;
                let from = next
                    .columns
                    .iter()
                    .map(|(column, _)| (column != name).then(|| position(at, column)).transpose());
                let from = from.collect::<Lowered<_>>()?;
                (Does::Assign(from), Kind::Assign, vec![made.clone()])
            }
            op::Does::Transform(_) => {
                let does = Does::Transform { keys: next.keys };
                (does, Kind::Transform, with_time(next))
            }
        };
        let name = step.function.name();
        let columns = (with_time(at), makes);
        Ok(Self {
            callable: Callable::new(&step.function, name, kind, columns, python)?,
            does,
        })
    }
}

/// The columns, and the event time behind them.
fn with_time(layout: &Layout) -> Vec<(String, Shape)> {
    let time = (layout.timestamp.clone(), Shape::Timestamp);
    layout.columns.iter().cloned().chain([time]).collect()
}

impl RowStep {
    /// Does a step by a Python function.
    pub(super) fn python(
        &self,
        step: &PythonStep,
        rows: Vec<Row>,
        failures: &mut Vec<Failure>,
    ) -> Result<Vec<Row>> {
        let arguments = rows.iter().map(|row| {
            let time = instant(row.time).unwrap_or(Value::Null);
            row.values.iter().cloned().chain([time]).collect()
        });
        let made = step.callable.each(&arguments.collect::<Vec<_>>())?;
        let mut kept = Vec::with_capacity(rows.len());
        for (row, made) in rows.into_iter().zip(made) {
            match made.and_then(|made| step.row(&row, made)) {
                Ok(Some(values)) => kept.push(Row { values, ..row }),
                Ok(None) => {}
                Err(reason) => failures.push(self.failure(&row, reason)),
            }
        }
        Ok(kept)
    }
}

impl PythonStep {
    /// The columns of what becomes of a row, if it is kept.
    fn row(&self, row: &Row, mut made: Vec<Value>) -> Result<Option<Vec<Value>>, String> {
        let name = &self.callable.function.name;
        match &self.does {
            Does::Filter => {
                let kept = made.first() == Some(&Value::Bool(true));
                Ok(kept.then(|| row.values.clone()))
            }
            Does::Assign(from) => {
                let made = made.pop().unwrap_or(Value::Null);
                let values = from.iter().map(|from| match from {
                    Some(at) => row.values.get(*at).cloned().unwrap_or(Value::Null),
                    None => made.clone(),
                });
                Ok(Some(values.collect()))
            }
            Does::Transform { keys } => {
                if made.pop() != instant(row.time) {
                    return Err(format!("`{name}` changed the event time"));
                }
                if made.get(..*keys) != row.values.get(..*keys) {
                    return Err(format!(
                        "`{name}` changed a key, and rows are found by their keys"
                    ));
                }
                Ok(Some(made))
            }
        }
    }
}
