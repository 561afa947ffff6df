//! Aggregates of groups.
//!
//! The state holds the rows of each group, by event time, with the columns that the aggregates read. What an
//! aggregate comes to is computed of the rows that its window shows, so it is exact at every instant.
//!
//! | key behind the kernel's prefix | value |
//! |---|---|
//! | 0, group, event time, id | of a table's row its end, then the columns |
//! | 1, group, end, event time, id | nothing: finds the rows of a table by their ends |
//! | 2, group | what rows come to that are gone: its [base](base) |
//!
//! Where groups are sessions, it is kept besides where [those begin](super::session).

mod base;
mod compact;
#[cfg(test)]
mod fixture;
mod group;
mod running;
mod sweep;
mod tiles;
mod versions;
mod walk;
mod windowed;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use fennel_core::agg::Accumulator;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;
use fennel_core::window::Window;

use group::{Entry, Group};
use sweep::Sweep;
pub(super) use tiles::Tiles;

use super::group::encode_group;
use super::session::{self, Starts, shifts};
use super::{Answer, Changes, Failure, OPEN, Points, Row, corrupt};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Bytes, Store, prefix_end};
use crate::table::{Table, decode_values, encode_behind, key};

/// Computes aggregates of groups.
#[derive(Debug)]
pub(crate) struct Fold {
    /// What its state begins with.
    pub(super) prefix: [u8; 6],
    /// The positions of the group's columns.
    pub(super) by: Vec<usize>,
    /// The window that is part of the group.
    pub(super) window: Option<Window>,
    /// The positions of the columns that aggregates read.
    pub(super) reads: Vec<usize>,
    /// What is aggregated, each once.
    pub(super) empty: Vec<Accumulator>,
    /// For each of those, the position of its column among those that are read.
    pub(super) of: Vec<Option<usize>>,
    pub(super) functions: Vec<Function>,
    /// The column that places rows in time, where it is not the event time.
    pub(super) along: Option<usize>,
    /// How many key columns the input has.
    pub(super) keys: usize,
    /// The names of the output's columns, the group's first.
    pub(super) names: Vec<String>,
    /// What is remembered of groups with many rows.
    pub(super) tiles: Tiles,
}

/// One aggregate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// Which of those that are aggregated it is.
    pub(super) slot: usize,
    pub(super) window: Window,
    /// Whether its default stands for a group without rows, too.
    pub(super) has_default: bool,
}

/// A group of which rows change.
struct Touched {
    group: Vec<Value>,
    changes: Vec<Changed>,
}

/// A row that comes or goes, or whose end moves.
struct Changed {
    /// Where the row stands in time.
    time: i64,
    /// The stretch for which it holds now, or holds no more: what ends move over, or from the row's time on.
    from: i64,
    to: i64,
}

/// Where a row is kept.
struct Place {
    time: i64,
    /// The group's columns as bytes.
    bytes: Vec<u8>,
    id: Bytes,
    /// The key of its entry.
    key: Vec<u8>,
}

/// The bytes of most groups, and of what is kept of most rows.
const GROUP: usize = 32;

/// The rows that entries are of.
const ENTRIES: u8 = 0;
/// Where rows of tables are found by their ends.
const ENDS: u8 = 1;
/// What rows come to that are gone.
const BASE: u8 = 2;

impl Fold {
    /// Takes rows in and out, and answers with what changes of the aggregates, if anybody takes that.
    pub(super) fn apply(
        &self,
        state: &mut State,
        changes: &Changes,
        emits: bool,
        failures: &mut Vec<Failure>,
    ) -> Result<Changes> {
        let mut touched: BTreeMap<Vec<u8>, Touched> = BTreeMap::new();
        let mut touch = |row: &Row, time, bytes, (from, to)| {
            let touched = touched.entry(bytes).or_insert_with(|| Touched {
                group: self.group_of(row).cloned().collect(),
                changes: Vec::new(),
            });
            touched.changes.push(Changed { time, from, to });
        };
        for row in &changes.removed {
            if let Some(place) = self.place(row) {
                let end = self.end_key(&place, row.end);
                end.into_iter().for_each(|key| state.delete(key));
                state.delete(place.key);
                touch(row, place.time, place.bytes, (place.time, row.end));
            }
        }
        for row in &changes.added {
            if let Some(place) = self.place(row) {
                let end = self.held_until(&place, row.end);
                end.into_iter().for_each(|key| state.put(key, []));
                state.put(place.key, self.entry_value(row));
                touch(row, place.time, place.bytes, (place.time, row.end));
            }
        }
        for moved in &changes.moved {
            let row = &moved.row;
            if let Some(place) = self.place(row) {
                let was = self.end_key(&place, moved.was);
                was.into_iter().for_each(|key| state.delete(key));
                let end = self.held_until(&place, row.end);
                end.into_iter().for_each(|key| state.put(key, []));
                state.put(place.key, self.entry_value(row));
                touch(row, place.time, place.bytes, moved.stretch());
            }
        }
        let mut output = Changes::default();
        for (bytes, Touched { group, changes }) in touched {
            let changed: Vec<_> = changes.iter().map(|change| change.time).collect();
            if let Some(Window::Session { gap }) = self.window {
                self.begin_sessions(state, &bytes, gap, &changed.iter().copied().collect())?;
            }
            let line = Group {
                fold: self,
                state,
                bytes,
                changed,
                walk: RefCell::default(),
            };
            match self.window {
                _ if !emits => line.turn(),
                None => line.running(&group, &changes, &mut output, failures)?,
                Some(window) => line.windowed(window, &group, &mut output, failures)?,
            }
        }
        Ok(output)
    }

