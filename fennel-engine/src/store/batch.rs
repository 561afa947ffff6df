//! Changes that are made together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Bytes, Result, Space, StoreError, Touched};

/// What a change takes in the journal besides its key and its value.
const OVERHEAD: usize = 21;

/// Changes to any spaces, which [`Store::write`](super::Store::write) makes all or not at all.
///
/// Later changes of a key replace earlier ones of the same batch.
#[derive(Clone, Debug, Default)]
#[must_use = "a batch does nothing until it is written"]
pub struct Batch {
    ops: Vec<Op>,
    /// What is added to counts, once for each.
    sums: BTreeMap<(Space, Bytes), u64>,
    bytes: usize,
    /// The keys of tables whose entries change.
    touched: Vec<Touched>,
}

/// One change of a key.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) space: Space,
    pub(super) key: Bytes,
    pub(super) change: Change,
}

/// What becomes of a key's value.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Bytes),
    Delete,
    Add(u64),
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`, whether or not the key exists.
    pub fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        let value = value.into();
        let len = value.len();
        self.push(space, key.into(), Change::Put(value), len);
    }

    /// Removes `key`, if it exists.
    pub fn delete(&mut self, space: Space, key: impl Into<Bytes>) {
        self.push(space, key.into(), Change::Delete, 0);
    }

    /// Adds to the count at `key`, after all other changes of the batch. A count is 8 bytes, big-endian; whatever
    /// else is there, or nothing, is 0.
    ///
    /// The sum is made when the batch is written, so batches that are on their way at the same time may add to one
    /// count.
    pub fn add(&mut self, space: Space, key: impl Into<Bytes>, count: u64) {
        let key = key.into();
        let bytes = OVERHEAD + key.len() + size_of::<u64>();
        match self.sums.entry((space, key)) {
            Entry::Occupied(mut sum) => *sum.get_mut() = sum.get().saturating_add(count),
            Entry::Vacant(none) => {
                none.insert(count);
                self.bytes += bytes;
            }
        }
    }

    /// Notes that entries of a table's key change. Each batch that changes some has to: the row cache goes by it.
    pub(crate) fn touch(&mut self, key: Touched) {
        self.touched.push(key);
    }

    /// Notes that entries of these keys change.
    pub(crate) fn touch_all(&mut self, keys: Vec<Touched>) {
        match self.touched.is_empty() {
            true => self.touched = keys,
            false => self.touched.extend(keys),
        }
    }

    /// The keys of tables whose entries change.
    pub(super) fn touched(&self) -> &[Touched] {
        &self.touched
    }

    /// Number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len() + self.sums.len()
    }

    /// Whether there are no changes, so that writing the batch does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About the number of bytes that writing the batch adds to the disk.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, space: Space, key: Bytes, change: Change, value_len: usize) {
        self.bytes += OVERHEAD + key.len() + value_len;
        self.ops.push(Op { space, key, change });
    }

    /// Refuses lengths that the disk format can't hold.
    pub(super) fn check(&self) -> Result<()> {
        let keys = self.ops.iter().map(|op| &op.key);
        for key in keys.chain(self.sums.keys().map(|(_, key)| key)) {
            let len = key.len();
            if len == 0 || u16::try_from(len).is_err() {
                return Err(StoreError::KeyLength { len });
            }
        }
        for op in &self.ops {
            if let Change::Put(value) = &op.change
                && u32::try_from(value.len()).is_err()
            {
                return Err(StoreError::ValueLength { len: value.len() });
            }
        }
        Ok(())
    }

    /// Whether the batch only deletes, and so frees space sooner or later.
    pub(super) fn only_deletes(&self) -> bool {
        self.sums.is_empty()
            && self
                .ops
                .iter()
                .all(|op| matches!(op.change, Change::Delete))
    }

    fn into_ops(self) -> impl Iterator<Item = Op> {
        let sums = self.sums.into_iter().map(|((space, key), sum)| Op {
            space,
            key,
            change: Change::Add(sum),
        });
        self.ops.into_iter().chain(sums)
    }
}

/// The new values of batches that are written one behind the other, with `None` to delete a key, given how to read
/// what is there before.
pub(super) fn resolve(
    batches: Vec<Batch>,
    read: impl Fn(Space, &[u8]) -> Result<Option<Bytes>>,
) -> Result<Vec<(Space, Bytes, Option<Bytes>)>> {
    let mut counts = BTreeMap::new();
    for (space, key) in batches.iter().flat_map(|batch| batch.sums.keys()) {
        if let Entry::Vacant(count) = counts.entry((*space, key.clone())) {
            count.insert(read(*space, key)?);
        }
    }
    let mut values = Vec::with_capacity(batches.iter().map(Batch::len).sum());
    for Op { space, key, change } in batches.into_iter().flat_map(Batch::into_ops) {
        let place = (space, key);
        // Mostly there are none to look for.
        let count = match counts.is_empty() {
            true => None,
            false => counts.get_mut(&place),
        };
        let value = match change {
            Change::Put(value) => Some(value),
            Change::Delete => None,
            Change::Add(more) => {
                let before = count.as_deref().and_then(Option::as_deref);
                let before =
                    before.and_then(|value| Some(u64::from_be_bytes(value.try_into().ok()?)));
                let sum = before.unwrap_or(0).saturating_add(more);
                Some(sum.to_be_bytes().into())
            }
        };
        match count {
            // Written once, at the end.
            Some(count) => *count = value,
            None => values.push((place.0, place.1, value)),
        }
    }
    values.extend(
        counts
            .into_iter()
            .map(|((space, key), value)| (space, key, value)),
    );
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_keys_that_do_not_fit() {
        for (len, fits) in [(0, false), (1, true), (65_535, true), (65_536, false)] {
            let (mut put, mut add) = (Batch::new(), Batch::new());
            put.put(Space::Meta, vec![b'k'; len], "v");
            add.add(Space::Meta, vec![b'k'; len], 1);
            for batch in [put, add] {
                match batch.check() {
                    Ok(()) => assert!(fits, "{len}"),
                    Err(StoreError::KeyLength { len: told }) => assert!(!fits && told == len),
                    Err(other) => panic!("{other}"),
                }
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
        let mut batch = Batch::new();
        batch.add(Space::Log, "a", 1);
        batch.add(Space::Log, "a", 1);
        assert!(!batch.only_deletes() && batch.len() == 1 && !batch.is_empty());
        assert_eq!(batch.bytes(), 21 + 1 + 8);
    }
}
