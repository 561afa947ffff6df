//! Features: what has to be done for a query, and doing it.

mod compute;
mod evaluate;
mod plan;

pub(crate) use evaluate::{Evaluation, Instants};
pub(crate) use plan::Plan;
