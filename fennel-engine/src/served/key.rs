//! Where served rows are.

use crate::error::Result;
use crate::store::{Snapshot, Space};

/// What all rows begin with.
const SERVED: [u8; 4] = [u8::MAX; 4];

/// What all rows of a branch begin with.
pub(crate) fn of_branch(branch: &str) -> Vec<u8> {
    [&SERVED[..], branch.as_bytes(), &[0]].concat()
}

/// What all rows of a workflow begin with.
pub(super) fn prefix(branch: &str, workflow: &str) -> Vec<u8> {
    [&of_branch(branch)[..], workflow.as_bytes(), &[0]].concat()
}

/// What is behind all rows that begin so, which ends in 0.
pub(super) fn end(prefix: &[u8]) -> Vec<u8> {
    let (_, name) = prefix.split_last().unwrap_or((&0, &[]));
    [name, &[1]].concat()
}

/// The workflows of a branch that have rows, each for one seek.
pub(super) fn workflows(snapshot: &Snapshot, branch: &str) -> Result<Vec<String>> {
    let of_branch = of_branch(branch);
    let prefixes = prefixes(snapshot, &of_branch)?.into_iter();
    let names = prefixes.map(|prefix| {
        let name = prefix.get(of_branch.len()..prefix.len() - 1);
        String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
    });
    Ok(names.collect())
}

/// What the rows of each workflow of a branch begin with.
pub(super) fn prefixes(snapshot: &Snapshot, of_branch: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut from = of_branch.to_vec();
    let mut found = Vec::new();
    while let Some((key, _)) = snapshot.first_at_or_after(Space::Log, &from, of_branch)? {
        let name = key.get(of_branch.len()..).unwrap_or_default().iter();
        let name: Vec<u8> = name.copied().take_while(|byte| *byte != 0).collect();
        let prefix = [of_branch, &name, &[0]].concat();
        from = end(&prefix);
        found.push(prefix);
    }
    Ok(found)
}
