//! Properties of whole graphs of pipelines.
//!
//! The `oracle` computes what datasets hold from the definitions alone. It is judged by the scenarios that the engine
//! is judged by, and by cases that are worked out by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod compare;
mod graph;
mod oracle;
mod scenarios;
mod value;
