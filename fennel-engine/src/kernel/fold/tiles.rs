//! Aggregates of stretches of time, kept in memory.
//!
//! A group with many rows isn't read anew for each question. Time is cut into tiles of 16ⁿ microseconds, and
//! what the aggregates of a tile come to is remembered, so a question about any stretch takes a few tiles and, at its
//! ends, a few rows. A tile is made when it is asked for, of the sixteen below it or, if it has few rows, of those. A row
//! that comes or goes makes those around it forgotten.
//!
//! Rows of a table hold until some end. A tile remembers what those come to that hold still, and when the last of the
//! others ended: for a question about a later instant that is all there is to know.
//!
//! Nothing here is on the disk, and nothing has to be there: tiles that were dropped are made again. The memory
//! is bounded; groups that weren't asked for go first.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fennel_core::agg::Accumulator;

use crate::error::Result;
use crate::kernel::OPEN;

/// Rows that are read rather than made a tile of.
pub(super) const FEW: usize = 64;

/// Groups are spread over so many locks.
const SHARDS: usize = 16;

/// Tiles that a shard holds in each of its two halves.
const SHARD_TILES: usize = 2_000;

/// The binary logarithm of how many tiles make one of the next level.
const FAN_OUT: u32 = 4;

/// The level of tiles that no two are needed of.
const TOP: u32 = 15;

/// The tiles of a kernel's groups.
pub(in crate::kernel) struct Tiles {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

/// The groups of one lock. Those that are asked for move to the young half; when that is full, the old half goes.
#[derive(Default)]
struct Shard {
    young: HashMap<Box<[u8]>, Group>,
    old: HashMap<Box<[u8]>, Group>,
    /// How many tiles, and groups, the young half holds.
    size: usize,
    /// The latest change of a group that isn't here.
    forgotten: u64,
}

/// What is remembered of a group: as it is now, and as it was before its last change, which readers see until the
/// pass is on the disk.
#[derive(Default)]
struct Group {
    /// How many rows of the log were applied with the last change, and with the one before.
    changed: u64,
    changed_before: u64,
    /// The times of rows that the last change was of, in order.
    dirty: Vec<i64>,
    tiles: HashMap<Place, Tile>,
    /// Tiles around those times as they were before.
    stale: HashMap<Place, Tile>,
}

/// The level of a tile, and which it is.
type Place = (u32, i64);

/// A tile.
enum Tile {
    /// It has few rows, which come to this.
    Leaf(Known),
    /// It has more; what they come to, if that is known.
    Big(Option<Known>),
}

/// What the rows of a tile come to.
#[derive(Clone)]
struct Known {
    /// Of those that have no end.
    sums: Vec<Accumulator>,
    /// When the last of the others ended.
    ended: i64,
}

/// A question: the rows of a stretch of time that hold up to some instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) lo: i64,
    pub(super) hi: i64,
    /// Rows with an end before it don't count.
    pub(super) until: i64,
}

/// Where tiles get rows from.
pub(super) trait Rows {
    /// Adds the rows that a question is about, after at most `limit` rows; whether there were no more. `ended` becomes
    /// the last end that a row has, if that is later.
    fn add(
        &self,
        question: Question,
        limit: usize,
        ended: &mut i64,
        to: &mut [Accumulator],
    ) -> Result<bool>;
}

impl Tiles {
    pub(in crate::kernel) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Notes that a group changes at `times` in a pass that ends with so many rows applied.
    pub(super) fn change(&self, group: &[u8], applied: u64, times: &[i64]) {
        let mut shard = self.shard(group);
        let shard = &mut *shard;
        if let Some(known) = shard.young.get_mut(group) {
            let before = known.size();
            known.change(applied, times);
            shard.size = (shard.size + known.size()).saturating_sub(before);
        } else if let Some(known) = shard.old.get_mut(group) {
            known.change(applied, times);
        } else {
            // Of most groups nothing is known, and nothing is to be remembered.
            shard.forgotten = shard.forgotten.max(applied);
        }
    }

