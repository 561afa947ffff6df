//! Aggregates over time: a step function that changes as rows are seen, leave their windows, and end.

use std::collections::BTreeSet;
use std::ops::Bound;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::group::Group;
use super::{Answer, Changed, ENDS};
use crate::error::Result;
use crate::kernel::window::{enters, leaves};
use crate::kernel::{Changes, Failure, Moved, OPEN, Points, Row, Version, corrupt, differences};
use crate::state::Side;
use crate::store::Bytes;
use crate::table::{decode_values, encode_values, key};

impl Group<'_> {
    /// What changes of the aggregates of a group over time, where its rows change.
    pub(super) fn running(
        &self,
        group: &[Value],
        changes: &[Changed],
        output: &mut Changes,
        failures: &mut Vec<Failure>,
    ) -> Result<()> {
        let (mut touched, mut stretches) = (BTreeSet::new(), Vec::new());
        for Changed { time, from, to } in changes {
            for window in self.fold.windows() {
                let left = leaves(window, *time);
                let seen = |end: i64| {
                    if end == OPEN {
                        OPEN
                    } else {
                        enters(window, end)
                    }
                };
                // Also where it has left the window before: an end is an instant at which the others are looked at anew.
                let (from, to) = (seen(*from), seen(*to));
                touched.extend([from, to]);
                if from == enters(window, *time) {
                    touched.insert(left);
                }
                if from < to.min(left) {
                    stretches.push((from, to.min(left)));
                }
            }
        }
        // Stretches of many rows are of the same time, which is walked through once.
        stretches.sort_unstable();
        let mut walked = i64::MIN;
        for (from, until) in stretches {
            for side in [Side::Before, Side::After] {
                let mut next = self.after(side, from.max(walked))?;
                while let Some(point) = next.filter(|point| *point <= until) {
                    touched.insert(point);
                    next = self.after(side, point)?;
                }
            }
            walked = walked.max(until);
        }
        // What would change beyond the last instant never does.
        touched.retain(|point| is_instant(*point));
        let differences = differences(self, &touched)?;
        for version in &differences.removed {
            output.removed.extend(self.row(group, version)?);
        }
        for version in &differences.added {
            match self.row(group, version)? {
                Some(row) => output.added.push(row),
                None => failures.push(self.failure(group, version.time)?),
            }
        }
        for (version, was) in differences.moved {
            let row = self.row(group, &version)?;
            output.moved.extend(row.map(|row| Moved { row, was }));
        }
        Ok(())
    }

    /// A version as a row; `None` where the aggregates couldn't be computed.
    fn row(&self, group: &[Value], version: &Version) -> Result<Option<Row>> {
        if version.row.is_empty() {
            return Ok(None);
        }
        let values = decode_values(&version.row, self.fold.functions.len()).ok_or_else(corrupt)?;
        Ok(Some(Row {
            time: version.time,
            end: version.end,
            id: Bytes::new(&[]),
            values: group.iter().cloned().chain(values).collect(),
        }))
    }

    fn failure(&self, group: &[Value], at: i64) -> Result<Failure> {
        let mut answers = self.compute(Side::After, at)?.into_iter();
        let reason = answers.find_map(Answer::err).unwrap_or_default();
        let names = self.fold.names.iter().cloned();
        Ok(Failure {
            reason,
            row: names.zip(group.iter().cloned()).collect(),
        })
    }

    /// The last time before `point` of those that `time` gives for rows of one kind, found by seeking.
    fn changes_before(&self, side: Side, point: i64) -> Result<Option<i64>> {
        let point = point.min(Timestamp::MAX.micros().saturating_add(1));
        let mut latest = None;
        for window in self.fold.windows() {
            // Entries and leaves grow with the event time, so the last row below the bound has the last one.
            let entered = self.last_where(side, |time| enters(window, time) < point)?;
            latest = latest.max(entered.map(|time| enters(window, time)));
            if leaves(window, 0) != OPEN {
                let left = self.last_where(side, |time| leaves(window, time) < point)?;
                latest = latest.max(left.map(|time| leaves(window, time)));
            }
            let ended = self.last_end_where(side, |end| enters(window, end) < point)?;
            latest = latest.max(ended.map(|end| enters(window, end)));
        }
        Ok(latest)
    }

    fn changes_after(&self, side: Side, point: i64) -> Result<Option<i64>> {
        let mut earliest: Option<i64> = None;
        let mut add = |point: Option<i64>| {
            earliest = match (earliest, point) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        };
        for window in self.fold.windows() {
            let entered = self.first_where(side, |time| enters(window, time) > point)?;
            add(entered.map(|time| enters(window, time)));
            if leaves(window, 0) != OPEN {
                let left = self.first_where(side, |time| leaves(window, time) > point)?;
                add(left.map(|time| leaves(window, time)));
            }
            let ended = self.first_end_where(side, |end| enters(window, end) > point)?;
            add(ended.map(|end| enters(window, end)));
        }
        Ok(earliest.filter(|point| is_instant(*point)))
    }

    /// The last row's time for which `holds`, which is true up to some time and false from then on.
    fn last_where(&self, side: Side, holds: impl Fn(i64) -> bool) -> Result<Option<i64>> {
        let hi = boundary(&holds);
        let last = self.rows(side, i64::MIN, hi).next_back().transpose()?;
        Ok(last.map(|entry| entry.time))
    }

    /// The first row's time for which `holds`, which is false up to some time and true from then on.
    fn first_where(&self, side: Side, holds: impl Fn(i64) -> bool) -> Result<Option<i64>> {
        let lo = boundary(&|time| !holds(time));
        let first = self.rows(side, lo, i64::MAX).next().transpose()?;
        Ok(first.map(|entry| entry.time))
    }

    fn last_end_where(&self, side: Side, holds: impl Fn(i64) -> bool) -> Result<Option<i64>> {
        self.ends(side, i64::MIN, boundary(&holds))
            .next_back()
            .transpose()
    }

    fn first_end_where(&self, side: Side, holds: impl Fn(i64) -> bool) -> Result<Option<i64>> {
        let lo = boundary(&|end| !holds(end));
        self.ends(side, lo, i64::MAX).next().transpose()
    }

    /// The ends of rows from `lo` to before `hi`, in order.
    pub(super) fn ends(
        &self,
        side: Side,
        lo: i64,
        hi: i64,
    ) -> impl DoubleEndedIterator<Item = Result<i64>> {
        self.endings(side, lo, hi).map(|ending| Ok(ending?.0))
    }

    /// The same ends, each with the bytes that place the row among those of the group.
    pub(super) fn endings(
        &self,
        side: Side,
        lo: i64,
        hi: i64,
    ) -> impl DoubleEndedIterator<Item = Result<(i64, Bytes)>> {
        let key = |end| {
            self.fold
                .entry_key(ENDS, &self.bytes, &[&key::ordered(end)])
        };
        let range = (
            Bound::Included(Bytes::from(key(lo))),
            Bound::Excluded(Bytes::from(key(hi))),
        );
        let at = self.fold.prefix.len() + 1 + self.bytes.len();
        self.state.scan(side, range).map(move |entry| {
            let (key, _) = entry?;
            let ending = key.get(at..).and_then(|rest| rest.split_first_chunk::<8>());
            let (end, place) = ending.ok_or_else(corrupt)?;
            Ok((key::from_ordered(*end), place.into()))
        })
    }
}

