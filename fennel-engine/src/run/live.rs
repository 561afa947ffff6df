//! The tables that pipelines fill and read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::fresh::{HandedRow, Source};
use super::round::Kept;
use crate::error::Result;
use crate::ingest::{EndpointId, Feed, Reading, TakenRow, end_within, rows_of};
use crate::kernel::{Changes, OPEN, Row};
use crate::state::{Side, State};
use crate::store::Snapshot;
use crate::table::{Kind, Place, Table, TableId, place};

/// The tables that are filled by pipelines, and the sources that these begin with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    /// All tables, each behind those that it reads.
    tables: Vec<Arc<Table>>,
    /// The tables with pipelines, each behind those that it reads.
    derived: Vec<Arc<Table>>,
    /// The tables that others read.
    read: BTreeSet<TableId>,
    /// The sources of tables that others read, by endpoint.
    feeds: BTreeMap<EndpointId, Vec<Feed>>,
    /// The tables that pipelines join to rows that hold for a stretch of time.
    spared: BTreeSet<TableId>,
    /// Who reads each endpoint.
    log: BTreeMap<EndpointId, Reading>,
    /// The tables that an erasure makes anew, or makes others of: they keep everything.
    whole: BTreeSet<TableId>,
    /// About how many rows pipelines make of one, at most.
    fan_out: u64,
}

impl Live {
    /// Those among all tables; `number` gives an endpoint's number.
    pub(crate) fn new<'t>(
        tables: impl Iterator<Item = &'t Arc<Table>>,
        number: impl Fn(&str, &str) -> Option<EndpointId>,
    ) -> Self {
        let mut live = Self::default();
        let mut seen = BTreeSet::new();
        for table in tables {
            match table.flow {
                Some(_) => live.add(table, &mut seen),
                None => live.tables.push(Arc::clone(table)),
            }
        }
        live.tables.extend(live.derived.iter().cloned());
        live.fan_out = fan_out(&live.derived);
        (live.log, live.whole) = readings(&live.tables, &number);
        let inputs = live.derived.iter().filter_map(|table| table.flow.as_ref());
        let inputs: Vec<_> = inputs
            .flat_map(|flow| flow.inputs.iter().cloned())
            .collect();
        let flows = live.derived.iter().filter_map(|table| table.flow.as_ref());
        live.spared = flows.flat_map(|flow| flow.joined_to_tables()).collect();
        for table in inputs {
            if !live.read.insert(table.id) {
                continue;
            }
            for feed in Feed::all(&table) {
                let source = feed.source();
                if let Some(endpoint) = number(&source.webhook, &source.endpoint) {
                    live.feeds.entry(endpoint).or_default().push(feed);
                }
            }
        }
        live
    }

    /// Adds a table with a pipeline behind those that it reads. Chains of pipelines can be long, so the way is a list.
    fn add(&mut self, table: &Arc<Table>, seen: &mut BTreeSet<TableId>) {
        let mut open = vec![(Arc::clone(table), false)];
        while let Some((table, is_done)) = open.pop() {
            let Some(flow) = &table.flow else {
                continue;
            };
            if is_done {
                self.derived.push(table);
            } else if seen.insert(table.id) {
                open.push((Arc::clone(&table), true));
                open.extend(flow.inputs.iter().map(|input| (Arc::clone(input), false)));
            }
        }
    }

    /// About how many rows pipelines make of one, at most.
    pub(super) fn fan_out(&self) -> u64 {
        self.fan_out
    }

    /// Whether there are no pipelines.
    pub(super) fn is_empty(&self) -> bool {
        self.derived.is_empty()
    }

    /// All tables, each behind those that it reads.
    pub(super) fn tables(&self) -> &[Arc<Table>] {
        &self.tables
    }

    /// The table of that number.
    pub(super) fn table(&self, id: TableId) -> Option<&Arc<Table>> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The tables of which what is older than their history may go.
    pub(super) fn trimmed(&self) -> impl Iterator<Item = &Arc<Table>> {
        let tables = self.tables.iter();
        tables.filter(|table| !self.whole.contains(&table.id))
    }

    /// Whether a pipeline joins a table to rows that hold for a stretch of time: it has to know when the first version
    /// begins that it still knows.
    pub(super) fn is_spared(&self, table: TableId) -> bool {
        self.spared.contains(&table)
    }

    /// Who reads each endpoint.
    pub(super) fn log(&self) -> &BTreeMap<EndpointId, Reading> {
        &self.log
    }

    /// The tables with pipelines, each behind those that it reads.
    pub(crate) fn derived(&self) -> &[Arc<Table>] {
        &self.derived
    }

    /// Goes on with the rounds of steps that there were, with rows in the log before `end`.
    pub(super) fn resume(&self, rounds: &Kept, end: u64) {
        for table in &self.derived {
            if let Some(flow) = &table.flow {
                flow.resume(|step| rounds.of_table(table.id, step, end));
            }
        }
    }

    /// Forgets what kernels remember of passes, one of which didn't happen.
    pub(super) fn forget(&self) {
        let flows = self.derived.iter().filter_map(|table| table.flow.as_ref());
        flows.for_each(|flow| flow.forget());
    }

    /// Whether another table reads this one.
    pub(crate) fn is_read(&self, table: TableId) -> bool {
        self.read.contains(&table)
    }

    /// The sources at an endpoint of tables that others read.
    pub(super) fn feeds(&self, endpoint: EndpointId) -> impl Iterator<Item = Source> {
        let feeds = self.feeds.get(&endpoint).into_iter().flatten();
        feeds.map(Feed::id)
    }

    /// Where a pass over `sequences` has to end to read so many bytes of the log at most, or one part of it.
    pub(super) fn end_within(
        &self,
        snapshot: &Snapshot,
        endpoints: &[EndpointId],
        sequences: Range<u64>,
        bytes: usize,
    ) -> Result<u64> {
        let endpoints = endpoints.iter().copied();
        let read: Vec<_> = endpoints.filter(|it| self.feeds.contains_key(it)).collect();
        end_within(snapshot, &read, sequences, bytes)
    }

    /// The rows that a pass applies, where pipelines read the tables of their sources.
    pub(super) fn taken(&self, state: &State, endpoints: &[EndpointId]) -> Result<Gathering<'_>> {
        let (from, until) = (state.applied(Side::Before), state.applied(Side::After));
        let mut gathering = Gathering::new(self);
        for endpoint in endpoints {
            let Some(feeds) = self.feeds.get(endpoint) else {
                continue;
            };
            rows_of(
                state,
                *endpoint,
                from..until,
                feeds,
                |sequence, feed, row| {
                    gathering.add(sequence, feed.id(), row);
                },
            )?;
        }
        Ok(gathering)
    }
}

