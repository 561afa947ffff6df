//! Taking in rows: they are logged and applied to every table that they feed, in one batch.

mod entry;
mod path;
mod replay;
mod route;
mod sample;
mod sequence;
mod source;

use std::collections::BTreeMap;
use std::sync::PoisonError;

use fennel_core::value::Value;

pub(crate) use entry::EndpointId;
pub(crate) use replay::Replay;
pub(crate) use route::{Route, Routes};
pub(crate) use sequence::Sequencer;
pub(crate) use source::Source;

use crate::engine::Inner;
use crate::store::{Batch, Ticket};
use crate::{Engine, Error};
use source::Taken;

/// A row as it comes: values of JSON by column.
pub type Incoming = BTreeMap<String, Value>;

/// What became of the rows of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// How many rows are in the log now: all of the request.
    pub rows: u64,
    /// The ones that don't fit a dataset that they feed, by row.
    pub set_aside: Vec<SetAside>,
}

/// A row that doesn't fit a dataset. It is kept, and [`Engine::rejects`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The dataset.
    pub dataset: String,
    /// The row's position in the request, from 0.
    pub row: usize,
    /// Each column that doesn't fit, with why.
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
    /// [`Error::Unknown`] if no branch has the endpoint, [`Error::Store`] if the rows couldn't be written.
    pub fn log(&self, webhook: &str, endpoint: &str, rows: Vec<Incoming>) -> Result<Logged, Error> {
        // Held until the rows are durable, so that a commit which computes a table finds them in the log or here.
        let routes = self
            .inner
            .routes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let route = routes.find(webhook, endpoint)?;
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| Prepared::new(route, row))
            .collect();
        if rows.is_empty() {
            return Ok(Logged::default());
        }
        let (ticket, logged) = self.submit(route, rows)?;
        ticket.wait()?;
        Ok(logged)
    }

    /// Numbers the rows and queues them, under one lock.
    fn submit(&self, route: &Route, rows: Vec<Prepared>) -> Result<(Ticket, Logged), Error> {
        let Inner {
            store,
            clock,
            sequencer,
            ..
        } = &*self.inner;
        let (mut batch, mut logged) = (Batch::new(), Logged::default());
        let mut sequencer = sequencer.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = sequencer.arrive(route.endpoint, clock.now());
        for (i, Prepared { row, bytes, taken }) in rows.into_iter().enumerate() {
            let sequence = sequencer.take();
            entry::put(&mut batch, route.endpoint, sequence, arrival, &bytes);
            for (feed, taken) in route.feeds.iter().zip(taken) {
                let aside = feed.settle(taken, &row, sequence, arrival, &mut batch);
                logged.set_aside.extend(aside.map(|reason| SetAside {
                    dataset: feed.table.dataset.clone(),
                    row: i,
                    reason,
                }));
            }
            logged.rows += 1;
        }
        Ok((store.submit(batch)?, logged))
    }
}

/// A row with what can be done before it has its place.
struct Prepared {
    row: Incoming,
    /// The row as the log keeps it.
    bytes: Vec<u8>,
    /// What becomes of it in each feed.
    taken: Vec<Taken>,
}

impl Prepared {
    fn new(route: &Route, row: Incoming) -> Self {
        let taken = route.feeds.iter().map(|feed| feed.take(&row)).collect();
        Self {
            bytes: entry::encode_row(&row),
            taken,
            row,
        }
    }
}
