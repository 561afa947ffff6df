use std::collections::BTreeSet;

use fennel_core::agg::{Aggregation, Function, Sum};
use fennel_core::kernel::{Among, Which};
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::fold::{Fold, Function as Column, Tiles};
use super::super::pick::Pick;
use super::super::{Changes, OPEN, Row};
use super::*;
use crate::state::Applied;
use crate::store::READ;

const GAP: i64 = 10;

fn window() -> Window {
    Window::Session {
        gap: Duration::from_micros(GAP),
    }
}

/// The sum of each session.
fn fold() -> Fold {
    let sum = Aggregation {
        output: "total",
        function: Function::Sum(Sum::default()),
        of: Some("amount"),
        window: None,
    };
    Fold {
        prefix: [7; 6],
        by: vec![0],
        window: Some(window()),
        reads: vec![1],
        empty: vec![sum.accumulator(Some(&Shape::Float)).unwrap()],
        of: vec![Some(0)],
        functions: vec![Column {
            slot: 0,
            window: window(),
            has_default: false,
        }],
        along: None,
        keys: 0,
        names: Vec::new(),
        tiles: Tiles::new(),
    }
}

/// The first row, or the last, of each session.
fn pick(which: Which) -> Pick {
    Pick {
        prefix: [if which == Which::First { 8 } else { 9 }; 6],
        by: vec![0],
        among: Among::Window(window()),
        which,
        columns: 2,
        output: vec![0, 1],
    }
}

/// A row's group, its time and its number.
type Place = (i64, i64, u64);

fn row((group, time, number): Place) -> Row {
    Row {
        time,
        end: OPEN,
        id: number.to_be_bytes().into(),
        values: vec![Value::Int(group), Value::Float(number as f64)],
    }
}

fn changes(removed: &[Place], added: &[Place]) -> Changes {
    let rows = |places: &[Place]| places.iter().copied().map(row).collect();
    Changes {
        removed: rows(removed),
        added: rows(added),
        moved: Vec::new(),
    }
}

/// Kernels of sessions, their rows, and what they made of them.
struct Steps {
    store: Store,
    applied: u64,
    fold: Fold,
    picks: [Pick; 2],
    rows: BTreeSet<Place>,
    /// By kernel, as text.
    made: [BTreeSet<String>; 3],
    /// How far compactions of the kernels are.
    from: [Option<Bytes>; 3],
}

impl Steps {
    fn new() -> Self {
        Self {
            store: Store::in_memory(),
            applied: 0,
            fold: fold(),
            picks: [Which::First, Which::Latest].map(pick),
            rows: BTreeSet::new(),
            made: Default::default(),
            from: Default::default(),
        }
    }

    fn state(&mut self) -> State {
        let before = self.applied;
        self.applied += 1;
        let after = self.applied;
        State::new(self.store.snapshot(), Applied { before, after })
    }

    fn end(&mut self, state: State) {
        let mut batch = Batch::new();
        state.finish(&mut batch);
        self.store.write(batch).unwrap();
    }

    fn pass(&mut self, removed: &[Place], added: &[Place]) {
        let mut state = self.state();
        let changes = changes(removed, added);
        let [first, latest] = &self.picks;
        let made = [
            self.fold.apply(&mut state, &changes, true, &mut Vec::new()),
            first.apply(&mut state, &changes),
            latest.apply(&mut state, &changes),
        ];
        for (made, all) in made.into_iter().zip(&mut self.made) {
            let made = made.unwrap();
            for row in &made.removed {
                assert!(all.remove(&told(row)), "{row:?} was there");
            }
            for row in &made.added {
                assert!(all.insert(told(row)), "{row:?} is new");
            }
        }
        self.end(state);
        removed.iter().for_each(|place| {
            self.rows.remove(place);
        });
        self.rows.extend(added);
    }

    /// Removes a few rows that none of `watermark` or later can be compared with. Whether the kernels were all looked through.
    fn compact(&mut self, watermark: i64, limit: usize) -> bool {
        let mut state = self.state();
        let from = std::mem::take(&mut self.from);
        let [first, latest] = &self.picks;
        let swept = [
            self.fold
                .compact(&mut state, watermark, from[0].as_ref(), limit),
            first.compact(&mut state, watermark, from[1].as_ref(), limit),
            latest.compact(&mut state, watermark, from[2].as_ref(), limit),
        ];
        self.from = swept.map(|swept| swept.unwrap().next);
        self.end(state);
        self.from.iter().all(Option::is_none)
    }

