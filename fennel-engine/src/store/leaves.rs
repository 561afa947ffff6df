//! An ordered map in two levels: leaves of some dozens of entries, found by the key from which on they have all.
//!
//! A clone shares the leaves, and a change copies the one that it is in, if that is shared. To find an entry takes few
//! jumps in memory, and a scan goes through a leaf after the other.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::Bytes;
use super::range::KeyRange;
use super::snapshot::Entry;

/// Entries that a leaf has, at most.
const MOST: usize = 64;

/// A map from keys to values.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves(BTreeMap<Bytes, Arc<Leaf>>);

/// Entries that lie next to each other.
#[derive(Clone, Debug)]
struct Leaf {
    /// It has all entries from here to the next leaf.
    from: Bytes,
    entries: Vec<Entry>,
}

impl Leaves {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Bytes> {
        let leaf = self.leaf(key)?;
        let (_, value) = leaf.entries.get(leaf.find(key).ok()?)?;
        Some(value)
    }

    pub(super) fn insert(&mut self, key: Bytes, value: Bytes) {
        let at = (Bound::Unbounded, Bound::Included(key.as_ref()));
        let Some((_, leaf)) = self.0.range_mut::<[u8], _>(at).next_back() else {
            // The first leaf begins before all keys.
            let from = Bytes::new(&[]);
            let entries = vec![(key, value)];
            self.add(Leaf { from, entries });
            return;
        };
        let leaf = Arc::make_mut(leaf);
        match leaf.find(&key) {
            Ok(i) => {
                if let Some((_, old)) = leaf.entries.get_mut(i) {
                    *old = value;
                }
            }
            Err(i) => {
                leaf.entries.insert(i, (key, value));
                if leaf.entries.len() > MOST {
                    // What comes in order fills leaves up.
                    let is_last = i == MOST;
                    let rest = leaf
                        .entries
                        .split_off(if is_last { MOST } else { MOST / 2 });
                    if let Some((from, _)) = rest.first() {
                        let from = from.clone();
                        self.add(Leaf {
                            from,
                            entries: rest,
                        });
                    }
                }
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        let at = (Bound::Unbounded, Bound::Included(key));
        let Some((_, shared)) = self.0.range_mut::<[u8], _>(at).next_back() else {
            return;
        };
        let Ok(i) = shared.find(key) else {
            return;
        };
        let leaf = Arc::make_mut(shared);
        leaf.entries.remove(i);
        if leaf.entries.is_empty() && !leaf.from.is_empty() {
            let from = leaf.from.clone();
            self.0.remove(&from);
        }
    }

    fn add(&mut self, leaf: Leaf) {
        self.0.insert(leaf.from.clone(), Arc::new(leaf));
    }

    /// The leaf that has a key, if the map has it.
    fn leaf(&self, key: &[u8]) -> Option<&Arc<Leaf>> {
        let at = (Bound::Unbounded, Bound::Included(key));
        let (_, leaf) = self.0.range::<[u8], _>(at).next_back()?;
        Some(leaf)
    }

    fn next(&self, leaf: &Leaf) -> Option<&Arc<Leaf>> {
        let behind = (Bound::Excluded(leaf.from.as_ref()), Bound::Unbounded);
        let (_, leaf) = self.0.range::<[u8], _>(behind).next()?;
        Some(leaf)
    }

    fn previous(&self, leaf: &Leaf) -> Option<&Arc<Leaf>> {
        let before = (Bound::Unbounded, Bound::Excluded(leaf.from.as_ref()));
        let (_, leaf) = self.0.range::<[u8], _>(before).next_back()?;
        Some(leaf)
    }
}

impl Leaf {
    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let entries = &self.entries;
        // What comes in order comes behind the last.
        if entries.last().is_some_and(|(last, _)| last.as_ref() < key) {
            return Err(entries.len());
        }
        entries.binary_search_by(|(other, _)| other.as_ref().cmp(key))
    }

    /// How many entries are before a key, or up to it.
    fn count(&self, key: &[u8], is_included: bool) -> usize {
        match self.find(key) {
            Ok(i) => i + usize::from(is_included),
            Err(i) => i,
        }
    }
}

/// The entries of a range, from either end.
pub(super) struct Scan {
    map: Arc<Leaves>,
    rest: KeyRange,
    /// The leaf that the next entry is in, and how many of its entries are before that.
    front: Option<(Arc<Leaf>, usize)>,
    /// The leaf that the last entry is in, and how many of its entries are up to that.
    back: Option<(Arc<Leaf>, usize)>,
}

impl Scan {
    pub(super) fn new(map: Arc<Leaves>, range: KeyRange) -> Self {
        Self {
            map,
            rest: range,
            front: None,
            back: None,
        }
    }

