//! Rows that their dataset couldn't take: kept aside with the reason.
//!
//! | key in [`Space::Rejects`] | value |
//! |---|---|
//! | table, sequence, source | arrival in microseconds since 1970, reason, and the row as it came, in postcard's encoding |
//!
//! They go with their table when that is dropped.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fennel_core::time::Timestamp;

use crate::error::Result;
use crate::store::{Batch, Bytes, Snapshot, Space};
use crate::table::{Table, TableId};
use crate::{Engine, Error, Incoming};

/// The rows of a dataset that were set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejects {
    /// How many there are in all.
    pub total: u64,
    /// The ones asked for, the latest arrival first.
    pub rows: Vec<Reject>,
}

/// One row that was set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject {
    /// The row as it came.
    pub row: Incoming,
    /// Each column that doesn't fit, with why; or that the source has ended.
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
        let total = self.inner.reject_counts.total(&snapshot, table.id)?;
        let latest = snapshot
            .scan_prefix(Space::Rejects, &Table::prefix(table.id))
            .rev();
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
    let mut key = Table::prefix(table).to_vec();
    key.extend(sequence.to_be_bytes());
    key.extend(source.to_be_bytes());
    let value = postcard::to_allocvec(&(at.micros(), reason, row));
    batch.put(
        Space::Rejects,
        key,
        value.expect("rows are written to memory without fail"),
    );
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
    reject.ok_or_else(|| {
        Error::Corrupt("a row set aside can't be read; restore the store from a backup".into())
    })
}

/// How many rejects tables have: counted once, and from then on only the ones that came since.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<HashMap<TableId, Count>>);

#[derive(Clone, Debug)]
struct Count {
    total: u64,
    /// The last key that was counted; all others of the table are behind its prefix.
    last: Bytes,
}

impl Counts {
    fn total(&self, snapshot: &Snapshot, table: TableId) -> Result<u64> {
        let known = self.counts().get(&table).cloned();
        let mut count = known.unwrap_or_else(|| Count {
            total: 0,
            last: Table::prefix(table).into(),
        });
        let mut end = Table::prefix(table).to_vec();
        end.extend([u8::MAX; 12]);
        let newer = (
            Bound::Excluded(count.last.clone()),
            Bound::Included(end.into()),
        );
        for entry in snapshot.scan(Space::Rejects, newer) {
            count.total += 1;
            count.last = entry?.0;
        }
        let total = count.total;
        self.counts().insert(table, count);
        Ok(total)
    }

    /// Forgets a table that was dropped.
    pub(crate) fn forget(&self, table: TableId) {
        self.counts().remove(&table);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<TableId, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
