//! Changes that are made together.

use super::{Bytes, Result, Space, StoreError};

/// Changes to any spaces, which [`Store::write`](super::Store::write) makes all or not at all.
///
/// Later changes of a key replace earlier ones of the same batch.
#[derive(Clone, Debug, Default)]
#[must_use = "a batch does nothing until it is written"]
pub struct Batch {
    ops: Vec<Op>,
    bytes: usize,
}

/// One change: a new value, or `None` to delete the key.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) space: Space,
    pub(super) key: Bytes,
    pub(super) value: Option<Bytes>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`, whether or not the key exists.
    pub fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.push(space, key.into(), Some(value.into()));
    }

    /// Removes `key`, if it exists.
    pub fn delete(&mut self, space: Space, key: impl Into<Bytes>) {
        self.push(space, key.into(), None);
    }

    /// Number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there are no changes, so that writing the batch does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// About the number of bytes that writing the batch adds to the disk.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, space: Space, key: Bytes, value: Option<Bytes>) {
        /// What a change takes in the journal besides its key and its value.
        const OVERHEAD: usize = 21;
        self.bytes += OVERHEAD + key.len() + value.as_ref().map_or(0, |v| v.len());
        self.ops.push(Op { space, key, value });
    }

    /// Refuses lengths that the disk format can't hold.
    pub(super) fn check(&self) -> Result<()> {
        for op in &self.ops {
            let len = op.key.len();
            if len == 0 || u16::try_from(len).is_err() {
                return Err(StoreError::KeyLength { len });
            }
            let len = op.value.as_ref().map_or(0, |v| v.len());
            if u32::try_from(len).is_err() {
                return Err(StoreError::ValueLength { len });
            }
        }
        Ok(())
    }

    /// Whether the batch only deletes, and so frees space sooner or later.
    pub(super) fn only_deletes(&self) -> bool {
        self.ops.iter().all(|op| op.value.is_none())
    }

    pub(super) fn into_ops(self) -> Vec<Op> {
        self.ops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_keys_that_do_not_fit() {
        for (len, fits) in [(0, false), (1, true), (65_535, true), (65_536, false)] {
            let mut batch = Batch::new();
            batch.put(Space::Meta, vec![b'k'; len], "v");
            match batch.check() {
                Ok(()) => assert!(fits, "{len}"),
                Err(StoreError::KeyLength { len: told }) => assert!(!fits && told == len),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn knows_when_it_only_deletes() {
        let mut batch = Batch::new();
        batch.delete(Space::Log, "a");
        assert!(batch.only_deletes() && batch.len() == 1 && !batch.is_empty());
        batch.put(Space::Log, "b", "value");
        assert!(!batch.only_deletes());
        assert_eq!(batch.bytes(), 2 * 21 + 2 + 5);
    }
}
