//! Tables: the versions of each key over event time.

use std::collections::BTreeMap;

use super::row::{Order, Row};
use crate::graph::{Columns, Step};
use crate::value::V;

/// The versions of each key, by event time, no two of one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table(pub(crate) BTreeMap<Vec<V>, Vec<Version>>);

/// What a key is from an instant on, until its next version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    pub(crate) at: i64,
    pub(crate) order: Order,
    /// Keys and values by column; `None` where the key is deleted.
    pub(crate) row: Option<BTreeMap<String, V>>,
}

impl Version {
    pub(super) fn of(row: Row) -> Self {
        Version {
            at: row.at,
            order: row.order,
            row: Some(row.values),
        }
    }

    /// The version as a row, unless it is a delete.
    pub(super) fn to_row(&self) -> Option<Row> {
        Some(Row {
            at: self.at,
            order: self.order.clone(),
            values: self.row.clone()?,
        })
    }
}

impl Table {
    /// The version of a key as of an instant, which may be a delete.
    pub(crate) fn as_of(&self, key: &[V], at: i64) -> Option<&Version> {
        let versions = self.0.get(key)?.iter();
        versions.take_while(|version| version.at <= at).last()
    }

    /// Without the versions that had ended by then.
    pub(crate) fn whole_since(mut self, since: i64) -> Table {
        for versions in self.0.values_mut() {
            let first = versions.iter().rposition(|version| version.at <= since);
            versions.drain(..first.unwrap_or(0));
        }
        self
    }

    /// All versions that are no deletes, each with its end, or the end of time.
    pub(super) fn held(&self) -> Vec<(Row, i64)> {
        let versions = self.0.values().flat_map(|versions| {
            let later = versions.iter().skip(1).map(|later| later.at);
            versions.iter().zip(later.chain([i64::MAX]))
        });
        let rows = versions.filter_map(|(version, end)| Some((version.to_row()?, end)));
        rows.collect()
    }
}

/// The table behind a step that looks at each row by itself: a version whose row isn't kept deletes its key.
pub(super) fn step(table: Table, step: &Step, before: &Columns, after: &Columns) -> Table {
    let keys: Vec<_> = after.keys.iter().map(|key| key.name.clone()).collect();
    let mut made = Table::default();
    for versions in table.0.into_values() {
        let mut kept: Vec<Version> = Vec::new();
        let mut key = None;
        for mut version in versions {
            version.row = version.to_row().and_then(|row| {
                let row = row.step(step, before)?;
                key = Some(row.get(&keys));
                Some(row.values)
            });
            let deleted = kept.last().is_none_or(|last| last.row.is_none());
            if version.row.is_some() || !deleted {
                kept.push(version);
            }
        }
        if let Some(key) = key {
            made.0.insert(key, kept);
        }
    }
    made
}

/// A row for each insert and each delete; an update is a delete and an insert.
pub(super) fn changelog(table: &Table, column: &str, deletes: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for versions in table.0.values() {
        let mut old: Option<&BTreeMap<String, V>> = None;
        for version in versions {
            let changes = [(old, true), (version.row.as_ref(), false)];
            for (i, (row, is_delete)) in changes.into_iter().enumerate() {
                let Some(row) = row else { continue };
                let mut values = row.clone();
                values.insert(column.into(), V::Bool(is_delete == deletes));
                let mut order = version.order.clone();
                order.push(i as u64);
                rows.push(Row {
                    at: version.at,
                    order,
                    values,
                });
            }
            old = version.row.as_ref();
        }
    }
    rows
}
