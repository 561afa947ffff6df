//! The embedded engine of fennel: durable log, tables, lookups and feature resolution.

pub mod store;

mod branch;
mod clock;
mod columns;
mod commit;
mod error;
mod ingest;
mod inspect;
mod lookup;
mod query;
mod reject;

use std::sync::Arc;

pub use clock::{Clock, ManualClock, SystemClock};
pub use columns::{Column, Columns};
pub use commit::{Commit, CommitOptions};
pub use error::Error;
pub use ingest::{Incoming, Logged, SetAside};
pub use lookup::Found;
pub use query::Query;
pub use reject::{Reject, Rejects};

use store::Store;

/// An engine on a store; clones are handles to the same one.
///
/// Every method can be called from any thread at any time. They block, for the disk at least, so an
/// asynchronous caller gives them a thread.
#[derive(Clone)]
pub struct Engine(Arc<()>);

impl Engine {
    /// Opens the engine on a store, and finishes or undoes what a crash left half done.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], or [`Error::Corrupt`] if the store holds something else than an engine's data.
    pub fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Engine, Error> {
        let _ = (store, clock);
        todo!()
    }

    /// Makes durable what was submitted and takes no more writes; queries go on. The folder is released with
    /// the last handle.
    pub fn close(&self) {
        todo!()
    }
}
