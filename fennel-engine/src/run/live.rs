//! The tables that pipelines fill and read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::Result;
use crate::ingest::{EndpointId, Feed, rows_of};
use crate::kernel::{Changes, OPEN, Row};
use crate::state::{Side, State};
use crate::table::{Kind, Place, Table, TableId, place};

/// The tables that are filled by pipelines, and the sources that these begin with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    /// The tables with pipelines, each behind those that it reads.
    derived: Vec<Arc<Table>>,
    /// The tables that others read.
    read: BTreeSet<TableId>,
    /// The sources of tables that others read, by endpoint.
    feeds: BTreeMap<EndpointId, Vec<Feed>>,
}

impl Live {
    /// Those among all tables; `number` gives an endpoint's number.
    pub(crate) fn new<'t>(
        tables: impl Iterator<Item = &'t Arc<Table>>,
        number: impl Fn(&str, &str) -> Option<EndpointId>,
    ) -> Self {
        let mut live = Self::default();
        let mut seen = BTreeSet::new();
        for table in tables.filter(|table| table.flow.is_some()) {
            live.add(table, &mut seen);
        }
        let inputs = live.derived.iter().filter_map(|table| table.flow.as_ref());
        let inputs: Vec<_> = inputs
            .flat_map(|flow| flow.inputs.iter().cloned())
            .collect();
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

    /// Whether there are no pipelines.
    pub(super) fn is_empty(&self) -> bool {
        self.derived.is_empty()
    }

    /// The tables with pipelines, each behind those that it reads.
    pub(crate) fn derived(&self) -> &[Arc<Table>] {
        &self.derived
    }

    /// Forgets what kernels remember of passes, one of which didn't happen.
    pub(super) fn forget(&self) {
        let flows = self.derived.iter().filter_map(|table| table.flow.as_ref());
        flows.for_each(|flow| flow.forget());
    }

    /// Whether another table reads this one.
    pub(super) fn is_read(&self, table: TableId) -> bool {
        self.read.contains(&table)
    }

    /// What the rows that a pass applies change in the tables of their sources, where others read these.
    pub(super) fn taken(
        &self,
        state: &State,
        endpoints: &[EndpointId],
    ) -> Result<BTreeMap<TableId, Changes>> {
        let (from, until) = (state.applied(Side::Before), state.applied(Side::After));
        let mut streams: BTreeMap<TableId, Vec<Row>> = BTreeMap::new();
        let mut upserts: BTreeMap<TableId, (&Table, Vec<Place>)> = BTreeMap::new();
        for endpoint in endpoints {
            let Some(feeds) = self.feeds.get(endpoint) else {
                continue;
            };
            rows_of(
                state,
                *endpoint,
                from..until,
                feeds,
                |sequence, feed, taken| {
                    let table = &feed.table;
                    match table.kind() {
                        Kind::Upserts => {
                            let keys = taken.values.iter().take(table.keys.len());
                            let place = (Table::key_bytes(keys), taken.time);
                            let upserted = upserts.entry(table.id);
                            upserted
                                .or_insert_with(|| (table, Vec::new()))
                                .1
                                .push(place);
                        }
                        _ => streams.entry(table.id).or_default().push(Row {
                            time: taken.time,
                            end: OPEN,
                            id: place(sequence, feed.index()).into(),
                            values: taken.values,
                        }),
                    }
                },
            )?;
        }
        let mut changed: BTreeMap<_, _> = streams
            .into_iter()
            .map(|(id, rows)| (id, Changes::added(rows)))
            .collect();
        for (id, (table, places)) in upserts {
            changed.insert(id, table.upserted(state, places)?);
        }
        Ok(changed)
    }
}
