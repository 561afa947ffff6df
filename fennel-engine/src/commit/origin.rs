//! Which commit of a branch an entity or a feature came with.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use fennel_core::diff::Change;

use super::omission::Place;
use crate::error::Result;
use crate::history::{CommitRecord, EntityChange, Past};

/// The most commits of which the definitions are read to find out where features came from.
const MOST_READ: usize = 64;

/// The commits of a branch, by what came with them.
pub(super) struct Origins<'b> {
    past: &'b Past,
    /// The latest first.
    commits: Vec<CommitRecord>,
    /// The features that there were by commits, by their numbers.
    features: BTreeMap<u64, BTreeSet<(String, String)>>,
}

impl<'b> Origins<'b> {
    pub(super) fn new(past: &'b Past) -> Result<Self> {
        let commits = past.commits(past.len()).collect::<Result<_>>()?;
        Ok(Origins {
            past,
            commits,
            features: BTreeMap::new(),
        })
    }

    /// The commit that it came with; `None` if too many would have to be read to know.
    pub(super) fn of(&mut self, place: Place<'_>) -> Result<Option<&CommitRecord>> {
        for at in 0..self.commits.len() {
            let commit = &self.commits[at];
            let is_it = |it: &&EntityChange| it.kind == place.kind && it.name == place.entity;
            let Some(touched) = commit.changes.iter().find(is_it) else {
                continue;
            };
            let came = touched.change == Change::Created
                || (!place.member.is_empty() && !self.had(commit.sequence - 1, place)?);
            if came {
                return Ok(self.commits.get(at));
            }
            if self.features.len() >= MOST_READ {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Whether a feature was there by the commit with this number.
    fn had(&mut self, sequence: u64, place: Place<'_>) -> Result<bool> {
        let features = match self.features.entry(sequence) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.past.features(sequence)?),
        };
        Ok(features.contains(&(place.entity.into(), place.member.into())))
    }
}