    /// Where the first entry of the rest is.
    fn begin(&self) -> Option<(Arc<Leaf>, usize)> {
        let (key, is_included): (&[u8], _) = match &self.rest.lo {
            Bound::Included(key) => (key, false),
            Bound::Excluded(key) => (key, true),
            Bound::Unbounded => (&[], false),
        };
        let leaf = self.map.leaf(key)?;
        Some((Arc::clone(leaf), leaf.count(key, is_included)))
    }

    /// Where the last entry of the rest is.
    fn end(&self) -> Option<(Arc<Leaf>, usize)> {
        let (key, is_included) = match &self.rest.hi {
            Bound::Included(key) => (key, true),
            Bound::Excluded(key) => (key, false),
            Bound::Unbounded => {
                let (_, leaf) = self.map.0.last_key_value()?;
                return Some((Arc::clone(leaf), leaf.entries.len()));
            }
        };
        let leaf = self.map.leaf(key)?;
        Some((Arc::clone(leaf), leaf.count(key, is_included)))
    }
}

impl Iterator for Scan {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let (mut leaf, mut at) = match self.front.take() {
            Some(place) => place,
            None => self.begin()?,
        };
        while at >= leaf.entries.len() {
            (leaf, at) = (Arc::clone(self.map.next(&leaf)?), 0);
        }
        let (key, value) = leaf.entries.get(at)?.clone();
        let is_inside = match &self.rest.hi {
            Bound::Included(hi) => key <= *hi,
            Bound::Excluded(hi) => key < *hi,
            Bound::Unbounded => true,
        };
        if !is_inside {
            self.front = Some((leaf, at));
            return None;
        }
        self.front = Some((leaf, at + 1));
        self.rest.lo = Bound::Excluded(key.clone());
        Some((key, value))
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Entry> {
        let (mut leaf, mut end) = match self.back.take() {
            Some(place) => place,
            None => self.end()?,
        };
        while end == 0 {
            leaf = Arc::clone(self.map.previous(&leaf)?);
            end = leaf.entries.len();
        }
        let (key, value) = leaf.entries.get(end - 1)?.clone();
        let is_inside = match &self.rest.lo {
            Bound::Included(lo) => key >= *lo,
            Bound::Excluded(lo) => key > *lo,
            Bound::Unbounded => true,
        };
        if !is_inside {
            self.back = Some((leaf, end));
            return None;
        }
        self.back = Some((leaf, end - 1));
        self.rest.hi = Bound::Excluded(key.clone());
        Some((key, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    type Model = BTreeMap<Vec<u8>, Vec<u8>>;

    fn bound(bound: &Bound<Vec<u8>>) -> Bound<Bytes> {
        bound.as_ref().map(|key| Bytes::from(key.as_slice()))
    }

    fn bounds() -> impl Strategy<Value = Bound<Vec<u8>>> {
        let key = || vec(0..4_u8, 1..4);
        prop_oneof![
            key().prop_map(Bound::Included),
            key().prop_map(Bound::Excluded),
            Just(Bound::Unbounded),
        ]
    }

    proptest! {
        #[test]
        fn reads_as_a_plain_map_whatever_became_of_it_since(
            changes in vec((vec(0..4_u8, 1..6), any::<bool>()), 0..600),
            later in vec((vec(0..4_u8, 1..6), any::<bool>()), 0..100),
            ranges in vec((bounds(), bounds(), vec(any::<bool>(), 0..40)), 1..8),
        ) {
            let (mut leaves, mut model) = (Leaves::default(), Model::new());
            let change = |leaves: &mut Leaves, (i, (key, is_put)): (usize, &(Vec<u8>, bool))| match is_put {
                true => leaves.insert(key.as_slice().into(), i.to_be_bytes().into()),
                false => leaves.remove(key),
            };
            for (i, (key, is_put)) in changes.iter().enumerate() {
                change(&mut leaves, (i, &(key.clone(), *is_put)));
                match is_put {
                    true => drop(model.insert(key.clone(), i.to_be_bytes().into())),
                    false => drop(model.remove(key)),
                }
            }
            let snapshot = Arc::new(leaves.clone());
            later.iter().enumerate().for_each(|it| change(&mut leaves, it));
            for (key, _) in &changes {
                let value = snapshot.get(key).map(|value| value.to_vec());
                prop_assert_eq!(value.as_ref(), model.get(key));
            }
            for (lo, hi, ends) in &ranges {
                let range = KeyRange { lo: bound(lo), hi: bound(hi) };
                if range.is_empty() {
                    continue;
                }
                let mut rest = model.range((lo.clone(), hi.clone()));
                let mut scan = Scan::new(Arc::clone(&snapshot), range);
                for from_back in ends.iter().copied().chain([false; 600]) {
                    let (got, expected) = match from_back {
                        true => (scan.next_back(), rest.next_back()),
                        false => (scan.next(), rest.next()),
                    };
                    let got = got.map(|(key, value)| (key.to_vec(), value.to_vec()));
                    prop_assert_eq!(got, expected.map(|(key, value)| (key.clone(), value.clone())));
                }
            }
        }
    }
}
