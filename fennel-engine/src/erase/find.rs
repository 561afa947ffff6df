//! Finding the rows of the log that name a key.
//!
//! A request of which nothing is left is one that never came, so the silence before the next one is longer. That
//! counts for bounded sources, so the rows of the next one are told it.

use fennel_core::time::Timestamp;

use super::keys::Keys;
use super::pending::{EndpointRows, Rows};
use crate::error::{Error, Result};
use crate::ingest::entry::{self, Arrival, Entry};
use crate::ingest::{EndpointId, Feed, Source};
use crate::state::State;
use crate::store::{Snapshot, Store};

/// Rows that are read together.
const PART: usize = 1_000;

/// A search through the endpoints of a dataset, which can be continued with rows that came meanwhile.
pub(crate) struct Search<'k> {
    keys: &'k Keys,
    endpoints: Vec<Endpoint>,
    /// Rows from this sequence on stay, whomever they name.
    end: Option<u64>,
}

/// One endpoint, and what was found there so far.
struct Endpoint {
    id: EndpointId,
    /// The sources of the dataset that read it.
    feeds: Vec<Feed>,
    /// The sequence to go on from.
    next: u64,
    requests: Requests,
    found: EndpointRows,
}

/// The requests that an endpoint got, as far as rows of them stay.
#[derive(Default)]
struct Requests {
    /// When the one came whose rows are met, and whether any of them stays.
    current: Option<(Timestamp, bool)>,
    /// When the last one before came of which any row stays.
    before: Option<Timestamp>,
    /// Whether one came after that, of which none stays.
    gap: bool,
    /// The last row that stays.
    last: Option<(u64, Timestamp)>,
}

impl<'k> Search<'k> {
    /// A search from the first row on. `number` gives an endpoint's number, if it ever had one.
    pub(super) fn new(keys: &'k Keys, number: impl Fn(&str, &str) -> Option<EndpointId>) -> Self {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for feed in Feed::all(&keys.table) {
            let Some(id) = number(&feed.source().webhook, &feed.source().endpoint) else {
                continue;
            };
            match endpoints.iter_mut().find(|endpoint| endpoint.id == id) {
                Some(endpoint) => endpoint.feeds.push(feed),
                None => endpoints.push(Endpoint {
                    id,
                    feeds: vec![feed],
                    next: 0,
                    requests: Requests::default(),
                    found: EndpointRows::default(),
                }),
            }
        }
        Self {
            keys,
            endpoints,
            end: None,
        }
    }

    /// Goes through what is in the log until few rows come meanwhile.
    pub(super) fn nearly_catch_up(&mut self, store: &Store) -> Result<()> {
        /// So many rows are looked at in about the time of a slow write.
        const FEW: usize = 10_000;
        /// Against loggers that are faster than this for ever.
        const PASSES: usize = 16;
        let mut sources = self.keys.table.sources.iter();
        let few = if sources.any(Source::calls_python) {
            1
        } else {
            FEW
        };
        for _ in 0..PASSES {
            if self.catch_up(&store.snapshot())? < few {
                break;
            }
        }
        Ok(())
    }

    /// Has rows from this sequence on stay. It has met all others.
    pub(super) fn set_end(&mut self, end: u64) {
        self.end = Some(end);
    }

    /// Goes through the rows that are in the log and that it hasn't met, and returns how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a function would have to tell whom a row is about and can't be called, or is stopped.
    pub(crate) fn catch_up(&mut self, snapshot: &Snapshot) -> Result<usize> {
        let endpoints = self.endpoints.iter_mut();
        let met = endpoints.map(|endpoint| endpoint.catch_up(snapshot, self.keys, self.end));
        met.sum::<Result<usize>>().map_err(|error| match error {
            Error::Python(what) => Error::Python(format!(
                "nothing is erased, since it isn't known whom each row of `{}` is about: {what}; erase again once that function answers, or commit one that does under a new version",
                self.keys.table.dataset
            )),
            error => error,
        })
    }

    /// A row of an endpoint, which it has met, as it is without those that go, unless it is one of them.
    pub(crate) fn without(&self, endpoint: EndpointId, entry: Entry) -> Option<Entry> {
        let mut endpoints = self.endpoints.iter();
        match endpoints.find(|searched| searched.id == endpoint) {
            Some(searched) => searched.found.without(entry),
            None => Some(entry),
        }
    }

    /// What was found.
    pub(crate) fn found(&self) -> Rows {
        let endpoints = self.endpoints.iter();
        let found = endpoints.filter(|endpoint| !endpoint.found.erased.is_empty());
        Rows {
            end: self.end.unwrap_or(0),
            endpoints: found
                .map(|endpoint| (endpoint.id, endpoint.found.clone()))
                .collect(),
        }
    }

    /// The last row that stays of each endpoint of which any goes.
    pub(crate) fn last_kept(&self) -> impl Iterator<Item = (EndpointId, Option<(u64, Timestamp)>)> {
        let endpoints = self.endpoints.iter();
        let found = endpoints.filter(|endpoint| !endpoint.found.erased.is_empty());
        found.map(|endpoint| (endpoint.id, endpoint.requests.last))
    }
}

