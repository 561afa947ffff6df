//! Room on the disk: what is left free for the background work that writes cause.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batch::Batch;

/// What a batch takes on the disk: once in the journal, once in a table.
const COPIES: u64 = 2;

/// What is promised to batches that aren't on the disk yet.
#[derive(Debug)]
pub(super) struct Room {
    /// Bytes that are left free.
    reserve: u64,
    promised: Mutex<u64>,
}

impl Room {
    pub(super) fn new(reserve: u64) -> Self {
        Self {
            reserve,
            promised: Mutex::default(),
        }
    }

    /// Promises room to a batch, if there is any besides the reserve and what others were promised. A batch that only
    /// deletes may use half of the reserve.
    pub(super) fn promise(&self, batch: &Batch, free: impl FnOnce() -> u64) -> bool {
        let bytes = batch.bytes() as u64;
        let mut promised = self.promised();
        if self.reserve > 0 {
            let reserve = match batch.only_deletes() {
                true => self.reserve / 2,
                false => self.reserve,
            };
            let needed = COPIES.saturating_mul(*promised + bytes);
            if free() < reserve.saturating_add(needed) {
                return false;
            }
        }
        *promised += bytes;
        true
    }

    /// Takes a promise back: the batch is on the disk, or never will be.
    pub(super) fn release(&self, bytes: usize) {
        let mut promised = self.promised();
        *promised = promised.saturating_sub(bytes as u64);
    }

    fn promised(&self) -> MutexGuard<'_, u64> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Space;
    use super::*;

    fn put(len: usize) -> Batch {
        let mut batch = Batch::new();
        batch.put(Space::Log, "key", vec![0; len]);
        batch
    }

    #[test]
    fn what_is_on_its_way_counts() {
        let (room, batch) = (Room::new(1_000), put(100));
        let free = 1_000 + 2 * 2 * batch.bytes() as u64;
        assert!(room.promise(&batch, || free) && room.promise(&batch, || free));
        assert!(!room.promise(&batch, || free));
        assert!(!room.promise(&put(0), || free), "not a byte is left");
        room.release(batch.bytes());
        assert!(room.promise(&batch, || free));
    }

    #[test]
    fn deletes_use_half_of_the_reserve_and_without_one_all_is_let_in() {
        let mut delete = Batch::new();
        delete.delete(Space::Log, "key");
        let free = 500 + 2 * delete.bytes() as u64;
        let room = Room::new(1_000);
        assert!(!room.promise(&put(0), || free));
        assert!(room.promise(&delete, || free) && !room.promise(&delete, || free));
        assert!(Room::new(0).promise(&put(1_000), || 0));
    }
}
