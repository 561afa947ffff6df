//! Reading: one state of the whole store, as it was when the snapshot was taken.

use std::fmt;
use std::ops::RangeBounds;

use super::range::KeyRange;
use super::{Bytes, Result, Space, durable, memory};

/// A key and its value.
pub type Entry = (Bytes, Bytes);

/// One state of the whole store: every batch in full or not at all, and never a batch that
/// isn't durable yet.
///
/// Taking and cloning one costs little and blocks nobody. While it lives, the disk can't free what it
/// sees, and the folder stays locked, even after the [`Store`](super::Store) is gone.
#[derive(Clone)]
pub struct Snapshot(View);

/// What a snapshot of each backend is.
#[derive(Clone)]
pub(super) enum View {
    Durable(durable::View),
    Memory(memory::View),
}

impl Snapshot {
    pub(super) fn new(view: View) -> Self {
        Self(view)
    }

    /// The value of `key`, or `None` if there is no such key.
    ///
    /// # Errors
    ///
    /// [`Io`](super::StoreError::Io) or [`Corrupt`](super::StoreError::Corrupt) from the disk.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>> {
        match &self.0 {
            View::Durable(view) => view.get(space, key),
            View::Memory(view) => Ok(view.get(space, key)),
        }
    }

    /// The entries with keys in `range`, ordered by key; call [`rev`](Iterator::rev) for the other way.
    ///
    /// An empty or turned around range has no entries. For all entries, scan the empty prefix.
    pub fn scan<K: AsRef<[u8]>>(&self, space: Space, range: impl RangeBounds<K>) -> Scan {
        self.range(space, KeyRange::new(&range))
    }

    /// The entries whose keys begin with `prefix`, ordered by key.
    pub fn scan_prefix(&self, space: Space, prefix: &[u8]) -> Scan {
        self.range(space, KeyRange::prefix(prefix))
    }

    /// The first entry at or after `key` whose key begins with `prefix`.
    ///
    /// # Errors
    ///
    /// [`Io`](super::StoreError::Io) or [`Corrupt`](super::StoreError::Corrupt) from the disk.
    pub fn first_at_or_after(
        &self,
        space: Space,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<Entry>> {
        self.range(space, KeyRange::prefix_from(prefix, key))
            .next()
            .transpose()
    }

    /// The first entry of [`Space::Table`] that begins with `prefix`, if it is in the row cache; `Some(None)` if there is
    /// none.
    ///
    /// # Errors
    ///
    /// In debug builds, which compare it with the disk's, as [`get`](Snapshot::get).
    pub(crate) fn recall(&self, prefix: &[u8]) -> Result<Option<Option<Entry>>> {
        let View::Durable(view) = &self.0 else {
            return Ok(None);
        };
        let recalled = view.recall(prefix);
        // Each test that asks a store on disk is one of the cache, too: a batch that didn't tell what it touched is found.
        if cfg!(debug_assertions)
            && let Some(recalled) = &recalled
        {
            let stored = self.first_at_or_after(Space::Table, prefix, prefix)?;
            assert_eq!(
                *recalled, stored,
                "a batch changed a row that it didn't touch"
            );
        }
        Ok(recalled)
    }

    /// Has the row cache remember the first entry of [`Space::Table`] that begins with `prefix`.
    pub(crate) fn remember(&self, prefix: &[u8], entry: Option<&Entry>) {
        if let View::Durable(view) = &self.0 {
            view.remember(prefix, entry);
        }
    }

    /// The last entry at or before `key` whose key begins with `prefix`.
    ///
    /// # Errors
    ///
    /// [`Io`](super::StoreError::Io) or [`Corrupt`](super::StoreError::Corrupt) from the disk.
    pub fn last_at_or_before(
        &self,
        space: Space,
        key: &[u8],
        prefix: &[u8],
    ) -> Result<Option<Entry>> {
        self.range(space, KeyRange::prefix_to(prefix, key))
            .next_back()
            .transpose()
    }

    fn range(&self, space: Space, range: KeyRange) -> Scan {
        if range.is_empty() {
            return Scan(Entries::None);
        }
        Scan(match &self.0 {
            View::Durable(view) => Entries::Durable(view.scan(space, range)),
            View::Memory(view) => Entries::Memory(view.scan(space, range)),
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

#[cfg(test)]
std::thread_local! {
    /// How many entries scans of this thread were asked for.
    pub(crate) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Entries of one snapshot, read from the disk as they are asked for, from either end.
///
/// An item is an error if the disk can't be read; stop there, for what follows is unspecified.
#[must_use = "a scan reads nothing until it is iterated"]
pub struct Scan(Entries);

enum Entries {
    None,
    Durable(durable::Scan),
    Memory(memory::Scan),
}

impl Iterator for Scan {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        match &mut self.0 {
            Entries::None => None,
            Entries::Durable(scan) => scan.next(),
            Entries::Memory(scan) => scan.next().map(Ok),
        }
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        match &mut self.0 {
            Entries::None => None,
            Entries::Durable(scan) => scan.next_back(),
            Entries::Memory(scan) => scan.next_back().map(Ok),
        }
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").finish_non_exhaustive()
    }
}