    /// Remembers where sessions of a group begin, where rows of these times changed.
    fn begin_sessions(
        &self,
        state: &mut State,
        bytes: &[u8],
        gap: Duration,
        changed: &BTreeSet<i64>,
    ) -> Result<()> {
        let rows = Group {
            fold: self,
            state,
            bytes: bytes.to_vec(),
            changed: Vec::new(),
            walk: RefCell::default(),
        };
        let shifts = shifts(&rows, gap, changed)?;
        self.starts(bytes).put(state, shifts);
        Ok(())
    }

    /// Finds where sessions begin, in a store that an earlier version wrote.
    pub(super) fn lay(&self, store: &Store) -> Result<()> {
        let Some(Window::Session { gap }) = self.window else {
            return Ok(());
        };
        let rows = self.entry_key(ENTRIES, &[], &[]);
        session::lay(store, self.prefix, &rows, self.by.len(), gap)
    }

    /// Where sessions of a group begin.
    fn starts<'g>(&self, group: &'g [u8]) -> Starts<'g> {
        Starts {
            kernel: self.prefix,
            group,
        }
    }

    /// Where a row is kept, if it is of a group.
    fn place(&self, row: &Row) -> Option<Place> {
        let time = self.time_of(row)?;
        // What has no value for a key is of no group.
        if self.group_of(row).any(|value| *value == Value::Null) {
            return None;
        }
        let mut bytes = Vec::with_capacity(GROUP);
        encode_group(self.group_of(row), &mut bytes);
        let id = self.id_of(row);
        let key = self.entry_key(ENTRIES, &bytes, &[&key::ordered(time), &id]);
        Some(Place {
            time,
            bytes,
            id,
            key,
        })
    }

    /// Where a row is found by its end, if it has one.
    fn end_key(&self, place: &Place, end: i64) -> Option<Vec<u8>> {
        (self.keys > 0 && end != OPEN).then(|| {
            let parts: [&[u8]; 3] = [&key::ordered(end), &key::ordered(place.time), &place.id];
            self.entry_key(ENDS, &place.bytes, &parts)
        })
    }

    /// Where a row is to be found by its end. One that has ended before it stands in time never holds, and its end is no
    /// instant at which a group changes.
    fn held_until(&self, place: &Place, end: i64) -> Option<Vec<u8>> {
        self.end_key(place, end).filter(|_| end > place.time)
    }

    /// Forgets what is remembered of groups.
    pub(super) fn forget(&self) {
        self.tiles.clear();
    }

    /// What a group's aggregates are as of `at`, with the time of the last row that they saw; `None` for a group
    /// that has no row yet.
    pub(super) fn value_of(
        &self,
        state: &State,
        group: &[&Value],
        at: i64,
    ) -> Result<Option<(i64, Vec<Answer>)>> {
        Group::new(self, state, group).value(at)
    }

    /// What a group's aggregates are as of each of `instants`, which ascend; `give` gets their positions.
    pub(super) fn values_of(
        &self,
        state: &State,
        group: &[&Value],
        instants: &[i64],
        mut give: impl FnMut(usize, Option<(i64, Vec<Answer>)>) -> Result<()>,
    ) -> Result<()> {
        let group = Group::new(self, state, group);
        // Rows of tables hold until some end, so they don't leave in the order in which they came.
        let sweeps = self.keys == 0 && instants.len() > 1;
        let sweep = sweeps.then(|| Sweep::new(&group, instants.len()));
        let mut sweep = sweep.transpose()?;
        for (i, at) in instants.iter().enumerate() {
            let swept = match &mut sweep {
                Some(sweep) => sweep.as_of(*at)?,
                None => None,
            };
            let value = match swept {
                None => {
                    sweep = None;
                    group.value(*at)?
                }
                Some(seen) => seen,
            };
            give(i, value)?;
        }
        Ok(())
    }

    /// What stands for a group without rows.
    pub(super) fn missing(&self) -> Vec<Value> {
        let values = self.functions.iter().map(|function| {
            let empty = self
                .empty
                .get(function.slot)
                .filter(|_| function.has_default);
            let default = empty.and_then(|empty| empty.value(Timestamp::MAX).ok());
            default.unwrap_or(Value::Null)
        });
        values.collect()
    }

    /// The first of all groups that have rows, or the first behind one of them.
    pub(super) fn group_behind(
        &self,
        state: &State,
        passed: Option<&[&Value]>,
    ) -> Result<Option<Vec<Value>>> {
        let prefix = self.entry_key(ENTRIES, &[], &[]);
        let from = match passed {
            None => Bound::Included(Bytes::from(&prefix[..])),
            Some(group) => {
                let mut bytes = Vec::new();
                encode_group(group.iter().copied(), &mut bytes);
                match prefix_end(&self.entry_key(ENTRIES, &bytes, &[])) {
                    Bound::Excluded(end) => Bound::Included(end),
                    Bound::Included(_) | Bound::Unbounded => return Ok(None),
                }
            }
        };
        let range = (from, prefix_end(&prefix));
        let Some(entry) = state.scan(Side::After, range).next() else {
            return Ok(None);
        };
        let (key, _) = entry?;
        let group = key.get(prefix.len()..);
        let group = group.and_then(|rest| decode_values(rest, self.by.len()));
        group.map(Some).ok_or_else(corrupt)
    }

    fn entry_key(&self, kind: u8, group: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let rest: usize = parts.iter().map(|part| part.len()).sum();
        let mut key = Vec::with_capacity(self.prefix.len() + 1 + group.len() + rest);
        key.extend(self.prefix);
        key.push(kind);
        key.extend(group);
        parts.iter().for_each(|part| key.extend(*part));
        key
    }

    fn entry_value(&self, row: &Row) -> Vec<u8> {
        let mut value = Vec::with_capacity(GROUP);
        if self.keys > 0 {
            value.extend(key::ordered(row.end));
        }
        let read = self.reads.iter().filter_map(|i| row.values.get(*i));
        encode_behind(value, read)
    }

    /// Where a row stands in time; a row without the column that says so stands nowhere.
    fn time_of(&self, row: &Row) -> Option<i64> {
        match self.along.map(|i| row.values.get(i)) {
            None => Some(row.time),
            Some(Some(Value::Timestamp(time))) => Some(time.micros()),
            Some(_) => None,
        }
    }

    fn group_of<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r Value> {
        self.by.iter().filter_map(|i| row.values.get(*i))
    }

    /// What tells a row apart from others of its group and time. A table's row is told apart by its key, and by its
    /// event time where rows are placed by something else.
    fn id_of(&self, row: &Row) -> Bytes {
        if self.keys == 0 {
            return row.id.clone();
        }
        let mut id = Table::key_bytes(row.values.iter().take(self.keys));
        if self.along.is_some() {
            id.extend(key::ordered(row.time));
        }
        id.into()
    }

    fn decode(&self, key: &[u8], value: &[u8], group_len: usize) -> Result<Entry> {
        let entry = || {
            let (time, id) = key
                .get(self.prefix.len() + 1 + group_len..)?
                .split_first_chunk::<8>()?;
            let (end, value) = match self.keys {
                0 => (OPEN, value),
                _ => {
                    let (end, value) = value.split_first_chunk::<8>()?;
                    (key::from_ordered(*end), value)
                }
            };
            Some(Entry {
                time: key::from_ordered(*time),
                end,
                id: id.into(),
                values: decode_values(value, self.reads.len())?,
            })
        };
        entry().ok_or_else(corrupt)
    }

    /// The windows that aggregates have, each once.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window> {
        let functions = self.functions.iter().enumerate();
        functions
            .filter(|(i, function)| {
                let before = self.functions.iter().take(*i);
                before
                    .into_iter()
                    .all(|other| other.window != function.window)
            })
            .map(|(_, function)| function.window)
    }
}
