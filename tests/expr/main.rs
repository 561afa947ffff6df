//! Expressions, beside those of the protocol's reference client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod messages;
mod nesting;
mod printed;
mod zones;
