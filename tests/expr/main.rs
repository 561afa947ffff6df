//! Expressions, beside those of the protocol's reference client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
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

use std::path::Path;

use fennel_vectors::expression::Case;

/// All vectors.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expr/vectors");
    let cases = Case::all(&folder).unwrap();
    assert!(!cases.is_empty(), "there are no vectors");
    cases
}
