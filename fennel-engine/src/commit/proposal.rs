//! What a commit would make of a branch, and whether it may.

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::diff::{Diff, check_reserved, check_transition, diff};
use fennel_core::time::Timestamp;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::{Problem, Problems};
use prost::Message;
use xxhash_rust::xxh3::Xxh3Default;

use super::CommitOptions;
use super::definitions::{Definitions, join, part};
use super::{omission, reserved, runnable};
use crate::error::{Error, Result};
use crate::history::{CommitRecord, EntityChange, Head, KeptDefinitions};
use crate::python::RunBy;

/// What a branch would become.
pub(super) struct Proposal<'a> {
    /// What the branch is now.
    pub(super) before: Definitions<'a>,
    pub(super) definitions: Definitions<'a>,
    /// What is deleted, as it was when it was live.
    pub(super) tombstones: SyncRequest,
    /// What changes.
    pub(super) diff: Diff,
}

impl<'a> Proposal<'a> {
    /// What `request` makes of the branch with this head. Of an incremental one, what isn't listed stays.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if anything is wrong with the definitions, else [`Error::Refused`] if the branch
    /// may not become that; each with everything that was found.
    pub(super) fn new(
        arena: &'a Bump,
        head: &Head,
        request: &SyncRequest,
        incremental: bool,
        branch: &omission::Branch<'_>,
    ) -> Result<Self> {
        let before = Definitions::read(arena, &head.definitions.request)?;
        let tombstones = Definitions::read(arena, &head.definitions.tombstones)?;
        // Reads all of the request, also what isn't stored, so that nothing is passed over in silence.
        let listed = Definitions::new(arena, request.clone())?;
        let mut definitions = Definitions::new(arena, part(request, |_, _| true))?;
        if incremental {
            let kept = part(&before.request, |kind, name| !listed.has(kind, name));
            definitions = Definitions::new(arena, join(kept, definitions.request))?;
        }
        check(
            &before.catalog,
            &tombstones.catalog,
            &definitions.catalog,
            branch.python,
        )
        .map_err(|refused| branch.explain(refused, &before.catalog, &definitions.catalog))?;

        let tombstones = reserved::after(&before, &tombstones, &definitions);
        let diff = diff(&before.catalog, &definitions.catalog);
        Ok(Self {
            before,
            definitions,
            tombstones,
            diff,
        })
    }

    /// The head of the branch after this commit. Its id tells it from all others of the branch.
    pub(super) fn head(
        &self,
        before: &Head,
        request: &SyncRequest,
        options: CommitOptions,
        at: Timestamp,
    ) -> Head {
        let stored = self.definitions.request.encode_to_vec();
        let sequence = before.commit.sequence + 1;
        let digest = digest(request, options.incremental);
        Head {
            commit: CommitRecord {
                id: options
                    .id
                    .unwrap_or_else(|| new_id(&before.commit, at, &stored)),
                sequence,
                at_micros: at.micros(),
                message: request.message.clone(),
                by: options.by,
                revision: options.revision,
                digest,
                changes: EntityChange::of(&self.diff),
            },
            definitions: KeptDefinitions {
                request: stored,
                tombstones: self.tombstones.encode_to_vec(),
            },
        }
    }
}

/// An id for the commit that follows `before`.
fn new_id(before: &CommitRecord, at: Timestamp, definitions: &[u8]) -> String {
    const ID_BITS: u32 = 48;
    let mut hash = Xxh3Default::new();
    hash.update(before.id.as_bytes());
    hash.update(&before.sequence.to_be_bytes());
    hash.update(&at.micros().to_be_bytes());
    hash.update(definitions);
    format!("{:012x}", hash.digest() >> (u64::BITS - ID_BITS))
}

/// By what the same request is known again.
pub(super) fn digest(request: &SyncRequest, incremental: bool) -> u64 {
    let mut hash = Xxh3Default::new();
    hash.update(&[u8::from(incremental)]);
    hash.update(&request.encode_to_vec());
    hash.digest()
}

/// Checks the definitions, and that a branch may go there.
fn check(
    before: &Catalog<'_>,
    tombstones: &Catalog<'_>,
    after: &Catalog<'_>,
    python: (RunBy<'_>, bool),
) -> Result<()> {
    let Problems(mut refused) = check_reserved(tombstones, after).err().unwrap_or_default();
    let Problems(transition) = check_transition(before, after).err().unwrap_or_default();
    for problem in transition {
        let is_same = |other: &Problem| {
            (other.kind, &other.entity, &other.member)
                == (problem.kind, &problem.entity, &problem.member)
        };
        // What is deleted now may have had a higher version when it was live.
        if !refused.iter().any(is_same) {
            refused.push(problem);
        }
    }
    let transition = Problems(refused).into_result();
    let Problems(mut wrong) = after.check(None).err().unwrap_or_default();
    wrong.extend(runnable::check(after, python));
    match (wrong.is_empty(), transition) {
        (true, Ok(())) => Ok(()),
        (true, Err(refused)) => Err(Error::Refused(refused)),
        (false, refused) => {
            wrong.extend(refused.err().unwrap_or_default().0);
            Err(Error::Invalid(Problems(wrong)))
        }
    }
}
