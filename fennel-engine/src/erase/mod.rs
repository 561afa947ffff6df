//! Erasing: rows about somebody go, from the log and from all that was made of them.
//!
//! First it is found out which rows of the log are to go. Every table that takes rows of their endpoints is computed anew
//! without them, as a commit computes new tables, so all is as if they had never come, also which other rows came late. If one
//! can't be computed, nothing is changed. In the moment from which on the new tables are read it is written down which
//! rows go, and then they are taken out of the log, whatever crash comes between, since an open goes on from there.
//! Queries and logging go on, commits wait. In the end what was deleted is taken off the disk.
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

use std::sync::{Arc, PoisonError};

pub(crate) use find::Search;
pub(crate) use later::{Later, Refused};
pub(crate) use pending::{Pending, Rows};

use crate::commit::{Registry, Switched};
use crate::engine::Inner;
use crate::error::Result;
use crate::meta;
use crate::noted::Note;
use crate::served::{self, Named, Whom};
use crate::store::Batch;
use crate::{Engine, Error, Incoming};
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
    /// another type. [`Error::Python`] if it isn't known whom a row is about, or what other rows come to, since a function is
    /// stopped; nothing is erased then. [`Error::Store`] if it couldn't be written; once it is written down, the next erasure or open finishes it.
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
        // The last one failed after it was written down.
        inner.finish_pending(&mut registry)?;
        let before = inner.later();
        let begun = inner.begin(&registry, &keys, later);
        let made = begun.and_then(|begun| inner.make_without(&mut registry, begun));
        let (switched, rows, served) = match made {
            Ok(Some(made)) => made,
            Ok(None) => {
                inner.served.epochs.end();
                drop(registry);
                // What an earlier one erased may still be on the disk.
                let pending = meta::erasure(&inner.store.snapshot())?;
                return Ok(Erased {
                    left: pending.and_then(|_| inner.scrub().err()),
                    ..Erased::default()
                });
            }
            Err(error) => {
                // It is as if it had never begun.
                inner.set_later(before);
                inner.served.epochs.fail();
                return Err(error);
            }
        };
        let taken = inner.take_out(&rows);
        inner.resume(switched);
        taken?;
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
        if pending.is_none() {
            return Ok(());
        }
        let registry = inner.registry.lock();
        let mut registry = registry.unwrap_or_else(PoisonError::into_inner);
        match inner.finish_pending(&mut registry) {
            // Nobody could commit a better function if that were a reason not to open. The next erasure tries again.
            Err(Error::Python(reason)) => {
                tracing::error!(
                    "{reason}; until then nothing is logged of features that look up datasets of these rows"
                );
                // Whom the rows were about isn't written down, and the tables still tell.
                let rows = pending.iter().filter_map(Pending::rows);
                let endpoints = rows.flat_map(Rows::endpoints).collect();
                inner.keep_none(Named {
                    endpoints: registry.names_of(&endpoints),
                    whom: Whom::Anybody,
                });
                return Ok(());
            }
            done => done?,
        }
        drop(registry);
        // Nothing of it can be read any more, so that is no reason not to open. The next open tries again.
        let _ = inner.scrub();
        Ok(())
    }
}

/// An erasure of which nothing is written down.
struct Begun<'k> {
    search: Search<'k>,
    /// Where served rows are that go.
    served: Vec<Vec<u8>>,
    /// What is to be written with it.
    batch: Batch,
}

