//! Entries that are asked for in ascending order, so that neighbours take one scan.

use std::ops::Bound;

use super::{Bytes, Entry, Result, Scan, Snapshot, Space, prefix_end};

/// Entries that a scan passes before it is begun anew, which takes about as long.
const STEPS: usize = 16;

/// The entries of a snapshot that begin with a prefix, asked for in ascending order.
pub(crate) struct Neighbours<'s> {
    snapshot: &'s Snapshot,
    space: Space,
    end: Bound<Bytes>,
    scan: Option<Scan>,
    ahead: Option<Entry>,
}

impl<'s> Neighbours<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, space: Space, prefix: &[u8]) -> Self {
        Self {
            snapshot,
            space,
            end: prefix_end(prefix),
            scan: None,
            ahead: None,
        }
    }

    /// The first entry at or after `key`, which isn't before the keys of earlier calls.
    pub(crate) fn first_from(&mut self, key: &[u8]) -> Result<Option<&Entry>> {
        if let Some(scan) = &mut self.scan {
            for _ in 0..STEPS {
                match &self.ahead {
                    Some((ahead, _)) if ahead.as_ref() < key => {
                        self.ahead = scan.next().transpose()?;
                    }
                    _ => return Ok(self.ahead.as_ref()),
                }
            }
        }
        let range = (Bound::Included(Bytes::from(key)), self.end.clone());
        let mut scan = self.snapshot.scan(self.space, range);
        self.ahead = scan.next().transpose()?;
        self.scan = Some(scan);
        Ok(self.ahead.as_ref())
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