    /// Forgets everything, since a pass that was noted didn't happen. Whoever reads an older state still mustn't have
    /// it remembered as the present one.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            *shard = Shard {
                forgotten: shard.last_change(),
                ..Shard::default()
            };
        }
    }

    /// Adds the rows of a group that a question is about, as they are with `applied` rows of the log.
    pub(super) fn add(
        &self,
        group: &[u8],
        applied: u64,
        question: Question,
        rows: &impl Rows,
        empty: &[Accumulator],
        to: &mut [Accumulator],
    ) -> Result<()> {
        let Question { lo, hi, .. } = question;
        self.with(group, |group| {
            // Of a state that is long gone, nothing is known and nothing is to be remembered.
            if applied < group.changed_before {
                let all = rows.add(question, usize::MAX, &mut { i64::MIN }, to);
                return all.map(drop);
            }
            let mut cover = Cover {
                is_before: applied < group.changed,
                group,
                rows,
                empty,
            };
            let length = hi.saturating_sub(lo).max(1);
            let level = (i64::BITS - (length - 1).leading_zeros())
                .div_ceil(FAN_OUT)
                .min(TOP);
            for at in place(level, lo)..=place(level, hi.saturating_sub(1)) {
                cover.add((level, at), question, to)?;
            }
            Ok(())
        })
    }

    /// Does something with a group, which is remembered from then on.
    fn with<T>(&self, group: &[u8], act: impl FnOnce(&mut Group) -> T) -> T {
        let mut shard = self.shard(group);
        let shard = &mut *shard;
        if !shard.young.contains_key(group) {
            let known = shard.old.remove(group).unwrap_or_else(|| Group {
                changed: shard.forgotten,
                changed_before: shard.forgotten,
                ..Default::default()
            });
            shard.size += 1 + known.size();
            shard.young.insert(group.into(), known);
        }
        let known = shard.young.get_mut(group).expect("it was put there");
        let before = known.size();
        let outcome = act(known);
        shard.size = (shard.size + known.size()).saturating_sub(before);
        if shard.size > SHARD_TILES {
            shard.turn();
        }
        outcome
    }

    /// The shard of a group.
    fn shard(&self, group: &[u8]) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(group) as usize;
        let shard = self.shards.get(hash % SHARDS);
        let shard = shard.expect("there are that many shards");
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// The latest change of any group.
    fn last_change(&self) -> u64 {
        let groups = self.young.values().chain(self.old.values());
        let last = groups.map(|group| group.changed).max();
        self.forgotten.max(last.unwrap_or(0))
    }

    /// Drops the old half, and makes the young one old.
    fn turn(&mut self) {
        let last = self.old.values().map(|group| group.changed).max();
        self.forgotten = self.forgotten.max(last.unwrap_or(0));
        self.old = std::mem::take(&mut self.young);
        self.size = 0;
    }
}

impl fmt::Debug for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiles").finish_non_exhaustive()
    }
}

impl Group {
    fn size(&self) -> usize {
        self.tiles.len() + self.stale.len()
    }

    /// Notes a change at `times` in a pass that ends with so many rows applied.
    fn change(&mut self, applied: u64, times: &[i64]) {
        self.changed_before = std::mem::replace(&mut self.changed, applied);
        self.stale.clear();
        self.dirty.clear();
        // Also where there are no tiles yet: those that a reader of the state before makes around here aren't the present ones.
        self.dirty.extend(times);
        self.dirty.sort_unstable();
        if self.tiles.is_empty() {
            return;
        }
        for time in times {
            for level in 0..=TOP {
                let place = (level, place(level, *time));
                let stale = match self.tiles.get_mut(&place) {
                    Some(Tile::Big(known)) => known.take().map(|known| Tile::Big(Some(known))),
                    Some(Tile::Leaf(_)) => self.tiles.remove(&place),
                    None => None,
                };
                if let Some(stale) = stale {
                    self.stale.insert(place, stale);
                }
            }
        }
    }

