//! Waiting for a batch that was submitted.

use std::fmt;
use std::sync::mpsc::Receiver;

use super::{Result, StoreError};

/// A batch that has its place among all others; [`wait`](Ticket::wait) tells what became of it.
#[must_use = "only waiting tells whether the batch was written"]
pub struct Ticket(State);

enum State {
    Done(Result<()>),
    Queued(Receiver<Result<()>>),
}

impl Ticket {
    pub(super) fn done(outcome: Result<()>) -> Self {
        Self(State::Done(outcome))
    }

    pub(super) fn queued(answered: Receiver<Result<()>>) -> Self {
        Self(State::Queued(answered))
    }

    /// Blocks until the batch is durable and visible.
    ///
    /// # Errors
    ///
    /// As [`Store::write`](super::Store::write).
    pub fn wait(self) -> Result<()> {
        match self.0 {
            State::Done(outcome) => outcome,
            State::Queued(answered) => answered.recv().unwrap_or(Err(StoreError::Closed)),
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Space, Store, StoreError};

    #[test]
    fn batches_take_effect_in_the_order_in_which_they_were_submitted() {
        let dir = tempfile::tempdir().unwrap();
        for store in [Store::open(dir.path()).unwrap(), Store::in_memory()] {
            let submit = |value: &str| {
                let mut batch = Batch::new();
                batch.put(Space::Log, "key", value);
                store.submit(batch)
            };
            let tickets: Vec<_> = ["a", "b", "c"].map(|value| submit(value).unwrap()).into();
            tickets
                .into_iter()
                .rev()
                .for_each(|ticket| ticket.wait().unwrap());
            assert_eq!(
                store.get(Space::Log, b"key").unwrap().unwrap().as_ref(),
                b"c"
            );
            store.submit(Batch::new()).unwrap().wait().unwrap();
            store.close();
            assert!(matches!(submit("d"), Err(StoreError::Closed)));
        }
    }
}
