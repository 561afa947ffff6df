//! What the engine promises to those who call it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backfill;
mod branches;
mod commits;
mod crashes;
mod debezium;
mod definitions;
mod describe;
#[cfg(target_os = "linux")]
mod disk_full;
mod erasing;
mod erasure;
mod expectations;
mod expressions;
mod fixture;
mod functions;
mod history;
mod ingestion;
mod late;
mod lookups;
mod permutations;
mod queries;
mod rejects;
mod row_cache;
mod served;
mod sources;
mod tags;
