//! Aggregates of groups, computed anew for each instant.

use std::collections::{BTreeMap, BTreeSet};

use super::Content;
use super::row::Row;
use super::table::{Table, Version};
use super::window;
use crate::graph::{Aggregate, Columns, Function, Spec, Ty, Window};
use crate::value::V;

/// Rows in groups, and what is computed of them.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    /// All rows and versions that there ever are, each as of when it stands in time, with its end, if it has one.
    pub(super) held: BTreeMap<Vec<V>, Vec<(Row, i64)>>,
    aggregate: Aggregate,
    /// The columns of the result.
    columns: Columns,
}

impl Groups {
    pub(super) fn new(rows: Content, aggregate: &Aggregate, columns: &Columns) -> Self {
        let rows = match rows {
            Content::Stream(rows) => rows.into_iter().map(|row| (row, i64::MAX)).collect(),
            Content::Table(table) => table.held(),
            Content::Live(_) => panic!("nothing follows what is computed when it is read"),
        };
        let mut held: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (mut row, end) in rows {
            if let Some(along) = &aggregate.along {
                let V::Time(at) = row.values[along] else {
                    panic!("`{along}` is no instant");
                };
                row.at = at;
            }
            let group = held.entry(row.get(&aggregate.by)).or_default();
            group.push((row, end));
        }
        Groups {
            held,
            aggregate: aggregate.clone(),
            columns: columns.clone(),
        }
    }

    /// The values of a group as of an instant, if it is found.
    pub(super) fn at(&self, key: &[V], at: i64) -> Option<BTreeMap<String, V>> {
        let held = self.held.get(key)?;
        let covered = |spec: &Spec| window::covered(spec.window, at - spec.lookback);
        let seen = self.aggregate.specs.iter().any(|spec| {
            let (_, last) = covered(spec);
            held.iter().any(|(row, _)| row.at <= last)
        });
        if !seen {
            return None;
        }
        let values = self.aggregate.specs.iter().map(|spec| {
            let (first, last) = covered(spec);
            // Those that hold at the end of what it covers.
            let there = held
                .iter()
                .filter(|(row, end)| row.at <= last && last < *end);
            let there = there.filter(|(row, _)| first.is_none_or(|first| first <= row.at));
            let rows = there.map(|(row, _)| row.clone()).collect();
            (spec.name.clone(), self.value(spec, rows, at))
        });
        let keys = self.aggregate.by.iter().cloned().zip(key.iter().cloned());
        Some(keys.chain(values).collect())
    }

