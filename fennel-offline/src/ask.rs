//! Who answers a job's rows: the engine, behind whatever decides who may read what.

use fennel_core::value::Shape;
use fennel_engine::{Columns, FailedRow, Query};

use crate::{Error, Submitter};

/// Answers queries for a job, which asks for each part of its rows, and so loses what its submitter loses.
pub trait Ask: Send + Sync {
    /// The types of features, in their order.
    ///
    /// # Errors
    ///
    /// Why not: such a feature isn't there any more.
    fn types(&self, branch: &str, features: &[String]) -> Result<Vec<Shape>, Error>;

    /// The answer for some rows, or those that have none.
    ///
    /// # Errors
    ///
    /// Why no row has an answer, such as a permission that `who` doesn't have any more.
    fn query(&self, who: &Submitter, branch: &str, query: &Query) -> Result<Answer, Error>;

    /// Is told of each job that fails once it is taken, and of each part of which rows have no answer.
    fn failed(&self, what: &Failed<'_>);
}

/// What fails without anybody who waits for an answer.
#[derive(Clone, Copy, Debug)]
pub enum Failed<'e> {
    /// A job, and why.
    Job(&'e Error),
    /// Rows of a part.
    Rows,
}

/// What becomes of a query's rows.
#[derive(Debug)]
pub enum Answer {
    /// All of them have an answer.
    Columns(Columns),
    /// These have none; the others may.
    Failed(Vec<FailedRow>),
}
