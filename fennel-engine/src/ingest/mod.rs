//! Taking in rows: they are logged and applied to every table that they feed, in one batch.

mod applied;
mod debezium;
pub(crate) mod entry;
mod expression;
mod forget;
mod named;
mod path;
mod phase;
mod python;
mod replay;
mod route;
mod sample;
mod sequence;
mod source;
mod tally;
mod watermark;

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

pub(crate) use applied::rows_of;
pub(crate) use entry::EndpointId;
pub(crate) use forget::{Forgetting, Reading};
pub(crate) use phase::Phase;
pub(crate) use replay::Replay;
pub(crate) use route::{Feed, Route, Routes};
pub(crate) use sample::unit;
pub(crate) use sequence::Sequencer;
pub(crate) use source::Source;
pub(crate) use watermark::Mark;

use crate::engine::Inner;
use crate::erase::Later;
use crate::store::{Batch, Ticket};
use crate::{Engine, Error};
use entry::Entry;
use source::{Progress, Taken};

/// A row as it comes: values of JSON by column.
pub type Incoming = BTreeMap<String, Value>;

/// What became of the rows of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// How many rows are in the log now: all of the request but those that are refused.
    pub rows: u64,
    /// How many rows aren't taken, since they are about a key that was erased with all later rows; nothing of them is
    /// kept.
    pub rows_refused: u64,
    /// How many of them were set aside by any dataset that they feed: each counts once.
    pub rows_set_aside: u64,
    /// What was set aside, by row and then by dataset: a row that several sources couldn't take is here for each.
    pub set_aside: Vec<SetAside>,
}

/// A row that a dataset couldn't take. It is kept, and [`Engine::rejects`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The dataset.
    pub dataset: String,
    /// The row's position in the request, from 0.
    pub row: usize,
    /// Each column that doesn't fit, with why; or that it came late, or that the source has ended.
    pub reason: String,
}

impl Engine {
    /// Takes rows in, and returns once they are durable and visible, in the log and in every dataset of every
    /// branch with a source at the endpoint: all of them or, on an error, none.
    ///
    /// Later rows replace earlier ones of the same key and event time; those of one request count in their
    /// order. Blocks for an fsync.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if no branch has the endpoint, [`Error::Python`] if a source's Python function can't be
    /// called at all, [`Error::Store`] if the rows couldn't be written.
    pub fn log(&self, webhook: &str, endpoint: &str, rows: Vec<Incoming>) -> Result<Logged, Error> {
        // Held until the rows are durable, so that a commit which computes a table finds them in the log or here.
        let routes = self
            .inner
            .routes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let route = routes.find(webhook, endpoint)?;
        let sent = rows.len();
        let rows = Prepared::all(route, rows, &self.inner.later())?;
        let rows_refused = (sent - rows.len()) as u64;
        if rows.is_empty() {
            return Ok(Logged {
                rows_refused,
                ..Logged::default()
            });
        }
        let waiting = Waiting::new(route, rows.len());
        let submitted = self.submit(route, rows)?;
        submitted.ticket.wait()?;
        self.inner.judging.logged(submitted.last + 1);
        for (feed, progress) in route.feeds.iter().zip(submitted.progress) {
            feed.source().advance(progress.phase);
            feed.source().counters.add(progress.tally);
        }
        self.sequencer()
            .arrived(route.endpoint, submitted.last, submitted.at);
        drop(waiting);
        drop(routes);
        // The rows are acknowledged whatever comes of this: what isn't applied now is with the next row, and
        // `check_applied` tells why.
        let _ = self.inner.apply_logged(submitted.last + 1);
        Ok(Logged {
            rows_refused,
            ..submitted.logged
        })
    }

