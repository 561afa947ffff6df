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