/// The instants at which a group's aggregates change.
impl Points for Group<'_> {
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>> {
        let is_point = self.changes_after(side, time.saturating_sub(1))? == Some(time);
        if !is_point || self.last_entered(side, time)?.is_none() {
            return Ok(None);
        }
        // An empty row stands for one that can't be computed.
        let answers = self.compute_next(side, time)?.into_iter();
        let values: std::result::Result<Vec<Value>, String> = answers.collect();
        let values = values.map(|values| encode_values(values.iter()));
        Ok(Some(Some(values.unwrap_or_default().into())))
    }

    fn before(&self, side: Side, time: i64) -> Result<Option<i64>> {
        self.changes_before(side, time)
    }

    fn after(&self, side: Side, time: i64) -> Result<Option<i64>> {
        self.changes_after(side, time)
    }

    fn turn(&self) {
        let (tiles, applied) = (&self.fold.tiles, self.state.applied(Side::After));
        tiles.change(&self.bytes, applied, &self.changed);
    }
}

/// Whether a point is one that can be asked for.
fn is_instant(point: i64) -> bool {
    Timestamp::from_micros(point).is_some()
}

/// The first time for which `holds` isn't true, where it is true up to some time and false from then on.
fn boundary(holds: &impl Fn(i64) -> bool) -> i64 {
    let (mut yes, mut no) = (Timestamp::MIN.micros(), Timestamp::MAX.micros());
    if !holds(yes) {
        return yes;
    }
    if holds(no) {
        return i64::MAX;
    }
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    no
}
