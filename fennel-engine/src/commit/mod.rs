//! Commits: a branch becomes what a request says, all or nothing.

use fennel_core::diff::Diff;
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::services::SyncRequest;

use crate::{Engine, Error};

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
        let _ = (branch, request, options);
        todo!()
    }
}
