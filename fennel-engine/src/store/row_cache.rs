//! The row cache: the first entries of keys that were asked for lately.
//!
//! The first entry of a table's key is its latest version, which most questions are about. On the disk it is found by a
//! seek in each file, here by a look into a map.
//!
//! What is remembered was read from one state of the store, and is as true of another state if no commit between the two
//! touched the key. So a commit stamps the keys that it touches before anybody sees it, and who reads compares. Keys
//! share stamps by their hash: a commit may have others' keys forgotten, but never remembers one that it touched.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use xxhash_rust::xxh3::xxh3_64;

use super::{Bytes, Entry};

/// A key that a batch changes the entries of, by its hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched(u64);

impl Touched {
    /// The key whose entries begin with `prefix`.
    pub(crate) fn new(prefix: &[u8]) -> Self {
        Self(xxh3_64(prefix))
    }
}

/// The first entries that begin with prefixes, as of some commits.
pub(super) struct RowCache {
    /// The last commit that touched one of the keys that share a stamp.
    stamps: Box<[AtomicU64]>,
    /// None where it may take no memory.
    entries: Option<Cache<Bytes, Remembered, Weight>>,
}

/// What was found behind a prefix.
#[derive(Clone)]
struct Remembered {
    /// The commit that the state which was read ends with.
    commit: u64,
    entry: Option<Entry>,
}

/// About the bytes of memory that something remembered takes.
#[derive(Clone)]
struct Weight;

/// Of what is remembered, what isn't a key or a value: handles, headers of allocations, and the map's own.
const OVERHEAD: usize = 200;
/// Bytes of the cache for each stamp, so that there are more stamps than rows.
const BYTES_PER_STAMP: u64 = 128;
/// About the bytes that a row takes.
const BYTES_PER_ROW: u64 = 256;

impl Weighter<Bytes, Remembered> for Weight {
    fn weight(&self, prefix: &Bytes, remembered: &Remembered) -> u64 {
        let entry = remembered.entry.iter();
        let entry = entry.map(|(key, value)| key.len() + value.len());
        (OVERHEAD + prefix.len() + entry.sum::<usize>()) as u64
    }
}

impl RowCache {
    /// An empty one that takes about so many bytes of memory; with none, nothing is remembered.
    pub(super) fn new(bytes: u64) -> Self {
        let stamps = (bytes / BYTES_PER_STAMP).max(1).next_power_of_two();
        let rows = bytes / BYTES_PER_ROW;
        Self {
            stamps: (0..stamps).map(|_| AtomicU64::new(0)).collect(),
            entries: (bytes > 0).then(|| Cache::with_weighter(rows as usize, bytes, Weight)),
        }
    }

    /// Notes what a commit touches, which nobody sees yet. Commits are counted upwards from 1.
    pub(super) fn stamp(&self, touched: &[Touched], commit: u64) {
        for key in touched {
            self.stamp_of(*key).store(commit, Ordering::Release);
        }
    }

    /// The first entry that begins with `prefix` in the state that ends with `commit`, if it is remembered; `Some(None)` if
    /// it is known that there is none.
    pub(super) fn get(&self, prefix: &[u8], commit: u64) -> Option<Option<Entry>> {
        let remembered = self.entries.as_ref()?.get(prefix)?;
        let last = self.stamp_of(Touched::new(prefix)).load(Ordering::Acquire);
        (last <= remembered.commit.min(commit)).then_some(remembered.entry)
    }

    /// Remembers the first entry that begins with `prefix` in the state that ends with `commit`.
    pub(super) fn put(&self, prefix: &[u8], commit: u64, entry: Option<&Entry>) {
        let Some(entries) = &self.entries else {
            return;
        };
        // It would never be read, and may stand in the place of what others found since.
        if self.stamp_of(Touched::new(prefix)).load(Ordering::Acquire) > commit {
            return;
        }
        // Copies: what was read shares its bytes with the whole block that it was in.
        let copy = |(key, value): &Entry| (Bytes::new(key), Bytes::new(value));
        let entry = entry.map(copy);
        entries.insert(Bytes::new(prefix), Remembered { commit, entry });
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.entries.iter().for_each(Cache::clear);
    }

    fn stamp_of(&self, Touched(hash): Touched) -> &AtomicU64 {
        let i = hash as usize & (self.stamps.len() - 1);
        &self.stamps[i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &str) -> Entry {
        (Bytes::from("key and time"), Bytes::from(value))
    }

    #[test]
    fn what_a_commit_touches_is_true_of_no_other_state() {
        let cache = RowCache::new(1 << 20);
        assert_eq!(cache.get(b"key", 1), None);
        cache.put(b"key", 1, Some(&entry("one")));
        assert_eq!(cache.get(b"key", 1), Some(Some(entry("one"))));
        // Others' commits change nothing, before or after.
        cache.stamp(&[Touched::new(b"other")], 2);
        assert_eq!(cache.get(b"key", 2), Some(Some(entry("one"))));
        cache.stamp(&[Touched::new(b"key")], 3);
        assert_eq!(cache.get(b"key", 3), None);
        assert_eq!(cache.get(b"key", 2), None);
        // A reader of an older state, who was late.
        cache.put(b"key", 2, Some(&entry("one")));
        assert_eq!(cache.get(b"key", 3), None);
        assert_eq!(cache.get(b"key", 2), None);
        cache.put(b"key", 3, None);
        assert_eq!(cache.get(b"key", 3), Some(None));
        // The older state isn't that which is remembered now.
        assert_eq!(cache.get(b"key", 2), None);
        cache.clear();
        assert_eq!(cache.get(b"key", 3), None);
    }

    #[test]
    fn it_takes_no_more_memory_than_it_may() {
        let cache = RowCache::new(1 << 16);
        for i in 0..10_000_u32 {
            cache.put(&i.to_be_bytes(), 1, Some(&entry("a value")));
        }
        let entries = cache.entries.as_ref().unwrap();
        assert!(entries.weight() <= 1 << 16);
        assert!(entries.len() > 100);
        let none = RowCache::new(0);
        none.put(b"key", 1, None);
        assert_eq!(none.get(b"key", 1), None);
    }
}
