//! Rows of the log as pipelines take them: what their sources made of them.

use std::ops::Range;

use fennel_core::value::Value;

use super::entry::{self, EndpointId, Entry};
use super::route::Feed;
use crate::error::Result;
use crate::reject;
use crate::state::State;
use crate::table::Said;

/// Rows that are read together.
const PART: usize = 1_000;

/// A row of a source.
pub(crate) struct TakenRow {
    /// The event time.
    pub(crate) time: i64,
    /// Keys, then values by name.
    pub(crate) values: Vec<Value>,
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
        let rows: Vec<_> = part.iter().map(|entry| &entry.row).collect();
        for feed in feeds {
            let read = feed.source().read(&feed.table, &rows);
            for (entry, row) in part.iter().zip(read) {
                if let Ok(Some(row)) = row
                    && let Some(taken) = taken(state, feed, entry.sequence, &row)?
                {
                    give(entry.sequence, feed, taken);
                }
            }
        }
        if part.len() < PART {
            return Ok(());
        }
    }
}

/// A row that fits, unless it was set aside.
fn taken(state: &State, feed: &Feed, sequence: u64, row: &[Value]) -> Result<Option<TakenRow>> {
    let table = &feed.table;
    // A key that is too long was set aside.
    if table.entry(row, Said::Is).is_err() {
        return Ok(None);
    }
    let Some(Value::Timestamp(time)) = row.get(table.timestamp) else {
        return Ok(None);
    };
    // What was set aside for when it came would fit otherwise.
    let source = feed.source();
    if (source.is_bounded() || source.may_be_late(time.micros()))
        && reject::is_aside(state.snapshot(), table.id, (sequence, feed.index()))?
    {
        return Ok(None);
    }
    let columns = table.keys.iter().chain(&table.values);
    Ok(Some(TakenRow {
        time: time.micros(),
        values: columns.filter_map(|i| row.get(*i).cloned()).collect(),
    }))
}
