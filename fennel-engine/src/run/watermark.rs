//! Watermarks of tables: no row comes any more that is older.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::table::{Table, TableId};

/// The watermarks of tables, as of a place in the log.
#[derive(Debug, Default)]
pub(super) struct Watermarks(BTreeMap<TableId, i64>);

impl Watermarks {
    /// Those of `tables`, and of all that these are made of, once the first `applied` rows of the log are applied.
    pub(super) fn new<'t>(tables: impl Iterator<Item = &'t Arc<Table>>, applied: u64) -> Self {
        let mut watermarks = Self::default();
        // Chains of pipelines can be long, so the way is a list.
        let mut open: Vec<_> = tables.map(|table| (Arc::clone(table), false)).collect();
        while let Some((table, is_done)) = open.pop() {
            if watermarks.0.contains_key(&table.id) {
                continue;
            }
            match &table.flow {
                Some(flow) if !is_done => {
                    open.push((Arc::clone(&table), true));
                    open.extend(flow.inputs.iter().map(|input| (Arc::clone(input), false)));
                }
                flow => {
                    let sources = table.sources.iter();
                    let sources = sources.map(|source| source.watermark(applied));
                    let flow = flow
                        .iter()
                        .map(|flow| flow.watermark(|id| watermarks.of(id)));
                    // What nothing feeds gets no rows.
                    let watermark = sources.chain(flow).min().unwrap_or(i64::MAX);
                    watermarks.0.insert(table.id, watermark);
                }
            }
        }
        watermarks
    }

    /// The watermark of a table.
    pub(super) fn of(&self, table: TableId) -> i64 {
        self.0.get(&table).copied().unwrap_or(i64::MIN)
    }
}
