//! The engine itself: what its parts share, and how it is opened.

use std::fmt;
use std::sync::{Arc, Mutex, RwLock};

use fennel_core::time::{Duration, Timestamp};

use crate::branch::Branches;
use crate::clock::Clock;
use crate::commit::{Registry, Remover};
use crate::erase::Later;
use crate::error::{Error, Result};
use crate::expectation::Judging;
use crate::graph::Graph;
use crate::ingest::{Routes, Sequencer};
use crate::python::Runner;
use crate::run;
use crate::served;
use crate::store::{Snapshot, Store};

/// An engine on a store; clones are handles to the same one.
///
/// Every method can be called from any thread at any time. They block, for the disk at least, so an
/// asynchronous caller gives them a thread.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

/// How an engine works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How many rows a step of a pipeline takes, at least, before it is looked through for what no row can need any
    /// more: rows that are older than the watermark and that nothing is compared with again. Fewer save disk, more
    /// save time. Answers don't depend on it.
    pub compact_after: usize,
    /// How many rows of a dataset a pipeline takes at once, at most, where a commit fills another with them. Fewer take less
    /// memory, more save time. Answers don't depend on it.
    pub fill_rows: usize,
    /// How many rows a dataset takes, at least, before it is looked through for what is older than its history. Fewer
    /// save disk, more save time. What can be asked for in any case doesn't depend on it: what holds as of an instant
    /// within the history. `None`, the default, keeps everything: what was removed is missing to datasets that are
    /// defined later.
    pub trim_after: Option<usize>,
    /// How long the windows of arrival time are by which results of expectations are told.
    pub expectation_window: Duration,
    /// How many windows of a dataset's expectations are kept, at least 1: the latest.
    pub expectation_windows: u32,
    /// How long features are kept that were served to be logged.
    pub served_kept: Duration,
    /// Who runs Python functions. Where that is nobody, definitions that need one are refused.
    pub python: Option<Arc<dyn Runner>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compact_after: 10_000,
            fill_rows: 4_000,
            trim_after: None,
            expectation_window: Duration::from_micros(3_600_000_000),
            expectation_windows: 720,
            served_kept: Duration::from_days(730),
            python: None,
        }
    }
}

/// What the handles share. Locks are taken in the order in which they stand here.
pub(crate) struct Inner {
    /// Held while rows are erased.
    pub(crate) erasing: Mutex<()>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// What there is beside branches; a commit holds it from beginning to end.
    pub(crate) registry: Mutex<Registry>,
    /// Where rows go. Whoever logs reads it while the rows become durable, and a commit writes it.
    pub(crate) routes: RwLock<Arc<Routes>>,
    pub(crate) sequencer: Mutex<Sequencer>,
    /// Of which keys no more rows are taken.
    pub(crate) later: RwLock<Arc<Later>>,
    pub(crate) branches: Branches,
    /// Applies rows to pipelines.
    pub(crate) applier: run::Applier,
    /// Asks of rows what is expected of them.
    pub(crate) judging: Judging,
    /// What is kept track of while served rows are kept.
    pub(crate) served: served::Kept,
    /// How long they are kept.
    pub(crate) served_kept: Duration,
    /// Who runs Python functions.
    pub(crate) python: Option<Arc<dyn Runner>>,
    /// Removes what commits leave unused.
    pub(crate) remover: Remover,
}

impl Engine {
    /// Opens the engine on a store, and undoes or finishes what a crash left half done.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], or [`Error::Corrupt`] if the store holds something else than an engine's data.
    pub fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Engine, Error> {
        Self::open_with(store, clock, &Options::default())
    }

    /// Opens the engine on a store as [`open`](Engine::open) does, with these options.
    ///
    /// # Errors
    ///
    /// As [`open`](Engine::open).
    pub fn open_with(
        store: Store,
        clock: Arc<dyn Clock>,
        options: &Options,
    ) -> Result<Engine, Error> {
        let inner = Inner::recover(store, clock, options)?;
        let engine = Engine {
            inner: Arc::new(inner),
        };
        engine.finish_erasure()?;
        Ok(engine)
    }

    /// The present instant, by the engine's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Whether the engine still takes rows and commits; queries are answered in any case. It doesn't wait for the
    /// disk.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] after a write failed in a way that needs a restart, or after [`close`](Engine::close).
    pub fn check_writable(&self) -> Result<(), Error> {
        Ok(self.inner.store.check_writable()?)
    }

    /// Whether derived datasets have all rows that were acknowledged, but for those that are being applied.
    ///
    /// # Errors
    ///
    /// [`Error::Behind`] with why the last attempt to apply some failed.
    pub fn check_applied(&self) -> Result<(), Error> {
        self.inner.applier.check()
    }

    /// Makes durable what was submitted and takes no more writes; queries go on. The folder is released with
    /// the last handle.
    pub fn close(&self) {
        self.inner.judging.finish();
        self.inner.store.close();
        // What isn't removed is removed by the next open.
        let _ = self.inner.remover.finish();
    }

    /// The definitions of a branch, and a state of the store that has all their tables.
    pub(crate) fn view(&self, branch: &str) -> Result<(Arc<Graph>, Snapshot)> {
        self.inner.branches.read(branch, |branch| {
            (Arc::clone(&branch.graph), self.inner.store.snapshot())
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.inner.store).finish()
    }
}
