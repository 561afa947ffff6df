//! Whole programs, as a user meets them: `sync`, the server and HTTP between them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod functions;
mod history;
mod readme;
mod restart;
mod sales;
mod sync;
