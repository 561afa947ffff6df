//! When a kernel's state is looked through for what no row can need any more.
//!
//! That is done a little with each pass, once enough rows have come since the last time that it costs each of
//! them next to nothing.

use crate::kernel::Swept;
use crate::store::Bytes;

/// Groups that one pass looks at, at most.
pub(super) const GROUPS: usize = 256;

/// Rows that come for each group before the groups are looked at again.
const ROWS_PER_GROUP: usize = 4;

/// How far a kernel's state is looked through. It begins anew when the engine is opened.
#[derive(Debug, Default)]
pub(super) struct Compaction {
    /// Rows that came since the last time.
    rows: usize,
    /// Groups that there were the last time, or so far.
    groups: usize,
    state: Progress,
}

#[derive(Debug, Default)]
enum Progress {
    #[default]
    Waiting,
    /// From there on, or from the beginning.
    From(Option<Bytes>),
}

impl Compaction {
    /// Notes that rows came.
    pub(super) fn grow(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(rows);
    }

    /// Where to look, if it is time to: after so many rows, at least.
    pub(super) fn due(&mut self, after: usize) -> Option<Option<Bytes>> {
        if let Progress::From(from) = &self.state {
            return Some(from.clone());
        }
        if self.rows < after.max(self.groups.saturating_mul(ROWS_PER_GROUP)) {
            return None;
        }
        *self = Self {
            state: Progress::From(None),
            ..Self::default()
        };
        Some(None)
    }

    /// Goes on behind what was looked at.
    pub(super) fn advance(&mut self, swept: Swept) {
        self.groups += swept.groups;
        self.state = match swept.next {
            None => Progress::Waiting,
            next => Progress::From(next),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_when_enough_rows_have_come_for_the_groups_that_there_are() {
        let mut compaction = Compaction::default();
        assert!(compaction.due(10).is_none());
        compaction.grow(10);
        assert_eq!(compaction.due(10), Some(None));
        let next = Some(Bytes::from(vec![1]));
        compaction.advance(Swept {
            next: next.clone(),
            groups: 256,
            ..Swept::default()
        });
        assert_eq!(compaction.due(10), Some(next), "it goes on at once");
        compaction.advance(Swept {
            next: None,
            groups: 44,
            ..Swept::default()
        });
        compaction.grow(1_199);
        assert_eq!(compaction.due(10), None);
        compaction.grow(1);
        assert_eq!(compaction.due(10), Some(None));
    }
}
