//! Expectations: whether the rows of datasets look as they should, told by windows.
//!
//! Rows are judged *beside* what takes them in, by a thread of its own (`judging`): whoever logs waits for none of
//! it, and a row is what it is whatever is thought of it. The rows of sources are read from the log again, so each is
//! judged once, whatever crash comes between. The rows that pipelines write are handed over by the pass that writes
//! them; what a crash catches between is judged by nobody.
//!
//! A *window* is a stretch of arrival time, an hour where nothing else is said. A closed window therefore never
//! changes, and there are no more of them than time has passed; by event time one old row would open a window of its own.
//!
//! | key in [`Space::Meta`](crate::store::Space::Meta) | value |
//! |---|---|
//! | `expected/`, table, window's start, its length | what each expectation came to ([`Record`]) |
//! | `asked/`, table, what is asked | the sequence of the first row of the log of which it is asked |
//! | `judged` | the sequence of the first row of the log that isn't judged, where anything is asked |
//!
//! What is asked is written with the commit that asks it. Where a table is made anew, all of this goes on with the one
//! that replaces it.
//!
//! An expectation is known by what it asks: two branches that share a table and ask the same share the results, and a
//! changed threshold is asked of the counts that there are.

mod judging;
mod record;
mod suite;

use std::sync::Arc;

use fennel_core::entity::Dataset;
use fennel_core::entity::expectation::Judge;
use fennel_core::time::Timestamp;
use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_64;

pub(crate) use judging::{Judging, Settings};
pub(crate) use record::{asked_of, judged, since, windows_of};
pub(crate) use suite::Suites;

use crate::{Engine, Error};
use record::Counts;

/// An expectation of a branch's dataset.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) name: String,
    arguments: Map<String, Json>,
    /// By what it asks, without what it has to do with its results.
    pub(crate) id: u64,
    pub(crate) judge: Arc<Judge>,
}

/// Parameters that say nothing about a row.
const ABOUT_RESULTS: [&str; 5] = [
    "mostly",
    "result_format",
    "include_config",
    "catch_exceptions",
    "meta",
];

impl Expected {
    /// The expectations of a checked dataset.
    ///
    /// # Errors
    ///
    /// The name of one that can't be asked, with why.
    pub(crate) fn all(dataset: &Dataset<'_>) -> Result<Vec<Self>, (String, String)> {
        let list = dataset.expected().iter().map(|expectation| {
            let name = expectation
                .spec()
                .map_or(expectation.name, |spec| spec.name);
            let judge = Judge::new(expectation, dataset).map_err(|why| (name.into(), why))?;
            let arguments = expectation.to_json();
            let mut asked = arguments.clone();
            asked.retain(|parameter, _| !ABOUT_RESULTS.contains(&parameter.as_str()));
            Ok(Self {
                name: name.into(),
                id: xxh3_64(format!("{name}{}", Json::Object(asked)).as_bytes()),
                arguments,
                judge: Arc::new(judge),
            })
        });
        list.collect()
    }
}

/// What came of the expectations of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectations {
    /// Rows that came and aren't judged yet.
    pub waiting: u64,
    /// The expectations, in the order of the dataset.
    pub list: Vec<Expectation>,
}

/// What came of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Its name, such as `expect_column_values_to_not_be_null`.
    pub name: String,
    /// Its columns and parameters, by the protocol's names.
    pub arguments: Map<String, Json>,
    /// The part of the rows it is about that has to meet it, 0 to 1.
    pub mostly: f64,
    /// The windows in which rows were judged, the latest first.
    pub windows: Vec<ExpectationWindow>,
}

/// What came of an expectation in one window of arrival time.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationWindow {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
    /// Rows that came and were judged.
    pub rows: u64,
    /// Those of them that it is not about, such as nulls.
    pub ignored: u64,
    /// Those that don't meet it.
    pub unexpected: u64,
    /// Rows of a pipeline that weren't judged since too many waited already, or since judging them failed.
    pub skipped: u64,
    /// Whether enough of the rows that it is about meet it; also where there are none.
    pub holds: bool,
}

impl ExpectationWindow {
    /// The part of the rows that it is about which doesn't meet it, 0 to 1; 0 where there are none.
    #[must_use]
    pub fn share(&self) -> f64 {
        match self.rows.saturating_sub(self.ignored) {
            0 => 0.0,
            about => self.unexpected as f64 / about as f64,
        }
    }
}

impl Engine {
    /// What came of the expectations of a dataset in the latest `n` windows of each, with all rows that were
    /// acknowledged before the call, unless these take longer than a moment to judge: then some are waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there.
    pub fn expectations(
        &self,
        branch: &str,
        dataset: &str,
        n: usize,
    ) -> Result<Expectations, Error> {
        let (graph, _) = self.view(branch)?;
        let dataset = graph.dataset(dataset)?;
        let table = dataset.table.id;
        let waiting = match dataset.expected.is_empty() {
            true => 0,
            false => self.inner.judging.settle(),
        };
        let records = self.inner.judging.records(table)?;
        let list = dataset.expected.iter().map(|expected| {
            let mostly = expected.judge.mostly();
            let judged = records
                .iter()
                .rev()
                .filter_map(|((start, length), record)| {
                    let counts = record.of.get(&expected.id)?;
                    let end = start.checked_add(*length)?;
                    let bounds = (
                        Timestamp::from_micros(*start)?,
                        Timestamp::from_micros(end)?,
                    );
                    Some(window(bounds, counts, record.skipped, mostly))
                });
            Expectation {
                name: expected.name.clone(),
                arguments: expected.arguments.clone(),
                mostly,
                windows: judged.take(n).collect(),
            }
        });
        Ok(Expectations {
            waiting,
            list: list.collect(),
        })
    }
}

fn window(
    (start, end): (Timestamp, Timestamp),
    counts: &Counts,
    skipped: u64,
    mostly: f64,
) -> ExpectationWindow {
    ExpectationWindow {
        start,
        end,
        rows: counts.rows,
        ignored: counts.left,
        unexpected: counts.unmet,
        skipped: skipped + counts.failed,
        holds: counts.holds(mostly),
    }
}
