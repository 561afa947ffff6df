//! What was committed to a branch, from the first commit on.
//!
//! Commits lie on *lines*: a branch has one of its own, and a commit is added to its end. A branch that begins as
//! another one takes that one's lines up to where it is, and its own is empty. So a clone writes a list of numbers,
//! however much its base holds. A commit stays until no branch has it any more.

mod lines;
mod moved;
mod name;
mod past;

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::diff::{Change, Diff, EntityFacts, diff, listing};
use fennel_core::entity::Kind;
use fennel_core::time::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use lines::Lines;
pub use moved::Moved;
pub(crate) use moved::Told;
pub use name::Names;
pub(crate) use past::Past;

use crate::Engine;
use crate::error::{Error, Result};

/// A commit as it is kept, without what it makes of the branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommitRecord {
    /// 12 hexadecimal digits; empty before the first commit.
    pub(crate) id: String,
    /// How many commits there were, this one included.
    pub(crate) sequence: u64,
    /// When it was made, in microseconds since 1970.
    pub(crate) at_micros: i64,
    pub(crate) message: String,
    /// Who made it; empty where that isn't known.
    pub(crate) by: String,
    /// The state of the code that it was made from.
    pub(crate) revision: Option<String>,
    /// A hash of the request, by which the same one is known again.
    pub(crate) digest: u64,
    /// What it changed. Kinds and changes are kept as their numbers, so theirs must not change.
    pub(crate) changes: Vec<EntityChange>,
}

/// What a branch is by a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptDefinitions {
    /// The definitions, as an encoded `SyncRequest`.
    pub(crate) request: Vec<u8>,
    /// What was marked deleted by an earlier commit and is left out since, encoded likewise: those names stay
    /// reserved.
    pub(crate) tombstones: Vec<u8>,
}

/// The last commit of a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) commit: CommitRecord,
    pub(crate) definitions: KeptDefinitions,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastCommit {
    /// 12 hexadecimal digits.
    pub id: String,
    /// Its number on the branch: the first commit's is 1.
    pub sequence: u64,
    /// When it was made, by the engine's clock.
    pub at: Timestamp,
    /// What it is about.
    pub message: String,
    /// Who made it; empty where that isn't known.
    pub by: String,
    /// The state of the code that it was made from, such as a git commit, if it was told.
    pub revision: Option<String>,
    /// What it changed: datasets first, each by name.
    pub changes: Vec<EntityChange>,
}

/// What a commit did to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityChange {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What happened to it.
    pub change: Change,
}

/// A commit, what it changed field by field, and what the branch was from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownCommit {
    /// The commit.
    pub commit: PastCommit,
    /// What it changed.
    pub diff: Diff,
    /// What the branch was from then on, entity by entity.
    pub definitions: Vec<EntityFacts>,
}

/// What differs between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The one; `None` for a branch without commits.
    pub from: Option<PastCommit>,
    /// The other; `None` for a branch without commits.
    pub to: Option<PastCommit>,
    /// What changes from the one to the other.
    pub diff: Diff,
}

/// The most entities that commits which are listed together change, but for a single one that changes more.
const LISTED: usize = 5_000;

impl Engine {
    /// The last `limit` commits of a branch, the latest first; `before` names one, and those before that are meant.
    /// They are fewer where together they change more than 5,000 entities.
    /// How commits are named is told at [`past_commit`](Engine::past_commit).
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or a commit that isn't there.
    pub fn history<'n>(
        &self,
        branch: impl Into<Names<'n>>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PastCommit>, Error> {
        let names = branch.into();
        let (past, last) = match before {
            None => {
                let past = self.past(names.branch())?;
                let last = past.len();
                (past, last)
            }
            Some(name) => {
                let (past, sequence) = self.named(names, name)?;
                (past, sequence.saturating_sub(1))
            }
        };
        let mut commits: Vec<PastCommit> = Vec::new();
        let mut entities = 0;
        for commit in past.commits(last).take(limit) {
            let commit = PastCommit::from(commit?);
            entities += commit.changes.len();
            if entities > LISTED && !commits.is_empty() {
                break;
            }
            commits.push(commit);
        }
        Ok(commits)
    }

    /// A commit of a branch. It is named by its id, by the beginning of its id (at least 4 digits of it), as `HEAD`,
    /// which is the branch's last commit, or by the name of a branch, which is that one's last. `~3` behind any of
    /// these goes back by 3 commits.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or a commit that isn't there, [`Error::Request`] for the beginning of several ids.
    pub fn past_commit<'n>(
        &self,
        branch: impl Into<Names<'n>>,
        name: &str,
    ) -> Result<ShownCommit, Error> {
        let (past, sequence) = self.named(branch.into(), name)?;
        let commit = past.commit(sequence)?.ok_or_else(|| Error::Unknown {
            what: format!("`{name}` has no commits yet"),
        })?;
        let arena = Bump::new();
        let before = past.catalog(&arena, sequence - 1)?;
        let after = past.catalog(&arena, sequence)?;
        Ok(ShownCommit {
            commit: commit.into(),
            diff: diff(&before, &after),
            definitions: listing(&after),
        })
    }

    /// What changes from one commit to another, both named as at [`past_commit`](Engine::past_commit). They may be of
    /// different branches.
    ///
    /// # Errors
    ///
    /// As [`past_commit`](Engine::past_commit).
    pub fn compare<'n>(
        &self,
        branch: impl Into<Names<'n>>,
        from: &str,
        to: &str,
    ) -> Result<Comparison, Error> {
        let names = branch.into();
        let arena = Bump::new();
        let side = |name: &str| -> Result<(Option<PastCommit>, Catalog<'_>)> {
            let (past, sequence) = self.named(names, name)?;
            let commit = past.commit(sequence)?.map(PastCommit::from);
            Ok((commit, past.catalog(&arena, sequence)?))
        };
        let ((from, before), (to, after)) = (side(from)?, side(to)?);
        Ok(Comparison {
            from,
            to,
            diff: diff(&before, &after),
        })
    }

    /// What was committed to a branch so far.
    pub(crate) fn past(&self, branch: &str) -> Result<Past> {
        let branches = &self.inner.branches;
        branches.read(branch, |branch| {
            Past::new(branch.lines.clone(), self.inner.store.snapshot())
        })
    }
}

impl PastCommit {
    /// How many entities it changed in that way.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        let changes = self.changes.iter();
        changes.filter(|entity| entity.change == change).count()
    }
}

impl From<CommitRecord> for PastCommit {
    fn from(record: CommitRecord) -> Self {
        PastCommit {
            at: record.at(),
            id: record.id,
            sequence: record.sequence,
            message: record.message,
            by: record.by,
            revision: record.revision,
            changes: record.changes,
        }
    }
}

impl CommitRecord {
    /// When it was made.
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at_micros).unwrap_or(Timestamp::MIN)
    }
}

impl EntityChange {
    /// What a commit with that diff changes.
    pub(crate) fn of(diff: &Diff) -> Vec<EntityChange> {
        let changed = diff.entities.iter();
        let changed = changed.filter(|entity| entity.change != Change::Unchanged);
        let changes = changed.map(|entity| EntityChange {
            kind: entity.kind,
            name: entity.name.clone(),
            change: entity.change,
        });
        changes.collect()
    }
}
