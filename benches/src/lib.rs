//! What the benches share: figures, tables, projects that cargo builds, and other systems.
//!
//! Each bench is a program of its own in `src/bin`. `README.md` says how to run them, and what they
//! measured.

mod figures;
mod memory;
mod passes;
mod peers;
mod project;
mod random;
mod table;

pub use figures::{median, micros, millis, quantile};
pub use memory::{peak, reset_peak, resident};
pub use passes::Passes;
pub use peers::{Python, Took};
pub use project::{Project, Run, ours};
pub use random::Random;
pub use table::Table;

/// The allocator of the server, for whatever is compared with it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a bench ends with when it can't measure.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