    /// Whether the last change was of a row in this tile.
    fn is_dirty(&self, at: Place) -> bool {
        let (begin, end) = bounds(at);
        let first = self.dirty.partition_point(|time| *time < begin);
        self.dirty.get(first).is_some_and(|time| *time < end)
    }
}

/// The tiles and rows of one group.
struct Cover<'c, R> {
    group: &'c mut Group,
    /// Whether they are as they were before the last change.
    is_before: bool,
    rows: &'c R,
    empty: &'c [Accumulator],
}

impl<R: Rows> Cover<'_, R> {
    fn get(&self, at: Place) -> Option<&Tile> {
        match self.is_before && self.group.is_dirty(at) {
            true => self.group.stale.get(&at),
            false => self.group.tiles.get(&at),
        }
    }

    fn set(&mut self, at: Place, tile: Tile) {
        match self.is_before && self.group.is_dirty(at) {
            true => self.group.stale.insert(at, tile),
            false => self.group.tiles.insert(at, tile),
        };
    }

    /// Adds the part of a tile that a question is about.
    fn add(&mut self, at: Place, question: Question, to: &mut [Accumulator]) -> Result<()> {
        let (begin, end) = bounds(at);
        let (lo, hi) = (question.lo.max(begin), question.hi.min(end));
        if lo >= hi {
            return Ok(());
        }
        if (lo, hi) == (begin, end) {
            let known = self.whole(at)?;
            if known.ended < question.until {
                merge(to, &known.sums);
                return Ok(());
            }
        }
        if !self.is_big(at)? {
            let part = Question { lo, hi, ..question };
            self.rows.add(part, usize::MAX, &mut { i64::MIN }, to)?;
            return Ok(());
        }
        for child in children(at) {
            self.add(child, question, to)?;
        }
        Ok(())
    }

    /// What all rows of a tile come to.
    fn whole(&mut self, at: Place) -> Result<&Known> {
        if self.is_big(at)? && !matches!(self.get(at), Some(Tile::Big(Some(_)))) {
            let mut sum = Known {
                sums: self.empty.to_vec(),
                ended: i64::MIN,
            };
            for child in children(at) {
                let known = self.whole(child)?;
                merge(&mut sum.sums, &known.sums);
                sum.ended = sum.ended.max(known.ended);
            }
            self.set(at, Tile::Big(Some(sum)));
        }
        match self.get(at) {
            Some(Tile::Leaf(known) | Tile::Big(Some(known))) => Ok(known),
            _ => unreachable!("it was made above"),
        }
    }

    /// Whether a tile has more than few rows. All rows of one microsecond are a leaf.
    fn is_big(&mut self, at: Place) -> Result<bool> {
        if let Some(tile) = self.get(at) {
            return Ok(matches!(tile, Tile::Big(_)));
        }
        let (lo, hi) = bounds(at);
        let mut known = Known {
            sums: self.empty.to_vec(),
            ended: i64::MIN,
        };
        let limit = if at.0 == 0 { usize::MAX } else { FEW };
        let question = Question {
            lo,
            hi,
            until: OPEN,
        };
        let is_all = self
            .rows
            .add(question, limit, &mut known.ended, &mut known.sums)?;
        let tile = if is_all {
            Tile::Leaf(known)
        } else {
            Tile::Big(None)
        };
        self.set(at, tile);
        Ok(!is_all)
    }
}

fn merge(to: &mut [Accumulator], from: &[Accumulator]) {
    for (to, from) in to.iter_mut().zip(from) {
        to.merge(from);
    }
}

/// Which tile of a level has `time`.
fn place(level: u32, time: i64) -> i64 {
    time >> (FAN_OUT * level)
}

fn bounds((level, at): Place) -> (i64, i64) {
    let begin = at << (FAN_OUT * level);
    (begin, begin.saturating_add(1 << (FAN_OUT * level)))
}

