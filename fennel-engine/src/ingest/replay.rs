//! Replay: a table computed from rows that were logged before.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use super::entry::{self, EndpointId, Entry};
use super::route::Feed;
use super::source::Progress;
use super::tally::Tally;
use super::watermark::{Mark, Seen};
use crate::error::Result;
use crate::state::State;
use crate::store::{Batch, Snapshot, Store};
use crate::table::Table;

/// Rows that are read together.
const PART: usize = 1_000;

/// Bytes of rows that are read together, at most but for the last one, and of changes that are written together: what a
/// replay needs of memory is a few times as much.
const BATCH_BYTES: usize = 4 << 20;

/// The replay of a table's endpoints, which can be continued with rows that came meanwhile.
#[derive(Debug)]
pub(crate) struct Replay {
    /// Each endpoint with the sources that read it.
    endpoints: Vec<(EndpointId, Vec<Feed>)>,
    /// The sequence to go on from.
    next: u64,
    /// How many rows of the log are applied to pipelines, at least.
    applied: u64,
    /// What each source has seen, by its position among the table's.
    seen: BTreeMap<u32, Seen>,
    /// The mark behind the request that each source is in: rows of a request aren't late by each other, so no step may go
    /// by some of them.
    marks: BTreeMap<u32, Mark>,
    /// The table that this one replaces, being the same but for rows that have left the log.
    before: Option<Arc<Table>>,
}

impl Replay {
    /// A replay from the first row on, where the first `applied` rows are applied to pipelines, of a table that may be
    /// there in place of another one. `number` gives an endpoint's number, if it ever had one.
    pub(crate) fn new(
        table: &Arc<Table>,
        before: Option<Arc<Table>>,
        applied: u64,
        mut number: impl FnMut(&str, &str) -> Option<EndpointId>,
    ) -> Self {
        let mut endpoints: Vec<(EndpointId, Vec<Feed>)> = Vec::new();
        for feed in Feed::all(table) {
            let Some(id) = number(&feed.source().webhook, &feed.source().endpoint) else {
                continue;
            };
            match endpoints.iter_mut().find(|(endpoint, _)| *endpoint == id) {
                Some((_, feeds)) => feeds.push(feed),
                None => endpoints.push((id, vec![feed])),
            }
        }
        Self {
            endpoints,
            next: 0,
            applied,
            seen: BTreeMap::new(),
            marks: BTreeMap::new(),
            before,
        }
    }

