//! The embedded engine of fennel: durable log, tables, lookups and feature resolution.

pub mod store;

mod branch;
mod clock;
mod columns;
mod commit;
mod engine;
mod error;
mod feature;
mod graph;
mod ingest;
mod inspect;
mod lookup;
mod meta;
mod query;
mod recover;
mod reject;
mod table;

pub use clock::{Clock, ManualClock, SystemClock};
pub use columns::{Column, Columns};
pub use commit::{Commit, CommitOptions};
pub use engine::Engine;
pub use error::Error;
pub use ingest::{Incoming, Logged, SetAside};
pub use lookup::Found;
pub use query::Query;
pub use reject::{Reject, Rejects};
