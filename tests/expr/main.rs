//! Expressions, beside those of the protocol's reference client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod case;
mod deviations;
mod differences;
mod evaluated;
#[path = "../support/made.rs"]
mod made;
mod messages;
mod nesting;
mod notation;
mod printed;
mod rows;
mod vectors;
mod zones;
