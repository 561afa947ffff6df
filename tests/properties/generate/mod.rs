//! Random graphs and histories, by a seed.

mod graph;
mod history;
mod random;
mod spec;

pub(crate) use history::{ORIGIN, STEP, history, instants, order};
pub(crate) use random::Random;

/// A name that no other column has.
fn fresh(counter: &mut u32, stem: &str) -> String {
    *counter += 1;
    format!("{stem}{counter}")
}
