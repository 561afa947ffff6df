//! Removing rows that no aggregate can need any more.

use std::ops::Bound;

use fennel_core::kernel::{Among, Which};
use fennel_core::window::Window;

use super::group::{Entry, Group};
use super::{ENDS, ENTRIES, Fold};
use crate::error::Result;
use crate::kernel::compact::{Swept, first_open, sweep};
use crate::kernel::group::group_len;
use crate::kernel::window::{enters, leaves};
use crate::kernel::{OPEN, Points, corrupt};
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::key;

impl Fold {
    /// Removes rows that no aggregate after the watermark sees, where aggregates are stored behind it.
    pub(in crate::kernel) fn compact(
        &self,
        state: &mut State,
        watermark: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let prefix = self.entry_key(ENTRIES, &[], &[]);
        let is_forever = |window| leaves(window, 0) == OPEN;
        let never_leave = match (self.window, self.keys) {
            (None, 0) => self.windows().any(is_forever),
            (None, _) | (Some(_), 0) => false,
            // A row of a table can be ended at any time, and its window's row is then computed anew.
            (Some(_), _) => true,
        };
        if never_leave || self.along.is_some() {
            return Ok(Swept::default());
        }
        let from = from.map_or(&prefix[..], AsRef::as_ref);
        let len = |rest: &[u8]| group_len(rest, self.by.len());
        sweep(state, &prefix, from, limit, len, |state, bytes| {
            let group = Group {
                fold: self,
                state,
                bytes,
                changed: Vec::new(),
            };
            match self.window {
                Some(window) => group.closed(window, watermark),
                None if self.keys == 0 => group.left(watermark),
                None => group.ended(watermark),
            }
        })
    }
}

impl Group<'_> {
    /// The keys of rows whose windows, which are part of the group, no row can be in any more.
    fn closed(&self, window: Window, watermark: i64) -> Result<Vec<Bytes>> {
        let open = first_open(self, Among::Window(window), Which::First, watermark)?;
        self.rows(Side::After, i64::MIN, open)
            .map(|row| Ok(self.key_of(&row?)))
            .collect()
    }

    /// The keys of rows that had left all windows before the aggregates last changed: what they were then is the first
    /// thing that can still change.
    fn left(&self, watermark: i64) -> Result<Vec<Bytes>> {
        let Some(last) = self.before(Side::After, watermark)? else {
            return Ok(Vec::new());
        };
        let mut gone = Vec::new();
        for row in self.rows(Side::After, i64::MIN, last) {
            let row = row?;
            if self
                .fold
                .windows()
                .any(|window| leaves(window, row.time) >= last)
            {
                break;
            }
            gone.push(self.key_of(&row));
        }
        Ok(gone)
    }

    /// The keys of rows of a table that had ended, as every window sees it, before the aggregates last changed.
    fn ended(&self, watermark: i64) -> Result<Vec<Bytes>> {
        let Some(last) = self.before(Side::After, watermark)? else {
            return Ok(Vec::new());
        };
        let end_key = |end| {
            Bytes::from(
                self.fold
                    .entry_key(ENDS, &self.bytes, &[&key::ordered(end)]),
            )
        };
        let range = (
            Bound::Included(end_key(i64::MIN)),
            Bound::Excluded(end_key(last)),
        );
        let at = self.fold.prefix.len() + 1 + self.bytes.len();
        let mut gone = Vec::new();
        for entry in self.state.scan(Side::After, range) {
            let (key, _) = entry?;
            let rest = key.get(at..).and_then(|rest| rest.split_first_chunk::<8>());
            let (end, place) = rest.ok_or_else(corrupt)?;
            let end = key::from_ordered(*end);
            if self
                .fold
                .windows()
                .any(|window| enters(window, end) >= last)
            {
                break;
            }
            let time = place.first_chunk::<8>().ok_or_else(corrupt)?;
            let time = key::from_ordered(*time);
            // Where it would have left a window there is an instant still, at which the others are looked at.
            let leaves_later = |window| {
                let leaves = leaves(window, time);
                leaves != OPEN && leaves >= last
            };
            if self.fold.windows().any(leaves_later) {
                continue;
            }
            gone.push(self.fold.entry_key(ENTRIES, &self.bytes, &[place]).into());
            gone.push(key);
        }
        Ok(gone)
    }

    fn key_of(&self, row: &Entry) -> Bytes {
        let parts: [&[u8]; 2] = [&key::ordered(row.time), &row.id];
        self.fold.entry_key(ENTRIES, &self.bytes, &parts).into()
    }
}
