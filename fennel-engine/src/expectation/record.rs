//! What expectations came to, as it is kept.

use std::collections::BTreeMap;

use fennel_core::entity::expectation::Verdict;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::store::{Batch, Snapshot, Space};
use crate::table::TableId;
use crate::table::key::{from_ordered, ordered};

/// What rows came to, by one expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Rows that were judged.
    pub(super) rows: u64,
    /// Those that it isn't about.
    pub(super) left: u64,
    /// Those that don't meet it.
    pub(super) unmet: u64,
    /// Rows that couldn't be judged.
    pub(super) failed: u64,
}

impl Counts {
    pub(super) fn count(&mut self, verdict: Verdict) {
        self.rows += 1;
        self.left += u64::from(verdict == Verdict::Left);
        self.unmet += u64::from(verdict == Verdict::Unmet);
    }

    pub(super) fn add(&mut self, other: &Counts) {
        self.rows += other.rows;
        self.left += other.left;
        self.unmet += other.unmet;
        self.failed += other.failed;
    }

    /// Those that meet it.
    pub(super) fn met(&self) -> u64 {
        self.rows.saturating_sub(self.left + self.unmet)
    }

    /// Whether this part of the rows that it is about meets it.
    pub(super) fn holds(&self, mostly: f64) -> bool {
        let about = self.rows.saturating_sub(self.left);
        about == 0 || self.met() as f64 / about as f64 >= mostly
    }
}

/// What the expectations of a table came to in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Rows that nobody judged.
    pub(super) skipped: u64,
    /// By the expectation's id.
    pub(super) of: BTreeMap<u64, Counts>,
}

/// A window: its start and its length, in microseconds.
pub(super) type Window = (i64, i64);

/// From which row of the log on expectations are asked: its sequence, by the table and by what is asked.
pub(crate) type Since = BTreeMap<(TableId, u64), u64>;

/// What the keys of all records of a table begin with.
pub(crate) fn windows_of(table: TableId) -> Vec<u8> {
    [&b"expected/"[..], &table.to_be_bytes()].concat()
}

fn key(table: TableId, (start, length): Window) -> Vec<u8> {
    [
        &windows_of(table)[..],
        &ordered(start),
        &length.to_be_bytes(),
    ]
    .concat()
}

/// Keeps the record of a window.
pub(super) fn put(batch: &mut Batch, table: TableId, window: Window, record: &Record) {
    let value = postcard::to_allocvec(record).expect("records are written to memory without fail");
    batch.put(Space::Meta, key(table, window), value);
}

/// The record of a window, if it has one.
pub(super) fn get(snapshot: &Snapshot, table: TableId, window: Window) -> Result<Option<Record>> {
    let found = snapshot.get(Space::Meta, &key(table, window))?;
    found.map(|bytes| decode(&bytes)).transpose()
}

/// All records of a table.
pub(super) fn all(snapshot: &Snapshot, table: TableId) -> Result<BTreeMap<Window, Record>> {
    let prefix = windows_of(table);
    let records = snapshot.scan_prefix(Space::Meta, &prefix).map(|entry| {
        let (key, value) = entry?;
        let window = key.get(prefix.len()..).and_then(window_in);
        Ok((window.ok_or_else(corrupt)?, decode(&value)?))
    });
    records.collect()
}

/// Forgets the records of a table whose windows begin before this.
pub(super) fn forget(
    snapshot: &Snapshot,
    table: TableId,
    before: i64,
    batch: &mut Batch,
) -> Result<()> {
    let end = key(table, (before, 0));
    for entry in snapshot.scan(Space::Meta, windows_of(table)..end) {
        batch.delete(Space::Meta, entry?.0);
    }
    Ok(())
}

/// Puts the records of a table as those of another one, which replaces it.
pub(super) fn copy(
    snapshot: &Snapshot,
    table: TableId,
    to: TableId,
    batch: &mut Batch,
) -> Result<()> {
    let prefix = windows_of(table);
    for entry in snapshot.scan_prefix(Space::Meta, &prefix) {
        let (key, record) = entry?;
        let window = key.get(prefix.len()..).unwrap_or_default();
        batch.put(Space::Meta, [&windows_of(to)[..], window].concat(), record);
    }
    Ok(())
}

/// What the keys of all expectations that are asked of a table begin with.
pub(crate) fn asked_of(table: TableId) -> Vec<u8> {
    [ASKED, &table.to_be_bytes()].concat()
}

const ASKED: &[u8] = b"asked/";

