//! Steps that are done by Python functions.
//!
//! A function is asked once what it makes of a row. It may be stopped at any call, so if it were asked again when the row
//! goes, what had come of it might stay for ever, or something might go that never came.

use fennel_core::op;
use fennel_core::value::{Shape, Value};

use super::lower::{Lowered, position};
use super::memory::Memory;
use super::rows::{RowStep, instant};
use super::{Changes, Layout, Moved, Pass, Row};
use crate::error::Result;
use crate::python::{Callable, Kind, OnStop, RunBy};

/// A Python function of rows.
#[derive(Debug)]
pub(super) struct PythonStep {
    callable: Callable,
    does: Does,
    /// What it made of the rows that there are.
    pub(super) memory: Memory,
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
    /// A step on rows of `at` that makes rows of `next`, and the bytes that what it remembers begins with.
    pub(super) fn new(
        step: &op::Python<'_>,
        (at, next): (&Layout, &Layout),
        prefix: [u8; 7],
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
            memory: Memory::new(prefix, at.keys, next.columns.len()),
        })
    }
}

/// The columns, and the event time behind them.
fn with_time(layout: &Layout) -> Vec<(String, Shape)> {
    let time = (layout.timestamp.clone(), Shape::Timestamp);
    layout.columns.iter().cloned().chain([time]).collect()
}

impl RowStep {
    /// Does a step by a Python function to what comes. What goes is what the function had made, and so is what holds until
    /// another end.
    pub(super) fn python(
        &self,
        step: &PythonStep,
        changes: Changes,
        pass: &mut Pass<'_>,
    ) -> Result<Changes> {
        let Pass {
            state,
            failures,
            on_stop,
            ..
        } = pass;
        let memory = &step.memory;
        let mut made = Changes::default();
        for row in changes.removed {
            let values = memory.take(state, &row)?;
            made.removed
                .extend(values.map(|values| Row { values, ..row }));
        }
        for Moved { row, was } in changes.moved {
            if let Some(values) = memory.take(state, &row)? {
                memory.put(state, &row, &values);
                let row = Row { values, ..row };
                made.moved.push(Moved { row, was });
            }
        }
        let new = self.made(step, &changes.added, *on_stop)?;
        for (row, new) in changes.added.into_iter().zip(new) {
            match new {
                Ok(Some(values)) => {
                    memory.put(state, &row, &values);
                    made.added.push(Row { values, ..row });
                }
                Ok(None) => {}
                Err(reason) => failures.push(self.failure(&row, reason)),
            }
        }
        Ok(made)
    }

    /// The columns of what the function makes of each row, nothing for one that isn't kept, or why it fails.
    fn made(
        &self,
        step: &PythonStep,
        rows: &[Row],
        on_stop: OnStop,
    ) -> Result<Vec<Result<Option<Vec<Value>>, String>>> {
        let arguments = rows.iter().map(|row| {
            let time = instant(row.time).unwrap_or(Value::Null);
            row.values.iter().cloned().chain([time]).collect()
        });
        let arguments: Vec<_> = arguments.collect();
        let made = step.callable.each(&arguments, on_stop)?;
        let made = rows.iter().zip(made);
        let made = made.map(|(row, made)| made.and_then(|made| step.row(row, made)));
        Ok(made.collect())
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
