//! Taking deleted bytes off the disk.
//!
//! A deleted entry is in three places still: in fjall's journal, in the tables that it was flushed to, and in those of
//! its versions that a snapshot may read. fjall gives up a journal only once it is full and all that it has is in tables,
//! so we fill it up. Then everything is compacted, which leaves out what no snapshot reads.

use std::path::Path;
use std::thread;
use std::time::Duration;

use fjall::{AbstractTree, Keyspace};

use super::batch::Batch;
use super::durable::{Durable, Shared};
use super::journal::journals;
use super::{Result, Space, StoreError};

/// The key of what fills the journal; it is gone again when a scrub ends, and the next one replaces it after a crash.
const FILLER: &str = "filler";
/// Bytes that are written at a time.
const FILLER_BYTES: usize = 8 << 20;
/// More than it takes to fill a journal of 64 MB.
const ROUNDS: usize = 32;
/// How often, and how long after each other, a scrub looks whether readers are done with older snapshots.
const LOOKS: usize = 40;
const PAUSE: Duration = Duration::from_millis(50);

impl Durable {
    /// Takes off the disk what was deleted before the call, unless a reader keeps an older snapshot for long.
    pub(super) fn scrub(&self) -> Result<bool> {
        let shared = &*self.shared;
        let until = shared.db.seqno();
        shared.row_cache.clear();
        if !self.give_up_journals()? || !self.wait_for_readers(until)? {
            return Ok(false);
        }
        for space in Space::ALL {
            let compacted = shared.space(space).major_compact();
            compacted.map_err(|error| shared.error(error))?;
        }
        // The tables before are deleted with the next look at which versions somebody reads.
        let is_gone = self.wait_for_readers(shared.db.seqno())?;
        shared.row_cache.clear();
        Ok(is_gone)
    }

    /// Fills up the journals that there are until none of them is left.
    fn give_up_journals(&self) -> Result<bool> {
        let dir = self.shared.folder.dir();
        let old = journals(&self.shared.folder.data()).map_err(|e| StoreError::io(dir, e))?;
        for _ in 0..ROUNDS {
            let mut filler = Batch::new();
            filler.put(Space::Meta, FILLER, vec![0; FILLER_BYTES]);
            self.submit(filler)?.wait()?;
            for space in Space::ALL {
                self.shared.flush(self.shared.space(space))?;
            }
            if !old.iter().any(|journal| Path::exists(journal)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits until no snapshot is left that is older than a sequence number.
    fn wait_for_readers(&self, seqno: u64) -> Result<bool> {
        for look in 0..LOOKS {
            // A write lets new readers see a newer snapshot, and a flush has fjall look at which there are.
            let mut batch = Batch::new();
            batch.delete(Space::Meta, FILLER);
            self.submit(batch)?.wait()?;
            self.shared.flush(self.shared.space(Space::Meta))?;
            let tracker = &self.shared.db.supervisor.snapshot_tracker;
            if tracker.get_seqno_safe_to_gc() >= seqno {
                return Ok(true);
            }
            if look > 0 {
                thread::sleep(PAUSE);
            }
        }
        Ok(false)
    }
}

impl Shared {
    /// Has what a space keeps in memory written to a table, and waits for it.
    fn flush(&self, space: &Keyspace) -> Result<()> {
        let Some(newest) = space.tree.get_highest_memtable_seqno() else {
            return Ok(());
        };
        space.rotate_memtable().map_err(|error| self.error(error))?;
        let is_flushed = || {
            let flushed = space.tree.get_highest_persisted_seqno();
            flushed.is_some_and(|flushed| flushed >= newest)
        };
        while !is_flushed() {
            // Writes nothing, but tells whether the workers are still alive.
            let alive = self.db.persist(fjall::PersistMode::Buffer);
            alive.map_err(|error| self.error(error))?;
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
