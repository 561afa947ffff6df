//! What fennel's definitions mean.
//!
//! Types, descriptors, checks, the catalog, the difference between two catalogs, and the wire
//! format. Everything here is pure: no clock, socket, file or thread, so that the very same
//! functions run inside rustc, in `sync`, and on the server.
//!
//! | module | holds |
//! |---|---|
//! | [`ty`] | column types, and the Rust types that can be columns |
//! | [`value`] | run-time values and how incoming data is matched to a type |
//! | [`literal`] | constants in definitions, and what type they fit |
//! | [`entity`] | descriptors of datasets and featuresets, with their checks |
//! | [`handle`] | names of columns and features that have types, such as `Ticket::price` |
//! | [`row`] | a dataset's struct as a row of it |
//! | [`owner`] | whom a module's entities belong to |
//! | [`expr`] | expressions over columns and features, and their functions |
//! | [`op`] | the operators of pipelines |
//! | [`agg`] | the aggregates of groups |
//! | [`window`] | the stretches of time that they look at |
//! | [`flow`] | a pipeline under construction |
//! | [`schema`] | the columns that each of its steps has |
//! | [`time`] | durations and instants |
//! | `column` | values as Arrow arrays, with the feature `eval` |
//! | [`connector`] | where a source reads from |
//! | [`catalog`] | a set of entities checked as a whole |
//! | [`kernel`] | what an engine runs for a catalog |
//! | [`lineage`] | how tags flow to what is made of what |
//! | [`diff`] | what a commit would change, and whether it may |
//! | [`plan`] | what a commit comes to: what is computed, reached, tagged and lost |
//! | [`tombstone`] | the code that deletes what is live |
//! | [`native`] | functions in Rust that the engine calls |
//! | [`registry`] | what one binary collected |
//! | [`wire`] | Fennel's protobuf messages |
//! | [`message`] | what checks say, built in `const fn`s |

#![allow(
    clippy::result_large_err,
    reason = "a check's message is a buffer in place: const code has no heap"
)]

pub mod agg;
pub mod catalog;
#[cfg(feature = "eval")]
pub mod column;
pub mod connector;
pub mod diff;
pub mod entity;
mod error;
pub mod expr;
pub mod flow;
pub mod handle;
pub mod kernel;
pub mod lineage;
pub mod literal;
mod lower;
pub mod message;
pub mod native;
pub mod op;
pub mod owner;
pub mod plan;
pub mod registry;
pub mod row;
pub mod schema;
mod text;
pub mod time;
pub mod tombstone;
pub mod ty;
pub mod value;
pub mod window;
pub mod wire;

pub use error::{Error, Problem, Problems};
