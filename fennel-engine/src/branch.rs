//! Branches: each a line of commits with definitions of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bumpalo::Bump;
use fennel_core::connector::Connector;

use crate::commit::{Definitions, Switch};
use crate::error::Result;
use crate::graph::Graph;
use crate::history::{Head, Lines};
use crate::meta;
use crate::query::Answered;
use crate::served;
use crate::store::{Batch, Space};
use crate::table::TableId;
use crate::{Engine, Error, Note};

/// All branches, as of their last commits.
#[derive(Debug, Default)]
pub(crate) struct Branches {
    all: RwLock<BTreeMap<String, Branch>>,
    /// How many were deleted since the open.
    deleted: AtomicU64,
}

/// A branch as of its last commit.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// Where its commits are.
    pub(crate) lines: Lines,
    pub(crate) head: Arc<Head>,
    pub(crate) graph: Arc<Graph>,
    /// How often each feature was answered since the branch is at this commit.
    pub(crate) extracted: Arc<[Answered]>,
}

impl Branch {
    /// A branch at a commit, of which no feature was answered yet.
    pub(crate) fn new(lines: Lines, head: Arc<Head>, graph: Arc<Graph>) -> Self {
        let extracted = (0..graph.feature_count()).map(|_| Answered::default());
        Self {
            lines,
            head,
            extracted: extracted.collect(),
            graph,
        }
    }
}

/// What branches read from a change on, by name; `None` of one that is deleted.
pub(crate) type Graphs = BTreeMap<String, Option<Arc<Graph>>>;

/// The most characters that a branch's name has.
const NAME_CHARACTERS: usize = 200;

impl Engine {
    /// The names of all branches, sorted; `main` is always one.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        self.inner.branches.names()
    }

    /// The endpoints that the datasets of a branch read from, as `webhook/endpoint`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there.
    pub fn endpoints(&self, branch: &str) -> Result<BTreeSet<String>, Error> {
        let branches = &self.inner.branches;
        let head = branches.read(branch, |branch| Arc::clone(&branch.head))?;
        let arena = Bump::new();
        let definitions = Definitions::read(&arena, &head.definitions.request)?;
        let sources = definitions.catalog.datasets().iter();
        let sources = sources.flat_map(|dataset| dataset.sources);
        let endpoints = sources.filter_map(|source| match &source.connector {
            Connector::Webhook(it) => Some(format!("{}/{}", it.webhook.name, it.endpoint)),
            _ => None,
        });
        Ok(endpoints.collect())
    }

    /// Creates an empty branch. A name has 1 to 200 letters, digits and `_`, `.`, `-`, `/`, all ASCII.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if there is such a branch, [`Error::Request`] for another name.
    pub fn init_branch(&self, name: &str) -> Result<(), Error> {
        self.init_noted(name, &|| Ok(()))
    }

    /// [`init_branch`](Engine::init_branch), which calls `note` before it changes anything.
    pub(crate) fn init_noted(&self, name: &str, note: Note<'_>) -> Result<(), Error> {
        self.create_branch(name, note, |_, line| {
            Ok(Branch::new(
                Lines::new(line),
                Arc::default(),
                Arc::default(),
            ))
        })
    }

    /// Creates a branch that begins as another one is, with its definitions, its data and its history. Nothing is
    /// copied: equal datasets share their tables, so it takes no longer for more of them.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no branch `base`, and as [`init_branch`](Engine::init_branch).
    pub fn clone_branch(&self, base: &str, name: &str) -> Result<(), Error> {
        self.clone_noted(base, name, &|| Ok(()))
    }

    /// [`clone_branch`](Engine::clone_branch), which calls `note` before it changes anything.
    pub(crate) fn clone_noted(&self, base: &str, name: &str, note: Note<'_>) -> Result<(), Error> {
        self.create_branch(name, note, |branches, line| {
            branches.read(base, |base| {
                let (head, graph) = (Arc::clone(&base.head), Arc::clone(&base.graph));
                Branch::new(base.lines.clone_to(line), head, graph)
            })
        })
    }

    /// Deletes a branch, and the data and the commits that no other has. Rows that were logged stay in the log.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such branch, [`Error::Request`] for `main`.
    pub fn delete_branch(&self, name: &str) -> Result<(), Error> {
        self.delete_noted(name, &|| Ok(()))
    }

    /// [`delete_branch`](Engine::delete_branch), which calls `note` before it changes anything.
    pub(crate) fn delete_noted(&self, name: &str, note: Note<'_>) -> Result<(), Error> {
        if name == Branches::MAIN {
            let what = "the branch `main` is always there and can't be deleted; mark its entities deleted in a commit";
            return Err(Error::Request(what.into()));
        }
        let inner = &*self.inner;
        let mut registry = inner
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lines = inner.branches.read(name, |branch| branch.lines.clone())?;
        note()?;
        let unused = registry.unused(&inner.branches.tables_besides(name));
        let mut batch = Batch::new();
        meta::delete_branch(&mut batch, name);
        for place in lines.alone(&inner.branches.lines_besides(name)) {
            meta::delete_commit(&mut batch, place);
        }
        let turn = inner.take_turn();
        let switch = Switch {
            graphs: [(name.into(), None)].into(),
            unused,
            replaced: BTreeMap::new(),
        };
        let switched = inner.switch(&mut registry, turn, switch, batch, |_| {
            Ok(|_: &mut _| inner.branches.remove(name))
        })?;
        inner.resume(switched);
        // What a crash leaves goes when there is a branch of that name again.
        inner
            .store
            .remove_prefix(Space::Log, &served::of_branch(name))?;
        Ok(())
    }

    /// Creates a branch that begins as `first` has it, given the number of its own line of commits.
    fn create_branch(
        &self,
        name: &str,
        note: Note<'_>,
        first: impl FnOnce(&Branches, u32) -> Result<Branch>,
    ) -> Result<(), Error> {
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
        let branches = &self.inner.branches;
        if branches.read(name, |_| ()).is_ok() {
            let what =
                format!("there is a branch `{name}` already; commit to it, or choose another name");
            return Err(Error::Exists { what });
        }
        let branch = first(branches, branches.next_line())?;
        note()?;
        self.inner
            .store
            .remove_prefix(Space::Log, &served::of_branch(name))?;
        let mut batch = Batch::new();
        meta::put_branch(&mut batch, name, &branch.lines);
        self.inner.store.write(batch)?;
        branches.set(name, branch);
        Ok(())
    }
}

