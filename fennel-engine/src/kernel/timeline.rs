//! What a key is over time, and how that changes.

use std::collections::BTreeSet;

use super::OPEN;
use crate::error::Result;
use crate::state::Side;
use crate::store::Bytes;

/// A stretch of event time in which a key has one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) time: i64,
    /// When it stops to hold, or [`OPEN`].
    pub(crate) end: i64,
    /// The row's bytes.
    pub(crate) row: Bytes,
}

/// The instants at which something is said of a key, each of which holds until the next one.
pub(crate) trait Points {
    /// What is said at `time`: nothing, or that the key has this row, or none.
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>>;
    /// The last instant before `time`.
    fn before(&self, side: Side, time: i64) -> Result<Option<i64>>;
    /// The first instant after `time`.
    fn after(&self, side: Side, time: i64) -> Result<Option<i64>>;
    /// Told once the side before isn't asked any more.
    fn turn(&self) {}
}

/// What is said of a key, all of it: by instant, in order.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) before: Vec<Said>,
    pub(crate) after: Vec<Said>,
}

/// An instant with what is said then.
pub(crate) type Said = (i64, Option<Bytes>);

impl Line {
    fn side(&self, side: Side) -> &[Said] {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }
}

impl Points for Line {
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>> {
        let said = self.side(side);
        let found = said.binary_search_by_key(&time, |(at, _)| *at).ok();
        Ok(found
            .and_then(|i| said.get(i))
            .map(|(_, said)| said.clone()))
    }

    fn before(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let said = self.side(side);
        let end = said.partition_point(|(at, _)| *at < time);
        let last = end.checked_sub(1).and_then(|i| said.get(i));
        Ok(last.map(|(at, _)| *at))
    }

    fn after(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let said = self.side(side);
        let first = said.get(said.partition_point(|(at, _)| *at <= time));
        Ok(first.map(|(at, _)| *at))
    }
}

/// The versions of a key that change in a pass.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    pub(crate) removed: Vec<Version>,
    pub(crate) added: Vec<Version>,
    /// Those that hold until another end, each with the end that it had.
    pub(crate) moved: Vec<(Version, i64)>,
}

/// What changes of a key, where what is said at `touched` instants may be new.
pub(crate) fn differences(points: &impl Points, touched: &BTreeSet<i64>) -> Result<Differences> {
    let mut starts = touched.clone();
    for time in touched {
        for side in [Side::Before, Side::After] {
            starts.extend(points.before(side, *time)?);
        }
    }
    let versions = |side| {
        let versions = starts.iter().map(|start| version(points, side, *start));
        versions.collect::<Result<Vec<_>>>()
    };
    let before = versions(Side::Before)?;
    points.turn();
    let after = versions(Side::After)?;
    let mut differences = Differences::default();
    for (old, new) in before.into_iter().zip(after) {
        match (old, new) {
            (old, new) if old == new => {}
            (Some(old), Some(new)) if old.row == new.row => differences.moved.push((new, old.end)),
            (old, new) => {
                differences.removed.extend(old);
                differences.added.extend(new);
            }
        }
    }
    Ok(differences)
}

/// The version that begins at `time`.
fn version(points: &impl Points, side: Side, time: i64) -> Result<Option<Version>> {
    let Some(Some(row)) = points.at(side, time)? else {
        return Ok(None);
    };
    let end = points.after(side, time)?.unwrap_or(OPEN);
    Ok(Some(Version { time, end, row }))
}
