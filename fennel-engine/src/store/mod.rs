//! Ordered bytes that outlive a crash: what the engine's log, tables and metadata are kept in.
//!
//! A [`Store`] is a few ordered maps from keys to values, one per [`Space`]. A [`Batch`] changes any of
//! them together, and adds to counts in them. [`Store::write`] returns once the batch is on the disk; batches that
//! are written at the same time by many threads share one fsync. A [`Snapshot`] reads one state of everything and
//! waits for no writer.
//!
//! Two backends have the same semantics: [`Store::open`] keeps a folder, [`Store::in_memory`] nothing.
//!
//! **What a crash loses:** no batch whose `write` returned `Ok`. A batch whose `write` hadn't returned
//! is there in full or not at all. This holds for a crash of the process, of the
//! operating system, and of the power, as far as the disk keeps what fsync promised.
//!
//! | file | has |
//! |---|---|
//! | `batch`, `ticket`, `snapshot`, `range`, `neighbours` | what goes in and what comes out |
//! | `durable`, `writer`, `room` | the backend on `fjall`, the thread that commits for everyone, and what is left free on the disk |
//! | `folder`, `journal`, `manifest` | what is checked before `fjall` sees the folder |
//! | `scrub` | what takes deleted bytes off the disk |
//! | `row_cache` | what was asked for lately, in memory |
//! | `memory`, `leaves` | the backend for tests, and the map that it is made of |

mod batch;
mod durable;
mod error;
mod folder;
mod journal;
mod leaves;
mod manifest;
mod memory;
mod neighbours;
mod range;
mod room;
mod row_cache;
mod scrub;
mod snapshot;
mod ticket;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::Arc;

pub use batch::Batch;
pub use durable::Options;
pub use error::{Cause, Result, StoreError};
/// Immutable bytes; a clone shares them, and up to 20 bytes take no allocation.
pub use fjall::Slice as Bytes;
pub use journal::Cut;
pub(crate) use neighbours::Neighbours;
pub(crate) use range::prefix_end;
pub(crate) use row_cache::Touched;
#[cfg(test)]
pub(crate) use snapshot::READ;
pub use snapshot::{Entry, Scan, Snapshot};
pub use ticket::Ticket;

/// One of the ordered maps of a store.
///
/// They are made with the store, so another one is another format of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Space {
    /// Catalogs, positions, settings: little, and rarely changed.
    Meta,
    /// What was acknowledged to those who sent it, in order of arrival.
    Log,
    /// Rows and states of tables, derived from the log.
    Table,
    /// Rows that didn't fit their schema, with the reason.
    Rejects,
}

impl Space {
    /// All spaces, in declaration order.
    pub const ALL: [Space; 4] = [Space::Meta, Space::Log, Space::Table, Space::Rejects];

    /// The name on disk, which must never change.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Space::Meta => "meta",
            Space::Log => "log",
            Space::Table => "table",
            Space::Rejects => "rejects",
        }
    }
}

/// A handle to a store; clones share it, and the last one to go closes it.
#[derive(Clone)]
pub struct Store(Arc<Backend>);

enum Backend {
    Durable(durable::Durable),
    Memory(memory::Memory),
}

