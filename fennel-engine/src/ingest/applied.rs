//! Rows of the log as pipelines take them: what their sources made of them.

use std::ops::Range;

use fennel_core::value::Value;

use super::entry::{self, EndpointId};
use super::route::Feed;
use crate::error::Result;
use crate::reject;
use crate::state::State;

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
    for entry in entry::scan(state.snapshot(), endpoint, sequences.start) {
        let entry = entry?;
        if entry.sequence >= sequences.end {
            break;
        }
        for feed in feeds {
            let table = &feed.table;
            let place = (entry.sequence, feed.index());
            // What was set aside since its source had ended would fit otherwise.
            if feed.source().is_bounded() && reject::is_aside(state.snapshot(), table.id, place)? {
                continue;
            }
            let Ok(Some(row)) = feed.source().read(table, &entry.row) else {
                continue;
            };
            let Some(Value::Timestamp(time)) = row.get(table.timestamp) else {
                continue;
            };
            let columns = table.keys.iter().chain(&table.values);
            let taken = TakenRow {
                time: time.micros(),
                values: columns.filter_map(|i| row.get(*i).cloned()).collect(),
            };
            // A key that is too long was set aside.
            if table.entry(&row, crate::table::Said::Is).is_ok() {
                give(entry.sequence, feed, taken);
            }
        }
    }
    Ok(())
}
