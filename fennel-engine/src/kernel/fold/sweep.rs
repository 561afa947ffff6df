//! What a group's aggregates are as of many instants, of one pass over its rows.
//!
//! The instants ascend, and so do both ends of every window: rows enter at one end and leave at the other, and each is
//! read once. Where nothing is seen any more of what was read, the rows up to the next window are passed over.

use std::collections::VecDeque;

use fennel_core::agg::{Accumulator, Retraction};
use fennel_core::time::Timestamp;
use fennel_core::window::Window;

use super::Answer;
use super::base::Base;
use super::group::{Entry, Group};
use crate::error::Result;
use crate::kernel::window::{Span, enters, leaves, seen};
use crate::kernel::{OPEN, corrupt};
use crate::state::Side;

/// Rows that are read for an instant on the average, at most: tiles answer with fewer.
const ROWS: usize = 64;

/// Rows that are kept in memory, at most.
const KEPT: usize = 100_000;

/// Rows that are added anew in the time that one takes to be read.
const ADDED: usize = 8;

/// Windows that move over the rows of a group.
pub(super) struct Sweep<'g> {
    group: &'g Group<'g>,
    /// The rows that weren't read yet, the first of which is `ahead`; none before the first instant.
    rows: Option<Box<dyn Iterator<Item = Result<Entry>> + 'g>>,
    ahead: Option<Entry>,
    /// The rows that windows see, or will see.
    kept: VecDeque<Entry>,
    /// How many rows were read before those.
    passed: usize,
    /// The time of the last row before those.
    last_passed: Option<i64>,
    windows: Vec<Moving>,
    /// What rows come to that are gone.
    base: Option<Base>,
    /// How many more rows may be read.
    left: usize,
}

/// A window as it was moved last.
struct Moving {
    window: Window,
    /// The first row that it sees, and the first behind those, counted from the first row that was read.
    first: usize,
    end: usize,
    sums: Vec<Sum>,
}

/// An aggregate of the rows that a window sees.
struct Sum {
    /// Which it is of those that are aggregated.
    slot: usize,
    /// `None` where it has to be made anew.
    accumulator: Option<Accumulator>,
}

/// The time of the last row that was seen, and the aggregates.
type Seen = (i64, Vec<Answer>);

impl<'g> Sweep<'g> {
    /// Begins with so many instants to come.
    pub(super) fn new(group: &'g Group<'g>, instants: usize) -> Result<Self> {
        let fold = group.fold;
        let windows = fold.windows().map(|window| {
            let of = fold.functions.iter();
            let of = of.filter(|function| function.window == window);
            let mut slots: Vec<_> = of.map(|function| function.slot).collect();
            slots.sort_unstable();
            slots.dedup();
            let sums = slots.into_iter().map(|slot| Sum {
                slot,
                accumulator: None,
            });
            Moving {
                window,
                first: 0,
                end: 0,
                sums: sums.collect(),
            }
        });
        Ok(Self {
            group,
            rows: None,
            ahead: None,
            kept: VecDeque::new(),
            passed: 0,
            last_passed: None,
            windows: windows.collect(),
            base: group.base(Side::After)?,
            left: instants.saturating_mul(ROWS),
        })
    }

    /// What is seen as of `at`, which is not before the instants of earlier calls; `None` within for a group that has
    /// no row yet. `None` where there is more to read than is worthwhile: this sweep is of no use any more.
    pub(super) fn as_of(&mut self, at: i64) -> Result<Option<Option<Seen>>> {
        let spans = self.windows.iter().map(|moving| seen(moving.window, at));
        let spans: Vec<_> = spans.collect();
        if !self.read(&spans)? {
            return Ok(None);
        }
        let (kept, passed) = (&self.kept, self.passed);
        let (group, base) = (self.group, self.base.as_ref());
        for (moving, span) in self.windows.iter_mut().zip(&spans) {
            let added = moving.go(group, base, (kept, passed), *span)?;
            self.left = self.left.saturating_sub(added / ADDED);
        }
        let last = self.windows.iter().filter_map(|moving| {
            let last = match moving.end.checked_sub(passed + 1) {
                Some(i) => kept.get(i).map(|row| row.time),
                None => self.last_passed,
            };
            last.map(|time| enters(moving.window, time))
        });
        let seen = last.max().map(|last| (last, self.values(at)));
        self.pass();
        Ok(Some(seen))
    }

