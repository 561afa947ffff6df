//! What is erased while rows are served.
//!
//! A query may answer a row that names a key which is erased meanwhile, and would keep it when the erasure has looked for
//! such rows already. So a query takes the epoch before it reads anything, and keeps no row that names a key whose erasure
//! began in that epoch or later. An epoch ends once nothing of what is erased in it can be read any more.

use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::erase::Named;

/// The epochs since the open.
#[derive(Debug, Default)]
pub(crate) struct Epochs(Mutex<Arc<Epoch>>);

/// From the end of an erasure to the end of the next one.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// What is erased then, and what follows.
    erased: OnceLock<(Arc<Named>, Arc<Epoch>)>,
}

impl Epochs {
    /// The one that it is.
    pub(super) fn current(&self) -> Arc<Epoch> {
        Arc::clone(&self.lock())
    }

    /// Begins an erasure: from now on nobody keeps a row that it names. The caller sees to it that nobody is just writing
    /// some.
    pub(crate) fn erase(&self, named: Arc<Named>) {
        let last = self.last();
        let first = last.erased.set((named, Arc::default()));
        first.expect("the last epoch has no erasure, and one erasure begins at a time");
    }

    /// Ends the epoch: who begins to answer from now on finds nothing of what was erased.
    pub(crate) fn end(&self) {
        let last = self.last();
        *self.lock() = last;
    }

    fn last(&self) -> Arc<Epoch> {
        let mut last = self.current();
        while let Some((_, next)) = last.erased.get() {
            last = Arc::clone(next);
        }
        last
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Epoch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Epoch {
    /// What was erased in it and since.
    pub(super) fn erased(&self) -> impl Iterator<Item = &Named> {
        let erased = iter::successors(self.erased.get(), |(_, next)| next.erased.get());
        erased.map(|(named, _)| &**named)
    }
}
