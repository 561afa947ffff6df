//! What the benches share: figures, tables, and projects that cargo builds.
//!
//! Each bench is a program of its own in `src/bin`. `README.md` says how to run them, and what they
//! measured.

mod figures;
mod passes;
mod project;
mod table;

pub use figures::{median, millis, quantile};
pub use passes::Passes;
pub use project::{Project, Run, ours};
pub use table::Table;

/// What a bench ends with when it can't measure.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
