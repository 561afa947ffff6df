//! Removing rows of the log that nothing can be made of any more.
//!
//! A row goes once it came longer ago than all that was made of its endpoint keeps history, and than its webhook keeps
//! rows, is applied, and no table has it: another row of its key is later, or it is older than the history. So a table
//! that is made of what is left has what each key is, and as much of what it was as the tables before it.
//!
//! What is left has to be judged as it was. Whether a row is late depends on the latest event time before it, so of each
//! source the row stays that brought it. And a row that was late for one source stays for another that allows for more
//! disorder; so that row stays too by which it was late. Whether a bounded source has ended depends on all silences, so such an
//! endpoint keeps all rows. So does one whose rows meet those that can be erased, in any dataset: what is made of both
//! is made anew then, and has to be what it was for everybody else. And the last row of an endpoint stays, since what
//! comes next goes by it.

use std::collections::BTreeSet;

use fennel_core::time::Timestamp;
use serde::{Deserialize, Serialize};

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

/// One way through the rows of an endpoint, in order of arrival. It is on disk, so its form never changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Forgetting {
    /// The sequence to go on from; 0 at the beginning.
    next: u64,
    /// The sources that it is about.
    sources: Vec<(TableId, u32)>,
    /// What each source has met.
    met: Vec<Met>,
    /// When the request came whose rows are met.
    request: Option<Timestamp>,
    /// Rows that stay for their event time alone.
    spare: BTreeSet<u64>,
}

/// What a source has seen, and in which rows.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Met {
    seen: Seen,
    /// The row of the latest event time.
    latest: Option<u64>,
    /// The row of the latest event time before the request: what is late in the request is late by it.
    before: Option<u64>,
}

/// What a row is for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// It brings a later event time than all rows before.
    Latest,
    Late,
    Else,
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
                met: vec![Met::default(); reading.feeds.len()],
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
            gone.extend(self.begin(entry.arrival.at));
            let (mut is_there, mut is_latest) = (false, false);
            let mut late = Vec::new();
            for (i, (feed, taken)) in feeds.iter().zip(&mut taken).enumerate() {
                let Some(taken) = taken.next() else {
                    continue;
                };
                is_there |= stays(state, feed, entry.sequence, &taken)?;
                match self.meet(i, feed, entry, taken) {
                    Came::Latest => {
                        is_latest = true;
                        gone.extend(self.lead(i, entry.sequence));
                    }
                    Came::Late => late.push(i),
                    Came::Else => {}
                }
            }
            if is_there || is_latest {
                late.into_iter().for_each(|i| self.hold(i));
            }
            match (is_there, is_latest) {
                (true, _) => {}
                (false, true) => drop(self.spare.insert(entry.sequence)),
                (false, false) => gone.push(entry.sequence),
            }
        }
        Ok(gone)
    }

    /// Goes on to a request; gives the rows that can go, since only rows of the one before were late by them.
    fn begin(&mut self, request: Timestamp) -> Vec<u64> {
        if self.request.replace(request) == Some(request) {
            return Vec::new();
        }
        let before = self.met.iter_mut();
        let before = before.filter_map(|met| std::mem::replace(&mut met.before, met.latest));
        let before: BTreeSet<_> = before.collect();
        before
            .into_iter()
            .filter(|row| self.release(*row))
            .collect()
    }

    /// Meets a row as its source did.
    fn meet(&mut self, i: usize, feed: &Feed, entry: &Entry, taken: Taken) -> Came {
        let Some(met) = self.met.get_mut(i) else {
            return Came::Else;
        };
        let mut progress = Progress {
            phase: feed.source().phase(),
            seen: met.seen,
            tally: Tally::default(),
        };
        feed.source().meet(&mut progress, entry.arrival, taken);
        let is_later = progress.seen.latest() > met.seen.latest();
        met.seen = progress.seen;
        match (is_later, progress.tally.late) {
            (true, _) => Came::Latest,
            (false, 0) => Came::Else,
            (false, _) => Came::Late,
        }
    }

    /// Notes that a row brought a source's latest event time; gives the one before, if it can go.
    fn lead(&mut self, i: usize, sequence: u64) -> Option<u64> {
        let before = self.met.get_mut(i)?.latest.replace(sequence)?;
        self.release(before).then_some(before)
    }

    /// Keeps the row by which others of the request are late for a source.
    fn hold(&mut self, i: usize) {
        if let Some(before) = self.met.get(i).and_then(|met| met.before) {
            self.spare.remove(&before);
        }
    }

    /// Whether a row that stayed for its event time can go, now that a source has seen a later one.
    fn release(&mut self, sequence: u64) -> bool {
        let mut met = self.met.iter();
        let is_needed = met.any(|met| [met.latest, met.before].contains(&Some(sequence)));
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
