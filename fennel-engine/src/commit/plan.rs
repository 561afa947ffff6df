//! What a commit would make of the tables: which it computes, from how much, which it shares, and which go.

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::catalog::Catalog;
use fennel_core::connector::Connector;
use fennel_core::diff::identity;
use fennel_core::entity::Dataset;
use fennel_core::plan::{Fate, History, TableChange};
use fennel_core::time::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::proposal::Proposal;
use super::registry::{Registry, in_order, live};
use crate::engine::Inner;
use crate::error::Result;
use crate::ingest::entry;
use crate::meta;
use crate::store::Snapshot;

/// The most rows of the log that a plan counts. It takes about as long as a slow request.
const COUNTED: usize = 200_000;

/// A webhook's name and an endpoint's.
pub(crate) type Endpoint<'a> = (&'a str, &'a str);

impl Inner {
    /// What would become of the tables of a branch, the new ones in the order in which they are made of each other.
    pub(super) fn table_changes(
        &self,
        registry: &Registry,
        branch: &str,
        proposal: &Proposal<'_>,
    ) -> Result<Vec<TableChange>> {
        let (before, after) = (&proposal.before.catalog, &proposal.definitions.catalog);
        let (had, has) = (structures(before), structures(after));
        let mut counter = Counter {
            registry,
            snapshot: self.store.snapshot(),
            counted: BTreeMap::new(),
            left: COUNTED,
        };
        let endpoints = endpoints(after)?;
        let mut since = BTreeMap::new();
        let mut changes = Vec::new();
        for dataset in in_order(after)?.1 {
            let read = &endpoints[dataset.name];
            let is_new = !had.contains(&structure(after, dataset));
            let (fate, history) = match registry.table(after, dataset) {
                Some(table) => {
                    since.insert(dataset.name, table.retention.since());
                    (Fate::Shared, None)
                }
                None => {
                    let whole = counter.whole_since(after, dataset, &since)?;
                    since.insert(dataset.name, whole);
                    let history = History {
                        whole_since: told_since(whole),
                        ..counter.history(read)?
                    };
                    (Fate::Computed, Some(history))
                }
            };
            if is_new {
                changes.push(change(dataset, fate, history));
            }
        }
        let others = self.branches.tables_besides(branch);
        for dataset in live(before) {
            if has.contains(&structure(before, dataset)) {
                continue;
            }
            let table = registry.table(before, dataset);
            let fate = match table.is_some_and(|table| others.contains(&table.id)) {
                true => Fate::Left,
                false => Fate::Dropped,
            };
            changes.push(change(dataset, fate, None));
        }
        Ok(changes)
    }
}

/// What tells a dataset's structure from all others, in less space than its text.
fn structure(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> u128 {
    xxh3_128(identity(catalog, dataset).as_bytes())
}

fn structures(catalog: &Catalog<'_>) -> BTreeSet<u128> {
    let datasets = live(catalog);
    datasets
        .map(|dataset| structure(catalog, dataset))
        .collect()
}

fn change(dataset: &Dataset<'_>, fate: Fate, history: Option<History>) -> TableChange {
    TableChange {
        dataset: dataset.name.into(),
        version: dataset.version,
        fate,
        history,
    }
}

/// From when on something is whole, for people; `None` where nothing has gone.
pub(super) fn told_since(since: i64) -> Option<String> {
    let since = Some(since).filter(|since| *since > i64::MIN)?;
    let since = Timestamp::from_micros(since).unwrap_or(Timestamp::MAX);
    Some(since.to_string())
}

/// The endpoints that the rows of each live dataset of a checked catalog come from, by way of those that it is made of.
pub(crate) fn endpoints<'a>(
    catalog: &Catalog<'a>,
) -> Result<BTreeMap<&'a str, BTreeSet<Endpoint<'a>>>> {
    let mut endpoints = BTreeMap::new();
    for dataset in in_order(catalog)?.1 {
        let read = endpoints_of(catalog, dataset, &endpoints);
        endpoints.insert(dataset.name, read);
    }
    Ok(endpoints)
}