    /// The endpoints that it is of.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = EndpointId> {
        self.endpoints.iter().map(|(endpoint, _)| *endpoint)
    }

    /// Whether functions are called, of which each call takes its time.
    pub(crate) fn calls_python(&self) -> bool {
        let mut feeds = self.endpoints.iter().flat_map(|(_, feeds)| feeds);
        feeds.any(|feed| feed.source().calls_python())
    }

    /// Applies all rows of `snapshot` that weren't applied yet, in order of arrival, and returns how many
    /// there were. `left` gives a row of an endpoint as it is to be taken, if it is.
    pub(crate) fn run(
        &mut self,
        store: &Store,
        snapshot: &Snapshot,
        left: &dyn Fn(EndpointId, Entry) -> Option<Entry>,
    ) -> Result<u64> {
        let streams = self.endpoints.iter().map(|(endpoint, _)| {
            let endpoint = *endpoint;
            let rows = entry::scan(snapshot, endpoint, self.next);
            let left = move |entry: Result<Entry>| match entry {
                Ok(entry) => left(endpoint, entry).map(Ok),
                Err(error) => Some(Err(error)),
            };
            rows.filter_map(left).peekable()
        });
        let mut streams: Vec<_> = streams.collect();
        let state = State::of(snapshot)?;
        let mut rows = 0;
        let mut batch = Batch::new();
        loop {
            let (mut part, mut bytes) = (Vec::new(), 0);
            while part.len() < PART
                && bytes < BATCH_BYTES
                && let Some((entry, endpoint)) = next(&mut streams)?
            {
                bytes += entry.bytes;
                part.push((entry, endpoint));
            }
            if part.is_empty() {
                break;
            }
            rows += part.len() as u64;
            self.settle(&state, part, &mut batch)?;
            if batch.bytes() >= BATCH_BYTES {
                store.write(std::mem::take(&mut batch))?;
            }
        }
        store.write(batch)?;
        // A snapshot has requests whole.
        for feed in self.endpoints.iter().flat_map(|(_, feeds)| feeds) {
            tell(feed, &mut self.marks, self.applied);
        }
        Ok(rows)
    }

    /// Writes what becomes of rows, which are in order of arrival, each with the position of its endpoint.
    fn settle(
        &mut self,
        state: &State,
        part: Vec<(Entry, usize)>,
        batch: &mut Batch,
    ) -> Result<()> {
        let order: Vec<usize> = part.iter().map(|(_, endpoint)| *endpoint).collect();
        let mut entries: Vec<_> = self.endpoints.iter().map(|_| Vec::new()).collect();
        for (entry, endpoint) in part {
            if let Some(entries) = entries.get_mut(endpoint) {
                entries.push(entry);
            }
        }
        let endpoints = self.endpoints.iter().zip(&entries);
        let taken = endpoints.map(|((_, feeds), entries)| {
            let taken = feeds.iter().map(|feed| {
                let taken = match &self.before {
                    Some(before) => feed.take_again(state, before, entries),
                    None => {
                        let rows: Vec<_> = entries.iter().map(|entry| &entry.row).collect();
                        feed.take(&rows)
                    }
                };
                Ok(taken?.into_iter())
            });
            taken.collect::<Result<Vec<_>>>()
        });
        let mut taken = taken.collect::<Result<Vec<_>>>()?;
        let mut entries: Vec<_> = entries.into_iter().map(Vec::into_iter).collect();
        for at in order {
            let Some(entry) = entries.get_mut(at).and_then(Iterator::next) else {
                continue;
            };
            let feeds = self.endpoints.get(at).map(|(_, feeds)| feeds);
            let feeds = feeds.into_iter().flatten();
            for (feed, taken) in feeds.zip(taken.get_mut(at).into_iter().flatten()) {
                let Some(taken) = taken.next() else {
                    continue;
                };
                let seen = self.seen.entry(feed.index()).or_default();
                if !seen.is_in(entry.arrival) {
                    tell(feed, &mut self.marks, self.applied);
                }
                let mut progress = Progress {
                    phase: feed.source().phase(),
                    seen: *seen,
                    tally: Tally::default(),
                };
                let row = (entry.sequence, entry.arrival, &entry.row);
                feed.settle(&mut progress, taken, row, batch, drop);
                feed.put_phase(progress.phase, batch);
                // Nobody else has the table yet, and after an error nobody ever will.
                feed.source().advance(progress.phase);
                let until = entry.sequence + 1;
                if let Some(mark) = progress.seen.mark(seen.latest(), until) {
                    self.marks.insert(feed.index(), mark);
                } else if let Some(mark) = self.marks.get_mut(&feed.index()) {
                    mark.until = until;
                }
                *seen = progress.seen;
            }
            self.next = entry.sequence + 1;
        }
        Ok(())
    }
}

/// Has a source remember the mark behind a request, if that brought one.
fn tell(feed: &Feed, marks: &mut BTreeMap<u32, Mark>, applied: u64) {
    if let Some(mark) = marks.remove(&feed.index()) {
        feed.source().mark(mark);
        feed.source().trim(applied);
    }
}

/// The row with the lowest sequence of all streams, with the position of its stream.
fn next<I: Iterator<Item = Result<Entry>>>(
    streams: &mut [Peekable<I>],
) -> Result<Option<(Entry, usize)>> {
    // An error goes first, so that it is met.
    let sequence = |entry: &Result<Entry>| entry.as_ref().map_or(0, |entry| entry.sequence);
    let heads = streams.iter_mut().enumerate();
    let heads = heads.filter_map(|(i, stream)| Some((sequence(stream.peek()?), i)));
    let Some((_, first)) = heads.min() else {
        return Ok(None);
    };
    let entry = streams.get_mut(first).and_then(Iterator::next);
    Ok(entry.transpose()?.map(|entry| (entry, first)))
}