impl Branches {
    /// The branch that is always there.
    pub(crate) const MAIN: &str = "main";
    /// The line of its commits.
    pub(crate) const MAIN_LINE: u32 = 0;

    fn names(&self) -> Vec<String> {
        self.all
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    /// What `read` makes of a branch; until it returns, no branch is changed.
    pub(crate) fn read<T>(&self, name: &str, read: impl FnOnce(&Branch) -> T) -> Result<T> {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let known = || Error::unknown("branch", name, branches.keys().map(String::as_str));
        branches.get(name).map(read).ok_or_else(known)
    }

    /// Creates a branch, or moves it on.
    pub(crate) fn set(&self, name: &str, branch: Branch) {
        self.all
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.into(), branch);
    }

    /// A line that no branch has commits on.
    fn next_line(&self) -> u32 {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let highest = branches.values().map(|branch| branch.lines.highest()).max();
        highest.map_or(Self::MAIN_LINE, |highest| highest + 1)
    }

    /// The lines of all branches but one.
    fn lines_besides(&self, name: &str) -> Vec<Lines> {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let others = branches.iter().filter(|(other, _)| *other != name);
        others.map(|(_, branch)| branch.lines.clone()).collect()
    }

    /// The branches that have any of these tables.
    pub(crate) fn with_tables(&self, tables: &BTreeSet<TableId>) -> Vec<(String, Branch)> {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let has = |branch: &Branch| branch.graph.tables().any(|id| tables.contains(&id));
        let having = branches.iter().filter(|(_, branch)| has(branch));
        having
            .map(|(name, branch)| (name.clone(), branch.clone()))
            .collect()
    }

    /// Has a branch read other tables of the same definitions.
    pub(crate) fn set_graph(&self, name: &str, graph: Arc<Graph>) {
        let mut branches = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(branch) = branches.get_mut(name) {
            branch.graph = graph;
        }
    }

    fn remove(&self, name: &str) {
        let mut branches = self.all.write().unwrap_or_else(PoisonError::into_inner);
        branches.remove(name);
        self.deleted.fetch_add(1, Ordering::Relaxed);
    }

    /// How many branches were deleted since the open. As long as nobody logs it stays the same, and as long as it does, a
    /// branch is the one of its name that it was.
    pub(crate) fn deleted(&self) -> u64 {
        // Behind the lock, so that it is no older than what was read of a branch before.
        let _branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        self.deleted.load(Ordering::Relaxed)
    }

    /// The names and definitions of all branches.
    pub(crate) fn graphs(&self) -> Vec<(String, Arc<Graph>)> {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let graphs = branches.iter();
        graphs
            .map(|(name, branch)| (name.clone(), Arc::clone(&branch.graph)))
            .collect()
    }

    /// Shows the definitions of every branch.
    pub(crate) fn each_graph(&self, show: impl FnMut(&Graph)) {
        self.each_graph_with(&Graphs::new(), show);
    }

    /// Shows the definitions of every branch as they are once these are made.
    pub(crate) fn each_graph_with(&self, made: &Graphs, mut show: impl FnMut(&Graph)) {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let others = branches
            .iter()
            .filter(|(name, _)| !made.contains_key(*name));
        others.for_each(|(_, branch)| show(&branch.graph));
        made.values().flatten().for_each(|graph| show(graph));
    }

    /// The tables of all branches but one.
    pub(crate) fn tables_besides(&self, name: &str) -> BTreeSet<TableId> {
        let branches = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let others = branches.iter().filter(|(other, _)| *other != name);
        others
            .flat_map(|(_, branch)| branch.graph.tables())
            .collect()
    }
}
