//! One row of those that belong together.
//!
//! The state holds all rows, by what makes them belong together, event time and id. Which of them is kept follows
//! from their order, so a row that comes late or goes again changes it as if it had never been otherwise. Where rows
//! of a session belong together, it is kept besides where [sessions begin](super::session).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use fennel_core::kernel::{Among, Which};
use fennel_core::value::Value;
use fennel_core::window::Window;

use super::compact::{Gone, Swept, first_open, sweep};
use super::group::{encode_group, group_len};
use super::session::{self, Starts, Times, passed, shifts, windows_around};
use super::timeline::{Line, Said};
use super::window::Span;
use super::{Changes, Differences, Moved, OPEN, Points, Row, Version, corrupt, differences};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Bytes, Neighbours, Space, Store};
use crate::table::{decode_values, encode_values, key};

/// Keeps one row of those that belong together.
#[derive(Debug)]
pub(crate) struct Pick {
    /// What its state begins with.
    pub(super) prefix: [u8; 6],
    /// The positions of the columns in which rows that belong together are equal.
    pub(super) by: Vec<usize>,
    pub(super) among: Among,
    pub(super) which: Which,
    /// How many columns the input has.
    pub(super) columns: usize,
    /// Where each column of the output is in the input.
    pub(super) output: Vec<usize>,
}

/// Rows of a group that are read at once, at most, and how many more for each instant at which it changes. Beyond that they
/// are asked for one by one.
const ROWS: usize = 16;
const ROWS_PER_INSTANT: usize = 16;

impl Pick {
    /// The positions of the columns that are keys of what is kept.
    pub(super) fn keys(&self) -> &[usize] {
        match self.among {
            Among::All => &self.by,
            Among::Instant | Among::Window(_) => &[],
        }
    }

    pub(super) fn apply(&self, state: &mut State, changes: &Changes) -> Result<Changes> {
        let mut touched: BTreeMap<Vec<u8>, BTreeSet<i64>> = BTreeMap::new();
        for (row, is_added) in (changes.removed.iter().map(|row| (row, false)))
            .chain(changes.added.iter().map(|row| (row, true)))
        {
            let by = self.by.iter().filter_map(|i| row.values.get(*i));
            // What has no value for a key is of no group.
            if self.among == Among::All && by.clone().any(|value| *value == Value::Null) {
                continue;
            }
            let mut prefix = self.prefix.to_vec();
            encode_group(by, &mut prefix);
            let key = [&prefix[..], &key::ordered(row.time), &row.id].concat();
            if is_added {
                state.put(key, encode_values(row.values.iter()));
            } else {
                state.delete(key);
            }
            touched.entry(prefix).or_default().insert(row.time);
        }
        if let Among::Window(Window::Session { gap }) = self.among {
            for (prefix, touched) in &touched {
                let group = Group {
                    pick: self,
                    state,
                    prefix: prefix.clone(),
                };
                let shifts = shifts(&group, gap, touched)?;
                self.starts(prefix).put(state, shifts);
            }
        }
        let mut output = Changes::default();
        let mut stored = Neighbours::new(state.snapshot(), Space::Table, &self.prefix);
        for (prefix, touched) in touched {
            let group = Group {
                pick: self,
                state,
                prefix,
            };
            match (self.among, self.which) {
                (Among::All, Which::Latest) => {
                    let differences = match group.line(&mut stored, touched.len())? {
                        Some(line) => differences(&line, &touched)?,
                        None => differences(&group, &touched)?,
                    };
                    group.versions(&differences, &mut output)?;
                }
                (Among::All, Which::First) => group.first(&mut output)?,
                (among, which) => {
                    let parts = group.parts(among, &touched)?;
                    group.one_each(which, parts, &mut output)?;
                }
            }
        }
        Ok(output)
    }

