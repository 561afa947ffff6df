//! Ranges of keys.

use std::ops::{Bound, RangeBounds};

use super::Bytes;

/// A range of keys that owns its bounds.
#[derive(Clone, Debug)]
pub(super) struct KeyRange {
    pub(super) lo: Bound<Bytes>,
    pub(super) hi: Bound<Bytes>,
}

impl KeyRange {
    pub(super) fn new<K: AsRef<[u8]>>(range: &impl RangeBounds<K>) -> Self {
        let own = |key: &K| Bytes::from(key.as_ref());
        Self {
            lo: range.start_bound().map(own),
            hi: range.end_bound().map(own),
        }
    }

    /// All keys that begin with `prefix`.
    pub(super) fn prefix(prefix: &[u8]) -> Self {
        Self {
            lo: Bound::Included(prefix.into()),
            hi: prefix_end(prefix),
        }
    }

    /// The keys from `key` on that begin with `prefix`.
    pub(super) fn prefix_from(prefix: &[u8], key: &[u8]) -> Self {
        Self {
            lo: Bound::Included(key.max(prefix).into()),
            hi: prefix_end(prefix),
        }
    }

    /// The keys up to and including `key` that begin with `prefix`.
    pub(super) fn prefix_to(prefix: &[u8], key: &[u8]) -> Self {
        let hi = match prefix_end(prefix) {
            Bound::Excluded(end) if end.as_ref() <= key => Bound::Excluded(end),
            _ => Bound::Included(key.into()),
        };
        Self {
            lo: Bound::Included(prefix.into()),
            hi,
        }
    }

    /// Whether no key can be inside; the backends aren't asked then, for they may panic.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.lo, &self.hi) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(lo), Bound::Included(hi)) => lo > hi,
            (
                Bound::Included(lo) | Bound::Excluded(lo),
                Bound::Included(hi) | Bound::Excluded(hi),
            ) => lo >= hi,
        }
    }
}

/// The end of the keys that begin with `prefix`: the prefix with its last byte counted up.
pub(crate) fn prefix_end(prefix: &[u8]) -> Bound<Bytes> {
    let Some(last) = prefix.iter().rposition(|&b| b < u8::MAX) else {
        return Bound::Unbounded;
    };
    let mut end: Vec<u8> = prefix.iter().take(last + 1).copied().collect();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Bound::Excluded(end.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_one_begins() {
        assert_eq!(prefix_end(b"ab"), Bound::Excluded("ac".into()));
        assert_eq!(prefix_end(b"a\xff\xff"), Bound::Excluded("b".into()));
        assert_eq!(prefix_end(b"\xff"), Bound::Unbounded);
        assert_eq!(prefix_end(b""), Bound::Unbounded);
    }

    #[test]
    fn seeks_stay_inside_the_prefix() {
        let before = KeyRange::prefix_from(b"b", b"a");
        assert_eq!(before.lo, Bound::Included("b".into()));
        assert!(KeyRange::prefix_from(b"b", b"c").is_empty());
        let after = KeyRange::prefix_to(b"b", b"c");
        assert_eq!(after.hi, Bound::Excluded("c".into()));
        assert!(KeyRange::prefix_to(b"b", b"a").is_empty());
    }

    #[test]
    fn turned_around_ranges_are_empty() {
        assert!(KeyRange::new(&("b".."a")).is_empty());
        assert!(KeyRange::new(&("a".."a")).is_empty());
        assert!(!KeyRange::new(&("a"..="a")).is_empty());
        assert!(!KeyRange::new::<&str>(&(..)).is_empty());
    }
}