    /// How many entries it takes the kernels to take rows in and out.
    fn reads(&mut self, removed: &[Place], added: &[Place]) -> usize {
        READ.set(0);
        self.pass(removed, added);
        READ.get()
    }

    /// What is remembered of where sessions begin: of each kernel, by group.
    fn starts(&self) -> [BTreeSet<(i64, i64)>; 3] {
        let state = State::of(&self.store.snapshot()).unwrap();
        [self.fold.prefix, self.picks[0].prefix, self.picks[1].prefix].map(|kernel| {
            let prefix = Table::sessions_prefix(kernel);
            let all = state.scan_prefix(Side::Before, &prefix);
            let starts = all.map(|entry| {
                let (key, _) = entry.unwrap();
                let group = crate::table::decode_values(&key[6..], 1).unwrap();
                let Value::Int(group) = group[0] else {
                    panic!("{group:?}")
                };
                (group, key::from_ordered(*key.last_chunk::<8>().unwrap()))
            });
            starts.collect()
        })
    }

    /// The sessions that there are, found by going through all rows.
    fn sessions(&self) -> Vec<Vec<Place>> {
        let mut sessions: Vec<Vec<Place>> = Vec::new();
        for place in &self.rows {
            let before = sessions.last_mut().filter(|session| {
                let (group, time, _) = session.last().unwrap();
                *group == place.0 && place.1 - time <= GAP
            });
            match before {
                Some(session) => session.push(*place),
                None => sessions.push(vec![*place]),
            }
        }
        sessions
    }

    fn expected(&self) -> [BTreeSet<String>; 3] {
        let sessions = self.sessions();
        let instant = |micros| Value::Timestamp(Timestamp::from_micros(micros).unwrap());
        let sum = |session: &Vec<Place>| {
            let (first, last) = (session.first().unwrap(), session.last().unwrap());
            let total: u64 = session.iter().map(|(.., number)| number).sum();
            let window = Value::Record(vec![instant(first.1), instant(last.1 + 1)]);
            told(&Row {
                time: last.1 + 1,
                end: OPEN,
                id: Bytes::new(&[]),
                values: vec![Value::Int(first.0), window, Value::Float(total as f64)],
            })
        };
        let first = |session: &Vec<Place>| told(&row(*session.first().unwrap()));
        let last = |session: &Vec<Place>| told(&row(*session.last().unwrap()));
        [
            sessions.iter().map(sum).collect(),
            sessions.iter().map(first).collect(),
            sessions.iter().map(last).collect(),
        ]
    }

    fn check(&self) {
        assert_eq!(self.made, self.expected());
        let starts = self.sessions();
        let starts = starts.iter().map(|session| (session[0].0, session[0].1));
        let starts: BTreeSet<_> = starts.collect();
        assert_eq!(self.starts(), [&starts, &starts, &starts].map(Clone::clone));
    }
}

fn told(row: &Row) -> String {
    format!("{row:?}")
}

/// What becomes of a row: it comes, or if there is one from there on, that goes.
type Change = (i64, i64, bool);

fn any_passes() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let change = (0..2_i64, 0..120_i64, proptest::bool::weighted(0.6));
    vec(vec(change, 1..8), 1..20)
}

/// The rows that come and go in a pass, of which none is at or before `after`.
fn pass(
    rows: &BTreeSet<Place>,
    changes: &[Change],
    after: i64,
    number: &mut u64,
) -> (Vec<Place>, Vec<Place>) {
    let (mut removed, mut added) = (BTreeSet::new(), Vec::new());
    for (group, time, comes) in changes {
        let time = time + after;
        if *comes {
            *number += 1;
            added.push((*group, time, *number));
        } else {
            let mut rest = rows.range((*group, time, 0)..(*group + 1, i64::MIN, 0));
            removed.extend(rest.find(|place| !removed.contains(*place)).copied());
        }
    }
    (removed.into_iter().collect(), added)
}

