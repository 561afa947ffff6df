//! The chunks of a job that are with workers or finished, and what is told of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::time::Timestamp;

use crate::error::{Error, Result};
use crate::folder::{End, Part, Plan};
use crate::read::{Placed, Rows};
use crate::status::{Failure, State, TOLD};

/// The chunks of a job.
pub(super) struct Parts {
    pub(super) plan: Arc<Plan>,
    /// `None` while a worker reads.
    pub(super) rows: Option<Rows>,
    pub(super) is_read: bool,
    /// How many chunks are with workers.
    pub(super) out: usize,
    /// The number of the next chunk.
    next: u64,
    /// The numbers of those that are finished, ascending by then, each with whether it has a file.
    finished: BTreeMap<u64, bool>,
    pub(super) failure: Option<Error>,
}

impl Parts {
    /// Nothing is with workers yet, and these were finished before.
    pub(super) fn new(plan: Plan, rows: Rows, finished: &[Part]) -> Parts {
        let numbers = finished.iter();
        let numbers = numbers.map(|part| (part.number, part.has_file()));
        Parts {
            plan: Arc::new(plan),
            rows: Some(rows),
            is_read: false,
            out: 0,
            next: 0,
            finished: numbers.collect(),
            failure: None,
        }
    }

    /// The numbers of finished parts that have files, in their order.
    pub(super) fn files(&self) -> Vec<u64> {
        let files = self.finished.iter().filter(|(_, has_file)| **has_file);
        files.map(|(number, _)| *number).collect()
    }

    /// Takes back `rows`, of which a chunk was read, and says whether it is to be answered, and as which part.
    pub(super) fn was_read(
        &mut self,
        rows: Rows,
        read: Result<Option<Placed>>,
    ) -> Option<(Arc<Plan>, Placed, u64)> {
        match read {
            Ok(Some(placed)) => {
                let number = self.next;
                self.next += 1;
                self.rows = Some(rows);
                let is_finished = self.finished.contains_key(&number);
                (!is_finished).then(|| (Arc::clone(&self.plan), placed, number))
            }
            Ok(None) => {
                self.is_read = true;
                None
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    /// Notes what became of a chunk that was with a worker; `None` where there was nothing to answer.
    pub(super) fn was_answered(&mut self, answered: Option<Result<Part>>, progress: &mut Progress) {
        self.out -= 1;
        match answered {
            None => {}
            Some(Ok(part)) => {
                self.finished.insert(part.number, part.has_file());
                progress.add(&part);
            }
            Some(Err(error)) => drop(self.failure.get_or_insert(error)),
        }
    }
}

/// How far a job is.
#[derive(Clone, Default)]
pub(super) struct Progress {
    pub(super) rows: Option<u64>,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) failures: Vec<Failure>,
    pub(super) ended: Option<Ended>,
}

/// What is known of an end beside how far the job was.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) state: State,
    pub(super) error: Option<String>,
    /// When, in microseconds since 1970.
    pub(super) at: i64,
}

impl From<End> for Ended {
    fn from(
        End {
            state, error, at, ..
        }: End,
    ) -> Ended {
        Ended { state, error, at }
    }
}

impl Progress {
    /// That of a job that has ended.
    pub(super) fn ended(mut end: End) -> Progress {
        Progress {
            rows: end.rows,
            done: end.done,
            failed: end.failed,
            failures: std::mem::take(&mut end.failures),
            ended: Some(end.into()),
        }
    }

    /// Goes on behind finished parts, of so many rows.
    pub(super) fn go_on(&mut self, rows: u64, finished: &[Part]) {
        self.rows = Some(rows);
        finished.iter().for_each(|part| self.add(part));
    }

    fn add(&mut self, part: &Part) {
        self.done += part.rows;
        self.failed += part.failed;
        self.failures.extend(part.failures.iter().cloned());
        // Parts end in any order.
        self.failures
            .sort_by(|a, b| (&a.file, a.row).cmp(&(&b.file, b.row)));
        self.failures.truncate(TOLD);
    }

    /// The end of a job that is so far.
    pub(super) fn end(&self, state: State, error: Option<String>, now: Timestamp) -> End {
        End {
            state,
            error,
            at: now.micros(),
            rows: self.rows,
            done: self.done,
            failed: self.failed,
            failures: self.failures.clone(),
        }
    }
}
