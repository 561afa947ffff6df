//! Jobs from their files to their output, with an engine that answers `2 * Fs.x` and has no answer for 13.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod cancelled;
mod changes;
mod limits;
mod outputs;
mod refused;
mod restart;
mod support;
