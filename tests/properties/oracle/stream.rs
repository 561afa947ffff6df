//! Operators of rows without keys.

use std::collections::BTreeMap;

use super::row::Row;
use super::table::{Table, Version};
use super::window;
use crate::graph::Window;
use crate::value::V;

/// The rows of both; of rows that one logged row made, those of the left side come first.
pub(super) fn union(mut left: Vec<Row>, mut right: Vec<Row>) -> Vec<Row> {
    left.iter_mut().for_each(|row| row.order.push(0));
    right.iter_mut().for_each(|row| row.order.push(1));
    left.append(&mut right);
    left
}

/// A row for each element, or one with nulls where there is none.
pub(super) fn explode(rows: Vec<Row>, names: &[String]) -> Vec<Row> {
    let mut exploded = Vec::new();
    for row in rows {
        let elements = |name: &String| match &row.values[name] {
            V::List(elements) => elements.clone(),
            other => panic!("{other} is no list"),
        };
        let count = elements(&names[0]).len();
        for i in 0..count.max(1) {
            let mut one = row.clone();
            one.order.push(i as u64);
            for name in names {
                let element = elements(name).get(i).cloned().unwrap_or(V::Null);
                one.values.insert(name.clone(), element);
            }
            exploded.push(one);
        }
    }
    exploded
}

/// The first row of those that are the same: at one instant, or in one window.
pub(super) fn dedup(rows: Vec<Row>, by: &[String], stretch: Option<Window>) -> Vec<Row> {
    let mut kept = Vec::new();
    for rows in grouped(rows, by).into_values() {
        let same: BTreeMap<(i64, i64), Vec<Row>> = match stretch {
            Some(stretch) => window::split(rows, stretch),
            None => {
                let mut instants: BTreeMap<_, Vec<Row>> = BTreeMap::new();
                for row in rows {
                    instants.entry((row.at, row.at)).or_default().push(row);
                }
                instants
            }
        };
        kept.extend(same.into_values().filter_map(earliest));
    }
    kept
}

/// The version that the earliest row of each group is.
pub(super) fn first(rows: Vec<Row>, by: &[String]) -> Table {
    let groups = grouped(rows, by).into_iter();
    let groups = groups.filter_map(|(key, rows)| Some((key, vec![Version::of(earliest(rows)?)])));
    Table(groups.collect())
}

/// The versions that the rows of each group are; of those of one instant, the last.
pub(super) fn latest(rows: Vec<Row>, by: &[String]) -> Table {
    let groups = grouped(rows, by).into_iter();
    let groups = groups.map(|(key, mut rows)| {
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut versions: Vec<Version> = Vec::new();
        for row in rows {
            if versions.last().is_some_and(|last| last.at == row.at) {
                versions.pop();
            }
            versions.push(Version::of(row));
        }
        (key, versions)
    });
    Table(groups.collect())
}

/// Rows by the values of these columns.
pub(super) fn grouped(rows: Vec<Row>, by: &[String]) -> BTreeMap<Vec<V>, Vec<Row>> {
    let mut groups: BTreeMap<_, Vec<Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.get(by)).or_default().push(row);
    }
    groups
}

fn earliest(rows: Vec<Row>) -> Option<Row> {
    rows.into_iter().min_by(|a, b| a.place().cmp(&b.place()))
}
