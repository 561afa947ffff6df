//! Replay: a table computed from rows that were logged before.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use super::entry::{self, EndpointId, Entry};
use super::route::Feed;
use super::source::Progress;
use super::tally::Tally;
use super::watermark::Seen;
use crate::error::Result;
use crate::store::{Batch, Snapshot, Store};
use crate::table::Table;

/// Bytes of changes that are written together: what a replay needs of memory, about.
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
}

impl Replay {
    /// A replay from the first row on, where the first `applied` rows are applied to pipelines. `number` gives an
    /// endpoint's number, if it ever had one.
    pub(crate) fn new(
        table: &Arc<Table>,
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
        }
    }

    /// The endpoints that it is of.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = EndpointId> {
        self.endpoints.iter().map(|(endpoint, _)| *endpoint)
    }

    /// Applies all rows of `snapshot` that weren't applied yet, in order of arrival, and returns how many
    /// there were.
    pub(crate) fn run(&mut self, store: &Store, snapshot: &Snapshot) -> Result<u64> {
        let streams = self.endpoints.iter();
        let mut streams: Vec<_> = streams
            .map(|(endpoint, feeds)| {
                (
                    entry::scan(snapshot, *endpoint, self.next).peekable(),
                    feeds,
                )
            })
            .collect();
        let mut rows = 0;
        let mut batch = Batch::new();
        while let Some((entry, feeds)) = next(&mut streams)? {
            for feed in feeds {
                let seen = self.seen.entry(feed.index()).or_default();
                let mut progress = Progress {
                    phase: feed.source().phase(),
                    seen: *seen,
                    tally: Tally::default(),
                };
                for taken in feed.take(&[&entry.row])? {
                    feed.settle(&mut progress, taken, &entry, &mut batch, drop);
                }
                feed.put_phase(progress.phase, &mut batch);
                // Nobody else has the table yet, and after an error nobody ever will.
                feed.source().advance(progress.phase);
                if let Some(mark) = progress.seen.mark(seen.latest(), entry.sequence + 1) {
                    feed.source().mark(mark);
                    feed.source().trim(self.applied);
                }
                *seen = progress.seen;
            }
            rows += 1;
            self.next = entry.sequence + 1;
            if batch.bytes() >= BATCH_BYTES {
                store.write(std::mem::take(&mut batch))?;
            }
        }
        store.write(batch)?;
        Ok(rows)
    }
}

/// The row with the lowest sequence of all streams.
fn next<'f, I: Iterator<Item = Result<Entry>>>(
    streams: &mut [(Peekable<I>, &'f Vec<Feed>)],
) -> Result<Option<(Entry, &'f Vec<Feed>)>> {
    // An error goes first, so that it is met.
    let sequence = |entry: &Result<Entry>| entry.as_ref().map_or(0, |entry| entry.sequence);
    let heads = streams.iter_mut().enumerate();
    let heads = heads.filter_map(|(i, (stream, _))| Some((sequence(stream.peek()?), i)));
    let Some((_, first)) = heads.min() else {
        return Ok(None);
    };
    let Some((stream, feeds)) = streams.get_mut(first) else {
        return Ok(None);
    };
    Ok(stream.next().transpose()?.map(|entry| (entry, *feeds)))
}