/// Puts what is asked from now on, where it was `before`.
pub(super) fn put_since(batch: &mut Batch, before: &Since, since: &Since) {
    let key = |(table, id): (TableId, u64)| [&asked_of(table)[..], &id.to_be_bytes()].concat();
    for place in before.keys().filter(|place| !since.contains_key(place)) {
        batch.delete(Space::Meta, key(*place));
    }
    for (place, sequence) in since {
        if before.get(place) != Some(sequence) {
            batch.put(Space::Meta, key(*place), sequence.to_be_bytes());
        }
    }
}

/// From which row of the log on expectations are asked, of the next one at the latest, behind the first `logged`. Those of
/// which earlier versions didn't keep it aren't among them.
pub(crate) fn since(snapshot: &Snapshot, logged: u64) -> Result<Since> {
    let asked = snapshot.scan_prefix(Space::Meta, ASKED).map(|entry| {
        let (key, sequence) = entry?;
        let place = key.get(ASKED.len()..).and_then(place_in);
        let sequence = sequence.as_ref().try_into().map(u64::from_be_bytes);
        // Rows that were numbered and never became durable leave their numbers to others.
        let sequence = sequence.map_err(|_| corrupt())?.min(logged);
        Ok((place.ok_or_else(corrupt)?, sequence))
    });
    asked.collect()
}

/// Sets the sequence of the first row of the log that isn't judged; `None` where nobody judges any.
pub(super) fn put_judged(batch: &mut Batch, judged: Option<u64>) {
    match judged {
        Some(judged) => batch.put(Space::Meta, "judged", judged.to_be_bytes()),
        None => batch.delete(Space::Meta, "judged"),
    }
}

/// The sequence of the first row of the log that isn't judged, if any are.
pub(crate) fn judged(snapshot: &Snapshot) -> Result<Option<u64>> {
    let found = snapshot.get(Space::Meta, b"judged")?;
    let judged = found.map(|bytes| bytes.as_ref().try_into().map(u64::from_be_bytes));
    judged.transpose().map_err(|_| corrupt())
}

fn window_in(bytes: &[u8]) -> Option<Window> {
    let (start, length) = bytes.split_first_chunk::<8>()?;
    Some((
        from_ordered(*start),
        i64::from_be_bytes(length.try_into().ok()?),
    ))
}

fn place_in(bytes: &[u8]) -> Option<(TableId, u64)> {
    let (table, id) = bytes.split_first_chunk()?;
    Some((
        TableId::from_be_bytes(*table),
        u64::from_be_bytes(id.try_into().ok()?),
    ))
}

fn decode(bytes: &[u8]) -> Result<Record> {
    postcard::from_bytes(bytes).map_err(|_| corrupt())
}

fn corrupt() -> Error {
    Error::Corrupt(
        "what expectations came to can't be read; restore the store from a backup".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn enough_is_enough() {
        let counts = |rows, left, unmet| Counts {
            rows,
            left,
            unmet,
            failed: 0,
        };
        assert!(counts(0, 0, 0).holds(1.0), "nothing is as expected");
        assert!(counts(3, 3, 0).holds(1.0));
        assert!(counts(10, 0, 0).holds(1.0));
        assert!(!counts(10, 0, 1).holds(1.0));
        assert!(counts(10, 0, 1).holds(0.9));
        assert!(!counts(10, 1, 1).holds(0.9), "8 of 9");
    }

    #[test]
    fn records_come_back_by_window_and_the_old_ones_go() {
        let store = Store::in_memory();
        let record = |rows| Record {
            skipped: 1,
            of: [(
                7,
                Counts {
                    rows,
                    ..Counts::default()
                },
            )]
            .into(),
        };
        let mut batch = Batch::new();
        for (table, start) in [(1, -10), (1, 0), (1, 10), (2, -10)] {
            put(&mut batch, table, (start, 10), &record(start as u64));
        }
        store.write(batch).unwrap();
        let starts = |table| -> Vec<_> {
            let all = all(&store.snapshot(), table).unwrap();
            all.into_keys().map(|(start, _)| start).collect()
        };
        assert_eq!(starts(1), [-10, 0, 10]);
        let mut batch = Batch::new();
        forget(&store.snapshot(), 1, 10, &mut batch).unwrap();
        store.write(batch).unwrap();
        assert_eq!(starts(1), [10]);
        assert_eq!(starts(2), [-10]);
        let found = get(&store.snapshot(), 1, (10, 10)).unwrap();
        assert_eq!(found, Some(record(10)));
    }
}
