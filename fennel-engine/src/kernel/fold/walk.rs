//! What a group's windows come to as of one instant after the other.
//!
//! From an instant at which a group changes to the next one, hardly any rows enter a window, leave it or end. So what a
//! window comes to is moved on by those, and made anew of tiles and rows only where it can't be, or where that is less.

use std::ops::Range;

use fennel_core::agg::{Accumulator, Retraction};
use fennel_core::window::Window;

use super::group::{Entry, Group};
use super::tiles::FEW;
use super::{Answer, ENTRIES};
use crate::error::Result;
use crate::kernel::corrupt;
use crate::kernel::window::{Span, seen};
use crate::state::Side;
use crate::table::key;

/// The side that was asked last, and the span of each window with what it comes to.
pub(super) type Walk = Option<(Side, Vec<Reached>)>;

/// A span and what it comes to.
pub(super) type Reached = (Span, Vec<Accumulator>);

impl Group<'_> {
    /// The aggregates as of `at`: soon found where that is a little later than the instant that was asked for last.
    pub(super) fn compute_next(&self, side: Side, at: i64) -> Result<Vec<Answer>> {
        let last = self.walk.take().filter(|(of, _)| *of == side);
        let mut last = last.map_or_else(Vec::new, |(_, last)| last).into_iter();
        let windows: Vec<_> = self.fold.windows().collect();
        let mut reached = Vec::with_capacity(windows.len());
        for window in &windows {
            let span = seen(*window, at);
            let moved = match last.next() {
                Some(from) => self.moved(side, *window, from, span)?,
                None => None,
            };
            let sums = moved.map_or_else(|| self.sum(side, span), Ok)?;
            reached.push((span, sums));
        }
        let answers = self.answers(at, |i| {
            let function = self.fold.functions.get(i)?;
            let of = windows.iter().position(|it| *it == function.window)?;
            reached.get(of)
        });
        self.walk.replace(Some((side, reached)));
        Ok(answers)
    }

    /// What a window comes to over a span, given what it does over an earlier one; `None` where more rows are between than
    /// are few, or it can't be told from those.
    fn moved(
        &self,
        side: Side,
        window: Window,
        (from, mut sums): Reached,
        to: Span,
    ) -> Result<Option<Vec<Accumulator>>> {
        if to.lo < from.lo || to.hi < from.hi || to.lo >= from.hi {
            return Ok(None);
        }
        let functions = self.fold.functions.iter();
        let of_window = functions.filter(|function| function.window == window);
        let slots: Vec<_> = of_window.map(|function| function.slot).collect();
        // Those that leave, and of the others those that end.
        let leaving = self.rows(side, from.lo, to.lo).map(|row| row.map(Some));
        let ending = self.ending(side, from.hi..to.hi, to.lo..from.hi);
        let entering = self.rows(side, from.hi, to.hi);
        let mut left = FEW;
        for row in leaving.chain(ending) {
            let row = row?;
            if left == 0 {
                return Ok(None);
            }
            left -= 1;
            let Some(row) = row.filter(|row| row.end >= from.hi) else {
                continue;
            };
            for (slot, sum) in sums.iter_mut().enumerate() {
                let is_asked = slots.contains(&slot);
                if is_asked
                    && sum.retract(self.fold.contribution(slot, &row)?) == Retraction::Rebuild
                {
                    return Ok(None);
                }
            }
        }
        for row in entering {
            let row = row?;
            if left == 0 {
                return Ok(None);
            }
            left -= 1;
            if row.end < to.hi {
                continue;
            }
            for (slot, sum) in sums.iter_mut().enumerate() {
                if slots.contains(&slot) {
                    sum.add(self.fold.contribution(slot, &row)?);
                }
            }
        }
        Ok(Some(sums))
    }

    /// The rows that end within a stretch, each if it is of one of these times.
    pub(super) fn ending(
        &self,
        side: Side,
        ends: Range<i64>,
        times: Range<i64>,
    ) -> impl Iterator<Item = Result<Option<Entry>>> {
        let endings = self.endings(side, ends.start, ends.end);
        endings.map(move |ending| {
            let (_, place) = ending?;
            let time = place.first_chunk::<8>().ok_or_else(corrupt)?;
            if !times.contains(&key::from_ordered(*time)) {
                return Ok(None);
            }
            let key = self.fold.entry_key(ENTRIES, &self.bytes, &[&place]);
            let value = self.state.get(side, &key)?.ok_or_else(corrupt)?;
            self.fold.decode(&key, &value, self.bytes.len()).map(Some)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use fennel_core::time::Duration;
    use fennel_core::value::Value;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::super::Fold;
    use super::super::fixture::{self, MAX, SUM};
    use super::*;
    use crate::kernel::{Changes, OPEN, Row};
    use crate::state::{Applied, State};
    use crate::store::{Batch, Store};

    fn micros(micros: i64) -> Duration {
        Duration::from_micros(micros)
    }

    /// The sum over each window, and the greatest over the first.
    fn fold(windows: &[Window], keys: usize) -> Fold {
        let sums = windows.iter().map(|window| (SUM, *window));
        let greatest = windows.first().map(|window| (MAX, *window));
        fixture::fold(sums.chain(greatest), (keys, 1))
    }

    /// A row of the one group: when it begins and ends, and its amount.
    fn row(id: usize, (time, end, amount): (i64, i64, i64), keys: usize) -> Row {
        Row {
            time,
            end: if keys > 0 { end } else { OPEN },
            id: id.to_be_bytes().into(),
            values: vec![
                Value::Int(id as i64),
                Value::Int(1),
                Value::Float(amount as f64),
            ],
        }
    }

    /// A group of which rows are there.
    struct Shop {
        store: Store,
        fold: Fold,
        passes: u64,
        rows: usize,
    }

    impl Shop {
        fn open(windows: &[Window], keys: usize) -> Self {
            Self {
                store: Store::in_memory(),
                fold: fold(windows, keys),
                passes: 0,
                rows: 0,
            }
        }

        /// The state of a pass that brings rows, not written yet, and how many stored entries it read.
        fn bring(&mut self, rows: &[(i64, i64, i64)], emits: bool) -> (State, usize) {
            let applied = Applied {
                before: self.passes,
                after: self.passes + 1,
            };
            let mut state = State::new(self.store.snapshot(), applied);
            let first = self.rows;
            let added = (first..).zip(rows);
            let added = added.map(|(id, it)| row(id, *it, self.fold.keys));
            let changes = Changes::added(added.collect());
            self.rows += rows.len();
            self.passes += 1;
            self.fold
                .apply(&mut state, &changes, emits, &mut Vec::new())
                .unwrap();
            let read = state.read.load(Ordering::Relaxed);
            (state, read)
        }

        fn write(&self, state: State) {
            let mut batch = Batch::new();
            state.finish(&mut batch);
            self.store.write(batch).unwrap();
        }
    }

    /// How many entries a late row reads that meets so many others, in a group of many which end later, if at all.
    fn read_for(others: i64, window: Window, keys: usize) -> usize {
        let mut shop = Shop::open(&[window], keys);
        let rows: Vec<_> = (0..2_000).map(|i| (i * 10, 1_000_000 + i, 1)).collect();
        let (state, _) = shop.bring(&rows, false);
        shop.write(state);
        let end = 10_005 + others * 10;
        let (state, _) = shop.bring(&[(10_003, end, 1)], true);
        shop.write(state);
        shop.bring(&[(10_005, end, 1)], true).1
    }

    #[test]
    fn a_version_more_of_rows_that_hold_for_ever_costs_little() {
        // A version begins where one of the others enters, and where it leaves.
        let read = |others| read_for(others, Window::Continuous(micros(others * 10)), 0);
        let (few, more) = (read(10), read(60));
        assert!(more < few + 100 * 25, "{more} after {few}");
    }

    #[test]
    fn a_version_more_of_rows_that_have_ended_since_costs_little() {
        let read = |others| read_for(others, Window::Forever, 1);
        let (few, more) = (read(10), read(60));
        assert!(more < few + 50 * 25, "{more} after {few}");
    }

    #[test]
    fn a_late_row_reads_no_more_for_rows_that_have_not_ended() {
        let read = |rows: i64| {
            let mut shop = Shop::open(&[Window::Forever], 1);
            // The same number of them has ended, among all the others.
            let every = rows / 200;
            let end = |i| match i % every {
                0 => 1_000_000 + i,
                _ => OPEN,
            };
            let all: Vec<_> = (0..rows).map(|i| (i * 10, end(i), 1)).collect();
            let (state, _) = shop.bring(&all, false);
            shop.write(state);
            let late = rows * 5;
            let (state, _) = shop.bring(&[(late + 3, late + 15, 1)], true);
            shop.write(state);
            shop.bring(&[(late + 5, late + 15, 1)], true).1
        };
        let (few, more) = (read(2_000), read(16_000));
        assert!(more < few + 4 * FEW, "{more} after {few}");
    }

    fn windows() -> impl Strategy<Value = Vec<Window>> {
        let window = prop_oneof![
            Just(Window::Forever),
            (1..300_i64).prop_map(|duration| Window::Continuous(micros(duration))),
            (1..300_i64, 0..50_i64).prop_map(|(duration, lookback)| Window::Tumbling {
                duration: micros(duration),
                lookback: micros(lookback),
            }),
            (0..200_i64, 1..50_i64).prop_map(|(duration, stride)| Window::Hopping {
                duration: Some(micros(duration + stride)),
                stride: micros(stride),
                lookback: Duration::ZERO,
            }),
        ];
        vec(window, 1..4)
    }

    fn rows(count: usize) -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
        let end = prop_oneof![Just(OPEN), 1..400_i64];
        let row = (0..500_i64, end, -5..5_i64);
        vec(
            row.prop_map(|(time, end, amount)| (time, end.saturating_add(time), amount)),
            0..count,
        )
    }

    proptest! {
        #[test]
        fn a_walk_answers_as_each_question_alone(
            windows in windows(),
            keys in 0..2_usize,
            before in rows(200),
            now in rows(10),
            instants in btree_set(-50..1_000_i64, 0..100),
        ) {
            let mut shop = Shop::open(&windows, keys);
            let (state, _) = shop.bring(&before, false);
            shop.write(state);
            let (state, _) = shop.bring(&now, false);
            let group = Group::new(&shop.fold, &state, &[&Value::Int(1)]);
            for side in [Side::Before, Side::After] {
                for at in &instants {
                    let alone = group.compute(side, *at).unwrap();
                    prop_assert_eq!(group.compute_next(side, *at).unwrap(), alone);
                }
            }
        }
    }
}
