//! Removing rows of the log that nothing can be made of any more.
//!
//! A row goes once it came longer ago than all that was made of its endpoint keeps history, and than its webhook keeps
//! rows, is applied, and no table has it: another row of its key is later, or it is older than the history. So a table
//! that is made of what is left has what each key is, and as much of what it was as the tables before it.
//!
//! What is left has to be judged as it was. Whether a row is late depends on the latest event time before it, so of each
//! source the row stays that brought it. Whether a bounded source has ended depends on all silences, so such an
//! endpoint keeps all rows. So does one whose rows meet those that can be erased, in any dataset: what is made of both
//! is made anew then, and has to be what it was for everybody else. And the last row of an endpoint stays, since what
//! comes next goes by it.

use std::collections::BTreeSet;

use fennel_core::time::Timestamp;

use super::entry::{self, EndpointId, Entry};
use super::route::Feed;
use super::source::{Progress, Taken};
use super::tally::Tally;
use super::watermark::Seen;
use crate::error::Result;
use crate::kernel::Swept;
use crate::state::{Side, State};
use crate::store::Batch;
use crate::table::TableId;

/// Who reads an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// The sources at it.
    pub(crate) feeds: Vec<Feed>,
    /// How long its rows are kept, in microseconds from their arrival.
    pub(crate) keeps: i64,
    /// An erasure may make something of the rows anew, for which it needs all of them.
    pub(crate) is_whole: bool,
}

impl Reading {
    /// How many rows came since the endpoint was opened.
    pub(crate) fn came(&self) -> u64 {
        let rows = self.feeds.iter();
        let rows = rows.map(|feed| feed.source().counters.tally().rows);
        rows.max().unwrap_or(0)
    }

    /// Rows that came then or later are kept, in microseconds since 1970.
    pub(crate) fn kept_since(&self, now: Timestamp) -> i64 {
        now.micros().saturating_sub(self.keeps)
    }

    /// Notes that so many rows were removed.
    pub(crate) fn removed(&self, rows: usize) {
        for feed in &self.feeds {
            feed.source().counters.forget(rows as u64);
        }
    }

    fn is_bounded(&self) -> bool {
        self.feeds.iter().any(|feed| feed.source().is_bounded())
    }

    fn sources(&self) -> Vec<(TableId, u32)> {
        let feeds = self.feeds.iter();
        feeds.map(|feed| (feed.table.id, feed.index())).collect()
    }
}

/// One way through the rows of an endpoint, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Forgetting {
    /// The sequence to go on from; 0 at the beginning.
    next: u64,
    /// The sources that it is about.
    sources: Vec<(TableId, u32)>,
    /// What each source has seen, and in which row it saw the latest event time.
    seen: Vec<(Seen, Option<u64>)>,
    /// Rows that stay for that alone.
    spare: BTreeSet<u64>,
}

impl Forgetting {
    /// Removes some of the rows that came before `before`, of `limit` at most.
    pub(crate) fn run(
        &mut self,
        state: &State,
        batch: &mut Batch,
        (endpoint, reading): (EndpointId, &Reading),
        before: i64,
        limit: usize,
    ) -> Result<Swept> {
        let mut swept = Swept::default();
        let last = entry::last(state.snapshot(), endpoint)?;
        let Some(last) = last.filter(|_| !reading.is_bounded()) else {
            return Ok(swept);
        };
        if self.next == 0 || self.sources != reading.sources() {
            *self = Self {
                sources: reading.sources(),
                seen: vec![Default::default(); reading.feeds.len()],
                ..Self::default()
            };
        }
        let end = last.sequence.min(state.applied(Side::After));
        let mut part = Vec::new();
        for entry in entry::scan(state.snapshot(), endpoint, self.next).take(limit) {
            let entry = entry?;
            if entry.sequence >= end || entry.arrival.at.micros() >= before {
                break;
            }
            part.push(entry);
        }
        let mut gone = self.look_at(state, &part, &reading.feeds)?;
        gone.sort_unstable();
        // What is left is looked at again.
        (swept.groups, swept.gone) = (part.len().saturating_sub(gone.len()), gone.len());
        entry::delete(state.snapshot(), batch, endpoint, &gone)?;
        for sequence in gone {
            let feeds = reading.feeds.iter();
            feeds.for_each(|feed| feed.forget(batch, sequence));
        }
        self.next = part.last().map_or(0, |entry| entry.sequence + 1);
        if part.len() == limit {
            swept.next = Some(self.next.to_be_bytes().into());
        } else {
            self.next = 0;
        }
        Ok(swept)
    }

    /// The sequences of rows that can go.
    fn look_at(&mut self, state: &State, part: &[Entry], feeds: &[Feed]) -> Result<Vec<u64>> {
        let taken = feeds
            .iter()
            .map(|feed| Ok(feed.taken(state, part)?.into_iter()));
        let mut taken = taken.collect::<Result<Vec<_>>>()?;
        let mut gone = Vec::new();
        for entry in part {
            let (mut is_there, mut is_latest) = (false, false);
            for (i, (feed, taken)) in feeds.iter().zip(&mut taken).enumerate() {
                let Some(taken) = taken.next() else {
                    continue;
                };
                is_there |= stays(state, feed, entry.sequence, &taken)?;
                if self.meet(i, feed, entry, taken) {
                    is_latest = true;
                    let before = self
                        .seen
                        .get_mut(i)
                        .and_then(|(_, row)| row.replace(entry.sequence));
                    gone.extend(before.filter(|before| self.release(*before)));
                }
            }
            match (is_there, is_latest) {
                (true, _) => {}
                (false, true) => drop(self.spare.insert(entry.sequence)),
                (false, false) => gone.push(entry.sequence),
            }
        }
        Ok(gone)
    }

    /// Meets a row as its source did; whether that brought a later event time than all before.
    fn meet(&mut self, i: usize, feed: &Feed, entry: &Entry, taken: Taken) -> bool {
        let Some((seen, _)) = self.seen.get_mut(i) else {
            return false;
        };
        let mut progress = Progress {
            phase: feed.source().phase(),
            seen: *seen,
            tally: Tally::default(),
        };
        feed.source().meet(&mut progress, entry.arrival, taken);
        let is_later = progress.seen.latest() > seen.latest();
        *seen = progress.seen;
        is_later
    }

    /// Whether a row that stayed for its event time can go, now that a source has seen a later one.
    fn release(&mut self, sequence: u64) -> bool {
        let mut seen = self.seen.iter();
        let is_needed = seen.any(|(_, row)| *row == Some(sequence));
        !is_needed && self.spare.remove(&sequence)
    }
}

/// Whether a table has what became of a row.
fn stays(state: &State, feed: &Feed, sequence: u64, taken: &Taken) -> Result<bool> {
    let Taken::Row(row) = taken else {
        return Ok(false);
    };
    for it in row.fitting.iter().flatten() {
        let key = it.entry.stored(sequence, feed.index());
        if state.get(Side::After, &key)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
