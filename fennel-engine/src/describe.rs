//! What a branch's definitions say, and how far the rows behind its datasets are: for people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::services::SyncRequest;

use crate::commit::{Definitions, Endpoint, endpoints};
use crate::error::Result;
use crate::ingest::{EndpointId, entry};
use crate::store::Snapshot;
use crate::{Engine, Error};

/// The most rows of the log that one call counts. It takes about as long as a slow request.
const COUNTED: usize = 200_000;

/// The rows that a dataset is made of, by way of those that it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// How many the log has, with those that were set aside; `None` where counting would take long.
    pub rows: Option<u64>,
    /// How many of them pipelines have still to take; `None` where counting would take long.
    pub backlog: Option<u64>,
    /// When the last one came, by the engine's clock.
    pub last: Option<Timestamp>,
    /// When the last one came of those that are in the dataset.
    pub last_applied: Option<Timestamp>,
}

impl Engine {
    /// What `read` makes of a branch's definitions: of what they say, and of the messages that said it.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there.
    pub fn describe<T>(
        &self,
        branch: &str,
        read: impl FnOnce(&Catalog<'_>, &SyncRequest) -> T,
    ) -> Result<T, Error> {
        let branches = &self.inner.branches;
        let head = branches.read(branch, |branch| Arc::clone(&branch.head))?;
        let arena = Bump::new();
        let Definitions { request, catalog } =
            Definitions::read(&arena, &head.definitions.request)?;
        Ok(read(&catalog, &request))
    }

    /// How far the rows behind each dataset of a branch are, as far as `wanted`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there.
    pub fn ingested(
        &self,
        branch: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Ingested>, Error> {
        self.describe(branch, |catalog, _| {
            let datasets = endpoints(catalog)?.into_iter();
            let datasets: Vec<_> = datasets.filter(|(name, _)| wanted(name)).collect();
            let all = datasets.iter().flat_map(|(_, endpoints)| endpoints);
            let numbers = {
                // Not longer, since commits wait for it.
                let routes = self.inner.routes.read();
                let routes = routes.unwrap_or_else(PoisonError::into_inner);
                let numbers = all.filter_map(|it| Some((*it, routes.number(it.0, it.1)?)));
                numbers.collect()
            };
            // Before the snapshot, which then has all that is applied.
            let applied = self.inner.applier.applied();
            let mut log = Log {
                numbers,
                snapshot: self.inner.store.snapshot(),
                applied,
                known: BTreeMap::new(),
                left: COUNTED,
            };
            let ingested = datasets.iter().map(|(name, endpoints)| {
                let is_derived = !catalog.pipelines(name).is_empty();
                let ingested = log.ingested(endpoints, is_derived)?;
                Ok(((*name).to_owned(), ingested))
            });
            ingested.collect()
        })?
    }
}

/// The log, and what is known of its endpoints.
struct Log<'e> {
    /// The endpoints' numbers.
    numbers: BTreeMap<Endpoint<'e>, EndpointId>,
    snapshot: Snapshot,
    /// How many rows of it are applied to pipelines.
    applied: u64,
    known: BTreeMap<Endpoint<'e>, [Ingested; 2]>,
    /// How many rows may still be counted.
    left: usize,
}

impl<'e> Log<'e> {
    fn ingested(
        &mut self,
        endpoints: &BTreeSet<Endpoint<'e>>,
        is_derived: bool,
    ) -> Result<Ingested> {
        let mut sum = Ingested {
            rows: Some(0),
            backlog: Some(0),
            ..Ingested::default()
        };
        for endpoint in endpoints {
            let [direct, derived] = self.endpoint(*endpoint)?;
            let one = if is_derived { derived } else { direct };
            sum.rows = sum.rows.zip(one.rows).map(|(a, b)| a + b);
            sum.backlog = sum.backlog.zip(one.backlog).map(|(a, b)| a + b);
            sum.last = sum.last.max(one.last);
            sum.last_applied = sum.last_applied.max(one.last_applied);
        }
        Ok(sum)
    }

    /// How far the rows of an endpoint are in datasets that read from it, and in those that pipelines fill.
    fn endpoint(&mut self, endpoint: Endpoint<'e>) -> Result<[Ingested; 2]> {
        if let Some(known) = self.known.get(&endpoint) {
            return Ok(known.clone());
        }
        let read = match self.numbers.get(&endpoint) {
            Some(number) => self.read(*number)?,
            None => Default::default(),
        };
        self.known.insert(endpoint, read.clone());
        Ok(read)
    }

    fn read(&mut self, endpoint: EndpointId) -> Result<[Ingested; 2]> {
        let arrival = |entry: entry::Entry| entry.arrival.at;
        let last = entry::last(&self.snapshot, endpoint)?.map(arrival);
        let direct = Ingested {
            rows: self.count(endpoint, 0)?,
            backlog: Some(0),
            last,
            last_applied: last,
        };
        let last_applied = entry::last_before(&self.snapshot, endpoint, self.applied)?;
        let derived = Ingested {
            backlog: self.count(endpoint, self.applied)?,
            last_applied: last_applied.map(arrival),
            ..direct.clone()
        };
        Ok([direct, derived])
    }

    /// The rows of an endpoint from a sequence on.
    fn count(&mut self, endpoint: EndpointId, from: u64) -> Result<Option<u64>> {
        // One more, which tells whether that is all.
        let rows = entry::count(&self.snapshot, endpoint, from, self.left + 1)?;
        let is_all = rows <= self.left;
        self.left -= rows.min(self.left);
        Ok(is_all.then_some(rows as u64))
    }
}
