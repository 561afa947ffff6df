//! Rust functions on the wire.
//!
//! The protocol has a function's source in its `PyCode`. A Rust function travels by name: `entry_point`
//! is its path, `source_code` its signature alone, and `core_code` says that it is Rust, with the hash of
//! its source. Whatever has other code is Python.

use crate::entity::Native;
use crate::wire::Arena;
use crate::wire::proto::pycode::PyCode;

/// What `core_code` begins with where the code is Rust.
const RUST: &str = "rust:";

/// The message of a Rust function.
pub(crate) fn encode(native: &Native<'_>) -> PyCode {
    PyCode {
        entry_point: native.symbol.into(),
        source_code: native.signature.into(),
        core_code: format!("{RUST}{:016x}", native.hash),
        ..Default::default()
    }
}

/// The Rust function of a message; `None` where it is Python.
pub(crate) fn decode<'a>(arena: Arena<'a>, code: &PyCode) -> Option<Native<'a>> {
    Some(Native {
        symbol: arena.text(&code.entry_point),
        signature: arena.text(&code.source_code),
        hash: hash_of(code)?,
    })
}

/// Whether a message carries a Rust function by name, rather than source that is run.
#[must_use]
pub fn is_native(code: &PyCode) -> bool {
    hash_of(code).is_some()
}

fn hash_of(code: &PyCode) -> Option<u64> {
    let hash = code.core_code.strip_prefix(RUST)?;
    u64::from_str_radix(hash, 16).ok()
}
