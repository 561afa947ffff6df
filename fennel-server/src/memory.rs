//! A bound on what all requests take of memory together.
//!
//! A body is small beside what is made of it, so a request holds what it comes to, by about: its bytes, the values that
//! its JSON has, the rows that are made of them. What is held is given back when the work is done.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Failure;

/// Bytes that cost nothing, so that small requests are served however much the large ones take.
const FREE: usize = 64 << 10;
/// What is counted with: a permit stands for so many bytes.
const UNIT: usize = 1 << 10;

/// The memory that requests share.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    left: Arc<Semaphore>,
    units: usize,
}

/// What one request holds.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Memory,
    free: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub(crate) fn new(bytes: usize) -> Memory {
        let units = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Memory {
            left: Arc::new(Semaphore::new(units)),
            units,
        }
    }

    /// Nothing yet.
    pub(crate) fn hold(&self) -> Held {
        Held {
            memory: self.clone(),
            free: FREE,
            permit: None,
        }
    }
}

impl Held {
    /// Holds so many bytes more, or refuses: for now, or for ever where the server has no more than that.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        if let Some(free) = self.free.checked_sub(bytes) {
            self.free = free;
            return Ok(());
        }
        let units = (bytes - std::mem::take(&mut self.free)).div_ceil(UNIT);
        let held = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(units) = u32::try_from(units)
            .ok()
            .filter(|units| held + *units as usize <= self.memory.units)
        else {
            return Err(Failure::too_much(self.memory.units * UNIT));
        };
        let more = Arc::clone(&self.memory.left).try_acquire_many_owned(units);
        let more = more.map_err(|_| Failure::busy())?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(grown: Result<(), Failure>) -> Option<u16> {
        grown.err().map(|failure| failure.status().as_u16())
    }

    #[test]
    fn what_one_holds_the_others_lack_until_it_is_dropped() {
        let memory = Memory::new(1 << 20);
        let (mut one, mut two) = (memory.hold(), memory.hold());
        assert_eq!(status(one.grow(FREE + (600 << 10))), None);
        assert_eq!(status(two.grow(FREE)), None, "a small one is served");
        assert_eq!(status(two.grow(425 << 10)), Some(503));
        assert_eq!(status(two.grow(400 << 10)), None);
        assert_eq!(status(one.grow(400 << 10)), Some(503));
        drop(two);
        assert_eq!(status(one.grow(400 << 10)), None);
        drop(one);
        assert_eq!(status(memory.hold().grow(FREE + (1 << 20))), None);
    }

    #[test]
    fn what_never_fits_is_told_apart() {
        let memory = Memory::new(1 << 20);
        let mut held = memory.hold();
        assert_eq!(status(held.grow(FREE + (1 << 20) + 1)), Some(413));
        assert_eq!(status(memory.hold().grow(usize::MAX)), Some(413));
        let mut held = memory.hold();
        assert_eq!(status(held.grow(FREE + (1 << 20))), None);
        assert_eq!(status(held.grow(1)), Some(413));
    }
}
