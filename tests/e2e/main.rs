//! Whole programs, as a user meets them: `sync`, the server and HTTP between them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod changes;
mod crash;
mod environments;
mod functions;
mod history;
mod hostile;
mod logs;
mod metrics;
mod offline;
mod pages;
mod protection;
mod readme;
mod restart;
mod roles;
mod sales;
mod secrets;
mod shop;
mod sync;
