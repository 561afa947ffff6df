//! Steps that are done by Python functions.
//!
//! A function is asked once what it makes of a row. It may be stopped at any call, so if it were asked again when the row
//! goes, what had come of it might stay for ever, or something might go that never came.

use std::collections::BTreeMap;

use fennel_core::op;
use fennel_core::value::{Shape, Value};

use super::lower::{Lowered, position};
use super::memory::Memory;
use super::rows::{RowStep, instant};
use super::{Changes, Failure, Layout, Row};
use crate::error::Result;
use crate::python::{Callable, Kind, OnStop, RunBy};
use crate::state::State;

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
    /// Does a step by a Python function to what comes. What goes is what the function had made; a row that goes and comes
    /// again, since it holds for another time, isn't given to it.
    pub(super) fn python(
        &self,
        step: &PythonStep,
        changes: Changes,
        state: &mut State,
        failures: &mut Vec<Failure>,
    ) -> Result<Changes> {
        let memory = &step.memory;
        let mut removed = Vec::with_capacity(changes.removed.len());
        let mut known = BTreeMap::new();
        for row in changes.removed {
            let made = memory.take(state, &row)?;
            known.insert(memory.key(&row), (row.values.clone(), made.clone()));
            removed.extend(made.map(|values| Row { values, ..row }));
        }
        let known = |row: &Row| {
            let (values, made) = known.get(&memory.key(row))?;
            (*values == row.values).then(|| Ok(made.clone()))
        };
        let known: Vec<_> = changes.added.iter().map(known).collect();
        let rows = changes.added.iter().zip(&known);
        let new = rows
            .filter(|(_, known)| known.is_none())
            .map(|(row, _)| row);
        let mut new = self.made(step, new)?.into_iter();
        let mut added = Vec::with_capacity(changes.added.len());
        for (row, known) in changes.added.into_iter().zip(known) {
            match known.or_else(|| new.next()) {
                Some(Ok(Some(values))) => {
                    memory.put(state, &row, &values);
                    added.push(Row { values, ..row });
                }
                Some(Err(reason)) => failures.push(self.failure(&row, reason)),
                Some(Ok(None)) | None => {}
            }
        }
        Ok(Changes { removed, added })
    }

    /// The columns of what the function makes of each row, nothing for one that isn't kept, or why it fails.
    fn made<'r>(
        &self,
        step: &PythonStep,
        rows: impl Iterator<Item = &'r Row> + Clone,
    ) -> Result<Vec<Result<Option<Vec<Value>>, String>>> {
        let arguments = rows.clone().map(|row| {
            let time = instant(row.time).unwrap_or(Value::Null);
            row.values.iter().cloned().chain([time]).collect()
        });
        let arguments: Vec<_> = arguments.collect();
        let made = step.callable.each(&arguments, OnStop::SetAside)?;
        let made = rows.zip(made);
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
