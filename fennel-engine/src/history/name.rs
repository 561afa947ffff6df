//! How people name a commit.

use std::fmt;

use super::Past;
use crate::Engine;
use crate::error::{Error, Result};

/// The last commit of the branch that is asked about.
const HEAD: &str = "HEAD";
/// The fewest digits of an id that stand for it.
const FEWEST_DIGITS: usize = 4;
/// The most ids that are shown where several are meant.
const SHOWN: usize = 5;

/// Where names of commits are read: on a branch, by somebody who may not know of all others.
#[derive(Clone, Copy)]
pub struct Names<'n> {
    branch: &'n str,
    sees: &'n dyn Fn(&str) -> bool,
}

impl<'n> Names<'n> {
    /// Names on `branch`, read as if there were no other branches than those that `sees` says yes to.
    #[must_use]
    pub fn seen(branch: &'n str, sees: &'n dyn Fn(&str) -> bool) -> Self {
        Names { branch, sees }
    }

    pub(super) fn branch(self) -> &'n str {
        self.branch
    }
}

impl<'n> From<&'n str> for Names<'n> {
    /// Names on a branch, by somebody who may know of all.
    fn from(branch: &'n str) -> Self {
        Names::seen(branch, &|_| true)
    }
}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("branch", &self.branch)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// The commits among which the one called `name` is, and its number there: 0 for the head of a branch that has
    /// none.
    pub(super) fn named(&self, names: Names<'_>, name: &str) -> Result<(Past, u64)> {
        let (start, back) = match name.rsplit_once('~') {
            None => (name, 0),
            Some((start, "")) => (start, 1),
            Some((start, back)) => {
                let back = back.parse().map_err(|_| {
                    let what = format!(
                        "`{name}` names no commit: behind `~` goes how many commits to go back, as in `HEAD~1`"
                    );
                    Error::Request(what)
                })?;
                (start, back)
            }
        };
        let (past, sequence) = self.start(names, start)?;
        if back > 0 && sequence <= back {
            return Err(Error::Unknown {
                what: format!("no commit `{name}`; `{start}` is number {sequence} of its branch"),
            });
        }
        Ok((past, sequence - back))
    }

    /// What stands before `~`.
    fn start(&self, names: Names<'_>, name: &str) -> Result<(Past, u64)> {
        let branch = names.branch;
        let past = self.past(branch)?;
        if name == HEAD {
            let sequence = past.len();
            return Ok((past, sequence));
        }
        let mut meant = Vec::new();
        if name.len() >= FEWEST_DIGITS {
            for commit in past.commits(past.len()) {
                meant.push(commit?);
            }
            meant.retain(|commit| commit.id.starts_with(name));
        }
        if let [commit] = meant.as_slice()
            && commit.id == name
        {
            return Ok((past, commit.sequence));
        }
        if (name == branch || (names.sees)(name))
            && let Ok(other) = self.past(name)
        {
            let sequence = other.len();
            return Ok((other, sequence));
        }
        match meant.as_slice() {
            [commit] => Ok((past, commit.sequence)),
            [] => Err(Error::Unknown {
                what: format!(
                    "no commit and no branch `{name}`; write an id of branch `{branch}`, at least {FEWEST_DIGITS} digits of one, `HEAD`, or a branch's name"
                ),
            }),
            several => {
                let ids: Vec<_> = several
                    .iter()
                    .take(SHOWN)
                    .map(|commit| format!("`{}`", commit.id))
                    .collect();
                Err(Error::Request(format!(
                    "`{name}` begins the ids of {} commits of branch `{branch}` ({}); write more of it",
                    several.len(),
                    ids.join(", ")
                )))
            }
        }
    }
}
