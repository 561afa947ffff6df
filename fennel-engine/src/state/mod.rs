//! What kernels remember, while rows are applied.
//!
//! Rows are applied in passes, each of which becomes one batch of the store. A kernel compares the state
//! *before* the pass with the one *after* what it has changed so far, and passes on the difference. So it needs
//! no memory of what it said before, and what a pass does depends on the rows alone, not on how many there are in it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use crate::error::Result;
use crate::meta;
use crate::store::{Batch, Bytes, Entry, Snapshot, Space, Touched, prefix_end};

/// Which of the two states of a pass is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// As it was when the pass began.
    Before,
    /// With what has been changed since.
    After,
}

/// The tables and states of kernels in one pass.
#[derive(Debug)]
pub(crate) struct State {
    snapshot: Snapshot,
    changes: BTreeMap<Bytes, Option<Bytes>>,
    /// The keys of tables whose rows change.
    touched: Vec<Touched>,
    /// The sequence of the last row that was applied before the pass, and of the last one that is applied after
    /// it; rows of sources beyond that are in their tables already, and aren't seen.
    applied: Applied,
    /// About how many bytes of rows steps may make, and how many they made.
    most: usize,
    made: usize,
    /// How many stored entries were read.
    #[cfg(test)]
    pub(crate) read: std::sync::atomic::AtomicUsize,
}

/// What a state had changed at some point of its pass.
#[derive(Debug)]
pub(crate) struct Mark {
    changes: BTreeMap<Bytes, Option<Bytes>>,
    touched: usize,
}

/// Up to which row the log is applied, before and after a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    pub(crate) before: u64,
    pub(crate) after: u64,
}

impl State {
    /// The beginning of a pass that applies these rows.
    pub(crate) fn new(snapshot: Snapshot, applied: Applied) -> Self {
        Self {
            snapshot,
            changes: BTreeMap::new(),
            touched: Vec::new(),
            applied,
            most: usize::MAX,
            made: 0,
            #[cfg(test)]
            read: Default::default(),
        }
    }

    /// From now on, steps make no more than about so many bytes of rows.
    pub(crate) fn bound(&mut self, bytes: usize) {
        (self.most, self.made) = (bytes, 0);
    }

    /// Notes that a step is about to make rows of so many bytes. Whether it may; if not, the pass has to be made of fewer
    /// rows.
    pub(crate) fn makes(&mut self, bytes: usize) -> bool {
        self.made = self.made.saturating_add(bytes);
        !self.is_full()
    }