    /// Reads the rows up to the end of these spans; whether they aren't too many.
    fn read(&mut self, spans: &[Span]) -> Result<bool> {
        let lo = spans.iter().map(|span| span.lo).min().unwrap_or(i64::MIN);
        let hi = spans.iter().map(|span| span.hi).max().unwrap_or(i64::MIN);
        let is_before = |row: Option<&Entry>| row.is_none_or(|row| row.time < lo);
        let is_apart =
            is_before(self.kept.back()) && self.ahead.as_ref().is_some_and(|row| row.time < lo);
        if self.rows.is_none() || is_apart {
            self.begin(lo)?;
        }
        while let Some(row) = self.ahead.take_if(|row| row.time < hi) {
            if self.left == 0 || self.kept.len() == KEPT {
                return Ok(false);
            }
            self.left -= 1;
            self.kept.push_back(row);
            self.ahead = self.rows.as_mut().and_then(Iterator::next).transpose()?;
        }
        Ok(true)
    }

    /// Goes on with the rows from `lo` on.
    fn begin(&mut self, lo: i64) -> Result<()> {
        let before = self.group.rows(Side::After, i64::MIN, lo).next_back();
        self.last_passed = before.transpose()?.map(|row| row.time);
        let mut rows = self.group.rows(Side::After, lo, i64::MAX);
        self.ahead = rows.next().transpose()?;
        self.rows = Some(Box::new(rows));
        self.kept.clear();
        self.passed = 0;
        for moving in &mut self.windows {
            (moving.first, moving.end) = (0, 0);
            for sum in &mut moving.sums {
                sum.begin(self.group, moving.window, self.base.as_ref());
            }
        }
        Ok(())
    }

    /// Forgets the rows that no window will see.
    fn pass(&mut self) {
        let needed = self.windows.iter().map(Moving::needed).min();
        while self.passed < needed.unwrap_or(self.passed)
            && let Some(row) = self.kept.pop_front()
        {
            self.passed += 1;
            self.last_passed = Some(row.time);
        }
    }

    fn values(&self, at: i64) -> Vec<Answer> {
        let at = Timestamp::from_micros(at).unwrap_or(Timestamp::MAX);
        let values = self.group.fold.functions.iter().map(|function| {
            let moving = self.windows.iter();
            let mut sums = moving
                .filter(|moving| moving.window == function.window)
                .flat_map(|moving| &moving.sums);
            let sum = sums.find(|sum| sum.slot == function.slot);
            let sum = sum.and_then(|sum| sum.accumulator.as_ref());
            let sum = sum.expect("each function has its window's sum");
            sum.value(at).map_err(|error| error.to_string())
        });
        values.collect()
    }
}

impl Moving {
    /// The first row that is still needed.
    fn needed(&self) -> usize {
        match leaves(self.window, 0) {
            OPEN => self.end,
            _ => self.first,
        }
    }

    /// Moves to a span, which has all its rows among those that are kept behind `passed` others. Answers how many rows
    /// were added anew.
    fn go(
        &mut self,
        group: &Group<'_>,
        base: Option<&Base>,
        (kept, passed): (&VecDeque<Entry>, usize),
        span: Span,
    ) -> Result<usize> {
        let row = |i: usize| i.checked_sub(passed).and_then(|i| kept.get(i));
        let is_before = |i: usize, time: i64| row(i).is_some_and(|row| row.time < time);
        while self.first < self.end && is_before(self.first, span.lo) {
            let leaving = row(self.first).ok_or_else(corrupt)?;
            for sum in &mut self.sums {
                sum.take(group, leaving)?;
            }
            self.first += 1;
        }
        while is_before(self.end, span.hi) {
            let entering = row(self.end).ok_or_else(corrupt)?;
            self.end += 1;
            if entering.time < span.lo {
                self.first = self.end;
                continue;
            }
            for sum in &mut self.sums {
                sum.add(group, entering)?;
            }
        }
        let mut added = 0;
        for sum in &mut self.sums {
            if sum.accumulator.is_some() {
                continue;
            }
            sum.begin(group, self.window, base);
            for i in self.first..self.end {
                sum.add(group, row(i).ok_or_else(corrupt)?)?;
            }
            added += self.end - self.first;
        }
        Ok(added)
    }
}