    /// Numbers the rows and queues them, under one lock.
    fn submit(&self, route: &Route, rows: Vec<Prepared>) -> Result<Submitted, Error> {
        let Inner { store, clock, .. } = &*self.inner;
        let (mut batch, mut logged) = (Batch::new(), Logged::default());
        let mut last = 0;
        let applied = self.inner.runner.applied();
        let mut sequencer = self.sequencer();
        let mut progress: Vec<_> = route.feeds.iter().map(Feed::progress).collect();
        let arrival = sequencer.arrival(route.endpoint, clock.now());
        for prepared in rows {
            let Prepared {
                index,
                row,
                bytes,
                taken,
            } = prepared;
            let sequence = sequencer.take();
            entry::put(&mut batch, route.endpoint, sequence, arrival, &bytes);
            let entry = Entry {
                sequence,
                arrival,
                row,
            };
            let before = logged.set_aside.len();
            for ((feed, progress), taken) in route.feeds.iter().zip(&mut progress).zip(taken) {
                let aside = feed.settle(progress, taken, &entry, &mut batch);
                logged.set_aside.extend(aside.map(|reason| SetAside {
                    dataset: feed.table.dataset.clone(),
                    row: index,
                    reason,
                }));
            }
            logged.rows += 1;
            logged.rows_set_aside += u64::from(logged.set_aside.len() > before);
            last = sequence;
        }
        let places = (applied, last + 1);
        let marks: Vec<_> = route
            .feeds
            .iter()
            .zip(&progress)
            .map(|(feed, progress)| {
                feed.put_phase(progress.phase, &mut batch);
                feed.put_mark(&progress.seen, places, &mut batch)
            })
            .collect();
        self.inner.runner.expect(route.endpoint, last + 1);
        let ticket = store.submit(batch)?;
        for (feed, mark) in route.feeds.iter().zip(marks) {
            mark.into_iter().for_each(|mark| feed.source().mark(mark));
        }
        Ok(Submitted {
            ticket,
            logged,
            progress,
            last,
            at: arrival.at,
        })
    }

    fn sequencer(&self) -> MutexGuard<'_, Sequencer> {
        let sequencer = self.inner.sequencer.lock();
        sequencer.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Applies the first `end` rows of the log to pipelines.
    pub(crate) fn apply_logged(&self, end: u64) -> Result<(), Error> {
        let now = self.clock.now();
        self.runner.run(&self.store, &self.judging, end, now)
    }
}

/// Rows that sources wait for, until it is dropped.
struct Waiting<'r>(&'r Route, u64);

impl<'r> Waiting<'r> {
    fn new(route: &'r Route, rows: usize) -> Self {
        let rows = rows as u64;
        route
            .feeds
            .iter()
            .for_each(|feed| feed.source().counters.begin(rows));
        Self(route, rows)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let feeds = self.0.feeds.iter();
        feeds.for_each(|feed| feed.source().counters.finish(self.1));
    }
}

/// Rows on their way to the disk, and what holds once they are there.
struct Submitted {
    ticket: Ticket,
    logged: Logged,
    /// How far each feed's source is then.
    progress: Vec<Progress>,
    /// The sequence of the last row.
    last: u64,
    at: Timestamp,
}

/// A row with what can be done before it has its place.
struct Prepared {
    /// Its position in the request.
    index: usize,
    row: Incoming,
    /// The row as the log keeps it.
    bytes: Vec<u8>,
    /// What becomes of it in each feed.
    taken: Vec<Taken>,
}

impl Prepared {
    /// All rows of a request but those that are refused.
    fn all(route: &Route, rows: Vec<Incoming>, later: &Later) -> Result<Vec<Self>, Error> {
        let borrowed: Vec<_> = rows.iter().collect();
        let refused = later.refuses(route, &borrowed)?;
        let feeds = route.feeds.iter();
        let taken = feeds.map(|feed| Ok(feed.take(&borrowed)?.into_iter()));
        let mut taken = taken.collect::<Result<Vec<_>, Error>>()?;
        let rows = rows.into_iter().zip(refused).enumerate();
        let rows = rows.map(|(index, (row, is_refused))| {
            let prepared = Self {
                index,
                bytes: entry::encode_row(&row),
                taken: taken.iter_mut().filter_map(Iterator::next).collect(),
                row,
            };
            (prepared, is_refused)
        });
        let kept = rows.filter(|(_, is_refused)| !is_refused);
        Ok(kept.map(|(prepared, _)| prepared).collect())
    }
}
