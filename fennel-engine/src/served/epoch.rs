//! What is erased while rows are served.
//!
//! A query may answer a row that names a key which is erased meanwhile, and would keep it when the erasure has looked for
//! such rows already. So a query takes the epoch before it reads anything, and keeps no row that names a key whose erasure
//! began in that epoch or later. An epoch ends once nothing of what is erased in it can be read any more. It ends as well
//! when the erasure fails before anything is changed, and then it is as if that had never begun.

use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::erase::Named;

/// The epochs since the open.
#[derive(Debug, Default)]
pub(crate) struct Epochs(Mutex<Arc<Epoch>>);

/// From the end of an erasure to the end of the next one.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// What is erased then, and what follows.
    erasure: OnceLock<Erasure>,
}

#[derive(Debug)]
struct Erasure {
    named: Arc<Named>,
    has_failed: AtomicBool,
    next: Arc<Epoch>,
}

impl Epochs {
    /// The one that it is.
    pub(super) fn current(&self) -> Arc<Epoch> {
        Arc::clone(&self.lock())
    }

    /// Begins an erasure: from now on nobody keeps a row that it names. The caller sees to it that nobody is just writing
    /// some.
    pub(crate) fn erase(&self, named: Arc<Named>) {
        let erasure = Erasure {
            named,
            has_failed: AtomicBool::new(false),
            next: Arc::default(),
        };
        let first = self.lock().erasure.set(erasure);
        first.expect("one erasure begins at a time, and its epoch ends before the next one");
    }

    /// Ends the epoch, if an erasure has begun in it: who begins to answer from now on finds nothing of what was erased.
    pub(crate) fn end(&self) {
        let mut current = self.lock();
        let next = current.erasure.get().map(|it| Arc::clone(&it.next));
        if let Some(next) = next {
            *current = next;
        }
    }

    /// Ends the epoch, if an erasure has begun in it, of which nothing comes: all that names its keys is kept again.
    pub(crate) fn fail(&self) {
        if let Some(erasure) = self.current().erasure.get() {
            erasure.has_failed.store(true, Ordering::Release);
        }
        self.end();
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Epoch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Epoch {
    /// What was erased in it and since.
    pub(super) fn erased(&self) -> impl Iterator<Item = &Named> {
        let erasures = iter::successors(self.erasure.get(), |it| it.next.erasure.get());
        let erased = erasures.filter(|it| !it.has_failed.load(Ordering::Acquire));
        erased.map(|it| &*it.named)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Whom;
    use super::*;

    #[test]
    fn an_erasure_that_fails_is_none_for_those_who_began_before_its_end() {
        let erase = |epochs: &Epochs| {
            epochs.erase(Arc::new(Named {
                endpoints: BTreeSet::new(),
                whom: Whom::Anybody,
            }));
        };
        let erased = |epoch: &Epoch| epoch.erased().count();
        let epochs = Epochs::default();
        let begun = epochs.current();
        erase(&epochs);
        let meanwhile = epochs.current();
        assert_eq!([&begun, &meanwhile].map(|it| erased(it)), [1, 1]);
        epochs.fail();
        let after = epochs.current();
        assert_eq!([&begun, &meanwhile, &after].map(|it| erased(it)), [0; 3]);
        erase(&epochs);
        epochs.end();
        assert_eq!([&begun, &meanwhile, &after].map(|it| erased(it)), [1; 3]);
        assert_eq!(erased(&epochs.current()), 0);
    }
}