    /// Whether steps were to make more than they may: what came of them is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.made > self.most
    }

    /// A state that is only read.
    pub(crate) fn of(snapshot: &Snapshot) -> Result<Self> {
        let rows = meta::applied(snapshot)?;
        let applied = Applied {
            before: rows,
            after: rows,
        };
        Ok(Self::new(snapshot.clone(), applied))
    }

    /// The number of rows of the log, from its beginning, that a side sees.
    pub(crate) fn applied(&self, side: Side) -> u64 {
        match side {
            Side::Before => self.applied.before,
            Side::After => self.applied.after,
        }
    }

    /// The store as it was when the pass began.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What has been changed so far, to [come back](Self::undo) to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            changes: self.changes.clone(),
            touched: self.touched.len(),
        }
    }

    /// Takes back what has been changed since.
    pub(crate) fn undo(&mut self, since: Mark) {
        self.changes = since.changes;
        self.touched.truncate(since.touched);
    }

    /// Sets a key.
    pub(crate) fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.changes.insert(key.into(), Some(value.into()));
    }

    /// Removes a key.
    pub(crate) fn delete(&mut self, key: impl Into<Bytes>) {
        self.changes.insert(key.into(), None);
    }

    /// Notes that rows change of the key of a table that entries with `prefix` are of.
    pub(crate) fn touch(&mut self, prefix: &[u8]) {
        self.touched.push(Touched::new(prefix));
    }

    /// The value of a key.
    pub(crate) fn get(&self, side: Side, key: &[u8]) -> Result<Option<Bytes>> {
        if side == Side::After
            && let Some(change) = self.changes.get(key)
        {
            return Ok(change.clone());
        }
        #[cfg(test)]
        self.count();
        Ok(self.snapshot.get(Space::Table, key)?)
    }

    /// The entries of a range, by key. It must not be turned around.
    pub(crate) fn scan(
        &self,
        side: Side,
        range: (Bound<Bytes>, Bound<Bytes>),
    ) -> impl DoubleEndedIterator<Item = Result<Entry>> {
        let changes =
            (side == Side::After && !is_empty(&range)).then(|| self.changes.range(range.clone()));
        let stored = self.snapshot.scan(Space::Table, range);
        #[cfg(test)]
        let stored = stored.inspect(|_| self.count());
        Merged {
            stored: Ends::new(stored),
            changed: Ends::new(changes.into_iter().flatten()),
        }
    }

    /// The entries whose keys begin with `prefix`.
    pub(crate) fn scan_prefix(
        &self,
        side: Side,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Entry>> {
        self.scan(side, (Bound::Included(prefix.into()), prefix_end(prefix)))
    }

    /// The entries from `key` on whose keys begin with `prefix`.
    pub(crate) fn scan_from(
        &self,
        side: Side,
        key: &[u8],
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Entry>> {
        self.scan(
            side,
            (Bound::Included(key.max(prefix).into()), prefix_end(prefix)),
        )
    }

    /// The entries before `key` whose keys begin with `prefix`, the last one first.
    pub(crate) fn scan_back(
        &self,
        side: Side,
        key: &[u8],
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Entry>> {
        let end = match prefix_end(prefix) {
            Bound::Excluded(end) if end.as_ref() <= key => Bound::Excluded(end),
            _ => Bound::Excluded(key.into()),
        };
        self.scan(side, (Bound::Included(prefix.into()), end)).rev()
    }

    /// What has been changed of the entries whose keys begin with `prefix`: their values, or that they are no more.
    pub(crate) fn changed(&self, prefix: &[u8]) -> impl Iterator<Item = (&Bytes, &Option<Bytes>)> {
        let range = (Bound::Included(Bytes::from(prefix)), prefix_end(prefix));
        self.changes.range(range)
    }

    #[cfg(test)]
    fn count(&self) {
        self.read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Ends the pass: what it has changed goes into a batch.
    pub(crate) fn finish(self, batch: &mut Batch) {
        batch.touch_all(self.touched);
        for (key, value) in self.changes {
            match value {
                Some(value) => batch.put(Space::Table, key, value),
                None => batch.delete(Space::Table, key),
            }
        }
    }
}

fn is_empty<R: RangeBounds<Bytes>>(range: &R) -> bool {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Included(lo), Bound::Included(hi)) => lo > hi,
        (Bound::Included(lo) | Bound::Excluded(lo), Bound::Included(hi) | Bound::Excluded(hi)) => {
            lo >= hi
        }
        _ => false,
    }
}

/// An iterator that can be looked into from both ends.
struct Ends<I: Iterator> {
    front: Option<I::Item>,
    back: Option<I::Item>,
    rest: I,
}

impl<I: DoubleEndedIterator> Ends<I> {
    fn new(rest: I) -> Self {
        Self {
            front: None,
            back: None,
            rest,
        }
    }

    fn peek(&mut self) -> Option<&I::Item> {
        if self.front.is_none() {
            self.front = self.rest.next();
        }
        self.front.as_ref().or(self.back.as_ref())
    }

    fn peek_back(&mut self) -> Option<&I::Item> {
        if self.back.is_none() {
            self.back = self.rest.next_back();
        }
        self.back.as_ref().or(self.front.as_ref())
    }
}

impl<I: DoubleEndedIterator> Iterator for Ends<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let front = self.front.take().or_else(|| self.rest.next());
        front.or_else(|| self.back.take())
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for Ends<I> {
    fn next_back(&mut self) -> Option<I::Item> {
        let back = self.back.take().or_else(|| self.rest.next_back());
        back.or_else(|| self.front.take())
    }
}

/// Stored entries with changes over them.
struct Merged<S: Iterator, C: Iterator> {
    stored: Ends<S>,
    changed: Ends<C>,
}

/// Which of two entries an iterator meets first.
enum First {
    Stored,
    Changed,
    /// They are of one key.
    Both,
}

impl<'s, S, C> Merged<S, C>
where
    S: DoubleEndedIterator<Item = crate::store::Result<Entry>>,
    C: DoubleEndedIterator<Item = (&'s Bytes, &'s Option<Bytes>)>,
{
    /// Takes entries off one end until there is one that wasn't deleted.
    fn take(&mut self, from_back: bool) -> Option<Result<Entry>> {
        loop {
            let (stored, changed) = if from_back {
                (self.stored.peek_back(), self.changed.peek_back())
            } else {
                (self.stored.peek(), self.changed.peek())
            };
            let first = match (stored, changed) {
                (None, None) => return None,
                // What can't be read is met first.
                (Some(Err(_)) | Some(_), None) | (Some(Err(_)), _) => First::Stored,
                (None, Some(_)) => First::Changed,
                (Some(Ok((stored, _))), Some((changed, _))) => match stored.cmp(changed) {
                    Ordering::Equal => First::Both,
                    Ordering::Less if !from_back => First::Stored,
                    Ordering::Greater if from_back => First::Stored,
                    _ => First::Changed,
                },
            };
            if matches!(first, First::Stored | First::Both) {
                let stored = if from_back {
                    self.stored.next_back()
                } else {
                    self.stored.next()
                };
                if matches!(first, First::Stored) {
                    return stored.map(|entry| Ok(entry?));
                }
            }
            let changed = if from_back {
                self.changed.next_back()
            } else {
                self.changed.next()
            };
            if let Some((key, Some(value))) = changed {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

impl<'s, S, C> Iterator for Merged<S, C>
where
    S: DoubleEndedIterator<Item = crate::store::Result<Entry>>,
    C: DoubleEndedIterator<Item = (&'s Bytes, &'s Option<Bytes>)>,
{
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        self.take(false)
    }
}

impl<'s, S, C> DoubleEndedIterator for Merged<S, C>
where
    S: DoubleEndedIterator<Item = crate::store::Result<Entry>>,
    C: DoubleEndedIterator<Item = (&'s Bytes, &'s Option<Bytes>)>,
{
    fn next_back(&mut self) -> Option<Result<Entry>> {
        self.take(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::store::Store;

    type Map = BTreeMap<Vec<u8>, Vec<u8>>;

    fn state(stored: &Map) -> State {
        let store = Store::in_memory();
        let mut batch = Batch::new();
        for (key, value) in stored {
            batch.put(Space::Table, key.as_slice(), value.as_slice());
        }
        store.write(batch).unwrap();
        State::of(&store.snapshot()).unwrap()
    }

    fn owned(entries: impl Iterator<Item = Result<Entry>>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = entries.map(|entry| entry.unwrap());
        entries
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    }

    proptest! {
        #[test]
        fn both_sides_read_as_plain_maps(
            stored in btree_map(vec(0..3_u8, 1..3), vec(0..3_u8, 1), 0..8),
            changes in vec((vec(0..3_u8, 1..3), proptest::option::of(vec(3..6_u8, 1))), 0..8),
            prefix in vec(0..3_u8, 0..2),
            key in vec(0..3_u8, 1..3),
            ends in vec(any::<bool>(), 12),
        ) {
            let mut state = state(&stored);
            let mut after = stored.clone();
            for (key, value) in &changes {
                match value {
                    Some(value) => {
                        state.put(key.as_slice(), value.as_slice());
                        after.insert(key.clone(), value.clone());
                    }
                    None => {
                        state.delete(key.as_slice());
                        after.remove(key);
                    }
                }
            }
            for (side, map) in [(Side::Before, &stored), (Side::After, &after)] {
                let inside = || map.iter().filter(|(k, _)| k.starts_with(&prefix)).map(|(k, v)| (k.clone(), v.clone()));
                prop_assert_eq!(owned(state.scan_prefix(side, &prefix)), inside().collect::<Vec<_>>());
                let from: Vec<_> = inside().filter(|(k, _)| *k >= key).collect();
                prop_assert_eq!(owned(state.scan_from(side, &key, &prefix)), from);
                let mut back: Vec<_> = inside().filter(|(k, _)| *k < key).collect();
                back.reverse();
                prop_assert_eq!(owned(state.scan_back(side, &key, &prefix)), back);
                let got = state.get(side, &key).unwrap().map(|value| value.to_vec());
                prop_assert_eq!(got.as_ref(), map.get(&key));
                // From both ends in turns, nothing is met twice or passed over.
                let (mut scan, mut rest): (_, std::collections::VecDeque<_>) = (state.scan_prefix(side, &prefix), inside().collect());
                for from_back in &ends {
                    let (got, expected) = match from_back {
                        true => (scan.next_back(), rest.pop_back()),
                        false => (scan.next(), rest.pop_front()),
                    };
                    prop_assert_eq!(got.map(|e| { let (k, v) = e.unwrap(); (k.to_vec(), v.to_vec()) }), expected);
                }
            }
        }
    }
}
