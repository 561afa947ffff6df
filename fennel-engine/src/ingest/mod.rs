//! Taking in rows: they are logged and applied to every table that they feed, in one batch.

mod applied;
mod debezium;
pub(crate) mod entry;
mod expression;
mod forget;
mod memory;
mod named;
mod part;
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
use std::sync::{Arc, MutexGuard, PoisonError, RwLockReadGuard};

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

pub(crate) use applied::{TakenRow, rows_of};
pub(crate) use entry::{EndpointId, end_within};
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
use crate::run::{Handed, Underway};
use crate::store::{Batch, Ticket};
use crate::{Engine, Error};
use part::Part;
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
    /// called at all, or is stopped where it isn't known then whether a row is about a key that is refused, [`Error::Store`] if the rows couldn't be written.
    pub fn log(&self, webhook: &str, endpoint: &str, rows: Vec<Incoming>) -> Result<Logged, Error> {
        let sent = rows.len();
        let (routes, preparing, held) = self.prepare((webhook, endpoint), rows)?;
        let route = routes.find(webhook, endpoint)?;
        let prepared = preparing.finish();
        let rows_refused = (sent - prepared.rows.len()) as u64;
        if prepared.rows.is_empty() {
            return Ok(Logged {
                rows_refused,
                ..Logged::default()
            });
        }
        let waiting = Waiting::new(route, prepared.rows.len());
        let submitted = self.submit(route, prepared)?;
        submitted.ticket.wait()?;
        submitted.underway.arrived();
        self.inner.judging.logged(submitted.last + 1);
        for (feed, progress) in route.feeds.iter().zip(submitted.progress) {
            feed.source().advance(progress.phase);
            feed.source().counters.add(progress.tally);
        }
        self.sequencer()
            .arrived(route.endpoint, submitted.last, submitted.at);
        drop(waiting);
        drop(held);
        // The rows are acknowledged whatever comes of this: what isn't applied now is with the next row, and
        // `check_applied` tells why.
        let _ = self.inner.apply_logged(submitted.last + 1);
        Ok(Logged {
            rows_refused,
            ..submitted.logged
        })
    }

    /// Finds out what becomes of rows, and holds the routes by which that is so, until the rows are durable: a commit
    /// which computes a table finds them in the log or here.
    fn prepare(
        &self,
        (webhook, endpoint): (&str, &str),
        rows: Vec<Incoming>,
    ) -> Result<(Arc<Routes>, Preparing, HeldRoutes<'_>), Error> {
        let routes = || {
            let routes = self.inner.routes.read();
            routes.unwrap_or_else(PoisonError::into_inner)
        };
        let mut preparing = Preparing::new(rows);
        loop {
            let (by, later) = (Arc::clone(&routes()), self.inner.later());
            // Functions take long, and those that never end take longest: nobody waits for them but who logs here.
            preparing.meet(by.find(webhook, endpoint)?, &later)?;
            let held = routes();
            if Arc::ptr_eq(&held, &by) && Arc::ptr_eq(&self.inner.later(), &later) {
                return Ok((by, preparing, held));
            }
        }
    }

    /// Numbers the rows and queues them, under one lock.
    fn submit(&self, route: &Route, prepared: Prepared) -> Result<Submitted<'_>, Error> {
        let Inner {
            store,
            clock,
            applier,
            ..
        } = &*self.inner;
        let (mut batch, mut logged) = (Batch::new(), Logged::default());
        let mut last = 0;
        let (applied, live) = (applier.applied(), applier.live());
        let sources = route.feeds.iter().map(Feed::id);
        let read = sources.filter(|(table, _)| live.is_read(*table));
        let bytes = prepared.parts.iter().map(Part::bytes).sum();
        let mut handed = Handed::of(read.collect(), bytes);
        let mut sequencer = self.sequencer();
        let first = sequencer.len();
        let mut progress: Vec<_> = route.feeds.iter().map(Feed::progress).collect();
        let arrival = sequencer.arrival(route.endpoint, clock.now());
        let Prepared {
            rows,
            parts,
            mut taken,
        } = prepared;
        entry::put(&mut batch, route.endpoint, first, arrival, parts);
        for (index, row) in rows {
            let sequence = sequencer.take();
            let before = logged.set_aside.len();
            let taken = taken.iter_mut().filter_map(Iterator::next);
            for ((feed, progress), taken) in route.feeds.iter().zip(&mut progress).zip(taken) {
                let id = feed.id();
                let aside = feed.settle(
                    progress,
                    taken,
                    (sequence, arrival, &row),
                    &mut batch,
                    |row| {
                        if handed.takes(id) {
                            handed.push(sequence, id, row);
                        }
                    },
                );
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
        applier.expect(route.endpoint, last + 1);
        let ticket = store.submit(batch)?;
        let underway = applier.hand(first..last + 1, route.endpoint, handed);
        for (feed, mark) in route.feeds.iter().zip(marks) {
            mark.into_iter().for_each(|mark| feed.source().mark(mark));
        }
        Ok(Submitted {
            ticket,
            underway,
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
        self.applier.run(&self.store, &self.judging, end, now)
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
struct Submitted<'e> {
    ticket: Ticket,
    underway: Underway<'e>,
    logged: Logged,
    /// How far each feed's source is then.
    progress: Vec<Progress>,
    /// The sequence of the last row.
    last: u64,
    at: Timestamp,
}

/// Rows with what can be done before they have their places.
struct Prepared {
    /// Each with its position in the request.
    rows: Vec<(usize, Incoming)>,
    /// As the log keeps them.
    parts: Vec<Part>,
    /// What becomes of them in each feed.
    taken: Vec<std::vec::IntoIter<Taken>>,
}

/// Routes that stay as they are until it is dropped.
type HeldRoutes<'e> = RwLockReadGuard<'e, Arc<Routes>>;

/// Rows of a request, and what becomes of them by the routes that were met last.
struct Preparing {
    rows: Vec<Incoming>,
    /// Which of them aren't taken.
    refused: Vec<bool>,
    /// What becomes of each row in each feed.
    taken: Vec<(Feed, Vec<Taken>)>,
}

impl Preparing {
    fn new(rows: Vec<Incoming>) -> Self {
        Self {
            rows,
            refused: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Finds out what becomes of the rows in feeds that weren't met before.
    fn meet(&mut self, route: &Route, later: &Later) -> Result<(), Error> {
        let rows: Vec<_> = self.rows.iter().collect();
        self.refused = later.refuses(route, &rows)?;
        let mut known = std::mem::take(&mut self.taken);
        for feed in &route.feeds {
            let at = known.iter().position(|(of, _)| of.is(feed));
            let taken = match at {
                Some(at) => known.swap_remove(at).1,
                None => feed.take(&rows)?,
            };
            self.taken.push((feed.clone(), taken));
        }
        Ok(())
    }

    /// All rows but those that are refused.
    fn finish(self) -> Prepared {
        let Self {
            rows,
            refused,
            taken,
        } = self;
        let taken = taken.into_iter().map(|(_, taken)| {
            let kept = taken.into_iter().zip(&refused);
            let kept = kept.filter_map(|(taken, is_refused)| (!is_refused).then_some(taken));
            kept.collect::<Vec<_>>().into_iter()
        });
        let taken = taken.collect();
        let rows = rows.into_iter().zip(&refused).enumerate();
        let kept = rows.filter(|(_, (_, is_refused))| !**is_refused);
        let rows: Vec<_> = kept.map(|(index, (row, _))| (index, row)).collect();
        let parts = Part::all(rows.iter().map(|(_, row)| row));
        Prepared { rows, parts, taken }
    }
}