    /// Removes rows that none can come for any more to be compared with.
    pub(super) fn compact(
        &self,
        state: &mut State,
        watermark: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let prefix = &self.prefix[..];
        let from = from.map_or(prefix, AsRef::as_ref);
        let len = |rest: &[u8]| group_len(rest, self.by.len());
        sweep(state, prefix, from, limit, len, |state, bytes, limit| {
            let group = Group {
                pick: self,
                state,
                prefix: [prefix, &bytes].concat(),
            };
            let key = |row: Result<(i64, Bytes, Bytes)>| {
                let (time, id, _) = row?;
                let key = [&group.prefix[..], &key::ordered(time), &id].concat();
                Ok(Bytes::from(key))
            };
            match (self.among, self.which) {
                // Whatever comes is later than a first row that is before the watermark.
                (Among::All, Which::First) => {
                    let mut rows = group.rows(Side::After, i64::MIN, i64::MAX);
                    match rows.next().transpose()? {
                        Some((first, ..)) if first < watermark => Gone::first(rows.map(key), limit),
                        _ => Ok(Gone::default()),
                    }
                }
                (among, which) => {
                    let open = first_open(&group, among, which, watermark, limit)?;
                    let rows = group.rows(Side::After, i64::MIN, open);
                    let mut gone = Gone::first(rows.map(key), limit)?;
                    if let Among::Window(Window::Session { .. }) = among {
                        let starts = self.starts(&group.prefix);
                        let passed = passed(&group, open, limit)?.into_iter();
                        gone.keys.extend(passed.map(|time| starts.key(time)));
                    }
                    Ok(gone)
                }
            }
        })
    }

    /// Finds where sessions begin, in a store that an earlier version wrote.
    pub(super) fn lay(&self, store: &Store) -> Result<()> {
        let Among::Window(Window::Session { gap }) = self.among else {
            return Ok(());
        };
        session::lay(store, self.prefix, &self.prefix, self.by.len(), gap)
    }

    /// Where sessions of a group begin, given what the keys of its rows begin with.
    fn starts<'g>(&self, of_group: &'g [u8]) -> Starts<'g> {
        Starts {
            kernel: self.prefix,
            group: of_group.get(self.prefix.len()..).unwrap_or_default(),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<Value>> {
        let values = decode_values(bytes, self.columns).ok_or_else(corrupt)?;
        let output = self.output.iter().map(|i| values.get(*i).cloned());
        output.collect::<Option<_>>().ok_or_else(corrupt)
    }
}

/// The rows that are equal in the columns of a pick.
struct Group<'s> {
    pick: &'s Pick,
    state: &'s State,
    prefix: Vec<u8>,
}

impl Times for Group<'_> {
    fn times(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
        self.rows(side, lo, hi).map(|row| Ok(row?.0))
    }

    fn starts(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
        let starts = self.pick.starts(&self.prefix);
        starts.scan(self.state, side, lo, hi)
    }
}

