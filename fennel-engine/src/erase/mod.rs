//! Erasing: rows about somebody go, from the log and from all that was made of them.
//!
//! The log comes first. Which rows are to go is found in it and written down; from then on it is done, whatever crash
//! comes between, since an open goes on from there. The rows are taken out of the log, and every table that takes rows of
//! their endpoints is computed anew from what is left, as a commit computes new tables. So all is as if the rows had
//! never come, also which other rows came late. Queries and logging go on, commits wait. In the end what was
//! deleted is taken off the disk.
//!
//! | file | has |
//! |---|---|
//! | `keys` | the keys of a request |
//! | `find` | which rows of the log name them |
//! | `pending` | what is written down of an erasure that isn't done yet |
//! | `later` | the keys of which no more rows are taken |

mod find;
mod keys;
mod later;
mod pending;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

pub(crate) use later::{Later, Refused};
pub(crate) use pending::{Pending, Rows};

use crate::commit::Registry;
use crate::engine::Inner;
use crate::error::Result;
use crate::ingest::EndpointId;
use crate::meta;
use crate::noted::Note;
use crate::served::{self, Named};
use crate::store::Batch;
use crate::{Engine, Error, Incoming};
use find::Search;
use keys::Keys;

/// What an erasure did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// How many rows left the log, each counted once.
    pub rows: u64,
    /// How many rows of features went that had been served and kept.
    pub served: u64,
    /// Why their bytes are in the data folder still, if they are; `None` where they are gone from its files. The next
    /// erasure and the next open try again.
    pub left: Option<String>,
}

impl Engine {
    /// Erases what is about any of `keys` in a dataset: the rows that were logged before the call and name one of them,
    /// also those that a source leaves out or that were set aside. They leave the log, and so every dataset of every
    /// branch that took them, with all that is made of these: afterwards everything is as if they had never come. Served
    /// rows that were kept go with them where a feature is known to be such a key: one by which a dataset of these rows
    /// is looked up, with keys that are called as the erase keys are.
    ///
    /// Each key is an object of all erase keys of the dataset. Rows that come later are taken again. With `later` as
    /// `Some(true)` they aren't from now on, for good; `Some(false)` takes them again. Of a refused key the engine
    /// keeps a hash alone.
    ///
    /// Takes as long as computing these datasets from the log and writing all that the store holds anew. Queries are
    /// answered meanwhile and, but for short moments, rows are taken in; commits wait. A key of which there are no rows
    /// is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there. [`Error::Request`] for a dataset without erase keys
    /// or without sources of its own, and, with the position of the key (from 0), for an erase key that is missing, unknown or of
    /// another type. [`Error::Python`] if it isn't known whom a row is about, since a function is stopped; nothing is erased
    /// then. [`Error::Store`] if it couldn't be written; once it is written down, the next erasure or open finishes it.
    pub fn erase(
        &self,
        branch: &str,
        dataset: &str,
        keys: Vec<Incoming>,
        later: Option<bool>,
    ) -> Result<Erased, Error> {
        self.erase_noted((branch, dataset), keys, later, &|| Ok(()))
    }

    pub(crate) fn erase_noted(
        &self,
        dataset: (&str, &str),
        keys: Vec<Incoming>,
        later: Option<bool>,
        note: Note<'_>,
    ) -> Result<Erased, Error> {
        let inner = &*self.inner;
        let _one_at_a_time = inner.erasing.lock();
        let mut registry = inner
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let keys = inner.erase_keys(&registry, dataset, keys)?;
        note()?;
        if let Some(Pending::Rows(rows)) = meta::erasure(&inner.store.snapshot())? {
            // The last one failed after it was written down.
            inner.finish_rows(&mut registry, &rows)?;
        }
        let begun = inner.begin(&registry, &keys, later);
        let (rows, served) = begun.inspect_err(|_| inner.served.epochs.end())?;
        if rows.count() == 0 && served == 0 {
            inner.served.epochs.end();
            return Ok(Erased::default());
        }
        inner.finish_rows(&mut registry, &rows)?;
        drop(registry);
        Ok(Erased {
            rows: rows.count(),
            served,
            left: inner.scrub().err(),
        })
    }