    /// A version from every instant on at which a value changes.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::default();
        for (key, held) in &self.held {
            let mut instants = BTreeSet::new();
            for spec in &self.aggregate.specs {
                let changes = held.iter().flat_map(|(row, end)| [row.at, *end]);
                let changes: BTreeSet<_> = changes.filter(|at| *at < i64::MAX).collect();
                let turns = changes
                    .into_iter()
                    .flat_map(|at| window::turns(spec.window, at));
                instants.extend(turns.map(|turn| turn + spec.lookback));
            }
            let mut versions: Vec<Version> = Vec::new();
            for at in instants {
                let row = self.at(key, at);
                if row.is_some() && versions.last().is_none_or(|last| last.row != row) {
                    let order = Vec::new();
                    versions.push(Version { at, order, row });
                }
            }
            table.0.insert(key.clone(), versions);
        }
        table
    }

    /// A row for each group and each of its windows, from the window's end on.
    pub(super) fn windows(&self, stretch: Window) -> Table {
        let mut table = Table::default();
        for (group, held) in &self.held {
            let rows = held.iter().map(|(row, _)| row.clone()).collect();
            for ((begin, end), rows) in window::split(rows, stretch) {
                let window = V::Window(begin, end);
                let keys = self.aggregate.by.iter().cloned();
                let mut values: BTreeMap<_, _> = keys.zip(group.iter().cloned()).collect();
                values.insert("window".into(), window.clone());
                for spec in &self.aggregate.specs {
                    values.insert(spec.name.clone(), self.value(spec, rows.clone(), end));
                }
                let key = group.iter().cloned().chain([window]).collect();
                let version = Version {
                    at: end,
                    order: Vec::new(),
                    row: Some(values),
                };
                table.0.insert(key, vec![version]);
            }
        }
        table
    }

    /// What an aggregate makes of the rows in its window.
    fn value(&self, spec: &Spec, mut rows: Vec<Row>, at: i64) -> V {
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
        let ty = self.columns.get(&spec.name).ty.required().clone();
        let typed = |number: Option<f64>| match (number, &ty) {
            (None, _) => V::Null,
            (Some(number), Ty::Int) => V::Int(number as i64),
            (Some(number), _) => V::Float(number),
        };
        let of = |row: &Row| row.values.get(&spec.of).cloned();
        let mut values: Vec<V> = rows.iter().filter_map(of).collect();
        let full: Vec<V> = values
            .iter()
            .filter(|value| !value.is_null())
            .cloned()
            .collect();
        let numbers: Vec<f64> = full.iter().filter_map(V::number).collect();
        let dropnull = match spec.function {
            Function::Count { dropnull, .. }
            | Function::Distinct { dropnull }
            | Function::LastK { dropnull, .. }
            | Function::FirstK { dropnull, .. } => dropnull,
            _ => true,
        };
        if dropnull {
            values = full;
        }
        match spec.function {
            Function::Count { unique: true, .. } => V::Int(distinct(values).len() as i64),
            Function::Count { dropnull: true, .. } => V::Int(values.len() as i64),
            Function::Count { .. } => V::Int(rows.len() as i64),
            Function::Distinct { .. } => V::List(distinct(values)),
            Function::FirstK { limit, dedup, .. } => head(values, limit, dedup),
            Function::LastK { limit, dedup, .. } => {
                values.reverse();
                head(values, limit, dedup)
            }
            Function::Sum if ty == Ty::Int => V::Int(values.iter().map(int).sum()),
            Function::Sum => V::Float(numbers.iter().fold(0.0, |sum, number| sum + number)),
            Function::Min(default) => values.into_iter().min().unwrap_or(typed(default)),
            Function::Max(default) => values.into_iter().max().unwrap_or(typed(default)),
            Function::Average(default) => typed(mean(&numbers).or(default)),
            Function::Stddev(default) => typed(deviation(&numbers).or(default)),
            Function::Quantile { p, default } => typed(quantile(numbers, p).or(default)),
            Function::DecaySum(half_life) => {
                let half_life = f64::from(half_life) * 1e6;
                let decayed = rows.iter().filter_map(|row| {
                    let age = (at - row.at) as f64;
                    Some(of(row)?.number()? * (-age / half_life).exp2())
                });
                V::Float(decayed.sum())
            }
        }
    }
}

fn int(value: &V) -> i64 {
    match value {
        V::Int(number) => *number,
        other => panic!("{other} is no int"),
    }
}

/// Each value once, in the order of the first ones.
fn distinct(values: Vec<V>) -> Vec<V> {
    let mut seen = BTreeSet::new();
    let values = values.into_iter();
    values.filter(|value| seen.insert(value.clone())).collect()
}

fn head(mut values: Vec<V>, limit: u32, dedup: bool) -> V {
    if dedup {
        values = distinct(values);
    }
    values.truncate(limit as usize);
    V::List(values)
}

fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / count)
}

/// Of the population.
fn deviation(numbers: &[f64]) -> Option<f64> {
    let mean_of_all = mean(numbers)?;
    let squares = numbers.iter().map(|number| (number - mean_of_all).powi(2));
    Some(mean(&squares.collect::<Vec<_>>())?.sqrt())
}

/// The element at that part of the sorted ones, not interpolated.
fn quantile(mut numbers: Vec<f64>, p: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len().checked_sub(1)?;
    let rank = (p * numbers.len() as f64).floor() as usize;
    numbers.get(rank.min(last)).copied()
}
