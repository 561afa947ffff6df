//! The rows of a keyed dataset's sources: each is a version of its key.

use std::collections::{BTreeMap, BTreeSet};

use super::{Said, Table, key};
use crate::error::Result;
use crate::kernel::{Changes, Moved, OPEN, Points, Version, differences, timeline};
use crate::state::{Side, State};
use crate::store::{Bytes, Neighbours, Space};

/// A version that a row of a source made: the key's bytes and the event time.
pub(crate) type Place = (Vec<u8>, i64);

impl Table {
    /// What changes of the table by rows at these places, which are in the store already.
    pub(crate) fn upserted(&self, state: &State, places: Vec<Place>) -> Result<Changes> {
        let mut keys: BTreeMap<Vec<u8>, BTreeSet<i64>> = BTreeMap::new();
        for (key, time) in places {
            keys.entry(key).or_default().insert(time);
        }
        let mut changes = Changes::default();
        let mut stored = Neighbours::new(state.snapshot(), Space::Table, &self.rows_prefix());
        for (key, touched) in keys {
            let line = Line {
                table: self,
                state,
                prefix: [&self.rows_prefix()[..], &key].concat(),
            };
            let differences = if let Some(said) = line.end(&mut stored, &touched)? {
                differences(&said, &touched)?
            } else if let Some(stretch) = line.stretch(&touched)? {
                differences(&stretch, &touched)?
            } else {
                differences(&line, &touched)?
            };
            for version in &differences.removed {
                changes.removed.push(self.version_row(&key, version)?);
            }
            for version in &differences.added {
                changes.added.push(self.version_row(&key, version)?);
            }
            for (version, was) in &differences.moved {
                let (row, was) = (self.version_row(&key, version)?, *was);
                changes.moved.push(Moved { row, was });
            }
        }
        Ok(changes)
    }

    /// What a side sees of a key's row at `time`, or of its latest one before.
    pub(super) fn upsert_as_of(
        &self,
        state: &State,
        side: Side,
        key: &[u8],
        time: i64,
    ) -> Result<Option<Version>> {
        let prefix = [&self.rows_prefix()[..], key].concat();
        let line = Line {
            table: self,
            state,
            prefix,
        };
        let Some((time, said)) = line.at_or_before(side, time)? else {
            return Ok(None);
        };
        let Some(row) = said else {
            return Ok(None);
        };
        let end = line.after(side, time)?.unwrap_or(OPEN);
        Ok(Some(Version { time, end, row }))
    }

    /// The versions of what begins with `prefix` that hold at any of the instants from `first` to `last`, the latest first;
    /// `None` where they aren't found by reading `most` entries.
    pub(super) fn upserts_between(
        &self,
        state: &State,
        prefix: Vec<u8>,
        (first, last): (i64, i64),
        most: usize,
    ) -> Result<Option<Vec<Version>>> {
        let side = Side::After;
        let line = Line {
            table: self,
            state,
            prefix,
        };
        let mut versions = Vec::new();
        let mut end = line.after(side, last)?.unwrap_or(OPEN);
        let from = line.entry(last);
        let entries = state.scan_from(side, &from, &line.prefix);
        for (i, entry) in entries.enumerate() {
            if i == most {
                return Ok(None);
            }
            let (key, value) = entry?;
            let (time, sequence) = self.place_of(&key, line.prefix.len())?;
            if sequence >= state.applied(side) || time == end {
                continue;
            }
            if let Some(row) = self.said(&value)? {
                let row = row.into();
                versions.push(Version { time, end, row });
            }
            end = time;
            if time <= first {
                break;
            }
        }
        Ok(Some(versions))
    }

