//! Features: what has to be done for a query, and doing it.

mod arrays;
mod call;
mod evaluate;
mod look_up;
mod plan;
mod python;

pub(crate) use evaluate::{Evaluation, Instants};
pub(crate) use plan::Plan;
