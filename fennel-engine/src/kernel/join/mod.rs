//! Columns of a table, added to rows.
//!
//! The state holds the rows of the left side, by the key that they ask for. A pass that changes the table finds
//! those that asked for what has changed, and corrects what came of them.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::op::How;
use fennel_core::value::Value;

use super::{Changes, Failure, Moved, Pass, Row, Version, lagging};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::Table;

/// Adds columns of a table.
#[derive(Debug)]
pub(crate) struct Join {
    /// What its state begins with.
    pub(super) prefix: [u8; 6],
    pub(super) how: How,
    /// For each key of the table, in its order, the position of the left column that has its value.
    pub(super) on: Vec<usize>,
    /// How much older than the row the version may be, in microseconds; `None` for forever.
    pub(super) since: Option<i64>,
    /// How much younger it may be.
    pub(super) until: i64,
    /// How many key columns, and how many columns, the left rows have.
    pub(super) keys: usize,
    pub(super) columns: usize,
    /// What is added, in the order of the output.
    pub(super) fields: Vec<Field>,
}

/// Entries of the table that are read at once for each row that asks for the same key, at most.
const ENTRIES_PER_ROW: usize = 16;

/// Of what a left row becomes, everything.
const ALL: &[(i64, i64)] = &[(i64::MIN, i64::MAX)];

/// A row whose end moves, or that asks for what has changed.
struct Stale {
    /// The row; where its end stays, that is the end it had.
    moved: Moved,
    /// The bytes of the table's key that it asks for.
    key: Vec<u8>,
    /// The stretches in which what it becomes may change.
    within: Vec<(i64, i64)>,
}

impl Stale {
    /// The stretches in order, as one where they meet.
    fn stretches(&self) -> Vec<(i64, i64)> {
        let mut stretches = self.within.clone();
        stretches.sort_unstable();
        stretches.dedup_by(|next, last| {
            let meets = next.0 <= last.1;
            if meets {
                last.1 = last.1.max(next.1);
            }
            meets
        });
        stretches
    }
}

/// A column that is added.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// The value column of the table at that position, in the order of their names.
    Value(usize),
    /// The event time of the version.
    Time,
}

impl Join {
    pub(super) fn apply(
        &self,
        pass: &mut Pass<'_>,
        left: &Changes,
        right: &Changes,
        table: &Table,
    ) -> Result<Changes> {
        let state = &mut *pass.state;
        let mut output = Changes::default();
        for row in &left.removed {
            let key = self.key_of(row);
            if self.lost(state, Side::Before, table, &key, row)?.is_some() {
                continue;
            }
            let asking = (&key[..], row);
            self.made(state, Side::Before, table, asking, ALL, &mut output.removed)?;
            self.forget(state, &key, row);
        }
        let mut stale = BTreeMap::new();
        for moved in &left.moved {
            let key = self.key_of(&moved.row);
            self.forget(state, &key, &moved.before());
            let entry = self.keep(state, &key, &moved.row);
            let found = Stale {
                moved: moved.clone(),
                key,
                within: vec![moved.stretch()],
            };
            stale.insert(entry, found);
        }
        let mut fresh = BTreeSet::new();
        let mut added = Vec::new();
        for row in &left.added {
            let key = self.key_of(row);
            if let Some(reason) = self.lost(state, Side::After, table, &key, row)? {
                let row = row.named(pass.names);
                pass.failures.push(Failure { reason, row });
                continue;
            }
            added.push(row);
            fresh.insert(self.keep(state, &key, row));
        }
        self.find_stale(state, right, &fresh, &mut stale)?;
        for stale in stale.values() {
            let was = stale.moved.before();
            let (old, new) = ((&stale.key[..], &was), (&stale.key[..], &stale.moved.row));
            let within = stale.stretches();
            self.made(
                state,
                Side::Before,
                table,
                old,
                &within,
                &mut output.removed,
            )?;
            self.made(state, Side::After, table, new, &within, &mut output.added)?;
        }
        let mut by_key: BTreeMap<Vec<u8>, Vec<&Row>> = BTreeMap::new();
        for row in added {
            by_key.entry(self.key_of(row)).or_default().push(row);
        }
        for (key, rows) in by_key {
            self.made_of_each(state, table, &key, &rows, &mut output.added)?;
        }
        Ok(output)
    }

    /// What rows become that ask for the same key.
    fn made_of_each(
        &self,
        state: &State,
        table: &Table,
        key: &[u8],
        rows: &[&Row],
        to: &mut Vec<Row>,
    ) -> Result<()> {
        let asked = rows.iter().map(|row| self.asked(row));
        let bounds = asked.clone().min().zip(asked.max());
        let bounds = bounds.filter(|_| self.keys == 0 && rows.len() > 1);
        let most = rows.len() * ENTRIES_PER_ROW;
        let versions = bounds.map(|bounds| table.versions_between(state, key, bounds, most));
        let Some(versions) = versions.transpose()?.flatten() else {
            for row in rows {
                self.made(state, Side::After, table, (key, row), ALL, to)?;
            }
            return Ok(());
        };
        for row in rows {
            let asked = self.asked(row);
            // The latest come first.
            let found = versions.partition_point(|version| version.time > asked);
            let found = versions.get(found).filter(|version| version.end > asked);
            to.extend(self.made_of(table, row, found)?);
        }
        Ok(())
    }

    /// The instant as of which a stream's row asks for a version.
    fn asked(&self, row: &Row) -> i64 {
        row.time.saturating_add(self.until)
    }