    /// The versions of a key that a side sees, from the last that begins by `first` to the first that begins behind `last`;
    /// the earliest comes first.
    pub(super) fn upserts_around(
        &self,
        state: &State,
        side: Side,
        key: &[u8],
        (first, last): (i64, i64),
    ) -> Result<Vec<Version>> {
        let line = Line {
            table: self,
            state,
            prefix: [&self.rows_prefix()[..], key].concat(),
        };
        let mut said = Vec::new();
        let mut earlier = line.at_or_before(side, first)?;
        while let Some((time, row)) = earlier {
            let is_gone = row.is_none();
            said.push((time, row));
            earlier = match time.checked_sub(1) {
                Some(before) if is_gone => line.at_or_before(side, before)?,
                _ => None,
            };
        }
        said.reverse();
        let mut end = OPEN;
        for entry in state.scan_back(side, &line.entry(first), &line.prefix) {
            let (entry, value) = entry?;
            let (time, sequence) = self.place_of(&entry, line.prefix.len())?;
            if sequence >= state.applied(side) {
                continue;
            }
            // Of one instant, the row that arrived last comes last, and counts.
            if said.last().is_some_and(|(known, _)| *known == time) {
                said.pop();
            } else if said
                .last()
                .is_some_and(|(at, row)| *at > last && row.is_some())
            {
                end = time;
                break;
            }
            said.push((time, self.said(&value)?.map(Bytes::from)));
        }
        let mut versions = Vec::new();
        for (time, row) in said.into_iter().rev() {
            versions.extend(row.map(|row| Version { time, end, row }));
            end = time;
        }
        versions.reverse();
        Ok(versions)
    }

    /// The event time and the sequence of a key's entry.
    pub(super) fn place_of(&self, entry: &[u8], key_len: usize) -> Result<(i64, u64)> {
        let place = || {
            let (time, rest) = entry.get(key_len..)?.split_first_chunk::<8>()?;
            let (sequence, _) = rest.split_first_chunk::<8>()?;
            let sequence = u64::from_be_bytes(sequence.map(|byte| !byte));
            Some((key::from_ordered(time.map(|byte| !byte)), sequence))
        };
        place().ok_or_else(|| self.corrupt())
    }

    /// The row that an entry says, or `None` where it says that the key is gone.
    pub(super) fn said<'v>(&self, value: &'v [u8]) -> Result<Option<&'v [u8]>> {
        match value.split_first() {
            Some((said, row)) if *said == Said::Is as u8 => Ok(Some(row)),
            Some((said, _)) if *said == Said::Gone as u8 => Ok(None),
            _ => Err(self.corrupt()),
        }
    }
}

/// Entries of a stretch that are read at once for each of its instants, at most. Beyond that they are asked one by one.
const ENTRIES_PER_INSTANT: usize = 16;

/// Entries that are read at once from the end of what is said of a key, at most, besides those for each instant.
const ENTRIES: usize = 16;

/// What the sources' rows say of one key.
struct Line<'t> {
    table: &'t Table,
    state: &'t State,
    /// What the key's entries begin with.
    prefix: Vec<u8>,
}

impl Line<'_> {
    fn entry(&self, time: i64) -> Vec<u8> {
        let time = key::ordered(time).map(|byte| !byte);
        [&self.prefix[..], &time].concat()
    }

    /// The latest instant that isn't after `time`, with what is said then: by the row that arrived last.
    fn at_or_before(&self, side: Side, time: i64) -> Result<Option<(i64, Option<Bytes>)>> {
        for entry in self.state.scan_from(side, &self.entry(time), &self.prefix) {
            let (key, value) = entry?;
            let (time, sequence) = self.table.place_of(&key, self.prefix.len())?;
            if sequence < self.state.applied(side) {
                return Ok(Some((time, self.table.said(&value)?.map(Bytes::from))));
            }
        }
        Ok(None)
    }
}

impl<'t> Line<'t> {
    /// What is said from the instant before some instants on, unless that is much more than they ask for. `stored` was
    /// asked for no later key.
    fn end(
        &self,
        stored: &mut Neighbours<'_>,
        instants: &BTreeSet<i64>,
    ) -> Result<Option<timeline::Line>> {
        let first = instants.first().copied().unwrap_or(i64::MIN);
        let most = ENTRIES + instants.len() * ENTRIES_PER_INSTANT;
        let [mut before, mut after] = [Vec::new(), Vec::new()];
        let mut next = stored.first_from(&self.prefix)?;
        let mut count = 0;
        while let Some((key, value)) = next.filter(|(key, _)| key.starts_with(&self.prefix)) {
            if count == most {
                return Ok(None);
            }
            count += 1;
            let (time, sequence) = self.table.place_of(key, self.prefix.len())?;
            let mut is_before_all = true;
            for (side, said) in [(Side::Before, &mut before), (Side::After, &mut after)] {
                // Of one instant, the row that arrived last comes first, and counts.
                let is_known = said.last().is_some_and(|(known, _)| *known == time);
                if sequence < self.state.applied(side) && !is_known {
                    said.push((time, self.table.said(value)?.map(Bytes::from)));
                }
                is_before_all &= said.last().is_some_and(|(last, _)| *last < first);
            }
            if is_before_all {
                break;
            }
            next = stored.following()?;
        }
        before.reverse();
        after.reverse();
        Ok(Some(timeline::Line { before, after }))
    }

