//! Changes of definitions, branches and rows that somebody writes down before they are made.

use fennel_core::wire::proto::services::SyncRequest;

use crate::store::StoreError;
use crate::{Commit, CommitOptions, Engine, Erased, Error, Incoming};

/// Writes down that a change begins. It is called once nothing is left that refuses the change, and what it fails with
/// ends the change before anything of it is made.
pub type Note<'n> = &'n dyn Fn() -> Result<(), StoreError>;

/// The engine's changes, each noted before it is made. What is refused, and a commit that changes nothing, is not noted.
pub struct Noted<'n> {
    engine: &'n Engine,
    note: Note<'n>,
}

impl Engine {
    /// The same changes with `note` before each.
    #[must_use]
    pub fn noting<'n>(&'n self, note: Note<'n>) -> Noted<'n> {
        Noted { engine: self, note }
    }
}

impl Noted<'_> {
    /// See [`Engine::commit`]; a preview is not noted.
    ///
    /// # Errors
    ///
    /// As [`Engine::commit`], and what the note fails with.
    pub fn commit(
        &self,
        branch: &str,
        request: &SyncRequest,
        options: CommitOptions,
    ) -> Result<Commit, Error> {
        self.engine
            .commit_noted(branch, request, options, self.note)
    }

    /// See [`Engine::init_branch`].
    ///
    /// # Errors
    ///
    /// As [`Engine::init_branch`], and what the note fails with.
    pub fn init_branch(&self, name: &str) -> Result<(), Error> {
        self.engine.init_noted(name, self.note)
    }

    /// See [`Engine::clone_branch`].
    ///
    /// # Errors
    ///
    /// As [`Engine::clone_branch`], and what the note fails with.
    pub fn clone_branch(&self, base: &str, name: &str) -> Result<(), Error> {
        self.engine.clone_noted(base, name, self.note)
    }

    /// See [`Engine::delete_branch`].
    ///
    /// # Errors
    ///
    /// As [`Engine::delete_branch`], and what the note fails with.
    pub fn delete_branch(&self, name: &str) -> Result<(), Error> {
        self.engine.delete_noted(name, self.note)
    }

    /// See [`Engine::erase`]; also noted where there are no such rows.
    ///
    /// # Errors
    ///
    /// As [`Engine::erase`], and what the note fails with.
    pub fn erase(
        &self,
        branch: &str,
        dataset: &str,
        keys: Vec<Incoming>,
        later: Option<bool>,
    ) -> Result<Erased, Error> {
        let dataset = (branch, dataset);
        self.engine.erase_noted(dataset, keys, later, self.note)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::*;
    use crate::SystemClock;
    use crate::store::Store;

    #[test]
    fn a_change_is_noted_before_it_is_made_and_a_refusal_is_not() {
        let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock)).unwrap();
        let seen = Cell::new(Vec::new());
        let note = || {
            let mut all = seen.take();
            all.push(engine.branches());
            seen.set(all);
            Ok(())
        };
        let noted = engine.noting(&note);
        noted.init_branch("a").unwrap();
        noted.clone_branch("a", "b").unwrap();
        noted.delete_branch("a").unwrap();
        assert_eq!(
            seen.take(),
            [vec!["main"], vec!["a", "main"], vec!["a", "b", "main"]]
        );
        noted.init_branch("b").unwrap_err();
        noted.init_branch("a b").unwrap_err();
        noted.clone_branch("a", "c").unwrap_err();
        noted.delete_branch("main").unwrap_err();
        let nothing = noted.commit("b", &SyncRequest::default(), CommitOptions::default());
        assert!(!nothing.unwrap().changed);
        assert_eq!(seen.take(), [[""; 0]; 0]);
    }

    #[test]
    fn what_can_not_be_noted_is_not_done() {
        let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock)).unwrap();
        engine.init_branch("kept").unwrap();
        let noted = engine.noting(&|| Err(StoreError::Closed));
        noted.init_branch("a").unwrap_err();
        noted.clone_branch("kept", "a").unwrap_err();
        noted.delete_branch("kept").unwrap_err();
        assert_eq!(engine.branches(), ["kept", "main"]);
    }
}