impl Inner {
    /// Finds the rows that are to go: those of the log that came so far, and served ones. From here on no more are kept of
    /// these until the epoch ends, and rows of refused keys aren't taken.
    fn begin<'k>(
        &self,
        registry: &Registry,
        keys: &'k Keys,
        later: Option<bool>,
    ) -> Result<Begun<'k>> {
        let mut search = Search::new(keys, |webhook, endpoint| {
            registry.endpoint(webhook, endpoint)
        });
        search.nearly_catch_up(&self.store)?;
        let named = self.keep_none(Named {
            endpoints: keys.endpoints(),
            whom: Whom::Keys(keys.names().map(String::from).collect(), keys.told.clone()),
        });
        let served = named.places(&self.branches, &self.store)?;
        // What was logged before is durable, and what comes from now on stays.
        let _nobody_logs = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        search.catch_up(&self.store.snapshot())?;
        let sequencer = self.sequencer.lock();
        search.set_end(sequencer.unwrap_or_else(PoisonError::into_inner).len());
        let mut batch = Batch::new();
        if let Some(refuse) = later {
            let later = self.later().with(keys, refuse, &mut batch)?;
            self.set_later(Arc::new(later));
        }
        Ok(Begun {
            search,
            served,
            batch,
        })
    }

    /// Has nothing kept any more that is served and names what is erased.
    fn keep_none(&self, named: Named) -> Arc<Named> {
        let named = Arc::new(named);
        // Whoever holds it may be writing some.
        let _nobody_keeps = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        self.served.epochs.erase(Arc::clone(&named));
        named
    }

    /// Makes all tables anew without the rows that were found, and writes down that these are to leave the log. Gives the
    /// turn, in which they do, with how many served ones do. If there is nothing to erase, nothing is made.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a function that makes other rows is stopped. Nothing is changed then.
    fn make_without(
        &self,
        registry: &mut Registry,
        begun: Begun<'_>,
    ) -> Result<Option<(Switched<'_>, Rows, u64)>> {
        let Begun {
            search,
            served,
            mut batch,
        } = begun;
        let found = search.found();
        if found.count() == 0 && served.is_empty() {
            self.store.write(batch)?;
            return Ok(None);
        }
        // Whatever pipelines have still to take of the log they take before. If that fails, it fails for the tables that go.
        let _ = self.apply_logged(found.end());
        meta::put_erasure_served(&mut batch, &served);
        let endpoints = found.endpoints().collect();
        let made = self.rebuild(registry, &endpoints, Some(search), batch);
        let (switched, rows) = made.map_err(|error| told("nothing is erased", error))?;
        Ok(Some((switched, rows, served.len() as u64)))
    }

    /// Takes rows that no table has any more out of the log, and served ones with them, while nobody applies rows.
    fn take_out(&self, rows: &Rows) -> Result<()> {
        rows.take_out(&self.store)?;
        served::take_out(&self.store, &meta::erasure_served(&self.store.snapshot())?)?;
        let mut batch = Batch::new();
        meta::put_erasure(&mut batch, &Pending::Bytes);
        self.store.write(batch)?;
        self.served.epochs.end();
        Ok(())
    }

    /// Finishes the erasure that is written down, if there is one, but for its bytes.
    fn finish_pending(&self, registry: &mut Registry) -> Result<()> {
        match meta::erasure(&self.store.snapshot())? {
            Some(Pending::Rows(rows)) => self.finish_rows(registry, &rows),
            _ => self.finish_taking_out(),
        }
    }

    /// Takes those rows out of the log that tables were made without, if that failed: whoever fills a table from the log
    /// mustn't find them.
    pub(crate) fn finish_taking_out(&self) -> Result<()> {
        match meta::erasure(&self.store.snapshot())? {
            Some(Pending::Log(rows)) => {
                let _nobody_applies = self.take_turn();
                self.take_out(&rows)
            }
            Some(Pending::Rows(_) | Pending::Bytes) | None => Ok(()),
        }
    }

    /// Finishes what an earlier version began: the rows leave the log before the tables are made anew.
    fn finish_rows(&self, registry: &mut Registry, rows: &Rows) -> Result<()> {
        let turn = self.take_turn();
        rows.take_out(&self.store)?;
        drop(turn);
        served::take_out(&self.store, &meta::erasure_served(&self.store.snapshot())?)?;
        let mut batch = Batch::new();
        meta::put_erasure(&mut batch, &Pending::Bytes);
        let endpoints = rows.endpoints().collect();
        let made = self.rebuild(registry, &endpoints, None, batch);
        let (switched, _) =
            made.map_err(|error| told("an erasure that was begun before isn't finished", error))?;
        self.resume(switched);
        self.served.epochs.end();
        Ok(())
    }

    /// Takes what was erased off the disk.
    ///
    /// # Errors
    ///
    /// Why its bytes are there still.
    fn scrub(&self) -> Result<(), String> {
        let removed = self.remover.finish();
        removed.map_err(|error| error.to_string())?;
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

/// What isn't done since a function is stopped, and what to do.
fn told(not_done: &str, error: Error) -> Error {
    match error {
        Error::Python(what) => Error::Python(format!(
            "{not_done}, since {what}; erase again once that function answers, or commit one that does under a new version"
        )),
        error => error,
    }
}