    /// What is said from the first to the last of some instants, unless that is much more than they ask for.
    fn stretch(&self, instants: &BTreeSet<i64>) -> Result<Option<Stretch<'_, 't>>> {
        let (Some(first), Some(last)) = (instants.first(), instants.last()) else {
            return Ok(None);
        };
        if first == last {
            return Ok(None);
        }
        let most = instants.len() * ENTRIES_PER_INSTANT;
        let mut said = [Vec::new(), Vec::new()];
        let from = self.entry(*last);
        let entries = self.state.scan_from(Side::After, &from, &self.prefix);
        for (i, entry) in entries.enumerate() {
            let (key, value) = entry?;
            let (time, sequence) = self.table.place_of(&key, self.prefix.len())?;
            if time < *first {
                break;
            }
            if i == most {
                return Ok(None);
            }
            for (side, said) in [Side::Before, Side::After].into_iter().zip(&mut said) {
                // Of one instant, the row that arrived last comes first, and counts.
                let is_known = said.last().is_some_and(|(known, _)| *known == time);
                if sequence < self.state.applied(side) && !is_known {
                    said.push((time, self.table.said(&value)?.map(Bytes::from)));
                }
            }
        }
        said.iter_mut().for_each(|said| said.reverse());
        let [before, after] = said;
        let stretch = |side, said| -> Result<Seen> {
            Ok(Seen {
                said,
                earlier: self.before(side, *first)?,
                later: self.after(side, *last)?,
            })
        };
        Ok(Some(Stretch {
            before: stretch(Side::Before, before)?,
            after: stretch(Side::After, after)?,
            first: *first,
            line: self,
        }))
    }
}

/// What is said of a key in a stretch of time. A side doesn't see the rows of its pass, or of later ones, and a
/// question that is asked of the store passes all of them over.
struct Stretch<'l, 't> {
    line: &'l Line<'t>,
    first: i64,
    before: Seen,
    after: Seen,
}

/// What a side sees of a stretch.
struct Seen {
    /// By instant.
    said: Vec<(i64, Option<Bytes>)>,
    /// The last instant before the stretch, and the first one behind it.
    earlier: Option<i64>,
    later: Option<i64>,
}

impl Stretch<'_, '_> {
    fn seen(&self, side: Side) -> &Seen {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }
}

impl Points for Stretch<'_, '_> {
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>> {
        if time < self.first {
            return self.line.at(side, time);
        }
        let said = &self.seen(side).said;
        let found = said.binary_search_by_key(&time, |(at, _)| *at).ok();
        Ok(found
            .and_then(|i| said.get(i))
            .map(|(_, said)| said.clone()))
    }

    fn before(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let Seen { said, earlier, .. } = self.seen(side);
        let end = said.partition_point(|(at, _)| *at < time);
        let last = end.checked_sub(1).and_then(|i| said.get(i));
        Ok(last.map(|(at, _)| *at).or(*earlier))
    }

    fn after(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let Seen { said, later, .. } = self.seen(side);
        let first = said.get(said.partition_point(|(at, _)| *at <= time));
        Ok(first.map(|(at, _)| *at).or(*later))
    }
}

impl Points for Line<'_> {
    fn at(&self, side: Side, time: i64) -> Result<Option<Option<Bytes>>> {
        let found = self.at_or_before(side, time)?;
        Ok(found.filter(|(at, _)| *at == time).map(|(_, said)| said))
    }

    fn before(&self, side: Side, time: i64) -> Result<Option<i64>> {
        let Some(earlier) = time.checked_sub(1) else {
            return Ok(None);
        };
        Ok(self.at_or_before(side, earlier)?.map(|(time, _)| time))
    }

    fn after(&self, side: Side, time: i64) -> Result<Option<i64>> {
        for entry in self.state.scan_back(side, &self.entry(time), &self.prefix) {
            let (key, _) = entry?;
            let (time, sequence) = self.table.place_of(&key, self.prefix.len())?;
            if sequence < self.state.applied(side) {
                return Ok(Some(time));
            }
        }
        Ok(None)
    }
}
