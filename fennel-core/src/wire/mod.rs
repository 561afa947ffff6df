//! Fennel's wire protocol: a catalog as a `SyncRequest`, and back.
//!
//! [`encode`] sends what the public Python client sends for the same definitions, and
//! [`decode`] reads what either of us sends. Descriptors that were decoded borrow from an arena
//! that lives as long as the commit is looked at.

mod decode;
mod encode;
mod json_text;
mod names;
pub mod proto;

pub use decode::decode;
pub use encode::encode;
