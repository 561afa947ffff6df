//! Rows that didn't fit their dataset: kept aside with the reason.
//!
//! | key in [`Space::Rejects`] | value |
//! |---|---|
//! | table, sequence, source | [`Kept`] in postcard's encoding |
//!
//! They go with their table when that is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use fennel_core::time::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Each column that doesn't fit, with why.
    pub reason: String,
    /// When it came, by the engine's clock.
    pub at: Timestamp,
}

/// A reject as it is on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    at_micros: i64,
    reason: String,
    row: Incoming,
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
        let latest = snapshot.scan_prefix(Space::Rejects, &Table::prefix(table.id)).rev();
        let rows = latest.take(n).map(|entry| read(&entry?.1)).collect::<Result<_>>()?;
        Ok(Rejects { total, rows })
    }
}

/// Keeps a row of a table aside: the one that arrived as `sequence`, from its `source`th source.
pub(crate) fn put(
    batch: &mut Batch,
    table: TableId,
    (sequence, source): (u64, u32),
    at: Timestamp,
    reason: String,
    row: Incoming,
) {
    let mut key = Table::prefix(table).to_vec();
    key.extend(sequence.to_be_bytes());
    key.extend(source.to_be_bytes());
    let kept = Kept { at_micros: at.micros(), reason, row };
    let value = postcard::to_allocvec(&kept).expect("rejects are written to memory without fail");
    batch.put(Space::Rejects, key, value);
}

fn read(value: &[u8]) -> Result<Reject> {
    let kept: Option<Kept> = postcard::from_bytes(value).ok();
    let reject = kept.and_then(|Kept { at_micros, reason, row }| {
        Some(Reject { row, reason, at: Timestamp::from_micros(at_micros)? })
    });
    reject.ok_or_else(|| {
        Error::Corrupt("a row set aside can't be read; restore the store from a backup".into())
    })
}

/// How many rejects tables have: counted once, and from then on only the ones that came since.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<HashMap<TableId, Count>>);

#[derive(Clone, Debug, Default)]
struct Count {
    total: u64,
    /// The last key that was counted.
    last: Option<Bytes>,
}

impl Counts {
    fn total(&self, snapshot: &Snapshot, table: TableId) -> Result<u64> {
        let known = |counts: &Mutex<HashMap<_, Count>>| {
            counts.lock().unwrap_or_else(PoisonError::into_inner).get(&table).cloned()
        };
        let mut count = known(&self.0).unwrap_or_default();
        let prefix = Table::prefix(table);
        let newer: Box<dyn Iterator<Item = _>> = match count.last.clone() {
            None => Box::new(snapshot.scan_prefix(Space::Rejects, &prefix)),
            Some(last) => {
                let mut end = prefix.to_vec();
                end.extend([u8::MAX; 12]);
                Box::new(snapshot.scan(Space::Rejects, last.to_vec()..=end).skip(1))
            }
        };
        for entry in newer {
            count.total += 1;
            count.last = Some(entry?.0);
        }
        let total = count.total;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(table, count);
        Ok(total)
    }

    /// Forgets a table that was dropped.
    pub(crate) fn forget(&self, table: TableId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&table);
    }
}
