//! Rows that their dataset couldn't take: kept aside with the reason.
//!
//! | key in [`Space::Rejects`] | value |
//! |---|---|
//! | table | how many there are, as 8 bytes, big-endian |
//! | table, sequence, source | arrival in microseconds since 1970, reason, and the row as it came, in postcard's encoding |
//!
//! They go with their table when that is dropped, and once they came longer ago than its dataset's history.

use std::ops::Bound;

use fennel_core::time::Timestamp;

use crate::error::Result;
use crate::store::{Batch, Snapshot, Space};
use crate::table::{Table, TableId, place};
use crate::{Engine, Error, Incoming};

/// The rows of a dataset that were set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejects {
    /// How many there were in all, with those that are older than the dataset's history and were removed.
    pub total: u64,
    /// The ones asked for, the latest arrival first.
    pub rows: Vec<Reject>,
}

/// One row that was set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject {
    /// The row as it came.
    pub row: Incoming,
    /// Each column that doesn't fit, with why; or that it came late, or that the source has ended.
    pub reason: String,
    /// When it came, by the engine's clock.
    pub at: Timestamp,
}

impl Engine {
    /// How many rows of a dataset were set aside, and the latest `n` of them.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there.
    pub fn rejects(&self, branch: &str, dataset: &str, n: usize) -> Result<Rejects, Error> {
        let (graph, snapshot) = self.view(branch)?;
        let table = &graph.dataset(dataset)?.table;
        let total = total(&snapshot, table.id)?;
        let prefix = Table::prefix(table.id);
        let end = [&prefix[..], &[u8::MAX; 12]].concat();
        let rows = (Bound::Excluded(prefix.to_vec()), Bound::Included(end));
        let latest = snapshot.scan(Space::Rejects, rows).rev();
        let rows = latest
            .take(n)
            .map(|entry| read(&entry?.1))
            .collect::<Result<_>>()?;
        Ok(Rejects { total, rows })
    }
}

/// Keeps a row of a table aside: the one that arrived as `sequence`, from its `source`th source.
pub(crate) fn put(
    batch: &mut Batch,
    table: TableId,
    (sequence, source): (u64, u32),
    at: Timestamp,
    reason: &str,
    row: &Incoming,
) {
    let key = [&Table::prefix(table)[..], &place(sequence, source)].concat();
    batch.add(Space::Rejects, Table::prefix(table), 1);
    let value = postcard::to_allocvec(&(at.micros(), reason, row));
    batch.put(
        Space::Rejects,
        key,
        value.expect("rows are written to memory without fail"),
    );
}

/// Why the row that arrived as `sequence` is set aside, of the table's `source`th source, if it is.
pub(crate) fn reason(
    snapshot: &Snapshot,
    table: TableId,
    (sequence, source): (u64, u32),
) -> Result<Option<String>> {
    let key = [&Table::prefix(table)[..], &place(sequence, source)].concat();
    let reject = snapshot.get(Space::Rejects, &key)?;
    let reject = reject.map(|reject| read(&reject)).transpose()?;
    Ok(reject.map(|reject| reject.reason))
}

/// Whether the row that arrived as `sequence` was set aside, of the table's `source`th source.
pub(crate) fn is_aside(
    snapshot: &Snapshot,
    table: TableId,
    (sequence, source): (u64, u32),
) -> Result<bool> {
    let key = [&Table::prefix(table)[..], &place(sequence, source)].concat();
    Ok(snapshot.get(Space::Rejects, &key)?.is_some())
}

/// Removes rows of a table that came before `before`, of the first `applied` rows of the log, at most `limit`.
pub(crate) fn trim(
    snapshot: &Snapshot,
    batch: &mut Batch,
    table: TableId,
    (before, applied): (i64, u64),
    limit: usize,
) -> Result<()> {
    let place = |sequence| [&Table::prefix(table)[..], &place(sequence, 0)].concat();
    let rows = (Bound::Included(place(0)), Bound::Excluded(place(applied)));
    for entry in snapshot.scan(Space::Rejects, rows).take(limit) {
        let (key, value) = entry?;
        if read(&value)?.at.micros() >= before {
            break;
        }
        batch.delete(Space::Rejects, key);
    }
    Ok(())
}

fn read(value: &[u8]) -> Result<Reject> {
    let reject = postcard::from_bytes(value)
        .ok()
        .and_then(|(micros, reason, row)| {
            Some(Reject {
                row,
                reason,
                at: Timestamp::from_micros(micros)?,
            })
        });
    reject.ok_or_else(|| corrupt("a row set aside"))
}

/// How many rows of a table are set aside.
fn total(snapshot: &Snapshot, table: TableId) -> Result<u64> {
    let Some(count) = snapshot.get(Space::Rejects, &Table::prefix(table))? else {
        return Ok(0);
    };
    let count = count.as_ref().try_into().map(u64::from_be_bytes);
    count.map_err(|_| corrupt("the count of rows set aside"))
}

fn corrupt(what: &str) -> Error {
    Error::Corrupt(format!(
        "{what} can't be read; restore the store from a backup"
    ))
}