    /// Finishes the erasure that a crash left half done, if there is one.
    pub(crate) fn finish_erasure(&self) -> Result<()> {
        let inner = &*self.inner;
        let pending = meta::erasure(&inner.store.snapshot())?;
        if let Some(Pending::Rows(rows)) = &pending {
            let registry = inner.registry.lock();
            let mut registry = registry.unwrap_or_else(PoisonError::into_inner);
            match inner.finish_rows(&mut registry, rows) {
                // Nobody could commit a better function if that were a reason not to open. The next erasure tries again.
                Err(Error::Python(reason)) => {
                    tracing::error!("an erasure isn't finished: {reason}; erase again");
                    return Ok(());
                }
                done => done?,
            }
        }
        if pending.is_some() {
            // Nothing of it can be read any more, so that is no reason not to open. The next open tries again.
            let _ = inner.scrub();
        }
        Ok(())
    }
}

impl Inner {
    /// Finds the rows that are to go, and writes them down, if there are any: those of the log, and how many served ones. From
    /// here on no more are kept of these, until [`end`](served::Epochs::end).
    fn begin(&self, registry: &Registry, keys: &Keys, later: Option<bool>) -> Result<(Rows, u64)> {
        let mut search = Search::new(keys, |webhook, endpoint| {
            registry.endpoint(webhook, endpoint)
        });
        search.nearly_catch_up(&self.store)?;
        let tables = registry.fed_by(&search.endpoints()).into_values().collect();
        let names: Vec<_> = keys.names().collect();
        let named = Named::new(&self.branches, &tables, &names, keys.told.clone());
        let named = Arc::new(named);
        self.keep_none(&named);
        let served = named.places(&self.store)?;
        // What was logged before is durable, and what comes from now on stays.
        let _nobody_logs = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        search.catch_up(&self.store)?;
        let mut sequencer = self
            .sequencer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let rows = search.found(sequencer.len());
        let mut batch = Batch::new();
        if rows.count() > 0 || !served.is_empty() {
            meta::put_erasure(&mut batch, &Pending::Rows(rows.clone()));
            meta::put_erasure_served(&mut batch, &served);
        }
        let refused = later.map(|refuse| self.later().with(keys, refuse, &mut batch));
        let refused = refused.transpose()?;
        self.store.write(batch)?;
        if let Some(refused) = refused {
            self.set_later(refused);
        }
        for (endpoint, last) in search.last_kept() {
            sequencer.forget_after(endpoint, last);
        }
        Ok((rows, served.len() as u64))
    }

    /// Has nothing kept any more that is served and names what is erased.
    fn keep_none(&self, named: &Arc<Named>) {
        // Whoever holds it may be writing some.
        let _nobody_keeps = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        self.served.epochs.erase(Arc::clone(named));
    }

    /// Takes rows that are written down out of the log and of all tables.
    fn finish_rows(&self, registry: &mut Registry, rows: &Rows) -> Result<()> {
        // Whatever pipelines have still to take of the log they take while it is there. If that fails, it fails for the
        // tables that go.
        let _ = self.apply_logged(rows.end);
        let held = self.runner.hold();
        rows.take_out(&self.store)?;
        drop(held);
        served::take_out(&self.store, &meta::erasure_served(&self.store.snapshot())?)?;
        let endpoints: BTreeSet<EndpointId> = rows.endpoints().collect();
        let mut batch = Batch::new();
        meta::put_erasure(&mut batch, &Pending::Bytes);
        self.rebuild(registry, &endpoints, batch)?;
        self.served.epochs.end();
        Ok(())
    }

    /// Takes what was erased off the disk.
    ///
    /// # Errors
    ///
    /// Why its bytes are there still.
    fn scrub(&self) -> Result<(), String> {
        self.remover.finish();
        match self.store.scrub() {
            Ok(true) => {}
            Ok(false) => {
                return Err(
                    "something that was begun before reads it still, such as a long query".into(),
                );
            }
            Err(error) => return Err(error.to_string()),
        }
        let mut batch = Batch::new();
        meta::delete_erasure(&mut batch);
        self.store.write(batch).map_err(|error| error.to_string())
    }
}
