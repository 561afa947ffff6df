//! Commits: a branch becomes what a request says, all or nothing.

mod apply;
mod definitions;
mod fill;
mod functions;
mod omission;
mod origin;
mod plan;
mod proposal;
mod rebuild;
mod registry;
mod remover;
mod repeat;
mod reserved;
mod runnable;
mod tags;

use std::sync::{Arc, PoisonError};

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::diff::Diff;
use fennel_core::entity::Dataset;
use fennel_core::entity::Descriptor;
use fennel_core::plan::{Partial, Plan};
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::{Problem, Problems};

pub(crate) use apply::{Switch, Switched};
pub(crate) use definitions::Definitions;
pub(crate) use plan::{Endpoint, endpoints};
pub(crate) use registry::{Registry, in_order, pipeline_of};
pub(crate) use remover::Remover;

use crate::history::Moved;
use crate::python::RunBy;
use crate::{Engine, Error, Note};
use proposal::Proposal;
use registry::missing;

/// How a commit is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOptions {
    /// Checks everything and changes nothing.
    pub preview: bool,
    /// What the request doesn't list stays as it is.
    pub incremental: bool,
    /// May compute datasets from rows that were logged before. Otherwise each dataset with a source must be
    /// there already with the same structure, on this branch or another.
    pub backfill: bool,
    /// The commit that the branch must be at, empty for none: the one that the caller's plan was made against.
    /// Without it the branch may be anywhere.
    pub base: Option<String>,
    /// The commit's id, chosen by the caller: 12 hexadecimal digits in lower case, at random. A call with the id and
    /// the request of a commit that the branch has is answered as that one was, so a call can be repeated by
    /// whoever doesn't know what became of it.
    pub id: Option<String>,
    /// Who makes the commit, for the branch's history; empty where that isn't known.
    pub by: String,
    /// The state of the code that the definitions come from, such as a git commit, for the branch's history.
    pub revision: Option<String>,
}

impl Default for CommitOptions {
    /// The whole branch, for real, with backfill.
    fn default() -> Self {
        Self {
            preview: false,
            incremental: false,
            backfill: true,
            base: None,
            id: None,
            by: String::new(),
            revision: None,
        }
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
    /// What that comes to; of a preview.
    pub plan: Option<Plan>,
    /// The datasets that the call filled from what was left, since older rows had been removed; what a preview would
    /// fill so is in its plan.
    pub partial: Vec<Partial>,
    /// The message of the request.
    pub message: String,
    /// When the call was made, by the engine's clock.
    pub at: Timestamp,
    /// The commit was made by an earlier call with the same id, and this one changed nothing.
    pub repeated: bool,
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
    /// [`Error::Refused`] where the branch may not become that, each with all problems there are. [`Error::Moved`] for
    /// a branch that isn't at [`base`](CommitOptions::base), unless it is what the request says already.
    /// [`Error::Request`] for an id that can't be one, [`Error::Exists`] for that of a commit of another request.
    pub fn commit(
        &self,
        branch: &str,
        request: &SyncRequest,
        options: CommitOptions,
    ) -> Result<Commit, Error> {
        self.commit_noted(branch, request, options, &|| Ok(()))
    }

    /// [`commit`](Engine::commit), which calls `note` before it changes anything.
    pub(crate) fn commit_noted(
        &self,
        branch: &str,
        request: &SyncRequest,
        options: CommitOptions,
        note: Note<'_>,
    ) -> Result<Commit, Error> {
        let inner = &*self.inner;
        let mut registry = inner
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at = inner.clock.now();
        let head = inner
            .branches
            .read(branch, |branch| Arc::clone(&branch.head))?;
        let preview = options.preview;
        let _span = tracing::info_span!("commit", branch, preview).entered();
        let past = self.past(branch)?;
        if let Some(id) = options.id.as_deref().filter(|_| !options.preview)
            && let Some(done) = repeat::find(&past, branch, id, request, options.incremental)?
        {
            return Ok(done);
        }
        let moved = match &options.base {
            Some(base) => Moved::since(base, branch, &past)?,
            None => None,
        };
        let arena = Bump::new();
        let known = omission::Branch {
            past: &past,
            graph: inner.branches.read(branch, |it| Arc::clone(&it.graph))?,
            now: at,
            python: (RunBy::new(registry.python.as_ref()), !options.preview),
        };
        let proposal = Proposal::new(&arena, &head, request, options.incremental, &known);
        let proposal = match (proposal, moved) {
            (Ok(proposal), Some(_)) if proposal.diff.is_empty() => proposal,
            (_, Some(moved)) => return Err(Error::Moved(Box::new(moved))),
            (proposal, None) => proposal?,
        };
        let catalog = &proposal.definitions.catalog;
        if !options.backfill {
            check_computed(&registry, catalog)?;
        }
        let mut commit = Commit {
            id: head.commit.id.clone(),
            changed: !proposal.diff.is_empty(),
            diff: proposal.diff.clone(),
            plan: None,
            partial: Vec::new(),
            message: request.message.clone(),
            at,
            repeated: false,
        };
        if options.preview {
            let tables = inner.table_changes(&registry, branch, &proposal)?;
            let (before, diff) = (&proposal.before.catalog, &proposal.diff);
            commit.plan = Some(Plan::new(before, catalog, diff).with_tables(tables));
        } else if commit.changed {
            let head = proposal.head(&head, request, options, at);
            commit.id.clone_from(&head.commit.id);
            note()?;
            inner.finish_taking_out()?;
            let new: Vec<_> = missing(&registry, catalog).collect();
            inner.apply(&mut registry, branch, catalog, head)?;
            commit.partial = partial(&registry, catalog, &new);
            tracing::info!(commit = commit.id, "committed");
        }
        Ok(commit)
    }
}

/// Those of these datasets that lack older rows.
fn partial(registry: &Registry, catalog: &Catalog<'_>, datasets: &[&Dataset<'_>]) -> Vec<Partial> {
    let partial = datasets.iter().filter_map(|dataset| {
        let table = registry.table(catalog, dataset)?;
        Some(Partial {
            dataset: dataset.name.into(),
            whole_since: plan::told_since(table.retention.since())?,
        })
    });
    partial.collect()
}

/// Refuses datasets that would have to be computed from their sources or by their pipelines.
fn check_computed(registry: &Registry, catalog: &Catalog<'_>) -> Result<(), Error> {
    let computed = missing(registry, catalog).filter(|dataset| {
        !dataset.sources.is_empty() || !catalog.pipelines(dataset.name).is_empty()
    });
    let problems = computed.map(|dataset| {
        let message = "no branch has a dataset of this structure, so its rows would have to be computed; commit with backfill, or commit it to another branch first";
        Problem::new(Descriptor::Dataset(dataset), "", message)
    });
    Problems(problems.collect())
        .into_result()
        .map_err(Error::Refused)
}