impl Sum {
    /// Begins without rows, but for those that are gone where the window sees all.
    fn begin(&mut self, group: &Group<'_>, window: Window, base: Option<&Base>) {
        let base = base.filter(|_| leaves(window, 0) == OPEN);
        let base = base.and_then(|base| base.get(self.slot));
        self.accumulator = base.or(group.fold.empty.get(self.slot)).cloned();
    }

    fn add(&mut self, group: &Group<'_>, row: &Entry) -> Result<()> {
        if let Some(accumulator) = &mut self.accumulator {
            accumulator.add(group.fold.contribution(self.slot, row)?);
        }
        Ok(())
    }

    fn take(&mut self, group: &Group<'_>, row: &Entry) -> Result<()> {
        if let Some(accumulator) = &mut self.accumulator
            && accumulator.retract(group.fold.contribution(self.slot, row)?) == Retraction::Rebuild
        {
            self.accumulator = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::time::Duration;
    use fennel_core::value::Value;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::Fold;
    use super::super::fixture::{self, MAX, SUM};
    use crate::kernel::{Changes, Row};
    use crate::state::{Applied, State};
    use crate::store::{Batch, Store};

    use super::*;

    fn windows() -> [Window; 4] {
        let of = Duration::from_micros;
        let hopping = Window::Hopping {
            duration: Some(of(50)),
            stride: of(20),
            lookback: of(0),
        };
        let tumbling = Window::Tumbling {
            duration: of(30),
            lookback: of(7),
        };
        [
            Window::Continuous(of(40)),
            hopping,
            tumbling,
            Window::Forever,
        ]
    }

    /// The sum and the greatest of a column, each over the windows whose bit is set.
    fn fold(of: u8) -> Fold {
        let windows = windows().into_iter().enumerate();
        let windows = windows.filter(|(i, _)| of & 1 << i != 0);
        let columns = windows.flat_map(|(_, window)| [(SUM, window), (MAX, window)]);
        fixture::fold(columns, (0, 0))
    }

    fn state(fold: &Fold, rows: &[(i64, i64)]) -> State {
        let row = |(i, (time, amount)): (usize, &(i64, i64))| Row {
            time: *time,
            end: OPEN,
            id: i.to_be_bytes().into(),
            values: vec![Value::Int(1), Value::Float(*amount as f64)],
        };
        let rows = rows.iter().enumerate().map(row).collect();
        let applied = Applied {
            before: 0,
            after: 1,
        };
        let store = Store::in_memory();
        let mut state = State::new(store.snapshot(), applied);
        fold.apply(&mut state, &Changes::added(rows), false, &mut Vec::new())
            .unwrap();
        let mut batch = Batch::new();
        state.finish(&mut batch);
        store.write(batch).unwrap();
        State::new(store.snapshot(), applied)
    }

    fn check(of: u8, rows: &[(i64, i64)], mut instants: Vec<i64>) {
        instants.sort_unstable();
        let fold = fold(of);
        let state = state(&fold, rows);
        let group = [&Value::Int(1)];
        let mut count = 0;
        fold.values_of(&state, &group, &instants, |i, found| {
            let at = instants[i];
            assert_eq!(found, fold.value_of(&state, &group, at)?, "as of {at}");
            count += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(count, instants.len());
    }

    proptest! {
        #[test]
        fn a_sweep_answers_as_each_question_alone(
            of in 1..16_u8,
            rows in vec((0..1_000_i64, -5..5_i64), 0..60),
            instants in vec(-50..1_100_i64, 0..60),
        ) {
            check(of, &rows, instants);
        }
    }

    #[test]
    fn a_sweep_that_would_read_too_much_ends() {
        let rows: Vec<_> = (0..1_000).map(|i| (i, i % 7)).collect();
        for of in 1..16 {
            check(of, &rows, vec![10, 500, 999]);
        }
    }
}
