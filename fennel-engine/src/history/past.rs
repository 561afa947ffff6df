//! The commits of a branch as of one instant.

use std::collections::BTreeSet;

use bumpalo::Bump;
use fennel_core::catalog::Catalog;

use super::{CommitRecord, KeptDefinitions, Lines};
use crate::commit::Definitions;
use crate::error::Result;
use crate::meta;
use crate::store::Snapshot;

/// Reads the commits of a branch.
#[derive(Debug)]
pub(crate) struct Past {
    lines: Lines,
    snapshot: Snapshot,
}

impl Past {
    /// What `snapshot` holds on these lines.
    pub(crate) fn new(lines: Lines, snapshot: Snapshot) -> Self {
        Past { lines, snapshot }
    }

    /// How many commits there are.
    pub(crate) fn len(&self) -> u64 {
        self.lines.len()
    }

    /// The commit with this number, counted from 1.
    pub(crate) fn commit(&self, sequence: u64) -> Result<Option<CommitRecord>> {
        let place = self.lines.place(sequence);
        place
            .map(|place| meta::commit(&self.snapshot, place))
            .transpose()
    }

    /// Commits from this number down to the first.
    pub(crate) fn commits(&self, last: u64) -> impl Iterator<Item = Result<CommitRecord>> {
        let numbers = (1..=last.min(self.len())).rev();
        numbers.filter_map(|sequence| self.commit(sequence).transpose())
    }

    /// The commit with this id.
    pub(crate) fn find(&self, id: &str) -> Result<Option<CommitRecord>> {
        let mut commits = self.commits(self.len());
        let found = commits.find(|commit| match commit {
            Ok(commit) => commit.id == id,
            Err(_) => true,
        });
        found.transpose()
    }

    /// What the branch was by the commit with this number, as it is kept; nothing before the first commit.
    pub(crate) fn definitions(&self, sequence: u64) -> Result<KeptDefinitions> {
        let place = self.lines.place(sequence);
        place.map_or(Ok(KeptDefinitions::default()), |place| {
            meta::definitions(&self.snapshot, place)
        })
    }

    /// The features that there were by the commit with this number, each with its featureset.
    pub(crate) fn features(&self, sequence: u64) -> Result<BTreeSet<(String, String)>> {
        let definitions = self.definitions(sequence)?;
        let features = Definitions::parse(&definitions.request)?
            .features
            .into_iter();
        let names = features.map(|feature| (feature.feature_set_name, feature.name));
        Ok(names.collect())
    }

    /// The state of the store that this is read from.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What the branch was by the commit with this number.
    pub(crate) fn catalog<'a>(&self, arena: &'a Bump, sequence: u64) -> Result<Catalog<'a>> {
        let definitions = self.definitions(sequence)?;
        Ok(Definitions::read(arena, &definitions.request)?.catalog)
    }
}
