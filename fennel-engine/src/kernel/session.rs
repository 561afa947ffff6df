//! Sessions: rows with no longer silence between them. Where one begins and ends depends on the rows that there are.
//!
//! The state has an entry for each row that a session begins with: one that has no row before it within the gap. Whether it is
//! one depends on the row before alone, so where a row comes or goes, that row and the next one are looked at, in whatever
//! order rows come and however many sessions become one. A session ends with the last row before the next one begins. So
//! nobody walks through it, however long it is.
//!
//! | key behind the kernel's [prefix of sessions](Table::sessions_prefix) | value |
//! |---|---|
//! | group, event time | nothing: a session begins there |

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use fennel_core::time::Duration;
use fennel_core::window::Window;

use super::corrupt;
use super::group::group_len;
use super::window::{Span, windows};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Batch, Bytes, Space, Store};
use crate::table::{Table, key};

/// Sessions that are written at once where an earlier version wrote none.
const LAID: usize = 1_000;

/// The event times of rows that are looked at together.
pub(super) trait Times {
    /// Those from `lo` to before `hi`, in order.
    fn times(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>>;

    /// Those from `lo` to before `hi` with which a session begins, in order.
    fn starts(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>>;
}

/// A row's event time with the last row up to then and the first one behind it.
struct Around {
    time: i64,
    left: Option<i64>,
    right: Option<i64>,
}

/// The rows around these event times. Where several times are between two rows, these are looked for once: of many rows
/// that go in one pass, each would pass over all others.
fn around(
    rows: &impl Times,
    side: Side,
    times: &BTreeSet<i64>,
) -> impl Iterator<Item = Result<Around>> {
    let mut last: Option<(Option<i64>, Option<i64>)> = None;
    times.iter().map(move |&time| {
        let next = time.saturating_add(1);
        let seek_right = || rows.times(side, next, i64::MAX).next().transpose();
        let (left, right) = match last {
            Some((left, right)) if right.is_none_or(|right| time < right) => (left, right),
            Some((_, right)) if right == Some(time) => (right, seek_right()?),
            _ => {
                let left = rows.times(side, i64::MIN, next).next_back();
                (left.transpose()?, seek_right()?)
            }
        };
        last = Some((left, right));
        Ok(Around { time, left, right })
    })
}

/// The windows that rows of these event times are in as a side sees them. A session that one would be in, or was, is one of
/// those: without it there may be one on either side of it.
pub(super) fn windows_around(
    rows: &impl Times,
    side: Side,
    window: Window,
    times: &BTreeSet<i64>,
) -> Result<BTreeSet<Span>> {
    let Window::Session { gap } = window else {
        let windows = times.iter().flat_map(|time| windows(window, *time));
        return Ok(windows.collect());
    };
    let mut sessions: BTreeSet<Span> = BTreeSet::new();
    for around in around(rows, side, times) {
        let Around { time, left, right } = around?;
        for neighbour in left.into_iter().chain(right) {
            // What is before the last session was met by an earlier time, or was too far from that already.
            let is_met = sessions.last().is_some_and(|last| neighbour < last.hi);
            if !is_met && !is_silence(gap, neighbour, time) {
                sessions.insert(session(rows, side, neighbour)?);
            }
        }
    }
    Ok(sessions)
}

/// The session that the row of event time `time` is in.
fn session(rows: &impl Times, side: Side, time: i64) -> Result<Span> {
    let lo = start(rows, side, time)?;
    let next = rows.starts(side, time.saturating_add(1), i64::MAX).next();
    let next = next.transpose()?.unwrap_or(i64::MAX);
    let last = rows.times(side, time, next).next_back().transpose()?;
    Ok(Span {
        lo,
        hi: last.ok_or_else(corrupt)?.saturating_add(1),
    })
}

/// Where the session begins that the row of event time `time` is in.
pub(super) fn start(rows: &impl Times, side: Side, time: i64) -> Result<i64> {
    let mut starts = rows.starts(side, i64::MIN, time.saturating_add(1));
    starts.next_back().transpose()?.ok_or_else(corrupt)
}

/// Whether a session ends between rows of these event times. A silence as long as the gap doesn't end it.
pub(super) fn is_silence(gap: Duration, one: i64, other: i64) -> bool {
    one.abs_diff(other) > gap.micros().unsigned_abs()
}

/// Where sessions begin since rows of these event times came or went, and where none does any more.
pub(super) fn shifts(
    rows: &impl Times,
    gap: Duration,
    times: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, bool>> {
    let side = Side::After;
    let begins = |time, before: Option<i64>| before.is_none_or(|it| is_silence(gap, it, time));
    let (mut shifts, mut last) = (BTreeMap::new(), None);
    for around in around(rows, side, times) {
        let Around { time, left, right } = around?;
        let is_row = left == Some(time);
        let before = match last {
            _ if !is_row => left,
            Some((left, next)) if next == Some(time) => left,
            _ => rows.times(side, i64::MIN, time).next_back().transpose()?,
        };
        last = Some((left, right));
        let of_row = (time, is_row && begins(time, before));
        let of_next = right.map(|right| (right, begins(right, left)));
        for (time, is_start) in [of_row].into_iter().chain(of_next) {
            let was = rows.starts(side, time, time.saturating_add(1)).next();
            if was.transpose()?.is_some() != is_start {
                shifts.insert(time, is_start);
            }
        }
    }
    Ok(shifts)
}

/// Where sessions begin of which no row is left once the first `limit` rows before `open` are gone. There are no more than
/// that, and one whose other rows are gone already.
pub(super) fn passed(rows: &impl Times, open: i64, limit: usize) -> Result<Vec<i64>> {
    let left = rows.times(Side::After, i64::MIN, open).nth(limit);
    let end = match left.transpose()? {
        Some(time) => start(rows, Side::After, time)?,
        None => open,
    };
    rows.starts(Side::After, i64::MIN, end).collect()
}

/// Where sessions begin that are remembered of a group.
#[derive(Clone, Copy)]
pub(super) struct Starts<'g> {
    /// What the kernel's state begins with.
    pub(super) kernel: [u8; 6],
    /// The group's columns as bytes.
    pub(super) group: &'g [u8],
}

impl Starts<'_> {
    /// Those from `lo` to before `hi`, in order.
    pub(super) fn scan(
        self,
        state: &State,
        side: Side,
        lo: i64,
        hi: i64,
    ) -> impl DoubleEndedIterator<Item = Result<i64>> {
        let range = (Bound::Included(self.key(lo)), Bound::Excluded(self.key(hi)));
        state.scan(side, range).map(|entry| {
            let (key, _) = entry?;
            let time = key.last_chunk::<8>().ok_or_else(corrupt)?;
            Ok(key::from_ordered(*time))
        })
    }

    /// The key of an entry.
    pub(super) fn key(self, time: i64) -> Bytes {
        let prefix = Table::sessions_prefix(self.kernel);
        Bytes::from([&prefix[..], self.group, &key::ordered(time)].concat())
    }

    /// Remembers what became of them.
    pub(super) fn put(self, state: &mut State, shifts: BTreeMap<i64, bool>) {
        for (time, is_start) in shifts {
            match is_start {
                true => state.put(self.key(time), []),
                false => state.delete(self.key(time)),
            }
        }
    }
}

/// Finds where sessions begin in the state of a kernel that an earlier version wrote: its rows begin with `rows`, and
/// behind that have a group of so many columns and their event time. After a crash or an error it is to be done again.
pub(super) fn lay(
    store: &Store,
    kernel: [u8; 6],
    rows: &[u8],
    columns: usize,
    gap: Duration,
) -> Result<()> {
    let mut batch = Batch::new();
    let mut last: Option<(Bytes, i64)> = None;
    for entry in store.scan_prefix(Space::Table, rows) {
        let (key, _) = entry?;
        let parts = || {
            let rest = key.get(rows.len()..)?;
            let (group, rest) = rest.split_at_checked(group_len(rest, columns)?)?;
            Some((group, key::from_ordered(*rest.first_chunk::<8>()?)))
        };
        let (group, time) = parts().ok_or_else(corrupt)?;
        let before = last.filter(|(of, _)| of.as_ref() == group);
        if before.is_none_or(|(_, before)| is_silence(gap, before, time)) {
            batch.put(Space::Table, Starts { kernel, group }.key(time), []);
        }
        if batch.len() == LAID {
            store.write(std::mem::take(&mut batch))?;
        }
        last = Some((group.into(), time));
    }
    Ok(store.write(batch)?)
}

#[cfg(test)]
mod tests;
