//! Commits that are asked for again, since their answer was lost.

use bumpalo::Bump;
use fennel_core::diff::diff;
use fennel_core::wire::proto::services::SyncRequest;

use super::Commit;
use super::proposal::digest;
use crate::error::{Error, Result};
use crate::history::Past;

/// How long an id is.
const DIGITS: usize = 12;

/// The commit of that id, if the branch has it and it was made by the same request.
///
/// # Errors
///
/// [`Error::Exists`] if it was another request, [`Error::Request`] for what is no id.
pub(super) fn find(
    past: &Past,
    branch: &str,
    id: &str,
    request: &SyncRequest,
    incremental: bool,
) -> Result<Option<Commit>> {
    if id.len() != DIGITS || !id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        let shown: String = id.chars().take(40).collect();
        return Err(Error::Request(format!(
            "{shown:?} can't be a commit's id; use {DIGITS} hexadecimal digits in lower case, chosen at random, or give none"
        )));
    }
    let Some(done) = past.find(id)? else {
        return Ok(None);
    };
    if done.digest != digest(request, incremental) {
        return Err(Error::Exists {
            what: format!(
                "branch `{branch}` has a commit {id} already, of other definitions; choose another id at random"
            ),
        });
    }
    let arena = Bump::new();
    let before = past.catalog(&arena, done.sequence - 1)?;
    let after = past.catalog(&arena, done.sequence)?;
    Ok(Some(Commit {
        at: done.at(),
        id: done.id,
        changed: true,
        diff: diff(&before, &after),
        plan: None,
        partial: Vec::new(),
        message: done.message,
        repeated: true,
    }))
}