impl Endpoint {
    fn catch_up(&mut self, snapshot: &Snapshot, keys: &Keys, end: Option<u64>) -> Result<usize> {
        let state = State::of(snapshot)?;
        let mut entries = entry::scan(snapshot, self.id, self.next);
        let mut met = 0;
        loop {
            let part: Vec<Entry> = entries.by_ref().take(PART).collect::<Result<_>>()?;
            let judged = part.partition_point(|entry| end.is_none_or(|end| entry.sequence < end));
            let (judged, staying) = part.split_at(judged);
            let named = self.is_named(&state, keys, judged)?;
            for (entry, is_named) in judged.iter().zip(named) {
                self.meet(entry, is_named);
            }
            staying.iter().for_each(|entry| self.meet(entry, false));
            met += part.len();
            if part.len() < PART {
                return Ok(met);
            }
        }
    }

    /// Which of these rows name a key by any of the dataset's sources.
    fn is_named(&self, state: &State, keys: &Keys, part: &[Entry]) -> Result<Vec<bool>> {
        let mut is_named = vec![false; part.len()];
        for feed in &self.feeds {
            let named = feed.named(state, &keys.columns, part)?;
            for (is_named, named) in is_named.iter_mut().zip(named) {
                *is_named |= named.iter().any(|key| keys.values.contains(key));
            }
        }
        Ok(is_named)
    }

    fn meet(&mut self, entry: &Entry, goes: bool) {
        self.next = entry.sequence + 1;
        self.requests.meet(entry.arrival.at);
        if goes {
            self.found.erased.push(entry.sequence);
            return;
        }
        let told = self.requests.keep(entry.sequence, entry.arrival.at);
        if let Some(told) = told.filter(|told| *told != entry.arrival) {
            self.found
                .quieter
                .push((entry.sequence, told.quiet.micros()));
        }
    }
}

impl Requests {
    /// Notes that a row comes of the request that arrived at `at`.
    fn meet(&mut self, at: Timestamp) {
        match self.current {
            Some((current, _)) if current == at => return,
            Some((current, true)) => (self.before, self.gap) = (Some(current), false),
            Some((_, false)) => self.gap = true,
            None => {}
        }
        self.current = Some((at, false));
    }

    /// Notes that the row stays that was just met. What is known of its arrival now, where that may have changed.
    fn keep(&mut self, sequence: u64, at: Timestamp) -> Option<Arrival> {
        self.current = Some((at, true));
        self.last = Some((sequence, at));
        let first = Arrival::first(at);
        self.gap.then(|| {
            self.before
                .map_or(first, |before| Arrival::after(before, at))
        })
    }
}
