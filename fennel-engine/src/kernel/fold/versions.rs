//! What a group is over time, as versions of its row.

use fennel_core::value::Value;

use super::Fold;
use super::group::Group;
use crate::error::Result;
use crate::kernel::{OPEN, Points, Version};
use crate::state::{Side, State};
use crate::store::Bytes;

impl Fold {
    /// What a group is over time, from the last version that begins by `first` to the first that begins behind `last`; the
    /// earliest comes first.
    pub(in crate::kernel) fn versions(
        &self,
        state: &State,
        side: Side,
        group: &[&Value],
        (first, last): (i64, i64),
    ) -> Result<Vec<Version>> {
        let line = Group::new(self, state, group);
        let mut point = line.before(side, first.saturating_add(1))?;
        while let Some(time) = point
            && line.row_at(side, time)?.is_none()
            && let Some(earlier) = line.before(side, time)?
        {
            point = Some(earlier);
        }
        if point.is_none() {
            point = line.after(side, first)?;
        }
        let mut versions = Vec::new();
        while let Some(version) = line.next_version(side, &mut point)? {
            let is_last = version.time > last;
            versions.push(version);
            if is_last {
                break;
            }
        }
        Ok(versions)
    }

    /// What a group is over time behind an instant, the earliest version first.
    pub(in crate::kernel) fn versions_behind<'s>(
        &'s self,
        state: &'s State,
        group: &[&Value],
        passed: i64,
    ) -> Result<impl Iterator<Item = Result<Version>> + use<'s>> {
        let (line, side) = (Group::new(self, state, group), Side::After);
        let mut point = line.after(side, passed)?;
        Ok(std::iter::from_fn(move || {
            line.next_version(side, &mut point).transpose()
        }))
    }

    /// What a group is as of `at`.
    pub(in crate::kernel) fn version_as_of(
        &self,
        state: &State,
        side: Side,
        group: &[&Value],
        at: i64,
    ) -> Result<Option<Version>> {
        let line = Group::new(self, state, group);
        let Some(time) = line.before(side, at.saturating_add(1))? else {
            return Ok(None);
        };
        let Some(Some(row)) = line.at(side, time)? else {
            return Ok(None);
        };
        let end = line.after(side, time)?.unwrap_or(OPEN);
        Ok(Some(Version { time, end, row }))
    }
}

impl Group<'_> {
    /// The first version that begins at a point, or at one behind it; then the point is the one where that ends.
    fn next_version(&self, side: Side, point: &mut Option<i64>) -> Result<Option<Version>> {
        while let Some(time) = *point {
            *point = self.after(side, time)?;
            if let Some(row) = self.row_at(side, time)? {
                let end = point.unwrap_or(OPEN);
                return Ok(Some(Version { time, end, row }));
            }
        }
        Ok(None)
    }

    /// The row from a point on. There is none where the aggregates can't be computed, for which an empty one stands.
    fn row_at(&self, side: Side, time: i64) -> Result<Option<Bytes>> {
        let row = self.at(side, time)?.flatten();
        Ok(row.filter(|row| !row.is_empty()))
    }
}
