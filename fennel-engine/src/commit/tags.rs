//! The tags that a branch would have after a commit.

use std::sync::Arc;

use bumpalo::Bump;
use fennel_core::wire::proto::services::SyncRequest;

use super::omission;
use super::proposal::Proposal;
use crate::python::RunBy;
use crate::tags::BranchTags;
use crate::{Engine, Error};

impl Engine {
    /// The tags that a branch has once `request` is committed to it. Nothing is changed.
    ///
    /// # Errors
    ///
    /// As those of [`commit`](Engine::commit), where it finds the definitions wrong.
    pub fn tags_after(
        &self,
        branch: &str,
        request: &SyncRequest,
        incremental: bool,
    ) -> Result<BranchTags, Error> {
        let branches = &self.inner.branches;
        let head = branches.read(branch, |branch| Arc::clone(&branch.head))?;
        let arena = Bump::new();
        let past = self.past(branch)?;
        let known = omission::Branch {
            past: &past,
            graph: branches.read(branch, |it| Arc::clone(&it.graph))?,
            now: self.now(),
            python: (RunBy::new(self.inner.python.as_ref()), false),
        };
        let proposal = Proposal::new(&arena, &head, request, incremental, &known)?;
        Ok(BranchTags::of(&proposal.definitions.catalog))
    }
}
