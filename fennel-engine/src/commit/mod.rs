//! Commits: a branch becomes what a request says, all or nothing.

mod definitions;
mod fill;
mod proposal;
mod registry;

use std::sync::{Arc, PoisonError};

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::diff::Diff;
use fennel_core::entity::{Dataset, Descriptor};
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::{Problem, Problems};
use prost::Message;
use xxhash_rust::xxh3::Xxh3Default;

pub(crate) use definitions::Definitions;
pub(crate) use registry::{Registry, drop_table, live};

use crate::engine::Inner;
use crate::graph::Graph;
use crate::meta::{self, Head, TableRecord, TableState};
use crate::store::Batch;
use crate::{Engine, Error};
use fill::NewTables;
use proposal::Proposal;

/// How a commit is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitOptions {
    /// Checks everything and changes nothing.
    pub preview: bool,
    /// What the request doesn't list stays as it is.
    pub incremental: bool,
    /// May compute datasets from rows that were logged before. Otherwise each dataset with a source must be
    /// there already with the same structure, on this branch or another.
    pub backfill: bool,
}

impl Default for CommitOptions {
    /// The whole branch, for real, with backfill.
    fn default() -> Self {
        Self { preview: false, incremental: false, backfill: true }
    }
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The branch's commit after the call, 12 hexadecimal digits: after a preview, or where nothing changes,
    /// the one before. Empty for a branch without commits.
    pub id: String,
    /// Whether anything changes on the branch; of a preview, whether it would.
    pub changed: bool,
    /// What changes, entity by entity.
    pub diff: Diff,
    /// The message of the request.
    pub message: String,
    /// When the call was made, by the engine's clock.
    pub at: Timestamp,
}

impl Engine {
    /// Makes a branch what `request` says. Either all of it holds when the call returns, or nothing is changed;
    /// queries see the branch before or after, never between.
    ///
    /// A dataset whose structure is new is computed from all rows that were ever logged to its endpoints, which
    /// can take long. Meanwhile queries are answered and, but for the last moments, rows are taken in.
    /// Commits are made one after another. A commit that changes nothing writes nothing, so a request
    /// can be repeated after a lost answer.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there, [`Error::Invalid`] for definitions that are wrong,
    /// [`Error::Refused`] where the branch may not become that, each with all problems there are.
    pub fn commit(
        &self,
        branch: &str,
        request: &SyncRequest,
        options: CommitOptions,
    ) -> Result<Commit, Error> {
        let Inner { store, clock, registry, routes, branches, reject_counts, .. } = &*self.inner;
        let mut registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        let at = clock.now();
        let head = branches.read(branch, |branch| Arc::clone(&branch.head))?;
        let arena = Bump::new();
        let proposal = Proposal::new(&arena, &head, request, options.incremental)?;
        let catalog = &proposal.definitions.catalog;
        if !options.backfill {
            check_computed(&registry, catalog)?;
        }
        let mut commit = Commit {
            id: head.id.clone(),
            changed: !proposal.diff.is_empty(),
            diff: proposal.diff.clone(),
            message: request.message.clone(),
            at,
        };
        if options.preview || !commit.changed {
            return Ok(commit);
        }

        let missing: Vec<_> = missing(&registry, catalog).collect();
        let mut new = NewTables::create(store, &mut registry, missing)?;
        new.catch_up()?;
        // From here on nobody logs. What was logged meanwhile is durable, for loggers hold the lock until then.
        let mut routes = routes.write().unwrap_or_else(PoisonError::into_inner);
        new.catch_up()?;

        let table = |dataset: &Dataset<'_>| new.table(dataset).or_else(|| registry.table(dataset));
        let graph = Graph::new(catalog, |dataset| table(dataset).cloned())?;
        let others = branches.tables_besides(branch);
        let unused = registry.unused(graph.tables().chain(&others));
        let endpoints = registry.new_endpoints(new.tables());
        let head = next_head(&head, &proposal, &request.message, at);
        let mut batch = Batch::new();
        meta::put_head(&mut batch, branch, &head);
        new.record(TableState::Ready, &mut batch);
        for (identity, table) in &unused {
            let record = TableRecord { identity: identity.clone(), state: TableState::Dropping };
            meta::put_table(&mut batch, table.id, &record);
        }
        for ((webhook, endpoint), id) in &endpoints {
            meta::put_endpoint(&mut batch, *id, webhook, endpoint);
        }
        store.write(batch)?;

        commit.id.clone_from(&head.id);
        registry.endpoints.extend(endpoints);
        registry.tables.extend(new.keep());
        registry.tables.retain(|identity, _| !unused.contains_key(identity));
        *routes = registry.routes();
        branches.set(branch, head, graph);
        drop(routes);
        for table in unused.values() {
            // The commit is made. What can't be removed now is removed by the next open.
            let _ = drop_table(store, table.id);
            reject_counts.forget(table.id);
        }
        Ok(commit)
    }
}

/// The datasets whose structure has no table yet.
fn missing<'c, 'a>(
    registry: &Registry,
    catalog: &'c Catalog<'a>,
) -> impl Iterator<Item = &'c Dataset<'a>> {
    live(catalog).filter(|dataset| registry.table(dataset).is_none())
}

/// Refuses datasets that would have to be computed from their sources.
fn check_computed(registry: &Registry, catalog: &Catalog<'_>) -> Result<(), Error> {
    let computed = missing(registry, catalog).filter(|dataset| !dataset.sources.is_empty());
    let problems = computed.map(|dataset| {
        let message = "no branch has a dataset of this structure, so its rows would have to be computed; commit with backfill, or commit it to another branch first";
        Problem::new(Descriptor::Dataset(dataset), "", message)
    });
    Problems(problems.collect()).into_result().map_err(Error::Refused)
}

/// The head after a commit. Its id tells it from all others of the branch.
fn next_head(head: &Head, proposal: &Proposal<'_>, message: &str, at: Timestamp) -> Head {
    const ID_BITS: u32 = 48;
    let request = proposal.definitions.request.encode_to_vec();
    let sequence = head.sequence + 1;
    let mut hash = Xxh3Default::new();
    hash.update(head.id.as_bytes());
    hash.update(&sequence.to_be_bytes());
    hash.update(&at.micros().to_be_bytes());
    hash.update(&request);
    Head {
        id: format!("{:012x}", hash.digest() >> (u64::BITS - ID_BITS)),
        sequence,
        at_micros: at.micros(),
        message: message.into(),
        request,
        tombstones: proposal.tombstones.encode_to_vec(),
    }
}
