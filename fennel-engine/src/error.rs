//! What the engine refuses, and what can go wrong below it.
//!
//! [`Unknown`](Error::Unknown), [`Exists`](Error::Exists), [`Invalid`](Error::Invalid),
//! [`Refused`](Error::Refused), [`Moved`](Error::Moved), [`Request`](Error::Request) and [`Rows`](Error::Rows) are
//! about the call: the same call fails again until what it names is mended, and nothing was changed.
//! [`Store`](Error::Store), [`Behind`](Error::Behind), [`Python`](Error::Python), [`Random`](Error::Random) and
//! [`Corrupt`](Error::Corrupt) are about this machine.

use std::fmt;

use fennel_core::Problems;

use crate::history::Moved;
use crate::store::StoreError;

/// Why the engine didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that the call names isn't there.
    #[error("{what}")]
    Unknown {
        /// What there isn't, and what there is instead: "no branch `x`; there are `dev`, `main`".
        what: String,
    },
    /// Something that the call would create is there already.
    #[error("{what}")]
    Exists {
        /// What there is, and what to do.
        what: String,
    },
    /// The definitions of a commit are wrong, one by one or together.
    #[error(transparent)]
    Invalid(Problems),
    /// The definitions are right, but the branch may not become that; see
    /// [`check_transition`](fennel_core::diff::check_transition).
    #[error(transparent)]
    Refused(Problems),
    /// The branch is no longer at the commit that the caller's plan was made against.
    #[error("{0}")]
    Moved(Box<Moved>),
    /// The call contradicts itself or what was committed: what is wrong, where, and what to do.
    #[error("{0}")]
    Request(String),
    /// Rows of the call that have no answer: at least one, in ascending order. All of those that one step of the work
    /// finds; without them, the next step may find others.
    #[error("{}", first(.0))]
    Rows(Vec<FailedRow>),
    /// The system has no random bytes: why.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
    /// The store couldn't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows that were acknowledged aren't in derived datasets, since the last attempt failed: why. The next row that is
    /// logged is another attempt.
    #[error("derived datasets are behind the rows that were logged: {0}")]
    Behind(String),
    /// A Python function can't be run now, whatever it is given: why, and what to do.
    #[error("{0}")]
    Python(String),
    /// What the store holds was not written by this version of the engine.
    #[error("{0}")]
    Corrupt(String),
}

/// A row of a query that has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Which one, from 0.
    pub row: usize,
    /// What it has no value for: "feature `User.age`"; empty where the reason says so.
    pub what: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for FailedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.what.is_empty() { "" } else { ", " };
        write!(
            f,
            "{}{separator}row {}: {}",
            self.what, self.row, self.reason
        )
    }
}

fn first(rows: &[FailedRow]) -> String {
    rows.first().map_or_else(String::new, FailedRow::to_string)
}

/// Shorthand for a result with an [`Error`].
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Unknown`] for `kind` (such as "branch") called `name`, listing what there is.
    pub(crate) fn unknown<'a>(
        kind: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        /// How many names are shown before the rest is counted.
        const SHOWN: usize = 12;
        let known: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
        let there_are = match known.len() {
            0 => "there is none".to_owned(),
            1 => format!("there is {}", known.join(", ")),
            2..=SHOWN => format!("there are {}", known.join(", ")),
            more => {
                let shown = known.get(..SHOWN).unwrap_or_default().join(", ");
                format!("there are {shown} and {} more", more - SHOWN)
            }
        };
        Error::Unknown {
            what: format!("no {kind} `{name}`; {there_are}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_beside_those_there_are() {
        let text =
            |known: &[&str]| Error::unknown("branch", "x", known.iter().copied()).to_string();
        assert_eq!(text(&[]), "no branch `x`; there is none");
        assert_eq!(text(&["main"]), "no branch `x`; there is `main`");
        assert_eq!(
            text(&["dev", "main"]),
            "no branch `x`; there are `dev`, `main`"
        );
        assert!(text(&["a"; 15]).ends_with(" and 3 more"));
    }
}
