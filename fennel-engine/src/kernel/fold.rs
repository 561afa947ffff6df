//! Aggregates of groups.
//!
//! The state holds the rows of each group, by event time, with the columns that the aggregates read. What an
//! aggregate comes to is computed of the rows that its window shows, so it is exact at every instant.
//!
//! | key behind the kernel's prefix | value |
//! |---|---|
//! | 0, group, event time, id | of a table's row its end, then the columns |
//! | 1, group, end, event time, id | nothing: finds the rows of a table by their ends |

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::agg::{Accumulator, Contribution};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::window::Window;

use super::group::{decode_group, decode_row, encode_row, group_prefix};
use super::sweep::Sweep;
use super::tiles::{FEW, Question, Rows, Tiles};
use super::window::{Span, enters, leaves, seen, windows};
use super::{Changes, Failure, OPEN, Points, Row, Version, differences};
use crate::error::{Error, Result};
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::{Table, key};

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

/// A group of which rows come or go.
struct Touched {
    group: Vec<Value>,
    /// The rows' times and ends.
    spans: Vec<(i64, i64)>,
}

/// A row in the state.
pub(super) struct Entry {
    pub(super) time: i64,
    pub(super) end: i64,
    pub(super) id: Bytes,
    pub(super) values: Vec<Value>,
}

