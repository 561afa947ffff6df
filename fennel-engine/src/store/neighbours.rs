//! Entries that are mostly asked for in ascending order, so that neighbours take one scan.

use std::ops::Bound;

use super::{Bytes, Entry, Result, Scan, Snapshot, Space, prefix_end};

/// Entries that a scan passes before it is begun anew, which takes about as long where a table is in several files.
const STEPS: usize = 32;

/// Where keys are far apart, one in so many is looked for by passing [`STEPS`] entries.
const TRIES: usize = 16;

/// The entries of a snapshot that begin with a prefix, asked for in ascending order as far as possible.
pub(crate) struct Neighbours<'s> {
    snapshot: &'s Snapshot,
    space: Space,
    end: Bound<Bytes>,
    scan: Option<Scan>,
    ahead: Option<Entry>,
    /// The key that was asked for last.
    last: Vec<u8>,
    /// How many entries are passed to the next key: fewer, the more often keys were too far from the ones before.
    steps: usize,
    /// How many keys in a row were too far.
    far: usize,
}

impl<'s> Neighbours<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, space: Space, prefix: &[u8]) -> Self {
        Self {
            snapshot,
            space,
            end: prefix_end(prefix),
            scan: None,
            ahead: None,
            last: Vec::new(),
            steps: STEPS,
            far: 0,
        }
    }

    /// The first entry at or after `key`. It is found soon if `key` isn't before that of the call before.
    pub(crate) fn first_from(&mut self, key: &[u8]) -> Result<Option<&Entry>> {
        if key < &self.last[..] {
            self.scan = None;
        }
        self.last.clear();
        self.last.extend(key);
        if let Some(scan) = &mut self.scan {
            let is_before = |ahead: &Option<Entry>| {
                ahead
                    .as_ref()
                    .is_some_and(|(ahead, _)| ahead.as_ref() < key)
            };
            let mut steps = match self.far.is_multiple_of(TRIES) {
                true => STEPS,
                false => self.steps,
            };
            while steps > 0 && is_before(&self.ahead) {
                self.ahead = scan.next().transpose()?;
                steps -= 1;
            }
            if !is_before(&self.ahead) {
                (self.steps, self.far) = (STEPS, 0);
                return Ok(self.ahead.as_ref());
            }
            self.steps = (self.steps / 2).max(1);
            self.far += 1;
        }
        let range = (Bound::Included(Bytes::from(key)), self.end.clone());
        let mut scan = self.snapshot.scan(self.space, range);
        self.ahead = scan.next().transpose()?;
        self.scan = Some(scan);
        Ok(self.ahead.as_ref())
    }

    /// The first entry of [`Space::Table`] that begins with `key`, which may be in memory.
    pub(crate) fn first_of(&mut self, key: &[u8]) -> Result<Option<Entry>> {
        if let Some(recalled) = self.snapshot.recall(key)? {
            return Ok(recalled);
        }
        let found = self.first_from(key)?;
        let found = found.filter(|(entry, _)| entry.starts_with(key)).cloned();
        self.snapshot.remember(key, found.as_ref());
        Ok(found)
    }

    /// The entry behind the one that was given last.
    pub(crate) fn following(&mut self) -> Result<Option<&Entry>> {
        self.ahead = match &mut self.scan {
            Some(scan) => scan.next().transpose()?,
            None => None,
        };
        Ok(self.ahead.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::store::{Batch, Store};

    proptest! {
        /// Runs of keys that are close follow runs of keys that are far apart.
        #[test]
        fn entries_are_those_that_scans_of_their_own_find(
            stored in btree_set(0..2000_u16, 0..600),
            runs in vec((0..600_u16, 1..40_u16, 0..30_usize), 0..6),
        ) {
            let store = Store::in_memory();
            let key = |n: u16| [&[1], &n.to_be_bytes()[..]].concat();
            let mut batch = Batch::new();
            for n in stored {
                batch.put(Space::Table, key(n), b"");
            }
            batch.put(Space::Table, vec![2], b"");
            store.write(batch).unwrap();
            let snapshot = store.snapshot();
            let mut neighbours = Neighbours::new(&snapshot, Space::Table, &[1]);
            let mut n = 0;
            for (jump, step, len) in runs {
                n = if jump % 7 == 0 { n / 2 } else { n + jump };
                for _ in 0..len {
                    n += step;
                    let found = neighbours.first_from(&key(n)).unwrap().cloned();
                    let expected = snapshot.first_at_or_after(Space::Table, &key(n), &[1]).unwrap();
                    prop_assert_eq!(&found, &expected);
                }
            }
        }
    }
}
