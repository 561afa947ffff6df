//! When something is looked through for what can go, a little with each pass.
//!
//! A round begins once so many rows have come since the last one began that it costs each of them next to nothing, and goes
//! on with each pass until it is through. How far it is is remembered with what goes, so an engine that is opened goes on
//! there, and rows count that came before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ingest::{EndpointId, Forgetting};
use crate::kernel::Swept;
use crate::store::Bytes;
use crate::table::TableId;

/// Rows that come for each group before the groups are looked at again.
const ROWS_PER_GROUP: u64 = 4;

/// One way through what is looked at, and when there is to be another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// Rows that came since it began.
    rows: u64,
    /// Groups that there were the last time, or so far.
    groups: u64,
    progress: Progress,
    /// Nothing can go before the horizon has passed this.
    until: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Progress {
    #[default]
    Waiting,
    /// From there on, or from the beginning.
    From(Option<Vec<u8>>),
}

impl Round {
    /// Notes that rows came.
    pub(super) fn grow(&mut self, rows: u64) {
        self.rows = self.rows.saturating_add(rows);
    }

    /// Whether it is time to look: after so many rows, at least.
    pub(super) fn is_due(&self, after: u64) -> bool {
        let least = after.max(self.groups.saturating_mul(ROWS_PER_GROUP));
        self.progress != Progress::Waiting || self.rows >= least
    }

    /// Where to look, if it is due. None where nothing can have become old since the last time.
    pub(super) fn begin(&mut self, horizon: i64) -> Option<Option<Bytes>> {
        if let Progress::From(from) = &self.progress {
            return Some(from.as_deref().map(Bytes::from));
        }
        self.rows = 0;
        let is_old = horizon > self.until.unwrap_or(i64::MIN);
        is_old.then(|| {
            (self.groups, self.until) = (0, None);
            self.progress = Progress::From(None);
            None
        })
    }

    /// Goes on behind what was looked at. Rows that come later can't make anything old before `next`.
    pub(super) fn advance(&mut self, swept: Swept, next: i64) {
        self.groups += swept.groups as u64;
        let until = swept.until.min(next.saturating_sub(1));
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
        self.progress = match swept.next {
            None => Progress::Waiting,
            next => Progress::From(next.map(|next| next.to_vec())),
        };
    }

    /// What is to be remembered of it once the first `applied` rows of the log are applied.
    pub(super) fn kept(&self, applied: u64) -> KeptRound {
        KeptRound {
            applied,
            round: self.clone(),
        }
    }
}

/// A round as it is remembered: how it was when it last went on. It is on disk, so its form never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRound {
    /// How many rows of the log were applied then.
    applied: u64,
    round: Round,
}

impl KeptRound {
    /// The round when the engine is opened with rows in the log before `end`. It isn't known which of those that came since
    /// then were its, so all count, and those that are applied only now count twice: it may be due early, and isn't put off.
    fn resume(self, end: u64) -> Round {
        let mut round = self.round;
        round.grow(end.saturating_sub(self.applied));
        round
    }
}

/// All rounds that are remembered. Where there is none, none has begun yet.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// By the number of a table, and that of a step of its pipeline, or 0 for what the table holds.
    pub(crate) tables: BTreeMap<(TableId, u16), KeptRound>,
    /// Through the log of each endpoint.
    pub(crate) log: BTreeMap<EndpointId, (KeptRound, Forgetting)>,
}

impl Kept {
    /// The round through a table, or through a step's state, of an engine that is opened.
    pub(super) fn of_table(&self, table: TableId, step: u16, end: u64) -> Round {
        let kept = self.tables.get(&(table, step)).cloned();
        kept.unwrap_or_default().resume(end)
    }

    /// The round through an endpoint's log, of an engine that is opened.
    pub(super) fn of_log(&self, endpoint: EndpointId, end: u64) -> (Round, Forgetting) {
        let (kept, forgetting) = self.log.get(&endpoint).cloned().unwrap_or_default();
        (kept.resume(end), forgetting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swept(next: Option<&[u8]>, groups: usize) -> Swept {
        Swept {
            next: next.map(Bytes::from),
            groups,
            ..Swept::default()
        }
    }

    #[test]
    fn it_begins_when_enough_rows_have_come_for_the_groups_that_there_are() {
        let mut round = Round::default();
        assert!(!round.is_due(10));
        round.grow(10);
        assert!(round.is_due(10));
        assert_eq!(round.begin(0), Some(None));
        round.advance(swept(Some(&[1]), 256), i64::MIN);
        assert!(round.is_due(10), "it goes on at once");
        assert_eq!(round.begin(0), Some(Some(Bytes::from(&[1][..]))));
        round.advance(swept(None, 44), i64::MIN);
        round.grow(1_199);
        assert!(!round.is_due(10));
        round.grow(1);
        assert!(round.is_due(10));
        assert_eq!(round.begin(0), Some(None));
    }

    #[test]
    fn it_waits_until_something_can_have_become_old() {
        let mut round = Round::default();
        assert_eq!(round.begin(50), Some(None));
        round.advance(swept(None, 1), 71);
        round.grow(10);
        assert_eq!(round.begin(70), None);
        assert!(!round.is_due(10), "and for as many rows again");
        assert_eq!(round.begin(71), Some(None));
    }

    #[test]
    fn bytes_on_disk_are_these() {
        let mut round = Round::default();
        round.begin(0);
        round.advance(swept(Some(&[7]), 3), -1);
        round.grow(2);
        let kept = (round.kept(9), Forgetting::default());
        let bytes = postcard::to_allocvec(&kept).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0902030101010701030000000000");
    }

    #[test]
    fn it_goes_on_where_it_was_and_counts_what_came_since() {
        let mut round = Round::default();
        round.begin(0);
        round.advance(swept(Some(&[7]), 3), i64::MIN);
        assert_eq!(round.kept(100).resume(100), round);
        round.advance(swept(None, 2), i64::MIN);
        let kept = round.kept(110);
        assert!(!kept.clone().resume(129).is_due(10), "five groups");
        assert!(kept.resume(130).is_due(10));
    }
}
