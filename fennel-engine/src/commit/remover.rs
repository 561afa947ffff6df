//! Removing the tables that no branch has any more, while everything else goes on.
//!
//! They are recorded as being dropped with the commit that makes them so. What isn't removed when the process
//! ends is removed by the next open.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::registry::drop_table;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::table::TableId;

/// One thread that removes tables, started with the first. Dropping this waits until all of them are removed.
#[derive(Debug, Default)]
pub(crate) struct Remover(Mutex<Option<Running>>);

#[derive(Debug)]
struct Running {
    queue: Sender<TableId>,
    thread: JoinHandle<Result<()>>,
}

impl Remover {
    /// Has tables removed, and returns at once.
    pub(crate) fn remove(&self, store: &Store, tables: Vec<TableId>) {
        if tables.is_empty() {
            return;
        }
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = start(store.clone());
        }
        // Without a thread they are left to the next open.
        if let Some(Running { queue, .. }) = &*running {
            for table in tables {
                let _ = queue.send(table);
            }
        }
    }

    /// Waits until all tables are removed that are to be.
    ///
    /// # Errors
    ///
    /// Why the first that isn't is there still; the next open removes it.
    pub(crate) fn finish(&self) -> Result<()> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { queue, thread }) = running else {
            return Ok(());
        };
        drop(queue);
        thread.join().unwrap_or_else(|_panic| {
            let what = "the thread that removes tables panicked; restart the server";
            Err(Error::Behind(what.into()))
        })
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next open.
        let _ = self.finish();
    }
}

fn start(store: Store) -> Option<Running> {
    let (queue, tables): (_, Receiver<TableId>) = channel();
    let thread = thread::Builder::new().name("fennel-remover".into());
    let thread = thread.spawn(move || {
        let dropped = tables.into_iter().map(|table| drop_table(&store, table));
        // Each is tried, whatever became of those before.
        dropped.fold(Ok(()), Result::and)
    });
    let thread = thread.ok()?;
    Some(Running { queue, thread })
}
