//! Removing what is older than its history, a little with each pass.
//!
//! Tables are looked through from one end to the other, again and again: each when so many rows have come since the last
//! time that it costs each of them next to nothing, and when anything can have become old enough. The log follows the
//! tables. What goes is part of the pass's batch, with how far the round is, so a crash leaves both or neither.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::time::Timestamp;

use super::horizon::Horizons;
use super::live::Live;
use super::round::{Kept, Round};
use super::watermark::Watermarks;
use crate::error::Result;
use crate::ingest::{EndpointId, Forgetting, Reading};
use crate::meta;
use crate::reject;
use crate::state::{Side, State};
use crate::store::Batch;
use crate::table::{Table, TableId, Trim};

/// What one pass looks at of each table, at least, and removes.
const LOOKED_AT: usize = 64;

/// The number of a table's own round, which no step of its pipeline has.
const TABLE: u16 = 0;

/// How far what is old has been removed.
#[derive(Debug, Default)]
pub(super) struct Trimming {
    /// How many rows a table takes, at least, before it is looked through.
    after: u64,
    tables: BTreeMap<TableId, Counted>,
    log: BTreeMap<EndpointId, (Counted, Forgetting)>,
}

/// A round through a table, or through an endpoint's log, and the rows that count for it.
#[derive(Debug, Default)]
struct Counted {
    round: Round,
    /// How many of the rows that came since the engine was opened are counted.
    rows: u64,
}

impl Counted {
    fn count(&mut self, came: u64) {
        self.round.grow(came.saturating_sub(self.rows));
        self.rows = came;
    }
}

/// What a pass goes by.
pub(super) struct Present {
    pub(super) now: Timestamp,
    /// How many rows the pass applies.
    pub(super) rows: u64,
    /// Whether it may remove rows from the log.
    pub(super) trims_log: bool,
}

impl Trimming {
    /// Goes on with the rounds that there were, with rows in the log before `end`.
    pub(super) fn new(after: usize, live: &Live, kept: &Kept, end: u64) -> Self {
        let tables = live.tables().iter().map(|table| {
            let round = kept.of_table(table.id, TABLE, end);
            (table.id, Counted { round, rows: 0 })
        });
        let log = live.log().keys().map(|endpoint| {
            let (round, forgetting) = kept.of_log(*endpoint, end);
            (*endpoint, (Counted { round, rows: 0 }, forgetting))
        });
        Self {
            after: after.max(1) as u64,
            tables: tables.collect(),
            log: log.collect(),
        }
    }

    /// Whether there is something to look at, now that rows came; of the log only if that is trimmed.
    pub(super) fn is_due(&mut self, live: &Live, trims_log: bool) -> bool {
        let mut is_due = false;
        for table in live.trimmed() {
            let counted = self.tables.entry(table.id).or_default();
            counted.count(came(table));
            is_due |= counted.round.is_due(self.after);
        }
        for (endpoint, reading) in forgotten(live) {
            let (counted, _) = self.log.entry(*endpoint).or_default();
            counted.count(reading.came());
            is_due |= trims_log && counted.round.is_due(self.after);
        }
        is_due
    }

    /// Removes some of what is old, as part of a pass.
    pub(super) fn run(
        &mut self,
        live: &Live,
        state: &mut State,
        batch: &mut Batch,
        present: &Present,
    ) -> Result<()> {
        let applied = state.applied(Side::After);
        let watermarks = Watermarks::new(live.tables().iter(), applied);
        let now = present.now.micros();
        let horizons = Horizons::new(live, &watermarks, applied, now);
        if self.tables.len() > live.tables().len() {
            self.tables.retain(|id, _| live.table(*id).is_some());
        }
        let limit = LOOKED_AT.max(usize::try_from(present.rows * 2).unwrap_or(usize::MAX));
        for table in live.trimmed() {
            let round = &mut self.tables.entry(table.id).or_default().round;
            if !round.is_due(self.after) {
                continue;
            }
            let horizon = horizons.of(table.id);
            let Some(from) = round.begin(horizon) else {
                continue;
            };
            let trim = Trim {
                point: horizon,
                spare: usize::from(live.is_spared(table.id)),
                limit,
            };
            let swept = match &table.flow {
                Some(flow) if table.computed().is_some() => {
                    flow.trim(state, horizon, |id| watermarks.of(id), from.as_ref(), limit)?
                }
                _ => table.trim(state, trim, from.as_ref())?,
            };
            if swept.gone > 0 {
                let since = table.retention.raise(horizon);
                meta::put_since(batch, table.id, since);
                table.retention.count(swept.gone);
            }
            let keeps = now.saturating_sub(table.retention.history().micros());
            reject::trim(state.snapshot(), batch, table.id, (keeps, applied), limit)?;
            // A row that comes can replace another from the watermark on.
            round.advance(swept, watermarks.of(table.id).max(horizon));
            meta::put_round(batch, (table.id, TABLE), &round.kept(applied));
        }
        match present.trims_log {
            true => self.forget(live, state, batch, present, limit),
            false => Ok(()),
        }
    }

    /// Removes rows of the log.
    fn forget(
        &mut self,
        live: &Live,
        state: &State,
        batch: &mut Batch,
        present: &Present,
        limit: usize,
    ) -> Result<()> {
        for (endpoint, reading) in forgotten(live) {
            let (Counted { round, .. }, forgetting) = self.log.entry(*endpoint).or_default();
            if !round.is_due(self.after) || round.begin(i64::MAX).is_none() {
                continue;
            }
            let before = reading.kept_since(present.now);
            let swept = forgetting.run(state, batch, (*endpoint, reading), before, limit)?;
            if swept.gone > 0 {
                // Tables that are made of what is left know no more than those that it was left for.
                let feeds = reading.feeds.iter();
                let since = feeds.map(|feed| feed.table.retention.since()).max();
                let since = since.max(Some(before));
                meta::raise_log_since(state.snapshot(), batch, *endpoint, since)?;
                reading.removed(swept.gone);
            }
            round.advance(swept, i64::MIN);
            let round = round.kept(state.applied(Side::After));
            meta::put_log_round(batch, *endpoint, &(round, forgetting));
        }
        Ok(())
    }
}

/// The endpoints of which rows of the log may go.
fn forgotten(live: &Live) -> impl Iterator<Item = (&EndpointId, &Reading)> {
    live.log().iter().filter(|(_, reading)| !reading.is_whole)
}

/// How many rows came to a table since it was opened.
fn came(table: &Arc<Table>) -> u64 {
    let sources = table.sources.iter();
    let rows: u64 = sources.map(|source| source.counters.tally().rows).sum();
    let flow = table.flow.as_ref().map_or(0, |flow| flow.met.rows());
    rows + flow
}