/// The tiles of the level below that make a tile.
fn children((level, at): Place) -> impl Iterator<Item = Place> {
    let first = at << FAN_OUT;
    (0..1 << FAN_OUT).map(move |i| (level.saturating_sub(1), first + i))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use fennel_core::agg::{Aggregation, Contribution, Function, Sum};
    use fennel_core::time::Timestamp;
    use fennel_core::value::{Shape, Value};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Rows by time and order, with their end and amount, and how many of them were read.
    #[derive(Default)]
    struct Stored {
        rows: BTreeMap<(i64, u64), (i64, f64)>,
        read: RefCell<usize>,
    }

    impl Rows for Stored {
        fn add(
            &self,
            question: Question,
            limit: usize,
            ended: &mut i64,
            to: &mut [Accumulator],
        ) -> Result<bool> {
            let rows = self.rows.range((question.lo, 0)..(question.hi, 0));
            for (i, ((time, order), (end, value))) in rows.enumerate() {
                if i == limit {
                    return Ok(false);
                }
                *self.read.borrow_mut() += 1;
                if *end != OPEN {
                    *ended = (*ended).max(*end);
                }
                if *end < question.until {
                    continue;
                }
                to[0].add(Contribution {
                    time: Timestamp::from_micros(*time).unwrap(),
                    order: &order.to_be_bytes(),
                    value: &Value::Float(*value),
                });
            }
            Ok(true)
        }
    }

    fn empty() -> Vec<Accumulator> {
        let sum = Aggregation {
            output: "total",
            function: Function::Sum(Sum::default()),
            of: Some("amount"),
            window: None,
        };
        vec![sum.accumulator(Some(&Shape::Float)).unwrap()]
    }

    fn value(sums: &[Accumulator]) -> Value {
        sums[0].value(Timestamp::MAX).unwrap()
    }

    fn ask(tiles: &Tiles, applied: u64, question: Question, rows: &Stored) -> Value {
        let mut sums = empty();
        tiles
            .add(b"group", applied, question, rows, &empty(), &mut sums)
            .unwrap();
        value(&sums)
    }

    fn read(question: Question, rows: &Stored) -> Value {
        let mut sums = empty();
        rows.add(question, usize::MAX, &mut { i64::MIN }, &mut sums)
            .unwrap();
        value(&sums)
    }

    /// A row at each of a hundred times.
    fn hundred() -> Stored {
        Stored {
            rows: (0..100).map(|i| ((i, 0), (OPEN, 1.0))).collect(),
            ..Stored::default()
        }
    }

    fn question(lo: i64, hi: i64) -> Question {
        Question { lo, hi, until: hi }
    }

    /// Times that are close together and far apart.
    fn any_time() -> impl Strategy<Value = i64> {
        prop_oneof![
            -500..500_i64,
            -1_000_000..1_000_000_i64,
            -1_i64 << 55..1 << 56
        ]
    }

    /// A row's time, its end and its amount.
    fn any_row() -> impl Strategy<Value = (i64, i64, f64)> {
        let length = prop_oneof![Just(None), Just(None), (1..2_000_000_i64).prop_map(Some)];
        (any_time(), length, -1e3..1e3_f64).prop_map(|(time, length, amount)| {
            (time, length.map_or(OPEN, |length| time + length), amount)
        })
    }

    proptest! {
        #[test]
        fn tiles_say_what_rows_say(
            rows in vec(any_row(), 0..400),
            later in vec((any_row(), any::<bool>()), 0..8),
            spans in vec((any_time(), any_time()), 1..20),
        ) {
            let mut stored = Stored::default();
            let rows = rows.iter().zip(0..);
            stored.rows.extend(rows.map(|((time, end, value), i)| ((*time, i), (*end, *value))));
            let tiles = Tiles::new();
            let spans: Vec<_> = spans.into_iter().map(|(a, b)| question(a.min(b), a.max(b))).collect();
            for span in &spans {
                prop_assert_eq!(ask(&tiles, 1, *span, &stored), read(*span, &stored));
            }
            for (((time, end, value), comes), applied) in later.into_iter().zip(2..) {
                let before = Stored { rows: stored.rows.clone(), ..Default::default() };
                let changed = if comes {
                    stored.rows.insert((time, 1000 + applied), (end, value));
                    time
                } else if let Some(((time, _), _)) = stored.rows.pop_first() {
                    time
                } else {
                    continue;
                };
                tiles.change(b"group", applied, &[changed]);
                for span in &spans {
                    // Some still see the state before, while others see the new one.
                    prop_assert_eq!(ask(&tiles, applied - 1, *span, &before), read(*span, &before));
                    prop_assert_eq!(ask(&tiles, applied, *span, &stored), read(*span, &stored));
                    prop_assert_eq!(ask(&tiles, applied - 1, *span, &before), read(*span, &before));
                    prop_assert_eq!(ask(&tiles, 0, *span, &before), read(*span, &before));
                }
            }
        }
    }

    #[test]
    fn a_second_question_reads_few_rows() {
        let mut stored = Stored::default();
        let row = |i| ((i64::from(i) * 1_000_000, 0), (OPEN, 1.0));
        stored.rows.extend((0..100_000).map(row));
        let (tiles, span) = (Tiles::new(), question(123_456_789, 98_765_432_100));
        let first = ask(&tiles, 1, span, &stored);
        stored.read.take();
        assert_eq!(ask(&tiles, 1, span, &stored), first);
        assert!(stored.read.take() <= 2 * FEW);
        tiles.change(b"group", 2, &[50_000_000_000]);
        for applied in [1, 2] {
            assert_eq!(ask(&tiles, applied, span, &stored), first);
            assert!(
                stored.read.take() <= 4 * FEW,
                "as before and as after the change"
            );
        }
    }

    #[test]
    fn a_pass_that_did_not_happen_makes_no_older_state_the_present_one() {
        let (before, mut now) = (hundred(), hundred());
        now.rows.insert((50, 1), (OPEN, 1.0));
        let (tiles, all) = (Tiles::new(), question(0, 100));
        ask(&tiles, 5, all, &before);
        tiles.change(b"group", 7, &[50]);
        // The pass behind it fails.
        tiles.clear();
        assert_eq!(ask(&tiles, 5, all, &before), Value::Float(100.0));
        assert_eq!(ask(&tiles, 7, all, &now), Value::Float(101.0));
    }

    #[test]
    fn a_group_without_tiles_believes_no_older_state() {
        let (before, mut now) = (hundred(), hundred());
        now.rows.insert((50, 1), (OPEN, 1.0));
        let (tiles, all) = (Tiles::new(), question(0, 100));
        tiles.change(b"group", 5, &[3]);
        // A reader of an older state has the group known, and none of its tiles.
        ask(&tiles, 4, all, &before);
        tiles.change(b"group", 7, &[50]);
        assert_eq!(ask(&tiles, 5, all, &before), Value::Float(100.0));
        assert_eq!(ask(&tiles, 7, all, &now), Value::Float(101.0));
    }

    #[test]
    fn a_group_of_which_nothing_is_known_believes_no_older_state() {
        let stored = hundred();
        for is_forgotten in [false, true] {
            let tiles = Tiles::new();
            if is_forgotten {
                ask(&tiles, 1, question(0, 100), &stored);
            }
            tiles.change(b"group", 7, &[5]);
            for i in 0..u64::try_from(3 * SHARDS * SHARD_TILES).unwrap() {
                let (group, nothing) = (i.to_be_bytes(), Stored::default());
                let mut sums = empty();
                let sum = tiles.add(&group, 8, question(0, 100), &nothing, &empty(), &mut sums);
                sum.unwrap();
            }
            // What a reader of the sixth row's state makes of it isn't kept.
            let old = Stored::default();
            assert_eq!(ask(&tiles, 6, question(0, 100), &old), Value::Float(0.0));
            assert_eq!(
                ask(&tiles, 9, question(0, 100), &stored),
                Value::Float(100.0)
            );
        }
    }
}
