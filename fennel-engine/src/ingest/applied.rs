//! Rows of the log as pipelines take them: what their sources made of them.

use std::ops::Range;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::entry::{self, EndpointId, Entry};
use super::route::Feed;
use super::source::{Change, Changes};
use crate::error::Result;
use crate::reject;
use crate::state::State;
use crate::table::{Said, Table};

/// Rows that are read together.
const PART: usize = 1_000;

/// What a row of a source says of a key, or of a dataset without keys.
#[derive(Debug)]
pub(crate) struct TakenRow {
    /// When the row came.
    pub(crate) arrival: Timestamp,
    pub(crate) said: Said,
    /// The event time.
    pub(crate) time: i64,
    /// Keys, then values by name.
    pub(crate) values: Vec<Value>,
}

impl TakenRow {
    /// What a change of `table` comes to.
    pub(super) fn new(table: &Table, arrival: Timestamp, mut change: Change) -> Option<Self> {
        let Some(Value::Timestamp(time)) = change.values.get(table.timestamp) else {
            return None;
        };
        let time = time.micros();
        let columns = table.keys.iter().chain(&table.values);
        let values = columns.filter_map(|i| {
            let value = change.values.get_mut(*i)?;
            Some(std::mem::replace(value, Value::Null))
        });
        Some(Self {
            arrival,
            said: change.said,
            time,
            values: values.collect(),
        })
    }
}

/// Gives each row of an endpoint in `sequences` that a feed took, with its sequence, to `give`.
pub(crate) fn rows_of<'f>(
    state: &State,
    endpoint: EndpointId,
    sequences: Range<u64>,
    feeds: &'f [Feed],
    mut give: impl FnMut(u64, &'f Feed, TakenRow),
) -> Result<()> {
    let mut entries = entry::scan(state.snapshot(), endpoint, sequences.start);
    loop {
        let mut part: Vec<Entry> = Vec::new();
        while part.len() < PART
            && let Some(entry) = entries.next()
        {
            let entry = entry?;
            if entry.sequence >= sequences.end {
                break;
            }
            part.push(entry);
        }
        for feed in feeds {
            let read = feed.read(state, &part)?;
            for (entry, row) in part.iter().zip(read) {
                let Some(changes) = row else {
                    continue;
                };
                for row in taken(state, feed, entry, changes)? {
                    give(entry.sequence, feed, row);
                }
            }
        }
        if part.len() < PART {
            return Ok(());
        }
    }
}

/// What a row comes to that fits, unless it was set aside.
fn taken<'f>(
    state: &State,
    feed: &'f Feed,
    entry: &Entry,
    changes: Changes,
) -> Result<impl Iterator<Item = TakenRow> + use<'f>> {
    let table = &*feed.table;
    let source = feed.source();
    let times =
        changes
            .iter()
            .flatten()
            .filter_map(|change| match change.values.get(table.timestamp) {
                Some(Value::Timestamp(time)) => Some(time.micros()),
                _ => None,
            });
    // What was set aside for when it came would fit otherwise, and what has a key that is too long, too.
    let doubtful = source.is_bounded() || times.min().is_some_and(|time| source.may_be_late(time));
    let place = (entry.sequence, feed.index());
    let arrival = entry.arrival.at;
    let aside = doubtful && reject::is_aside(state.snapshot(), table.id, place)?;
    let fits = |change: &Change| table.entry(&change.values, change.said).is_ok();
    let is_kept = !aside && changes.iter().flatten().all(fits);
    let changes = changes.into_iter().filter(move |_| is_kept).flatten();
    Ok(changes.filter_map(move |change| TakenRow::new(table, arrival, change)))
}
