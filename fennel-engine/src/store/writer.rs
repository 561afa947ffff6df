//! Group commit: one thread writes for everyone.
//!
//! Whoever writes puts a batch into a queue and waits. The thread takes all that is queued, writes it as one
//! batch of the database with one fsync, lets readers see it, and answers everyone. While it waits for the disk the
//! next group gathers, so the groups grow with the load and nobody waits for a timer.
//!
//! A write that fails may have left a torn record in the journal, and fjall would drop everything
//! behind that on the next open. So after an error the thread writes nothing more. It notes where the failed group
//! began, for [`journal::mend`](super::journal::mend) to cut off what of it may still get to the disk.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::batch::{Batch, resolve};
use super::durable::{Shared, View};
use super::{Result, StoreError};

/// Batches that may wait before those who write are held up in submitting.
const QUEUE: usize = 1024;
/// Bytes after which a group isn't made larger, to bound how long its first batch waits.
const GROUP_BYTES: usize = 8 << 20;

/// The queue and the thread behind it.
pub(super) struct Writer {
    queue: RwLock<Option<SyncSender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Request {
    batch: Batch,
    answer: SyncSender<Result<()>>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let (queue, requests) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("fennel-store".into())
            .spawn(move || {
                Committer { shared }.run(&requests);
            })?;
        Ok(Self {
            queue: RwLock::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues `batch`; the answer comes once it is durable and visible.
    pub(super) fn submit(&self, batch: Batch) -> Result<Receiver<Result<()>>> {
        let (answer, answered) = sync_channel(1);
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(StoreError::Closed)?;
        queue
            .send(Request { batch, answer })
            .map_err(|_| StoreError::Closed)?;
        Ok(answered)
    }

    /// Whether the queue takes batches still.
    pub(super) fn check_open(&self) -> Result<()> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map(drop).ok_or(StoreError::Closed)
    }

    /// Lets the thread finish what is queued, and waits for its end.
    pub(super) fn close(&self) {
        drop(
            self.queue
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It catches panics itself, so there is no outcome to look at.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// The side of the thread.
struct Committer {
    shared: Arc<Shared>,
}

impl Committer {
    fn run(&self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut group = Group {
                bytes: first.batch.bytes(),
                requests: vec![first],
            };
            while group.bytes < GROUP_BYTES
                && let Ok(next) = requests.try_recv()
            {
                group.bytes += next.batch.bytes();
                group.requests.push(next);
            }
            self.commit(group);
        }
    }

    fn commit(&self, group: Group) {
        let Group { requests, bytes } = group;
        let parts = requests.into_iter().map(|it| (it.batch, it.answer));
        let (batches, waiting): (Vec<_>, Vec<_>) = parts.unzip();
        let outcome = match self.shared.failed.get() {
            Some(error) => Err(error.clone()),
            None => self.write(batches).inspect_err(|error| self.fail(error)),
        };
        self.shared.room.release(bytes);
        for answer in waiting {
            // Whoever asked may be gone; the batch counts all the same.
            let _ = answer.send(outcome.clone());
        }
    }

    /// Makes `batches` durable and then visible.
    fn write(&self, batches: Vec<Batch>) -> Result<()> {
        let shared = &self.shared;
        while shared.is_behind() {
            // Writes nothing, but tells whether the workers are still alive.
            shared
                .db
                .persist(fjall::PersistMode::Buffer)
                .map_err(|e| shared.error(e))?;
            thread::sleep(Duration::from_millis(1));
        }
        // Only this thread writes, so what readers see is all there is.
        let view = View::latest(shared);
        // Before anybody sees them.
        let commit = view.commit() + 1;
        let touched = batches.iter().map(Batch::touched);
        touched.for_each(|keys| shared.row_cache.stamp(keys, commit));
        let values = resolve(batches, |space, key| view.get(space, key))?;
        let mut all = shared
            .db
            .batch()
            .durability(Some(fjall::PersistMode::SyncAll));
        for (space, key, value) in values {
            match value {
                Some(value) => all.insert(shared.space(space), key, value),
                None => all.remove(shared.space(space), key),
            }
        }
        let begin = shared.db.seqno();
        let committed = catch_unwind(AssertUnwindSafe(|| all.commit()));
        match committed {
            Ok(Ok(())) => {
                shared.publish(commit);
                Ok(())
            }
            Ok(Err(error)) => {
                // The group isn't in the tables: an error comes from the journal, which is first. If the
                // note can't be written, the group may be found by the next open.
                let _ = shared.folder.set_discard(Some(begin));
                Err(shared.error(error))
            }
            // A bug of fjall; part of the group may be in the tables, so the next open decides.
            Err(_panic) => Err(shared.error(fjall::Error::Poisoned)),
        }
    }

    fn fail(&self, error: &StoreError) {
        let dir = self.shared.folder.dir().to_path_buf();
        // Only this thread sets it, and it writes nothing more from then on.
        let _ = self.shared.failed.set(StoreError::Failed {
            dir,
            source: Box::new(error.clone()),
        });
    }
}

/// Requests that are committed together.
struct Group {
    requests: Vec<Request>,
    bytes: usize,
}
