//! Features that Rust functions make, asked of the engine in process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod failures;
mod functions;
mod indexes;
mod offline;
mod overflows;
mod transforms;
