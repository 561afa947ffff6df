//! Features that were served and are kept: for training, with what was asked and when.
//!
//! | key in [`Space::Log`](crate::store::Space::Log) | value |
//! |---|---|
//! | 255 four times, branch, 0, workflow, 0, when it was served, a number, a hash | the row's instant, its inputs and outputs as JSON, in postcard's encoding |
//!
//! No endpoint has that number. The number and the hash tell rows apart that were served in one microsecond. A row is on
//! the disk before the query is answered.
//!
//! | file | has |
//! |---|---|
//! | `keep` | keeping rows as they are served |
//! | `key` | where they are |
//! | `erase` | those that name an erased key |
//! | `epoch` | what is erased while rows are served |
//! | `sweep` | forgetting those that are too old |

mod epoch;
mod erase;
mod keep;
mod key;
mod sweep;

use std::ops::Bound;

use fennel_core::time::Timestamp;
use serde_json::{Map, Value as Json};

pub(crate) use erase::{Named, Whom, take_out};
pub use keep::Keep;
pub(crate) use keep::Kept;
pub(crate) use key::of_branch;
use key::{end, prefix, workflows};

use crate::error::Result;
use crate::store::Space;
use crate::table::key::{from_ordered, ordered};
use crate::{Engine, Error};

/// Which rows that were served are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedRange {
    /// The workflow that they were kept under.
    pub workflow: String,
    /// Those served from then on.
    pub from: Option<Timestamp>,
    /// Those served before.
    pub to: Option<Timestamp>,
    /// Those behind this place: [`next`](ServedRows::next) of the rows before.
    pub after: Option<String>,
}

/// Rows that were served, the earliest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServedRows {
    /// The rows.
    pub rows: Vec<ServedRow>,
    /// Where to go on; `None` where there are no more.
    pub next: Option<String>,
}

/// A row that was served.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedRow {
    /// When it was served, by the engine's clock.
    pub served: Timestamp,
    /// The instant that it was answered as of.
    pub at: Timestamp,
    /// The features that were given, by name.
    pub inputs: Map<String, Json>,
    /// The features that were answered, by name.
    pub outputs: Map<String, Json>,
}

/// What the place of a row has beside its workflow's.
const PLACE: usize = 24;

impl Engine {
    /// Up to `n` rows of a branch that were served and kept.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there and a workflow that has no rows, [`Error::Request`] for a place that is
    /// none.
    pub fn served(&self, branch: &str, range: &ServedRange, n: usize) -> Result<ServedRows, Error> {
        let mut left = n;
        self.served_while(branch, range, &mut |_| {
            let is_taken = left > 0;
            left = left.saturating_sub(1);
            is_taken
        })
    }

    /// The rows of a branch that were served and kept, for as long as `take` takes them, which is told how many bytes a row
    /// has on the disk before anything is made of it.
    ///
    /// # Errors
    ///
    /// As [`served`](Engine::served).
    pub fn served_while(
        &self,
        branch: &str,
        range: &ServedRange,
        take: &mut dyn FnMut(usize) -> bool,
    ) -> Result<ServedRows, Error> {
        let (_, snapshot) = self.view(branch)?;
        let prefix = prefix(branch, &range.workflow);
        if snapshot.scan_prefix(Space::Log, &prefix).next().is_none() {
            let known = workflows(&snapshot, branch)?;
            let known = known.iter().map(String::as_str);
            return Err(Error::unknown(
                "workflow with logged features",
                &range.workflow,
                known,
            ));
        }
        let at = |time: Timestamp| [&prefix[..], &ordered(time.micros())].concat();
        let from = range.from.map_or_else(|| prefix.clone(), at);
        let from = match range.after.as_deref().map(place).transpose()? {
            Some(place) => Bound::Excluded([&prefix[..], &place].concat().max(from)),
            None => Bound::Included(from),
        };
        let to = Bound::Excluded(range.to.map_or_else(|| end(&prefix), at));
        let mut found = ServedRows::default();
        let mut last = Vec::new();
        for entry in snapshot.scan(Space::Log, (from, to)) {
            let (key, value) = entry?;
            if !take(key.len() + value.len()) {
                if !last.is_empty() {
                    found.next = Some(last.iter().map(|byte| format!("{byte:02x}")).collect());
                }
                break;
            }
            last = key.get(prefix.len()..).unwrap_or_default().to_vec();
            found.rows.push(row(&last, &value)?);
        }
        Ok(found)
    }
}

/// The place that a text says.
fn place(text: &str) -> Result<Vec<u8>> {
    let wrong = || {
        let what = "`after` is no place in logged features; take `next` of the rows before";
        Error::Request(what.into())
    };
    if text.len() != 2 * PLACE || !text.is_ascii() {
        return Err(wrong());
    }
    let digits = (0..PLACE).map(|i| text.get(2 * i..2 * i + 2).unwrap_or_default());
    let bytes = digits.map(|digits| u8::from_str_radix(digits, 16));
    bytes.collect::<Result<_, _>>().map_err(|_| wrong())
}

fn row(place: &[u8], value: &[u8]) -> Result<ServedRow> {
    let read = || {
        let (time, _) = place.split_first_chunk::<8>()?;
        let (at, inputs, outputs): (i64, &str, &str) = postcard::from_bytes(value).ok()?;
        Some(ServedRow {
            served: Timestamp::from_micros(from_ordered(*time))?,
            at: Timestamp::from_micros(at)?,
            inputs: serde_json::from_str(inputs).ok()?,
            outputs: serde_json::from_str(outputs).ok()?,
        })
    };
    let corrupt =
        || Error::Corrupt("logged features can't be read; restore the store from a backup".into());
    read().ok_or_else(corrupt)
}