impl Group<'_> {
    /// The rows from `lo` to before `hi` as event times, ids and values in bytes.
    fn rows(
        &self,
        side: Side,
        lo: i64,
        hi: i64,
    ) -> impl DoubleEndedIterator<Item = Result<(i64, Bytes, Bytes)>> {
        let key = |time| Bytes::from([&self.prefix[..], &key::ordered(time)].concat());
        let range = (Bound::Included(key(lo)), Bound::Excluded(key(hi)));
        let len = self.prefix.len();
        self.state.scan(side, range).map(move |entry| {
            let (key, value) = entry?;
            let time = key.get(len..).and_then(|rest| rest.first_chunk::<8>());
            let time = key::from_ordered(*time.ok_or_else(corrupt)?);
            let id = key.get(len + 8..).unwrap_or_default();
            Ok((time, id.into(), value))
        })
    }

    /// All rows, each of which is a version of the group until the next one; `None` where they are many more than the
    /// instants that they are read for. `stored` was asked for no later group.
    fn line(&self, stored: &mut Neighbours<'_>, instants: usize) -> Result<Option<Line>> {
        let most = ROWS + ROWS_PER_INSTANT * instants;
        let (mut line, mut count) = (Line::default(), 0);
        let mut changed = self.state.changed(&self.prefix).peekable();
        let mut next = stored.first_from(&self.prefix)?;
        while let Some((key, value)) = next.filter(|(key, _)| key.starts_with(&self.prefix)) {
            if count == most {
                return Ok(None);
            }
            count += 1;
            self.say(key, value, &mut line.before)?;
            while let Some((new, value)) = changed.next_if(|(new, _)| *new < key) {
                self.say_if(new, value, &mut line.after)?;
            }
            match changed.next_if(|(new, _)| *new == key) {
                Some((_, value)) => self.say_if(key, value, &mut line.after)?,
                None => self.say(key, value, &mut line.after)?,
            }
            next = stored.following()?;
        }
        for (new, value) in changed {
            self.say_if(new, value, &mut line.after)?;
        }
        Ok(Some(line))
    }

    /// Adds a row behind others; of those of one time, the one that arrived last counts.
    fn say(&self, key: &[u8], row: &Bytes, to: &mut Vec<Said>) -> Result<()> {
        let time = key.get(self.prefix.len()..);
        let time = time.and_then(|rest| rest.first_chunk::<8>());
        let time = key::from_ordered(*time.ok_or_else(corrupt)?);
        if to.last().is_some_and(|(last, _)| *last == time) {
            to.pop();
        }
        to.push((time, Some(row.clone())));
        Ok(())
    }

    fn say_if(&self, key: &[u8], row: &Option<Bytes>, to: &mut Vec<Said>) -> Result<()> {
        match row {
            Some(row) => self.say(key, row, to),
            None => Ok(()),
        }
    }

    fn versions(&self, differences: &Differences, output: &mut Changes) -> Result<()> {
        for version in &differences.removed {
            output.removed.push(self.version(version)?);
        }
        for version in &differences.added {
            output.added.push(self.version(version)?);
        }
        for (version, was) in &differences.moved {
            let (row, was) = (self.version(version)?, *was);
            output.moved.push(Moved { row, was });
        }
        Ok(())
    }

    /// The first row of all holds for ever.
    fn first(&self, output: &mut Changes) -> Result<()> {
        let first = |side| self.rows(side, i64::MIN, i64::MAX).next().transpose();
        let (old, new) = (first(Side::Before)?, first(Side::After)?);
        if old == new {
            return Ok(());
        }
        for (row, rows) in [(old, &mut output.removed), (new, &mut output.added)] {
            if let Some((time, _, row)) = row {
                let end = OPEN;
                rows.push(self.version(&Version { time, end, row })?);
            }
        }
        Ok(())
    }

    /// A version of the group as a row of a table.
    fn version(&self, version: &Version) -> Result<Row> {
        Ok(Row {
            time: version.time,
            end: version.end,
            id: Bytes::new(&[]),
            values: self.pick.decode(&version.row)?,
        })
    }

    /// The parts of the group that rows of these times are in, before or after.
    fn parts(&self, among: Among, touched: &BTreeSet<i64>) -> Result<BTreeSet<(Side, Span)>> {
        let mut parts = BTreeSet::new();
        let instant = |time: &i64| Span {
            lo: *time,
            hi: time.saturating_add(1),
        };
        for side in [Side::Before, Side::After] {
            let spans = match among {
                Among::Window(window) => windows_around(self, side, window, touched)?,
                Among::Instant | Among::All => touched.iter().map(instant).collect(),
            };
            parts.extend(spans.into_iter().map(|span| (side, span)));
        }
        Ok(parts)
    }

    /// One row of each part.
    fn one_each(
        &self,
        which: Which,
        parts: BTreeSet<(Side, Span)>,
        output: &mut Changes,
    ) -> Result<()> {
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        for (side, Span { lo, hi }) in parts {
            let mut rows = self.rows(side, lo, hi);
            let kept = match which {
                Which::First => rows.next(),
                Which::Latest => rows.next_back(),
            };
            if let Some((time, id, row)) = kept.transpose()? {
                let kept = if side == Side::Before {
                    &mut old
                } else {
                    &mut new
                };
                kept.insert((time, id), row);
            }
        }
        for (kept, other, rows) in [
            (&old, &new, &mut output.removed),
            (&new, &old, &mut output.added),
        ] {
            for ((time, id), row) in kept {
                if other.get(&(*time, id.clone())) != Some(row) {
                    rows.push(Row {
                        time: *time,
                        end: OPEN,
                        id: id.clone(),
                        values: self.pick.decode(row)?,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Of rows of one time, the one that arrived last counts.
impl Points for Group<'_> {
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>> {
        let last = self.rows(side, time, time.saturating_add(1)).next_back();
        Ok(last.transpose()?.map(|(_, _, row)| Some(row)))
    }

    fn before(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let last = self.rows(side, i64::MIN, time).next_back();
        Ok(last.transpose()?.map(|(time, ..)| time))
    }

    fn after(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let first = self.rows(side, time.saturating_add(1), i64::MAX).next();
        Ok(first.transpose()?.map(|(time, ..)| time))
    }
}
