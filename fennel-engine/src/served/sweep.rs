//! Forgetting served rows that are older than they are kept.

use fennel_core::time::Timestamp;

use super::key::{of_branch, prefixes};
use crate::error::Result;
use crate::store::{Batch, Space};
use crate::table::key::ordered;
use crate::{Engine, Error};

/// The most rows that are forgotten together.
const FORGOTTEN: usize = 1_000;

impl Engine {
    /// Forgets served rows that are older than [`Options::served_kept`](crate::Options::served_kept), of all workflows of all
    /// branches, and returns how many. Those of a workflow that is served go with its queries, too; this is for the others.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the store can't be read or written; some may have gone.
    pub fn sweep_served(&self) -> Result<u64, Error> {
        let now = self.inner.clock.now();
        let mut forgotten = 0;
        for branch in self.branches() {
            let snapshot = self.inner.store.snapshot();
            for prefix in prefixes(&snapshot, &of_branch(&branch))? {
                loop {
                    let mut batch = Batch::new();
                    let some = self.forget(&mut batch, &prefix, now)?;
                    self.inner.store.write(batch)?;
                    forgotten += some as u64;
                    if some < FORGOTTEN {
                        break;
                    }
                }
            }
        }
        Ok(forgotten)
    }

    /// Forgets some of the rows of a workflow that are too old, and returns how many.
    pub(super) fn forget(&self, batch: &mut Batch, prefix: &[u8], now: Timestamp) -> Result<usize> {
        let kept = self.inner.served_kept.micros();
        let oldest = ordered(now.micros().saturating_sub(kept));
        let end = [prefix, &oldest].concat();
        let old = self.inner.store.scan(Space::Log, prefix.to_vec()..end);
        let mut forgotten = 0;
        for entry in old.take(FORGOTTEN) {
            batch.delete(Space::Log, entry?.0);
            forgotten += 1;
        }
        Ok(forgotten)
    }
}
