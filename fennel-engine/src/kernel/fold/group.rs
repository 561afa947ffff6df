//! One group of an aggregate's state: its rows, and what they come to.

use std::cell::RefCell;
use std::ops::Bound;

use fennel_core::agg::{Accumulator, Contribution};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::tiles::{FEW, Question, Rows};
use super::walk::{Reached, Walk};
use super::{Answer, ENTRIES, Fold};
use crate::error::Result;
use crate::kernel::group::encode_group;
use crate::kernel::session::Times;
use crate::kernel::window::{Span, enters, seen};
use crate::kernel::{OPEN, corrupt};
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::key;

/// Rows that are found by their ends, at most: beyond that tiles are asked for them, which read all rows that are near them.
const ENDED_SINCE: usize = 1_000;

/// A row in the state.
pub(super) struct Entry {
    pub(super) time: i64,
    pub(super) end: i64,
    pub(super) id: Bytes,
    /// The columns that aggregates read.
    pub(super) values: Vec<Value>,
}

/// One group in the state.
pub(super) struct Group<'s> {
    pub(super) fold: &'s Fold,
    pub(super) state: &'s State,
    /// Its columns as bytes.
    pub(super) bytes: Vec<u8>,
    /// The times of rows that change in this pass.
    pub(super) changed: Vec<i64>,
    pub(super) walk: RefCell<Walk>,
}

impl Times for Group<'_> {
    fn times(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
        self.rows(side, lo, hi).map(|row| Ok(row?.time))
    }

    fn starts(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
        let starts = self.fold.starts(&self.bytes);
        starts.scan(self.state, side, lo, hi)
    }
}

impl<'s> Group<'s> {
    /// The group of these values, which nothing changes.
    pub(super) fn new(fold: &'s Fold, state: &'s State, group: &[&Value]) -> Self {
        let mut bytes = Vec::new();
        encode_group(group.iter().copied(), &mut bytes);
        Group {
            fold,
            state,
            bytes,
            changed: Vec::new(),
            walk: RefCell::default(),
        }
    }

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
            Bound::Included(Bytes::from(key(lo))),
            Bound::Excluded(Bytes::from(key(hi))),
        );
        let entries = self.state.scan(side, range);
        entries.map(|entry| {
            let (key, value) = entry?;
            self.fold.decode(&key, &value, self.bytes.len())
        })
    }

    /// The aggregates as of `at`, with the time of the last row that they saw; `None` where there is no row yet.
    pub(super) fn value(&self, at: i64) -> Result<Option<(i64, Vec<Answer>)>> {
        let Some(last) = self.last_entered(Side::After, at)? else {
            return Ok(None);
        };
        Ok(Some((last, self.compute(Side::After, at)?)))
    }

    /// The aggregates as of `at`.
    pub(super) fn compute(&self, side: Side, at: i64) -> Result<Vec<Answer>> {
        let functions = self.fold.functions.iter();
        let spans: Vec<_> = functions
            .map(|function| seen(function.window, at))
            .collect();
        self.fold_rows(side, &spans, at)
    }

    /// The aggregates, each over the rows of its span.
    pub(super) fn fold_rows(&self, side: Side, spans: &[Span], at: i64) -> Result<Vec<Answer>> {
        let mut known: Vec<Reached> = Vec::new();
        for span in spans {
            if !known.iter().any(|(other, _)| other == span) {
                known.push((*span, self.sum(side, *span)?));
            }
        }
        let of = |i: usize| {
            let mut known = known.iter();
            known.find(|(other, _)| Some(other) == spans.get(i))
        };
        Ok(self.answers(at, of))
    }

    /// The aggregates, given what the span of each function comes to.
    pub(super) fn answers<'k>(
        &self,
        at: i64,
        of: impl Fn(usize) -> Option<&'k Reached>,
    ) -> Vec<Answer> {
        let at = Timestamp::from_micros(at).unwrap_or(Timestamp::MAX);
        let functions = self.fold.functions.iter().enumerate();
        let values = functions.map(|(i, function)| {
            let sum = of(i).and_then(|(_, sums)| sums.get(function.slot));
            let sum = sum.expect("each span was summed up");
            sum.value(at).map_err(|error| error.to_string())
        });
        values.collect()
    }

    /// What the rows of a span come to that hold at its end.
    pub(super) fn sum(&self, side: Side, span: Span) -> Result<Vec<Accumulator>> {
        let mut sums = self.sum_of_rows(side, span)?;
        if span.lo == i64::MIN
            && let Some(base) = self.base(side)?
        {
            base.merge_into(&mut sums);
        }
        Ok(sums)
    }

    /// What those rows come to that are there.
    fn sum_of_rows(&self, side: Side, span: Span) -> Result<Vec<Accumulator>> {
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
        // Tiles know what those come to that have no end. Where few have ended since, those are added by themselves.
        let ended = self.ended_since(side, span)?;
        let question = Question {
            lo: first.time,
            hi: last.time.saturating_add(1),
            until: ended.as_ref().map_or(span.hi, |_| OPEN),
        };
        let (tiles, empty) = (&self.fold.tiles, &self.fold.empty);
        let applied = self.state.applied(side);
        tiles.add(&self.bytes, applied, question, &reader, empty, &mut sums)?;
        for row in ended.iter().flatten() {
            for (slot, sum) in sums.iter_mut().enumerate() {
                sum.add(self.fold.contribution(slot, row)?);
            }
        }
        Ok(sums)
    }

    /// The rows of a span that hold at its end, and have ended since; `None` where so many of the group have that tiles
    /// are asked for those, too.
    fn ended_since(&self, side: Side, span: Span) -> Result<Option<Vec<Entry>>> {
        let mut ended = Vec::new();
        let since = self.ending(side, span.hi..OPEN, span.lo..span.hi);
        for (i, row) in since.enumerate() {
            if i == ENDED_SINCE {
                return Ok(None);
            }
            ended.extend(row?);
        }
        Ok(Some(ended))
    }

    /// The instant at which the last row that is seen as of `at` was first seen.
    pub(super) fn last_entered(&self, side: Side, at: i64) -> Result<Option<i64>> {
        let mut last = None;
        for window in self.fold.windows() {
            let hi = seen(window, at).hi;
            if let Some(entry) = self.rows(side, i64::MIN, hi).next_back() {
                last = last.max(Some(enters(window, entry?.time)));
            }
        }
        Ok(last)
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
