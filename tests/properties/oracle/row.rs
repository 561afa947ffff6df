//! A row, and what steps do to one by itself.

use std::collections::BTreeMap;

use super::expr::evaluate;
use crate::graph::{Columns, Step, Ty};
use crate::value::V;

/// Where a row stands among those of its event time: the place in the history of the logged row that made it,
/// then its place among all that this one made.
pub(crate) type Order = Vec<u64>;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) at: i64,
    pub(crate) order: Order,
    /// Keys and values by column.
    pub(crate) values: BTreeMap<String, V>,
}

impl Row {
    /// The values of these columns.
    pub(crate) fn get(&self, names: &[String]) -> Vec<V> {
        names.iter().map(|name| self.values[name].clone()).collect()
    }

    /// Where it stands in time.
    pub(crate) fn place(&self) -> (i64, &Order) {
        (self.at, &self.order)
    }

    /// The row behind a step that looks at each by itself, if it is kept.
    pub(crate) fn step(mut self, step: &Step, before: &Columns) -> Option<Row> {
        match step {
            Step::Filter(condition) => {
                let kept = evaluate(condition, &self, before);
                return (kept == V::Bool(true)).then_some(self);
            }
            Step::Assign(assigned) => {
                let results = assigned.iter().map(|(column, expr)| {
                    let value = match (evaluate(expr, &self, before), column.ty.required()) {
                        (V::Int(number), Ty::Float) => V::Float(number as f64),
                        (value, _) => value,
                    };
                    (column.name.clone(), value)
                });
                let results: Vec<_> = results.collect();
                self.values.extend(results);
            }
            Step::Drop(names) => self.values.retain(|name, _| !names.contains(name)),
            Step::Rename(pairs) => {
                for (old, new) in pairs {
                    if let Some(value) = self.values.remove(old) {
                        self.values.insert(new.clone(), value);
                    }
                }
            }
            Step::Dropnull(names) => {
                let full = names.iter().all(|name| !self.values[name].is_null());
                return full.then_some(self);
            }
            step => panic!("this looks at more than a row: {step}"),
        }
        Some(self)
    }
}
