//! The server as its clients see it: a socket with bytes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod audit;
mod auth;
mod bad_input;
mod binary;
mod commit;
mod data;
#[cfg(target_os = "linux")]
mod disk_full;
mod erase;
mod expectations;
mod headers;
mod history;
mod lifetime;
mod limits;
mod lineage;
mod logged;
mod metrics;
mod offline;
mod openapi;
mod python;
mod roles;
mod secrets;
mod support;
