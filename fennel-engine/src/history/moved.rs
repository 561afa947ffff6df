//! A branch that is no longer where a plan was made against it.

use std::fmt;

use super::{Past, PastCommit};
use crate::error::Result;

/// What was committed to a branch since a plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// The branch.
    pub branch: String,
    /// The commit that the plan was made against; empty for a branch without commits.
    pub base: String,
    /// Whether the branch has that commit at all: not so if it was deleted and made anew.
    pub is_known: bool,
    /// What was committed since, the first one first; where the base isn't known, the last commit alone.
    pub commits: Vec<PastCommit>,
}

/// How many commits, and entities of each, are told before the rest is counted.
const TOLD: usize = 8;

impl Moved {
    /// How a branch has moved since `base`; `None` if it is still there.
    pub(crate) fn since(base: &str, branch: &str, past: &Past) -> Result<Option<Moved>> {
        let mut commits = Vec::new();
        let mut is_known = base.is_empty();
        for commit in past.commits(past.len()) {
            let commit = commit?;
            if commit.id == base {
                is_known = true;
                break;
            }
            commits.push(PastCommit::from(commit));
        }
        if is_known && commits.is_empty() {
            return Ok(None);
        }
        if !is_known {
            commits.truncate(1);
        }
        commits.reverse();
        Ok(Some(Moved {
            branch: branch.into(),
            base: base.into(),
            is_known,
            commits,
        }))
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moved { branch, base, .. } = self;
        if self.is_known {
            write!(f, "branch `{branch}` has moved since the plan was made: ")?;
        } else {
            write!(
                f,
                "the plan was made against commit {base}, which branch `{branch}` doesn't have; "
            )?;
        }
        let hidden = self.commits.len().saturating_sub(TOLD);
        if hidden > 0 {
            write!(f, "{hidden} commits, then ")?;
        }
        for (i, commit) in self.commits.iter().skip(hidden).enumerate() {
            let separator = if i == 0 { "" } else { ", then " };
            write!(f, "{separator}{} ", Told(commit))?;
            what_it_did(f, commit)?;
        }
        f.write_str("; nothing was changed, make the plan again")
    }
}

fn what_it_did(f: &mut fmt::Formatter<'_>, commit: &PastCommit) -> fmt::Result {
    for (i, entity) in commit.changes.iter().take(TOLD).enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        write!(
            f,
            "{separator}{} {} `{}`",
            entity.change, entity.kind, entity.name
        )?;
    }
    match commit.changes.len().saturating_sub(TOLD) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

/// A commit in a sentence: its id, when and by whom it was made, from which code, and what it is about.
pub(crate) struct Told<'c>(pub(crate) &'c PastCommit);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.0;
        let at = commit.at.to_datetime().format("%Y-%m-%d %H:%M:%S UTC");
        write!(f, "commit {} ({at}", commit.id)?;
        if !commit.by.is_empty() {
            write!(f, ", by {}", commit.by)?;
        }
        if let Some(revision) = &commit.revision {
            write!(f, ", revision {revision}")?;
        }
        if !commit.message.is_empty() {
            let message: String = commit.message.chars().take(80).collect();
            write!(f, ", {message:?}")?;
        }
        f.write_str(")")
    }
}
