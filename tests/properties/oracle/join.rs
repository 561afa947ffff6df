//! Joins.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use super::table::{Table, Version};
use crate::graph::{Columns, Join};
use crate::value::V;

/// Rows with the columns of the version that a table has as of their event time, give or take. Of rows that ask for what
/// the table was before it is whole, those whose version still held then.
pub(super) fn stream(
    rows: Vec<Row>,
    join: &Join,
    columns: &Columns,
    (right, since): (&Table, i64),
) -> Vec<Row> {
    let rows = rows.into_iter().filter_map(|mut row| {
        let key = right_key(&row.values, join, columns);
        // The latest before the upper bound, which is then judged by the lower one.
        let asked = row.at + join.until;
        let found = right.as_of(&key, asked);
        let holds = |it: &Version| it.row.is_some() && right.as_of(&key, since) == Some(it);
        if asked < since && !found.is_some_and(holds) {
            return None;
        }
        let near = |version: &&Version| join.since.is_none_or(|since| row.at - since <= version.at);
        let values = joined(found.filter(near), join, columns)?;
        row.values.extend(values);
        Some(row)
    });
    rows.collect()
}

/// A version wherever the left side has one, or both have, from every change of either on; none that ends before the right
/// side is whole.
pub(super) fn tables(
    left: &Table,
    join: &Join,
    columns: &Columns,
    (right, since): (&Table, i64),
) -> Table {
    let mut made = Table::default();
    for (key, lefts) in &left.0 {
        let mut instants: BTreeSet<i64> = lefts.iter().map(|version| version.at).collect();
        for row in lefts.iter().filter_map(|version| version.row.as_ref()) {
            let rights = right.0.get(&right_key(row, join, columns));
            instants.extend(rights.into_iter().flatten().map(|version| version.at));
        }
        let mut versions: Vec<Version> = Vec::new();
        let mut before = None;
        for at in instants {
            let version = left.as_of(key, at);
            let row = version.and_then(|version| version.row.as_ref());
            let found = row.and_then(|row| right.as_of(&right_key(row, join, columns), at));
            let found = found.filter(|version| version.row.is_some());
            let both = (version.map(Version::place), found.map(Version::place));
            if before == Some(both.clone()) {
                continue;
            }
            let order = both.0.clone().max(both.1.clone());
            let row = row.and_then(|row| {
                let mut row = row.clone();
                row.extend(joined(found, join, columns)?);
                Some(row)
            });
            let deleted = versions.last().is_none_or(|last| last.row.is_none());
            if row.is_some() || !deleted {
                versions.push(Version {
                    at,
                    order: order.map(|(_, order)| order).unwrap_or_default(),
                    row,
                });
            }
            before = Some(both);
        }
        if !versions.is_empty() {
            made.0.insert(key.clone(), versions);
        }
    }
    made.whole_since(since)
}

impl Version {
    fn place(&self) -> (i64, Vec<u64>) {
        (self.at, self.order.clone())
    }
}

/// The key that a row joins with.
fn right_key(row: &BTreeMap<String, V>, join: &Join, columns: &Columns) -> Vec<V> {
    let keys = columns.keys.iter().map(|key| {
        let on = join.on.iter().find(|(_, right)| *right == key.name);
        let (column, _) = on.expect("a join is on all keys");
        row[column].clone()
    });
    keys.collect()
}

/// The columns that a version adds; `None` where an inner join has nothing to add.
fn joined(found: Option<&Version>, join: &Join, columns: &Columns) -> Option<BTreeMap<String, V>> {
    let found = found.and_then(|version| Some((version.at, version.row.as_ref()?)));
    if found.is_none() && join.inner {
        return None;
    }
    let value = |name: &String| match found {
        Some((at, _)) if *name == columns.at => V::Time(at),
        Some((_, row)) => row[name].clone(),
        None => V::Null,
    };
    let all: Vec<_> = columns
        .values
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let names = if join.fields.is_empty() {
        &all
    } else {
        &join.fields
    };
    Some(
        names
            .iter()
            .map(|name| (name.clone(), value(name)))
            .collect(),
    )
}
