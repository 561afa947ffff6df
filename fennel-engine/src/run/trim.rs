//! Removing what is older than its history, a little with each pass.
//!
//! Tables are looked through from one end to the other, again and again: each when so many rows have come since the last
//! time that it costs each of them next to nothing, and when anything can have become old enough. The log follows the
//! tables. What goes is part of the pass's batch, so a crash leaves it or not, and nothing has to be remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::time::Timestamp;

use super::horizon::Horizons;
use super::live::Live;
use super::watermark::Watermarks;
use crate::error::Result;
use crate::ingest::{EndpointId, Forgetting};
use crate::kernel::Swept;
use crate::meta;
use crate::reject;
use crate::state::{Side, State};
use crate::store::{Batch, Bytes};
use crate::table::{Table, TableId, Trim};

/// What one pass looks at of each table, at least, and removes.
const LOOKED_AT: usize = 64;

/// Rows that come for each group before the groups are looked at again.
const ROWS_PER_GROUP: u64 = 4;

/// How far what is old has been removed. It begins anew when the engine is opened.
#[derive(Debug, Default)]
pub(super) struct Trimming {
    /// How many rows a table takes, at least, before it is looked through.
    after: u64,
    tables: BTreeMap<TableId, Round>,
    log: BTreeMap<EndpointId, (Round, Forgetting)>,
}

/// One way through a table, or through an endpoint's log, and when there is to be another.
#[derive(Debug, Default)]
struct Round {
    /// How many rows had come when it began.
    came: u64,
    /// Groups that there were the last time, or so far.
    groups: u64,
    /// Where to go on; none while it waits. The first is from the beginning.
    from: Option<Option<Bytes>>,
    /// Nothing can go before the horizon has passed this.
    until: Option<i64>,
}

/// What a pass goes by.
pub(super) struct Present {
    pub(super) now: Timestamp,
    /// How many rows the pass applies.
    pub(super) rows: u64,
}

impl Trimming {
    pub(super) fn new(after: usize) -> Self {
        Self {
            after: after.max(1) as u64,
            ..Self::default()
        }
    }

    /// Whether there is something to look at.
    pub(super) fn is_due(&self, live: &Live) -> bool {
        let mut tables = live
            .trimmed()
            .map(|table| (self.tables.get(&table.id), came(table)));
        let log = live.log().iter().filter(|(_, reading)| !reading.is_whole);
        let mut log = log.map(|(id, reading)| (self.log.get(id).map(|it| &it.0), reading.came()));
        let is_due = |(round, came): (Option<&Round>, u64)| match round {
            Some(round) => round.is_due(came, self.after),
            None => came >= self.after,
        };
        tables.any(is_due) || log.any(is_due)
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
            let came = came(table);
            let round = self.tables.entry(table.id).or_default();
            if !round.is_due(came, self.after) {
                continue;
            }
            let horizon = horizons.of(table.id);
            let Some(from) = round.begin(came, horizon) else {
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
        }
        self.forget(live, state, batch, present, limit)
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
        let log = live.log().iter().filter(|(_, reading)| !reading.is_whole);
        for (endpoint, reading) in log {
            let came = reading.came();
            let (round, forgetting) = self.log.entry(*endpoint).or_default();
            if !round.is_due(came, self.after) {
                continue;
            }
            if round.begin(came, i64::MAX).is_none() {
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
        }
        Ok(())
    }
}

/// How many rows came to a table since it was opened.
fn came(table: &Arc<Table>) -> u64 {
    let sources = table.sources.iter();
    let rows: u64 = sources.map(|source| source.counters.tally().rows).sum();
    let flow = table.flow.as_ref().map_or(0, |flow| flow.met.rows());
    rows + flow
}

impl Round {
    fn is_due(&self, came: u64, after: u64) -> bool {
        let least = after.max(self.groups.saturating_mul(ROWS_PER_GROUP));
        self.from.is_some() || came.saturating_sub(self.came) >= least
    }

    /// Where to go on. None where nothing can have become old since the last time.
    fn begin(&mut self, came: u64, horizon: i64) -> Option<Option<Bytes>> {
        if let Some(from) = &self.from {
            return Some(from.clone());
        }
        self.came = came;
        let is_old = horizon > self.until.unwrap_or(i64::MIN);
        is_old.then(|| {
            (self.groups, self.until) = (0, None);
            self.from = Some(None);
            None
        })
    }

    /// Goes on behind what was looked at. Rows that come later can't make anything old before `next`.
    fn advance(&mut self, swept: Swept, next: i64) {
        self.groups += swept.groups as u64;
        let until = swept.until.min(next.saturating_sub(1));
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
        self.from = swept.next.map(Some);
    }
}
