//! The vectors' definitions in Rust, a module a vector.

pub(crate) mod aggregates;
pub(crate) mod chain_versions;
pub(crate) mod env_none;
pub(crate) mod env_prod;
pub(crate) mod expectations;
pub(crate) mod featureset_forms;
pub(crate) mod index_forms;
pub(crate) mod meta_and_versions;
pub(crate) mod operators_join;
pub(crate) mod operators_keyed;
pub(crate) mod operators_row;
pub(crate) mod secrets_and_corners;
pub(crate) mod sinks;
pub(crate) mod source_kafka;
pub(crate) mod source_s3;
pub(crate) mod source_sql;
pub(crate) mod source_streams;
pub(crate) mod source_warehouse;
pub(crate) mod source_webhook_options;
pub(crate) mod ticket_basic;
pub(crate) mod ticket_deleted;
pub(crate) mod types_nested;
pub(crate) mod types_restricted;
pub(crate) mod types_scalar;
pub(crate) mod windows;
