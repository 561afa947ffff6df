//! What is told of a job.

use serde::{Deserialize, Serialize};

use crate::{Place, Submitter};

/// How many failed rows are told with their place; all are counted.
pub(crate) const TOLD: usize = 100;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits.
    Pending,
    /// Rows are read and answered.
    Running,
    /// All rows that have an answer are in the output.
    Completed,
    /// There is no output.
    Failed,
    /// It was told to stop, and there is no output.
    Cancelled,
}

impl State {
    /// Whether nothing comes any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, State::Completed | State::Failed | State::Cancelled)
    }
}

/// A job as it is at one time.
#[derive(Clone, Debug)]
pub struct Status {
    /// The job's id, a UUID.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Who has submitted it.
    pub submitter: Submitter,
    /// The branch that it asks.
    pub branch: String,
    /// The features and featuresets that it answers.
    pub outputs: Vec<String>,
    /// Where the output goes; `None` where it is kept with the job.
    pub output: Option<Place>,
    /// The label that it was given.
    pub workflow: Option<String>,
    /// How many rows there are, once they are counted.
    pub rows: Option<u64>,
    /// How many rows were answered or failed.
    pub done: u64,
    /// How many of these failed, and so are not in the output.
    pub failed: u64,
    /// The first failed rows.
    pub failures: Vec<Failure>,
    /// Why the job failed.
    pub error: Option<String>,
}

impl Status {
    /// The share of rows that are done, from 0 to 1; 1 only once the output is there.
    #[must_use]
    pub fn completion_rate(&self) -> f64 {
        match (self.state, self.rows) {
            (State::Completed, _) => 1.0,
            (_, None | Some(0)) => 0.0,
            // The last of it is to put the output together.
            (_, Some(rows)) => share(self.done, rows).min(0.99),
        }
    }

    /// The share of the rows done that failed, from 0 to 1.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        share(self.failed, self.done)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

/// A row that has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its file; `None` where rows came with the request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Its number in there, from 1.
    pub row: u64,
    /// The line that it begins at, from 1, of formats that have lines.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// Why.
    pub reason: String,
}
