//! Where the commits of a branch are kept.

use serde::{Deserialize, Serialize};

/// The lines that the commits of a branch are on, in their order; the last one is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines(Vec<Stretch>);

/// Commits that a branch has on one line: those behind the stretch before, up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    line: u32,
    /// The number of the last commit.
    until: u64,
}

impl Lines {
    /// Those of a branch without commits, whose own line has this number.
    pub(crate) fn new(line: u32) -> Self {
        Lines(vec![Stretch { line, until: 0 }])
    }

    /// Those of a branch that begins as this one is.
    pub(crate) fn clone_to(&self, line: u32) -> Self {
        let until = self.len();
        let stretches = self.stretches().map(|(stretch, _)| stretch);
        Lines(stretches.chain([Stretch { line, until }]).collect())
    }

    /// How many commits there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.last().map_or(0, |own| own.until)
    }

    /// These with one more commit.
    pub(crate) fn longer(&self) -> Self {
        let mut lines = self.clone();
        if let Some(own) = lines.0.last_mut() {
            own.until += 1;
        }
        lines
    }

    /// Where the commit with this number is, counted from 1: its line and its number.
    pub(crate) fn place(&self, sequence: u64) -> Option<(u32, u64)> {
        let stretch = self.0.iter().find(|stretch| stretch.until >= sequence)?;
        (sequence > 0).then_some((stretch.line, sequence))
    }

    /// The places of commits that none of the `others` has.
    pub(crate) fn alone<'l>(
        &'l self,
        others: &'l [Lines],
    ) -> impl Iterator<Item = (u32, u64)> + 'l {
        self.stretches().flat_map(move |(stretch, before)| {
            let shared = others.iter().filter_map(|lines| lines.until(stretch.line));
            let shared = shared.max().unwrap_or(0);
            (before.max(shared)..stretch.until).map(move |place| (stretch.line, place + 1))
        })
    }

    /// The highest number of its lines.
    pub(crate) fn highest(&self) -> u32 {
        self.0.iter().map(|stretch| stretch.line).max().unwrap_or(0)
    }

    /// The number of the last commit on a line, if there is any.
    fn until(&self, line: u32) -> Option<u64> {
        let mut stretches = self.stretches();
        let found = stretches.find(|(stretch, _)| stretch.line == line);
        found.map(|(stretch, _)| stretch.until)
    }

    /// Those that have commits, each with the number of the commit before.
    fn stretches(&self) -> impl Iterator<Item = (Stretch, u64)> {
        let begins = [0].into_iter().chain(self.0.iter().map(|it| it.until));
        let stretches = self.0.iter().copied().zip(begins);
        stretches.filter(|(stretch, before)| stretch.until > *before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(mut lines: Lines, commits: usize) -> Lines {
        for _ in 0..commits {
            lines = lines.longer();
        }
        lines
    }

    #[test]
    fn a_clone_has_the_commits_of_its_base_and_adds_its_own() {
        let base = with(Lines::new(0), 2);
        assert_eq!((base.len(), base.place(0), base.place(3)), (2, None, None));
        let clone = with(base.clone_to(1), 1);
        let places: Vec<_> = (1..=3).map(|sequence| clone.place(sequence)).collect();
        assert_eq!(places, [Some((0, 1)), Some((0, 2)), Some((1, 3))]);
        let empty = Lines::new(0).clone_to(1);
        assert_eq!((empty.len(), empty.0.len()), (0, 1));
    }

    #[test]
    fn a_commit_is_alone_where_no_other_branch_has_it() {
        let base = with(Lines::new(0), 2);
        let clone = with(base.clone_to(1), 2);
        let base = with(base, 1);
        let alone = |of: &Lines, others: &[Lines]| of.alone(others).collect::<Vec<_>>();
        assert_eq!(alone(&base, std::slice::from_ref(&clone)), [(0, 3)]);
        assert_eq!(alone(&clone, &[base]), [(1, 3), (1, 4)]);
        assert_eq!(alone(&clone, &[]), [(0, 1), (0, 2), (1, 3), (1, 4)]);
    }
}
