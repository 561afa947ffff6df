//! The embedded engine of fennel: durable log, tables, lookups and feature resolution.
//!
//! [`Engine::commit`] makes a branch what a request of the protocol says, [`Engine::log`] takes rows in, and
//! [`Engine::query`] and [`Engine::lookup`] answer as of now or of any instant. Every state is derived from
//! the log and the commits, in this order:
//!
//! ```text
//! commit -> catalog, checked -> graph: datasets, features                 commit, graph
//! row -> log, durable -> sources -> tables, rejects                       ingest, table, reject
//! query -> plan -> lookups as of an instant -> columns                    query, feature, lookup
//! ```
//!
//! What was acknowledged is on the disk: the rows of a request, what they change in tables, and those set aside
//! are one batch of the [`store`], so a crash leaves all of it or nothing. Time decides, arrival doesn't: a table
//! is the same for every order in which its rows come, but for rows of one key and event time, of which the
//! later arrival stays.
//!
//! ```
//! use std::sync::Arc;
//!
//! use fennel_engine::store::Store;
//! use fennel_engine::{Engine, SystemClock};
//!
//! # fn main() -> Result<(), fennel_engine::Error> {
//! let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock))?;
//! engine.init_branch("dev")?;
//! assert_eq!(engine.branches(), ["dev", "main"]);
//!
//! let refused = engine.log("app", "sales", Vec::new());
//! assert_eq!(refused.unwrap_err().to_string(), "no webhook `app`; there is none");
//! # Ok(())
//! # }
//! ```

pub mod python;
pub mod store;

mod branch;
mod clock;
mod columns;
mod commit;
mod describe;
mod engine;
mod erase;
mod error;
mod expectation;
mod feature;
mod graph;
mod history;
mod ingest;
mod inspect;
mod kernel;
mod lookup;
mod meta;
mod metrics;
mod native;
mod noted;
mod query;
mod recover;
mod reject;
mod run;
mod served;
mod state;
mod table;
mod tags;

pub use clock::{Clock, ManualClock, SystemClock};
pub use columns::{Column, Columns};
pub use commit::{Commit, CommitOptions};
pub use describe::Ingested;
pub use engine::{Engine, Options};
pub use erase::Erased;
pub use error::{Error, FailedRow};
pub use expectation::{Expectation, ExpectationWindow, Expectations};
pub use history::{Comparison, EntityChange, Moved, Names, PastCommit, ShownCommit};
pub use ingest::{Incoming, Logged, SetAside};
pub use lookup::Found;
pub use metrics::{
    BranchMetrics, DatasetMetrics, ExpectationMetrics, FeatureMetrics, PipelineMetrics,
    SourceMetrics,
};
pub use noted::{Note, Noted};
pub use query::Query;
pub use reject::{Reject, Rejects};
pub use served::{Keep, ServedRange, ServedRow, ServedRows};
pub use tags::BranchTags;