/// The endpoints that a dataset's rows come from, by way of those that it is made of.
fn endpoints_of<'a>(
    catalog: &Catalog<'a>,
    dataset: &Dataset<'a>,
    known: &BTreeMap<&str, BTreeSet<Endpoint<'a>>>,
) -> BTreeSet<Endpoint<'a>> {
    let of_inputs = inputs_of(catalog, dataset).filter_map(|input| known.get(input));
    own_endpoints(dataset)
        .chain(of_inputs.flatten().copied())
        .collect()
}

/// The endpoints of a dataset's own sources.
fn own_endpoints<'a>(dataset: &Dataset<'a>) -> impl Iterator<Item = Endpoint<'a>> {
    let connectors = dataset.sources.iter().map(|source| &source.connector);
    connectors.filter_map(|connector| match connector {
        Connector::Webhook(endpoint) => Some((endpoint.webhook.name, endpoint.endpoint)),
        _ => None,
    })
}

/// The datasets that a dataset's pipelines take rows of.
fn inputs_of<'c, 'a>(
    catalog: &'c Catalog<'a>,
    dataset: &Dataset<'_>,
) -> impl Iterator<Item = &'a str> + use<'c, 'a> {
    let pipelines = catalog.pipelines(dataset.name).iter();
    pipelines.flat_map(|pipeline| pipeline.inputs).copied()
}

/// Counts the rows of endpoints, each once.
struct Counter<'e> {
    registry: &'e Registry,
    snapshot: Snapshot,
    counted: BTreeMap<Endpoint<'e>, Counted>,
    /// How many rows may still be counted.
    left: usize,
}

/// The rows of one endpoint.
#[derive(Clone, Copy, Default)]
struct Counted {
    rows: usize,
    more: bool,
    /// When the first and the last one came.
    span: Option<(Timestamp, Timestamp)>,
}

impl<'e> Counter<'e> {
    fn history(&mut self, endpoints: &BTreeSet<Endpoint<'e>>) -> Result<History> {
        let mut history = History::default();
        let mut spans = Vec::new();
        for endpoint in endpoints {
            let counted = self.count(*endpoint)?;
            history.rows += counted.rows as u64;
            history.more |= counted.more;
            spans.extend(counted.span);
            history
                .endpoints
                .push(format!("{}/{}", endpoint.0, endpoint.1));
        }
        history.first = spans
            .iter()
            .map(|(first, _)| first)
            .min()
            .map(ToString::to_string);
        history.last = spans
            .iter()
            .map(|(_, last)| last)
            .max()
            .map(ToString::to_string);
        Ok(history)
    }

    /// From when on the table of a dataset will know what it was, given the same of those that it is made of;
    /// [`i64::MIN`] where nothing has gone.
    fn whole_since(
        &self,
        catalog: &Catalog<'_>,
        dataset: &Dataset<'_>,
        known: &BTreeMap<&str, i64>,
    ) -> Result<i64> {
        let inputs = inputs_of(catalog, dataset).filter_map(|input| known.get(input));
        let mut since = inputs.copied().max();
        for (webhook, endpoint) in own_endpoints(dataset) {
            if let Some(id) = self.registry.endpoint(webhook, endpoint) {
                since = since.max(meta::log_since(&self.snapshot, id)?);
            }
        }
        Ok(since.unwrap_or(i64::MIN))
    }

    fn count(&mut self, endpoint: Endpoint<'e>) -> Result<Counted> {
        if let Some(counted) = self.counted.get(&endpoint) {
            return Ok(*counted);
        }
        let mut counted = Counted::default();
        if let Some(id) = self.registry.endpoint(endpoint.0, endpoint.1) {
            let ends = (
                entry::first(&self.snapshot, id)?,
                entry::last(&self.snapshot, id)?,
            );
            if let (Some(first), Some(last)) = ends {
                counted.span = Some((first.arrival.at, last.arrival.at));
            }
            // One more, which tells whether that is all.
            let rows = entry::count(&self.snapshot, id, 0, self.left + 1)?;
            counted.more = rows > self.left;
            counted.rows = rows.min(self.left);
            self.left -= counted.rows;
        }
        self.counted.insert(endpoint, counted);
        Ok(counted)
    }
}
