//! Removing rows that no aggregate can need any more.
//!
//! Rows go as of a point: the watermark, or of an aggregate that is computed when it is read, the instant from which on
//! its dataset is asked, if that is earlier. What the aggregates were when they last changed before the point is the
//! first thing that can still change or be asked for; what only older values were made of goes. Windows without a
//! beginning keep what their rows come to (see [`base`](super::base)).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Bound;

use fennel_core::kernel::{Among, Which};
use fennel_core::window::Window;

use super::base::Base;
use super::group::{Entry, Group};
use super::{ENDS, ENTRIES, Fold};
use crate::error::Result;
use crate::kernel::compact::{Gone, Swept, first_open, sweep};
use crate::kernel::group::group_len;
use crate::kernel::session::passed;
use crate::kernel::window::{enters, leaves, seen};
use crate::kernel::{OPEN, Points, corrupt};
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::key;

impl Fold {
    /// Removes rows that no aggregate as of the point, or later, is made of.
    pub(in crate::kernel) fn compact(
        &self,
        state: &mut State,
        point: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let prefix = self.entry_key(ENTRIES, &[], &[]);
        // A row of a table can be ended at any time, and its window's row is then computed anew. And rows that are placed
        // by a column come and go at any time.
        if (self.window.is_some() && self.keys > 0) || self.along.is_some() {
            return Ok(Swept::default());
        }
        let from = from.map_or(&prefix[..], AsRef::as_ref);
        let len = |rest: &[u8]| group_len(rest, self.by.len());
        sweep(state, &prefix, from, limit, len, |state, bytes, limit| {
            let group = Group {
                fold: self,
                state,
                bytes,
                changed: Vec::new(),
                walk: RefCell::default(),
            };
            let (gone, times) = match self.window {
                Some(window) => (group.closed(window, point, limit)?, Vec::new()),
                None if self.keys == 0 => group.left(point, limit)?,
                None => group.ended(point, limit)?,
            };
            if !times.is_empty() {
                let applied = state.applied(Side::After);
                self.tiles.change(&group.bytes, applied, &times);
            }
            Ok(gone)
        })
    }
}

/// What can go, and the times of those rows.
type Left = (Gone, Vec<i64>);

impl Group<'_> {
    /// The rows whose windows, which are part of the group, no row can be in any more.
    fn closed(&self, window: Window, watermark: i64, limit: usize) -> Result<Gone> {
        let open = first_open(self, Among::Window(window), Which::First, watermark, limit)?;
        let rows = self.rows(Side::After, i64::MIN, open);
        let mut gone = Gone::first(rows.map(|row| Ok(self.key_of(&row?))), limit)?;
        if let Window::Session { .. } = window {
            let starts = self.fold.starts(&self.bytes);
            let passed = passed(self, open, limit)?.into_iter();
            gone.keys.extend(passed.map(|time| starts.key(time)));
        }
        Ok(gone)
    }

    /// The rows that had left all windows before the aggregates last changed, or were seen by windows that they never
    /// leave.
    fn left(&self, point: i64, limit: usize) -> Result<Left> {
        let (mut gone, mut times) = (Gone::default(), Vec::new());
        let mut first = self.rows(Side::After, i64::MIN, i64::MAX);
        let first = first.next().transpose()?;
        if let Some(first) = first.filter(|first| first.time >= point) {
            // As yet there is nothing old, which is to be found out fast.
            gone.until = Some(first.time);
            return Ok((gone, times));
        }
        let last = self.before(Side::After, point)?.unwrap_or(i64::MIN);
        let is_needed = |row: &Entry| {
            self.fold
                .windows()
                .any(|window| match leaves(window, row.time) {
                    OPEN => enters(window, row.time) >= last,
                    leaves => leaves >= last,
                })
        };
        let kept = self.last_seen(point)?;
        let mut base = None;
        let mut rows = self.rows(Side::After, i64::MIN, i64::MAX);
        for row in &mut rows {
            let row = row?;
            if is_needed(&row) {
                break;
            }
            let key = self.key_of(&row);
            if kept.contains(&key) {
                continue;
            }
            if gone.keys.len() == limit {
                gone.more = true;
                break;
            }
            if self.fold.sees_all() {
                if base.is_none() {
                    base = Some(self.base(Side::After)?.unwrap_or(Base::empty(self.fold)));
                }
                if let Some(base) = &mut base {
                    base.add(self.fold, &row)?;
                }
            }
            gone.keys.push(key);
            times.push(row.time);
        }
        // The row that has to stay goes by one that comes behind it.
        gone.until = rows.next().transpose()?.map(|next| next.time);
        gone.base = base.map(|base| (self.base_key().into(), base.encode().into()));
        Ok((gone, times))
    }

    /// The rows of a table that had ended, as every window sees it, before the aggregates last changed.
    fn ended(&self, point: i64, limit: usize) -> Result<Left> {
        let (mut gone, mut times) = (Gone::default(), Vec::new());
        gone.until = self
            .ends(Side::After, i64::MIN, i64::MAX)
            .next()
            .transpose()?;
        if gone.until.take_if(|end| *end < point).is_none() {
            return Ok((gone, times));
        }
        let last = self.before(Side::After, point)?.unwrap_or(i64::MIN);
        let kept = self.last_seen(point)?;
        let end_key = |end| {
            Bytes::from(
                self.fold
                    .entry_key(ENDS, &self.bytes, &[&key::ordered(end)]),
            )
        };
        let range = (
            Bound::Included(end_key(i64::MIN)),
            Bound::Excluded(end_key(i64::MAX)),
        );
        let at = self.fold.prefix.len() + 1 + self.bytes.len();
        for entry in self.state.scan(Side::After, range) {
            let (key, _) = entry?;
            let rest = key.get(at..).and_then(|rest| rest.split_first_chunk::<8>());
            let (end, place) = rest.ok_or_else(corrupt)?;
            let end = key::from_ordered(*end);
            let is_seen = |window| enters(window, end) >= last;
            let is_enough = gone.keys.len() >= limit;
            if self.fold.windows().any(is_seen) || is_enough {
                gone.more = is_enough;
                gone.until = Some(end);
                break;
            }
            let time = place.first_chunk::<8>().ok_or_else(corrupt)?;
            let time = key::from_ordered(*time);
            // Where it would have left a window there is an instant still, at which the others are looked at.
            let leaves_later = |window| {
                let leaves = leaves(window, time);
                leaves != OPEN && leaves >= last
            };
            let row: Bytes = self.fold.entry_key(ENTRIES, &self.bytes, &[place]).into();
            if self.fold.windows().any(leaves_later) || kept.contains(&row) {
                gone.until = gone.until.or(Some(point));
                continue;
            }
            gone.keys.extend([row, key]);
            times.push(time);
        }
        Ok((gone, times))
    }

    /// The last row that each window had seen at an instant: they tell since when the group is what it is.
    fn last_seen(&self, at: i64) -> Result<BTreeSet<Bytes>> {
        let rows = self.fold.windows().map(|window| {
            let mut rows = self.rows(Side::After, i64::MIN, seen(window, at).hi);
            let last = rows.next_back().transpose()?;
            Ok(last.map(|row| self.key_of(&row)))
        });
        rows.filter_map(Result::transpose).collect()
    }

    fn key_of(&self, row: &Entry) -> Bytes {
        let parts: [&[u8]; 2] = [&key::ordered(row.time), &row.id];
        self.fold.entry_key(ENTRIES, &self.bytes, &parts).into()
    }
}