proptest! {
    /// Rows come late and at the same time, join sessions, and split and end them as they go, several in a pass.
    #[test]
    fn sessions_are_those_of_the_rows_that_there_are(passes in any_passes()) {
        let (mut steps, mut number) = (Steps::new(), 0);
        for changes in &passes {
            let (removed, added) = pass(&steps.rows, changes, 0, &mut number);
            steps.pass(&removed, &added);
            steps.check();
        }
    }

    #[test]
    fn what_was_forgotten_is_missed_by_no_row(passes in any_passes(), limit in 1..6_usize) {
        let (mut steps, mut number) = (Steps::new(), 0);
        for (changes, watermark) in passes.iter().zip((0..).step_by(25)) {
            let (removed, added) = pass(&steps.rows, changes, watermark, &mut number);
            steps.pass(&removed, &added);
            prop_assert_eq!(&steps.made, &steps.expected());
            steps.compact(watermark, limit);
        }
        // Whatever was begun, and then all that is left.
        while !steps.compact(i64::MAX, limit) {}
        while !steps.compact(i64::MAX, limit) {}
        prop_assert_eq!(steps.store.scan_prefix(Space::Table, b"").count(), 0);
    }

    #[test]
    fn a_state_without_starts_is_given_them(passes in any_passes(), was_begun: bool) {
        let (mut steps, mut number) = (Steps::new(), 0);
        let (first, rest) = passes.split_at(passes.len() / 2);
        for changes in first {
            let (removed, added) = pass(&steps.rows, changes, 0, &mut number);
            steps.pass(&removed, &added);
        }
        let kernels = [steps.fold.prefix, steps.picks[0].prefix, steps.picks[1].prefix];
        for kernel in kernels {
            // Of one that a crash came in between of, the first is there.
            let prefix = Table::sessions_prefix(kernel);
            for entry in steps.store.scan_prefix(Space::Table, &prefix).skip(usize::from(was_begun)) {
                let mut batch = Batch::new();
                batch.delete(Space::Table, entry.unwrap().0);
                steps.store.write(batch).unwrap();
            }
        }
        steps.fold.lay(&steps.store).unwrap();
        steps.picks.iter().for_each(|pick| pick.lay(&steps.store).unwrap());
        steps.check();
        for changes in rest {
            let (removed, added) = pass(&steps.rows, changes, 0, &mut number);
            steps.pass(&removed, &added);
            steps.check();
        }
    }
}

/// One session of so many rows.
fn endless(rows: i64) -> Steps {
    let mut steps = Steps::new();
    let rows: Vec<_> = (0..rows).map(|i| (1, i * 4, 1)).collect();
    steps.pass(&[], &rows);
    // What is remembered in memory is made.
    let behind = rows.last().unwrap().1 + 4;
    steps.pass(&[], &[(1, behind, 2)]);
    steps
}

/// The most entries that a row takes that makes the session longer, and one in its middle; a row that goes there; three
/// that split the session; and one that joins it again.
fn most_reads(steps: &mut Steps) -> [usize; 5] {
    let (_, last, _) = *steps.rows.last().unwrap();
    let middle = last / 8 * 4;
    let most = |reads: &mut dyn FnMut(i64) -> usize| (1..=20).map(reads).max().unwrap();
    let longer = most(&mut |i| steps.reads(&[], &[(1, last + 4 * i, 3)]));
    let late = most(&mut |i| steps.reads(&[], &[(1, middle + 40 * i + 1, 4)]));
    let gone = most(&mut |i| steps.reads(&[(1, middle + 40 * i + 1, 4)], &[]));
    let three = [0, 4, 8].map(|after| (1, middle + after, 1));
    let split = steps.reads(&three, &[]);
    assert_eq!(steps.sessions().len(), 2);
    let joined = steps.reads(&[], &[(1, middle + 4, 5)]);
    assert_eq!(steps.sessions().len(), 1);
    steps.check();
    [longer, late, gone, split, joined]
}

#[test]
fn a_row_takes_no_longer_in_a_longer_session() {
    let [short, long] = [1_000, 16_000].map(|rows| most_reads(&mut endless(rows)));
    for (short, long) in short.into_iter().zip(long) {
        assert!(long <= short + short / 2, "{short} and then {long}");
    }
}

#[test]
fn each_of_many_rows_that_go_at_once_takes_as_long_as_of_few() {
    let [few, many] = [100, 1_000].map(|count| {
        let mut steps = endless(4_000);
        let gone: Vec<_> = (0..count).map(|i| (1, 4_000 + 4 * i, 1)).collect();
        let reads = steps.reads(&gone, &[]) + steps.reads(&[], &gone);
        steps.check();
        reads / gone.len()
    });
    assert!(many <= few, "{few} and then {many}");
}

#[test]
fn an_open_session_is_found_as_fast_however_long_it_is() {
    let [short, long] = [1_000, 4_000].map(|rows| {
        let mut steps = endless(rows);
        let (_, last, _) = *steps.rows.last().unwrap();
        READ.set(0);
        assert!(steps.compact(last, 256));
        let reads = READ.get();
        assert_eq!(
            steps.store.scan_prefix(Space::Table, b"").count(),
            3 * (rows as usize + 2)
        );
        reads
    });
    assert_eq!(short, long);
}