/// The rows that entries are of.
const ENTRIES: u8 = 0;
/// Where rows of tables are found by their ends.
const ENDS: u8 = 1;

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
        for (row, is_added) in (changes.removed.iter().map(|row| (row, false)))
            .chain(changes.added.iter().map(|row| (row, true)))
        {
            let Some(time) = self.time_of(row) else {
                continue;
            };
            let group = self.group_of(row);
            // What has no value for a key is of no group.
            if group.contains(&Value::Null) {
                continue;
            }
            let bytes = group_prefix(self.prefix, group.iter()).split_off(self.prefix.len());
            let id = self.id_of(row);
            let key = self.entry_key(ENTRIES, &bytes, &[&key::ordered(time), &id]);
            let end_key = (self.keys > 0 && row.end != OPEN).then(|| {
                let parts: [&[u8]; 3] = [&key::ordered(row.end), &key::ordered(time), &id];
                self.entry_key(ENDS, &bytes, &parts)
            });
            if is_added {
                state.put(key, self.entry_value(row));
                if let Some(key) = end_key {
                    state.put(key, []);
                }
            } else {
                state.delete(key);
                if let Some(key) = end_key {
                    state.delete(key);
                }
            }
            let entry = touched.entry(bytes);
            let touched = entry.or_insert_with(|| Touched {
                group,
                spans: Vec::new(),
            });
            touched.spans.push((time, row.end));
        }
        let mut output = Changes::default();
        for (bytes, Touched { group, spans }) in touched {
            let changed: Vec<_> = spans.iter().map(|(time, _)| *time).collect();
            let line = Group {
                fold: self,
                state,
                bytes,
                changed,
            };
            match self.window {
                _ if !emits => line.turn(),
                None => line.running(&group, &spans, &mut output, failures)?,
                Some(window) => line.windowed(window, &group, &spans, &mut output, failures)?,
            }
        }
        Ok(output)
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
    ) -> Result<Option<(i64, Vec<Value>)>> {
        self.group(state, group).value(at)
    }

    /// What a group's aggregates are as of each of `instants`, which ascend; `give` gets their positions.
    pub(super) fn values_of(
        &self,
        state: &State,
        group: &[&Value],
        instants: &[i64],
        mut give: impl FnMut(usize, Option<(i64, Vec<Value>)>) -> Result<()>,
    ) -> Result<()> {
        let group = self.group(state, group);
        // Rows of tables hold until some end, so they don't leave in the order in which they came.
        let sweeps = self.keys == 0 && instants.len() > 1;
        let mut sweep = sweeps.then(|| Sweep::new(&group, instants.len()));
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
                Some(None) => None,
                Some(Some((last, Ok(values)))) => Some((last, values)),
                Some(Some((_, Err(reason)))) => return Err(Error::Request(reason)),
            };
            give(i, value)?;
        }
        Ok(())
    }

    /// What a group is over time, the earliest first.
    pub(super) fn versions(
        &self,
        state: &State,
        side: Side,
        group: &[&Value],
    ) -> Result<Vec<Version>> {
        let line = self.group(state, group);
        let mut versions = Vec::new();
        let mut point = line.after(side, i64::MIN)?;
        while let Some(time) = point {
            point = line.after(side, time)?;
            if let Some(Some(row)) = line.at(side, time)? {
                let end = point.unwrap_or(OPEN);
                versions.push(Version { time, end, row });
            }
        }
        Ok(versions)
    }

    /// What a group is as of `at`.
    pub(super) fn version_as_of(
        &self,
        state: &State,
        side: Side,
        group: &[&Value],
        at: i64,
    ) -> Result<Option<Version>> {
        let line = self.group(state, group);
        let Some(time) = line.before(side, at.saturating_add(1))? else {
            return Ok(None);
        };
        let Some(Some(row)) = line.at(side, time)? else {
            return Ok(None);
        };
        let end = line.after(side, time)?.unwrap_or(OPEN);
        Ok(Some(Version { time, end, row }))
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

    /// All groups that have rows.
    pub(super) fn groups(&self, state: &State) -> Result<Vec<Vec<Value>>> {
        let mut groups: Vec<Vec<Value>> = Vec::new();
        let prefix = self.entry_key(ENTRIES, &[], &[]);
        let mut last: Option<Vec<u8>> = None;
        for entry in state.scan_prefix(Side::After, &prefix) {
            let (key, _) = entry?;
            if last.as_ref().is_some_and(|last| key.starts_with(last)) {
                continue;
            }
            let group = key
                .get(prefix.len()..)
                .and_then(|rest| decode_group(rest, self.by.len()))
                .ok_or_else(corrupt)?;
            let bytes = group_prefix(self.prefix, group.iter()).split_off(self.prefix.len());
            last = Some(self.entry_key(ENTRIES, &bytes, &[]));
            groups.push(group);
        }
        Ok(groups)
    }

    fn group<'s>(&'s self, state: &'s State, group: &[&Value]) -> Group<'s> {
        let group = group_prefix(self.prefix, group.iter().copied());
        Group {
            fold: self,
            state,
            bytes: group.get(self.prefix.len()..).unwrap_or_default().to_vec(),
            changed: Vec::new(),
        }
    }

    fn entry_key(&self, kind: u8, group: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut key = self.prefix.to_vec();
        key.push(kind);
        key.extend(group);
        parts.iter().for_each(|part| key.extend(*part));
        key
    }

    fn entry_value(&self, row: &Row) -> Vec<u8> {
        let mut value = Vec::new();
        if self.keys > 0 {
            value.extend(key::ordered(row.end));
        }
        let read = self
            .reads
            .iter()
            .filter_map(|i| row.values.get(*i).cloned());
        value.extend(encode_row(&read.collect::<Vec<_>>()));
        value
    }

    /// Where a row stands in time; a row without the column that says so stands nowhere.
    fn time_of(&self, row: &Row) -> Option<i64> {
        match self.along.map(|i| row.values.get(i)) {
            None => Some(row.time),
            Some(Some(Value::Timestamp(time))) => Some(time.micros()),
            Some(_) => None,
        }
    }

    fn group_of(&self, row: &Row) -> Vec<Value> {
        let group = self.by.iter().filter_map(|i| row.values.get(*i).cloned());
        group.collect()
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
                values: decode_row(value, self.reads.len())?,
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

/// One group in the state.
pub(super) struct Group<'s> {
    pub(super) fold: &'s Fold,
    state: &'s State,
    bytes: Vec<u8>,
    /// The times of rows that come or go in this pass.
    changed: Vec<i64>,
}

impl Group<'_> {
    /// The rows from `lo` to before `hi`, in order.
    pub(super) fn rows(
        &self,
        side: Side,
        lo: i64,
        hi: i64,
    ) -> impl DoubleEndedIterator<Item = Result<Entry>> {
        let key = |time| {
            self.fold
                .entry_key(ENTRIES, &self.bytes, &[&key::ordered(time)])
        };
        let range = (
            std::ops::Bound::Included(Bytes::from(key(lo))),
            std::ops::Bound::Excluded(Bytes::from(key(hi))),
        );
        let entries = self.state.scan(side, range);
        entries.map(|entry| {
            let (key, value) = entry?;
            self.fold.decode(&key, &value, self.bytes.len())
        })
    }

    /// The aggregates as of `at`, with the time of the last row that they saw; `None` where there is no row yet.
    fn value(&self, at: i64) -> Result<Option<(i64, Vec<Value>)>> {
        let Some(last) = self.last_entered(Side::After, at)? else {
            return Ok(None);
        };
        match self.compute(Side::After, at)? {
            Ok(values) => Ok(Some((last, values))),
            Err(reason) => Err(Error::Request(reason)),
        }
    }

    /// The aggregates as of `at`, or why they can't be computed.
    fn compute(&self, side: Side, at: i64) -> Result<Result<Vec<Value>, String>> {
        let spans: Vec<_> = self
            .fold
            .functions
            .iter()
            .map(|function| seen(function.window, at))
            .collect();
        self.fold_rows(side, &spans, at)
    }

    /// The aggregates, each over the rows of its span.
    fn fold_rows(&self, side: Side, spans: &[Span], at: i64) -> Result<Result<Vec<Value>, String>> {
        let functions = &self.fold.functions;
        let mut known: Vec<(Span, Vec<Accumulator>)> = Vec::new();
        for span in spans {
            if !known.iter().any(|(other, _)| other == span) {
                known.push((*span, self.sum(side, *span)?));
            }
        }
        let at = Timestamp::from_micros(at).unwrap_or(Timestamp::MAX);
        let values = functions.iter().zip(spans).map(|(function, span)| {
            let sums = known.iter().find(|(other, _)| other == span);
            let sum = sums.and_then(|(_, sums)| sums.get(function.slot));
            let sum = sum.expect("each span was summed up");
            sum.value(at).map_err(|error| error.to_string())
        });
        Ok(values.collect())
    }

    /// What the rows of a span come to that hold at its end.
    fn sum(&self, side: Side, span: Span) -> Result<Vec<Accumulator>> {
        let mut sums = self.fold.empty.clone();
        let reader = Reader { group: self, side };
        let all = Question {
            lo: span.lo,
            hi: span.hi,
            until: span.hi,
        };
        if reader.add(all, FEW, &mut { i64::MIN }, &mut sums)? {
            return Ok(sums);
        }
        let first = self.rows(side, span.lo, span.hi).next().transpose()?;
        let last = self.rows(side, span.lo, span.hi).next_back().transpose()?;
        let mut sums = self.fold.empty.clone();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(sums);
        };
        let question = Question {
            lo: first.time,
            hi: last.time.saturating_add(1),
            ..all
        };
        let (tiles, empty) = (&self.fold.tiles, &self.fold.empty);
        let applied = self.state.applied(side);
        tiles.add(&self.bytes, applied, question, &reader, empty, &mut sums)?;
        Ok(sums)
    }

    /// The instant at which the last row that is seen as of `at` was first seen.
    fn last_entered(&self, side: Side, at: i64) -> Result<Option<i64>> {
        let mut last = None;
        for window in self.fold.windows() {
            let hi = seen(window, at).hi;
            if let Some(entry) = self.rows(side, i64::MIN, hi).next_back() {
                last = last.max(Some(enters(window, entry?.time)));
            }
        }
        Ok(last)
    }

    /// What changes of the aggregates of a group over time, where rows that were seen for these spans come or go.
    fn running(
        &self,
        group: &[Value],
        spans: &[(i64, i64)],
        output: &mut Changes,
        failures: &mut Vec<Failure>,
    ) -> Result<()> {
        let mut touched = BTreeSet::new();
        for (time, end) in spans {
            for window in self.fold.windows() {
                // Also where the row has ended before: it is an instant at which the others are looked at anew.
                let (from, until) = (enters(window, *time), leaves(window, *time));
                let until = match *end {
                    OPEN => until,
                    end if until == OPEN => enters(window, end),
                    end => until.max(enters(window, end)),
                };
                touched.extend([from, until]);
                for side in [Side::Before, Side::After] {
                    let mut next = self.after(side, from)?;
                    while let Some(point) = next.filter(|point| *point <= until) {
                        touched.insert(point);
                        next = self.after(side, point)?;
                    }
                }
            }
        }
        touched.remove(&OPEN);
        let (removed, added) = differences(self, &touched)?;
        for version in removed {
            output.removed.extend(self.row(group, &version)?);
        }
        for version in added {
            match self.row(group, &version)? {
                Some(row) => output.added.push(row),
                None => failures.push(self.failure(group, version.time)?),
            }
        }
        Ok(())
    }

    /// A version as a row; `None` where the aggregates couldn't be computed.
    fn row(&self, group: &[Value], version: &Version) -> Result<Option<Row>> {
        if version.row.is_empty() {
            return Ok(None);
        }
        let values = decode_row(&version.row, self.fold.functions.len()).ok_or_else(corrupt)?;
        Ok(Some(Row {
            time: version.time,
            end: version.end,
            id: Bytes::new(&[]),
            values: group.iter().cloned().chain(values).collect(),
        }))
    }

    fn failure(&self, group: &[Value], at: i64) -> Result<Failure> {
        let reason = self.compute(Side::After, at)?.err().unwrap_or_default();
        let names = self.fold.names.iter().cloned();
        Ok(Failure {
            reason,
            row: names.zip(group.iter().cloned()).collect(),
        })
    }

    /// What changes of the windows that are part of the group, where rows of these times come or go.
    fn windowed(
        &self,
        window: Window,
        group: &[Value],
        spans: &[(i64, i64)],
        output: &mut Changes,
        failures: &mut Vec<Failure>,
    ) -> Result<()> {
        let mut old = BTreeSet::new();
        let mut new = BTreeSet::new();
        for (time, _) in spans {
            match window {
                Window::Session { gap } => {
                    self.sessions(gap.micros(), *time, &mut old, &mut new)?;
                }
                _ => {
                    let windows = windows(window, *time);
                    let bounds = windows.iter().map(|span| (span.lo, span.hi));
                    old.extend(bounds.clone());
                    new.extend(bounds);
                }
            }
        }
        let all: BTreeSet<_> = old.union(&new).copied().collect();
        let rows = |side, windows: &BTreeSet<_>| {
            let rows = all.iter().map(|bounds| match windows.contains(bounds) {
                true => self.window_row(side, group, *bounds),
                false => Ok(None),
            });
            rows.collect::<Result<Vec<_>>>()
        };
        let before = rows(Side::Before, &old)?;
        self.turn();
        let after = rows(Side::After, &new)?;
        for (before, after) in before.into_iter().zip(after) {
            if let (Some(Ok(before)), Some(Ok(after))) = (&before, &after)
                && before == after
            {
                continue;
            }
            output
                .removed
                .extend(before.and_then(std::result::Result::ok));
            match after {
                Some(Ok(row)) => output.added.push(row),
                Some(Err(failure)) => failures.push(failure),
                None => {}
            }
        }
        Ok(())
    }

    /// The row of a window, if it has any rows of the input.
    fn window_row(
        &self,
        side: Side,
        group: &[Value],
        (lo, hi): (i64, i64),
    ) -> Result<Option<std::result::Result<Row, Failure>>> {
        if self.rows(side, lo, hi).next().transpose()?.is_none() {
            return Ok(None);
        }
        let spans: Vec<_> = self
            .fold
            .functions
            .iter()
            .map(|_| Span { lo, hi })
            .collect();
        let instant = |micros| Timestamp::from_micros(micros).map_or(Value::Null, Value::Timestamp);
        let window = Value::Record(vec![instant(lo), instant(hi)]);
        let group = group.iter().cloned().chain([window]);
        Ok(Some(match self.fold_rows(side, &spans, hi)? {
            Ok(values) => Ok(Row {
                time: hi,
                end: OPEN,
                id: Bytes::new(&[]),
                values: group.chain(values).collect(),
            }),
            Err(reason) => Err(Failure {
                reason,
                row: self.fold.names.iter().cloned().zip(group).collect(),
            }),
        }))
    }

    /// Adds the sessions that a row of event time `time` is, was or would be in, before and after.
    fn sessions(
        &self,
        gap: i64,
        time: i64,
        old: &mut BTreeSet<(i64, i64)>,
        new: &mut BTreeSet<(i64, i64)>,
    ) -> Result<()> {
        for (side, sessions) in [(Side::Before, old), (Side::After, new)] {
            let left = self
                .rows(side, i64::MIN, time.saturating_add(1))
                .next_back();
            let right = self.rows(side, time.saturating_add(1), i64::MAX).next();
            for neighbour in [left, right].into_iter().flatten() {
                let neighbour = neighbour?.time;
                if neighbour.abs_diff(time) <= gap.unsigned_abs() {
                    sessions.insert(self.session(side, gap, neighbour)?);
                }
            }
        }
        Ok(())
    }

    /// The bounds of the session that the row of event time `time` is in.
    fn session(&self, side: Side, gap: i64, time: i64) -> Result<(i64, i64)> {
        let (mut first, mut last) = (time, time);
        for entry in self.rows(side, i64::MIN, time).rev() {
            let earlier = entry?.time;
            if first - earlier > gap {
                break;
            }
            first = earlier;
        }
        for entry in self.rows(side, time, i64::MAX) {
            let later = entry?.time;
            if later - last > gap {
                break;
            }
            last = later;
        }
        Ok((first, last.saturating_add(1)))
    }

    /// The last time before `point` of those that `time` gives for rows of one kind, found by seeking.
    fn changes_before(&self, side: Side, point: i64) -> Result<Option<i64>> {
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
        Ok(earliest)
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
    fn ends(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
        let key = |end| {
            self.fold
                .entry_key(ENDS, &self.bytes, &[&key::ordered(end)])
        };
        let range = (
            std::ops::Bound::Included(Bytes::from(key(lo))),
            std::ops::Bound::Excluded(Bytes::from(key(hi))),
        );
        let at = self.fold.prefix.len() + 1 + self.bytes.len();
        self.state.scan(side, range).map(move |entry| {
            let (key, _) = entry?;
            let end = key.get(at..).and_then(|rest| rest.first_chunk::<8>());
            end.map(|end| key::from_ordered(*end)).ok_or_else(corrupt)
        })
    }
}

