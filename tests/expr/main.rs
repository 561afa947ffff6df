//! Expressions, beside those of the protocol's reference client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod differences;
mod messages;
mod nesting;
mod notation;
mod printed;
mod vectors;
mod zones;