    /// What a stream's row becomes, given the version that holds when it asks.
    fn made_of(&self, table: &Table, row: &Row, found: Option<&Version>) -> Result<Option<Row>> {
        let since = self.since.map(|since| row.time.saturating_sub(since));
        let found = found.filter(|version| version.time >= since.unwrap_or(i64::MIN));
        let is_made = found.is_some() || self.how == How::Left;
        is_made
            .then(|| self.joined(table, row, row.time, row.end, found))
            .transpose()
    }

    /// No left row before this is looked at any more, where the table has that watermark.
    pub(super) fn horizon(&self, right: i64) -> i64 {
        lagging(right, self.until)
    }

    /// Finds the rows that were there before and ask for what has changed of the table.
    fn find_stale(
        &self,
        state: &State,
        right: &Changes,
        fresh: &BTreeSet<Bytes>,
        stale: &mut BTreeMap<Bytes, Stale>,
    ) -> Result<()> {
        let whole = right.removed.iter().chain(&right.added);
        let whole = whole.map(|row| (row, (row.time, row.end)));
        let moved = right.moved.iter();
        let moved = moved.map(|moved| (&moved.row, moved.stretch()));
        for (version, (from, to)) in whole.chain(moved) {
            let key = Table::key_bytes(version.values.iter().take(self.on.len()));
            self.asking(state, &key, (from, to), |entry, value| {
                if fresh.contains(&entry) {
                    return Ok(());
                }
                if let Some(stale) = stale.get_mut(&entry) {
                    stale.within.push((from, to));
                    return Ok(());
                }
                let row = self.decode(&entry, &value, key.len())?;
                let was = row.end;
                let found = Stale {
                    moved: Moved { row, was },
                    key: key.clone(),
                    within: vec![(from, to)],
                };
                stale.insert(entry, found);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Why nothing can be made of a row of a stream, if the version that it asks for may have been trimmed. That which held
    /// until then is there. Only rows that a new pipeline is filled with are so old.
    fn lost(
        &self,
        state: &State,
        side: Side,
        table: &Table,
        key: &[u8],
        row: &Row,
    ) -> Result<Option<String>> {
        if self.keys > 0 {
            return Ok(None);
        }
        let asked = self.asked(row);
        let Some(reason) = table.untold_as_of(asked) else {
            return Ok(None);
        };
        let found = table.version_as_of(state, side, key, asked)?;
        let holds = found.is_some_and(|version| version.end > table.retention.since());
        Ok((!holds).then_some(reason))
    }

    /// The rows that a left row becomes, given its key of the table: those that meet stretches of time, which both ends are
    /// part of. So whatever changes within them is among those, and what isn't is the same on both sides.
    fn made(
        &self,
        state: &State,
        side: Side,
        table: &Table,
        (key, row): (&[u8], &Row),
        stretches: &[(i64, i64)],
        made: &mut Vec<Row>,
    ) -> Result<()> {
        if self.keys == 0 {
            let found = table.version_as_of(state, side, key, self.asked(row))?;
            made.extend(self.made_of(table, row, found.as_ref())?);
            return Ok(());
        }
        // Where the row and a version hold together, and for a left join where the row holds alone. What had ended by
        // then was made of versions that may be gone, and stays as it is.
        let since = table.retention.since();
        let mut passed = i64::MIN;
        for (from, to) in stretches {
            let mut make = |begin: i64, end: i64, found: Option<&Version>| -> Result<()> {
                // What begins no later than an earlier stretch ends meets that one, too.
                let meets = passed < begin && begin <= *to && *from <= end;
                let holds = begin < end && end > since;
                if holds && meets && (found.is_some() || self.how == How::Left) {
                    made.push(self.joined(table, row, begin, end, found)?);
                }
                Ok(())
            };
            let first = row.time.max(from.saturating_sub(1));
            let around = (first, row.end.min(*to));
            let mut at = row.time;
            for (i, version) in table
                .versions_around(state, side, key, around)?
                .iter()
                .enumerate()
            {
                // What was before the first isn't looked at.
                if i > 0 || version.time > first {
                    make(at, version.time.min(row.end), None)?;
                }
                let (begin, end) = (version.time.max(row.time), version.end.min(row.end));
                make(begin, end, Some(version))?;
                at = end.max(row.time);
            }
            make(at, row.end, None)?;
            passed = *to;
        }
        Ok(())
    }

    fn joined(
        &self,
        table: &Table,
        row: &Row,
        time: i64,
        end: i64,
        found: Option<&Version>,
    ) -> Result<Row> {
        let values = found
            .map(|version| table.version_values(version))
            .transpose()?;
        let fields = self
            .fields
            .iter()
            .map(|field| match (field, &values, found) {
                (Field::Value(i), Some(values), _) => {
                    values.get(*i).cloned().unwrap_or(Value::Null)
                }
                (Field::Time, _, Some(version)) => {
                    fennel_core::time::Timestamp::from_micros(version.time)
                        .map_or(Value::Null, Value::Timestamp)
                }
                _ => Value::Null,
            });
        Ok(Row {
            time,
            end,
            id: row.id.clone(),
            values: row.values.iter().cloned().chain(fields).collect(),
        })
    }

    /// The bytes of the table's key that a left row asks for.
    fn key_of(&self, row: &Row) -> Vec<u8> {
        Table::key_bytes(self.on.iter().filter_map(|i| row.values.get(*i)))
    }
}