impl Store {
    /// Opens the store in `dir`, and creates it if there is none; see [`open_with`](Store::open_with).
    ///
    /// # Errors
    ///
    /// As [`open_with`](Store::open_with).
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir, &Options::default())
    }

    /// Opens the store in `dir`, and creates it (with all parent folders) if there is none.
    ///
    /// The folder stays locked against other processes until the last handle and the last snapshot
    /// are gone. What a crash left half done is cleaned up.
    ///
    /// # Errors
    ///
    /// [`Locked`](StoreError::Locked), [`NoFolder`](StoreError::NoFolder), [`Foreign`](StoreError::Foreign),
    /// [`Format`](StoreError::Format), [`Corrupt`](StoreError::Corrupt), [`Full`](StoreError::Full) or
    /// [`Io`](StoreError::Io). Nothing that was acknowledged is changed then.
    pub fn open_with(dir: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let durable = durable::Durable::open(dir.as_ref(), options)?;
        Ok(Self(Arc::new(Backend::Durable(durable))))
    }

    /// A store that is kept in memory and is gone with its last handle and snapshot.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Arc::new(Backend::Memory(memory::Memory::default())))
    }

    /// Whether this open created the store.
    #[must_use]
    pub fn is_new(&self) -> bool {
        match &*self.0 {
            Backend::Durable(durable) => durable.is_new(),
            Backend::Memory(_) => true,
        }
    }

    /// What this open cut off the end of journals: writes that a crash kept from ending, or that failed.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        match &*self.0 {
            Backend::Durable(durable) => durable.cuts(),
            Backend::Memory(_) => &[],
        }
    }

    /// Makes all changes of `batch` durable, then visible, then returns.
    ///
    /// Blocks for an fsync, so call it where blocking is fine. Calls that wait at the same time are
    /// committed together; batches take effect in the order in which they were submitted. An empty batch
    /// returns at once.
    ///
    /// # Errors
    ///
    /// Nothing of the batch is visible then. [`KeyLength`](StoreError::KeyLength) and
    /// [`ValueLength`](StoreError::ValueLength) tell that it can't be stored, [`Full`](StoreError::Full)
    /// that there is no space, [`Closed`](StoreError::Closed) that [`close`](Store::close) was first;
    /// [`Io`](StoreError::Io), [`Corrupt`](StoreError::Corrupt) and a `Full` with a source come from the disk,
    /// and all writes after them are refused with [`Failed`](StoreError::Failed).
    pub fn write(&self, batch: Batch) -> Result<()> {
        self.submit(batch)?.wait()
    }

    /// Queues `batch` behind all that were submitted before, and returns without waiting for the disk.
    ///
    /// Blocks only while very many batches wait. Whoever takes a place in some order and submits under one lock
    /// has the batches take effect in that order. Each batch is admitted by itself: one that is refused for want
    /// of space doesn't hold back a smaller one behind it.
    ///
    /// # Errors
    ///
    /// As [`write`](Store::write). [`Ticket::wait`] tells what goes wrong from then on, and after that nothing more is
    /// written: so whatever was submitted behind a batch that isn't written isn't either.
    pub fn submit(&self, batch: Batch) -> Result<Ticket> {
        batch.check()?;
        if batch.is_empty() {
            return Ok(Ticket::done(Ok(())));
        }
        match &*self.0 {
            Backend::Durable(durable) => durable.submit(batch),
            Backend::Memory(memory) => memory.write(batch).map(|()| Ticket::done(Ok(()))),
        }
    }

    /// Removes every key that begins with `prefix`, and returns how many there were.
    ///
    /// Works through the keys that exist now, in batches of a thousand, so it needs little memory, and a
    /// crash or an error leaves the later part undone: call it again. Keys that are put meanwhile may stay.
    ///
    /// # Errors
    ///
    /// As [`write`](Store::write) and [`get`](Store::get).
    pub fn remove_prefix(&self, space: Space, prefix: &[u8]) -> Result<u64> {
        const CHUNK: usize = 1000;
        let mut removed = 0;
        let mut batch = Batch::new();
        for entry in self.scan_prefix(space, prefix) {
            batch.delete(space, entry?.0);
            removed += 1;
            if batch.len() == CHUNK {
                self.write(std::mem::take(&mut batch))?;
            }
        }
        self.write(batch)?;
        Ok(removed)
    }

    /// The state after the last write that returned, for reads that must agree with each other.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(match &*self.0 {
            Backend::Durable(durable) => snapshot::View::Durable(durable.view()),
            Backend::Memory(memory) => snapshot::View::Memory(memory.view()),
        })
    }

    /// [`Snapshot::get`] on the present state.
    ///
    /// # Errors
    ///
    /// [`Io`](StoreError::Io) or [`Corrupt`](StoreError::Corrupt) from the disk.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>> {
        self.snapshot().get(space, key)
    }

    /// [`Snapshot::scan`] on the present state; writes made during the scan aren't seen.
    pub fn scan<K: AsRef<[u8]>>(&self, space: Space, range: impl RangeBounds<K>) -> Scan {
        self.snapshot().scan(space, range)
    }

    /// [`Snapshot::scan_prefix`] on the present state; writes made during the scan aren't seen.
    pub fn scan_prefix(&self, space: Space, prefix: &[u8]) -> Scan {
        self.snapshot().scan_prefix(space, prefix)
    }

    /// [`Snapshot::first_at_or_after`] on the present state.
    ///
    /// # Errors
    ///
    /// [`Io`](StoreError::Io) or [`Corrupt`](StoreError::Corrupt) from the disk.
    pub fn first_at_or_after(
        &self,
        space: Space,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<Entry>> {
        self.snapshot().first_at_or_after(space, key, prefix)
    }

    /// [`Snapshot::last_at_or_before`] on the present state.
    ///
    /// # Errors
    ///
    /// [`Io`](StoreError::Io) or [`Corrupt`](StoreError::Corrupt) from the disk.
    pub fn last_at_or_before(
        &self,
        space: Space,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<Entry>> {
        self.snapshot().last_at_or_before(space, key, prefix)
    }

    /// Whether the store still takes writes. It doesn't wait for the disk, and a single batch may be refused all the
    /// same, with [`Full`](StoreError::Full) for one.
    ///
    /// # Errors
    ///
    /// [`Closed`](StoreError::Closed), or [`Failed`](StoreError::Failed) with what made it stop: then all later
    /// writes are refused until it is opened anew.
    pub fn check_writable(&self) -> Result<()> {
        match &*self.0 {
            Backend::Durable(durable) => durable.check_writable(),
            Backend::Memory(memory) => memory.check_writable(),
        }
    }

    /// Takes off the disk what was deleted or replaced before the call: its bytes are in no file of the folder
    /// afterwards. Blocks for as long as it takes to write all that the store holds anew, and needs as much free
    /// space. `false` if a reader kept an older snapshot all the while, whose bytes then stay until another call.
    ///
    /// The disk itself may keep copies of blocks that a file no longer has.
    ///
    /// # Errors
    ///
    /// As [`write`](Store::write). What was deleted stays deleted.
    pub fn scrub(&self) -> Result<bool> {
        match &*self.0 {
            Backend::Durable(durable) => durable.scrub(),
            Backend::Memory(_) => Ok(true),
        }
    }

    /// Commits what was submitted, and refuses later writes of all handles with
    /// [`Closed`](StoreError::Closed). Reads go on.
    ///
    /// Dropping the last handle does the same, and needs no other shutdown.
    pub fn close(&self) {
        match &*self.0 {
            Backend::Durable(durable) => durable.close(),
            Backend::Memory(memory) => memory.close(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Backend::Durable(durable) => f.debug_tuple("Store").field(&durable.dir()).finish(),
            Backend::Memory(_) => f.write_str("Store(in memory)"),
        }
    }
}