/// Reads rows of a group as one side sees them.
struct Reader<'g, 's> {
    group: &'g Group<'s>,
    side: Side,
}

impl Rows for Reader<'_, '_> {
    fn add(
        &self,
        question: Question,
        limit: usize,
        ended: &mut i64,
        to: &mut [Accumulator],
    ) -> Result<bool> {
        let rows = self.group.rows(self.side, question.lo, question.hi);
        for (i, entry) in rows.enumerate() {
            if i == limit {
                return Ok(false);
            }
            let entry = entry?;
            if entry.end != OPEN {
                *ended = (*ended).max(entry.end);
            }
            if entry.end < question.until {
                continue;
            }
            let time = Timestamp::from_micros(entry.time).ok_or_else(corrupt)?;
            for (sum, of) in to.iter_mut().zip(&self.group.fold.of) {
                let value = of.and_then(|i| entry.values.get(i));
                sum.add(Contribution {
                    time,
                    order: &entry.id,
                    value: value.unwrap_or(&Value::Null),
                });
            }
        }
        Ok(true)
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
        let values = self.compute(side, time)?.map(|values| encode_row(&values));
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

pub(super) fn corrupt() -> Error {
    Error::Corrupt(
        "the state of an aggregate can't be read; restore the store from a backup".into(),
    )
}