/// Rows of sources, by the tables that they are in.
pub(super) struct Gathering<'l> {
    live: &'l Live,
    tables: BTreeMap<TableId, Gathered<'l>>,
}

/// Rows of one table.
enum Gathered<'l> {
    Stream(Vec<Row>),
    Upserts(&'l Table, Vec<Place>),
    /// No pipeline reads it.
    Unread,
}

impl<'l> Gathering<'l> {
    fn new(live: &'l Live) -> Self {
        Self {
            live,
            tables: BTreeMap::new(),
        }
    }

    /// Of rows that were handed over.
    pub(super) fn of(live: &'l Live, rows: Vec<HandedRow>) -> Self {
        let mut gathering = Self::new(live);
        for (sequence, source, row) in rows {
            gathering.add(sequence, source, row);
        }
        gathering
    }

    /// Adds a row behind the others.
    fn add(&mut self, sequence: u64, (table, source): Source, taken: TakenRow) {
        let live = self.live;
        let gathered = self.tables.entry(table).or_insert_with(|| {
            let read = live.table(table).filter(|_| live.is_read(table));
            match read {
                None => Gathered::Unread,
                Some(table) if table.kind() == Kind::Upserts => {
                    Gathered::Upserts(table, Vec::new())
                }
                Some(_) => Gathered::Stream(Vec::new()),
            }
        });
        match gathered {
            Gathered::Stream(rows) => rows.push(Row {
                time: taken.time,
                end: OPEN,
                id: place(sequence, source).into(),
                values: taken.values,
            }),
            Gathered::Upserts(table, places) => {
                let keys = taken.values.iter().take(table.keys.len());
                places.push((Table::key_bytes(keys), taken.time));
            }
            Gathered::Unread => {}
        }
    }

    /// What they change in the tables.
    pub(super) fn changes(self, state: &State) -> Result<BTreeMap<TableId, Changes>> {
        let changes = self.tables.into_iter().map(|(id, gathered)| {
            let changes = match gathered {
                Gathered::Stream(rows) => Changes::added(rows),
                Gathered::Upserts(table, places) => table.upserted(state, places)?,
                Gathered::Unread => Changes::default(),
            };
            Ok((id, changes))
        });
        changes.collect()
    }
}

/// About how many rows a chain of pipelines makes of one, at most. The tables are each behind those that they read.
fn fan_out(derived: &[Arc<Table>]) -> u64 {
    let mut made: BTreeMap<TableId, u64> = BTreeMap::new();
    for table in derived {
        if let Some(flow) = &table.flow {
            let of_flow = flow.fan_out(|id| made.get(&id).copied().unwrap_or(1));
            made.insert(table.id, of_flow);
        }
    }
    made.into_values().max().unwrap_or(1)
}

/// Who reads each endpoint, directly or by way of other tables, and how long its rows are kept for them. The tables are
/// each behind those that they read. And the tables that are made of endpoints which keep all.
fn readings(
    tables: &[Arc<Table>],
    number: impl Fn(&str, &str) -> Option<EndpointId>,
) -> (BTreeMap<EndpointId, Reading>, BTreeSet<TableId>) {
    let mut readings: BTreeMap<EndpointId, Reading> = BTreeMap::new();
    let mut known: BTreeMap<TableId, BTreeSet<EndpointId>> = BTreeMap::new();
    let mut erasable = BTreeSet::new();
    for table in tables {
        let inputs = table.flow.iter().flat_map(|flow| &flow.inputs);
        let inputs = inputs.filter_map(|input| known.get(&input.id));
        let mut endpoints: BTreeSet<_> = inputs.flatten().copied().collect();
        for feed in Feed::all(table) {
            let source = feed.source();
            let Some(endpoint) = number(&source.webhook, &source.endpoint) else {
                continue;
            };
            let retention = source.retention.micros();
            let reading = readings.entry(endpoint).or_default();
            reading.keeps = reading.keeps.max(retention);
            reading.feeds.push(feed);
            endpoints.insert(endpoint);
            if table.is_erasable {
                erasable.insert(endpoint);
            }
        }
        let history = table.retention.history().micros();
        for endpoint in &endpoints {
            if let Some(reading) = readings.get_mut(endpoint) {
                reading.keeps = reading.keeps.max(history);
            }
        }
        known.insert(table.id, endpoints);
    }
    // An erasure makes anew what takes rows of these endpoints, also where it takes others as well.
    let anew = known.values().filter(|all| !all.is_disjoint(&erasable));
    let whole: BTreeSet<_> = anew.flatten().copied().collect();
    for (endpoint, reading) in &mut readings {
        reading.is_whole = whole.contains(endpoint);
    }
    known.retain(|_, all| !all.is_disjoint(&whole));
    (readings, known.into_keys().collect())
}
