//! How far the tables can be trimmed.
//!
//! A dataset's *horizon* is as far behind the present as its history is long, where the present is what its sources
//! have brought, and never later than the clock. A table is trimmed up to there; less far, where a pipeline still reads
//! what it was before.

use std::collections::BTreeMap;

use super::live::Live;
use super::watermark::Watermarks;
use crate::table::TableId;

/// The instants that tables are trimmed up to.
#[derive(Debug)]
pub(super) struct Horizons(BTreeMap<TableId, i64>);

impl Horizons {
    /// Those once the first `applied` rows of the log are applied, at `now`.
    pub(super) fn new(live: &Live, watermarks: &Watermarks, applied: u64, now: i64) -> Self {
        // What a table's sources have brought; a source that hasn't brought anything holds up no other.
        let mut presents: BTreeMap<TableId, i64> = BTreeMap::new();
        let mut horizons = BTreeMap::new();
        for table in live.tables() {
            let sources = table.sources.iter();
            let sources = sources.map(|source| source.watermark(applied));
            let inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
            let inputs = inputs.filter_map(|input| presents.get(&input.id).copied());
            let seen = sources.filter(|watermark| *watermark > i64::MIN);
            let Some(present) = seen.chain(inputs).min() else {
                continue;
            };
            presents.insert(table.id, present);
            let mut horizon = present
                .min(now)
                .saturating_sub(table.retention.history().micros());
            // Whoever reads changes has to find what they are changes of.
            if live.is_read(table.id) {
                horizon = horizon.min(watermarks.of(table.id));
            }
            horizons.insert(table.id, horizon);
        }
        for flow in live
            .derived()
            .iter()
            .filter_map(|table| table.flow.as_ref())
        {
            for (joined, from) in flow.joins(|id| watermarks.of(id)) {
                if let Some(horizon) = horizons.get_mut(&joined) {
                    *horizon = from.min(*horizon);
                }
            }
        }
        Self(horizons)
    }

    /// What holds then in a table, or comes later, is to be kept.
    pub(super) fn of(&self, table: TableId) -> i64 {
        self.0.get(&table).copied().unwrap_or(i64::MIN)
    }
}
