//! Branches: each a line of commits with definitions of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::Result;
use crate::graph::Graph;
use crate::meta::{self, Head};
use crate::store::Batch;
use crate::table::TableId;
use crate::{Engine, Error};

/// All branches, as of their last commits.
#[derive(Debug, Default)]
pub(crate) struct Branches(RwLock<BTreeMap<String, Branch>>);

/// A branch as of its last commit.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) head: Arc<Head>,
    pub(crate) graph: Arc<Graph>,
}

/// The most characters that a branch's name has.
const NAME_CHARACTERS: usize = 200;

impl Engine {
    /// The names of all branches, sorted; `main` is always one.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        self.inner.branches.names()
    }

    /// Creates an empty branch. A name has 1 to 200 letters, digits and `_`, `.`, `-`, `/`, all ASCII.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if there is such a branch, [`Error::Request`] for another name.
    pub fn init_branch(&self, name: &str) -> Result<(), Error> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
        if name.is_empty() || name.len() > NAME_CHARACTERS || !name.chars().all(is_allowed) {
            let shown: String = name.chars().take(40).collect();
            return Err(Error::Request(format!(
                "{shown:?} can't be the name of a branch; use 1 to {NAME_CHARACTERS} letters, digits, `_`, `.`, `-` and `/`"
            )));
        }
        let _one_at_a_time = self
            .inner
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.inner.branches.read(name, |_| ()).is_ok() {
            let what =
                format!("there is a branch `{name}` already; commit to it, or choose another name");
            return Err(Error::Exists { what });
        }
        let mut batch = Batch::new();
        meta::put_head(&mut batch, name, &Head::default());
        self.inner.store.write(batch)?;
        self.inner
            .branches
            .set(name, Head::default(), Graph::default());
        Ok(())
    }
}

impl Branches {
    /// The branch that is always there.
    pub(crate) const MAIN: &str = "main";

    fn names(&self) -> Vec<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    /// What `read` makes of a branch; until it returns, no branch is changed.
    pub(crate) fn read<T>(&self, name: &str, read: impl FnOnce(&Branch) -> T) -> Result<T> {
        let branches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = || Error::unknown("branch", name, branches.keys().map(String::as_str));
        branches.get(name).map(read).ok_or_else(known)
    }

    /// Creates a branch, or moves it on.
    pub(crate) fn set(&self, name: &str, head: Head, graph: Graph) {
        let branch = Branch {
            head: Arc::new(head),
            graph: Arc::new(graph),
        };
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.into(), branch);
    }

    /// The tables of all branches but one.
    pub(crate) fn tables_besides(&self, name: &str) -> BTreeSet<TableId> {
        let branches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let others = branches.iter().filter(|(other, _)| *other != name);
        others
            .flat_map(|(_, branch)| branch.graph.tables())
            .collect()
    }
}
