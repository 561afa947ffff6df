//! Members of pages, with the team that has the page: two tables, joined.

use std::sync::atomic::Ordering;

use fennel_core::entity::{Dataset, Field, Index, Location, Meta, Order};
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::kernel::OPEN;
use crate::python::{OnStop, RunBy};
use crate::state::Applied;
use crate::store::{Batch, Space, Store};
use crate::table::{Place, Said, TableId};

const fn column(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

/// A table of whole numbers by whole numbers.
fn table(id: TableId, name: &str, key: &'static str, value: &'static str) -> Table {
    let fields = [
        Field {
            key: true,
            ..column(key, Type::Int)
        },
        column(value, Type::Int),
        Field {
            timestamp: true,
            ..column("at", Type::Timestamp)
        },
    ];
    let dataset = Dataset {
        name,
        version: 1,
        history: Duration::from_days(1),
        index: Index::NONE,
        fields: &fields,
        order: Order::NONE,
        sources: &[],
        expectations: None,
        sinks: &[],
        meta: Meta::EMPTY,
        location: Location::UNKNOWN,
    };
    Table::new(id, &dataset, None, RunBy::new(None)).unwrap()
}

/// What a row says: of a key, that it has a value from an instant on, or none.
type Says = (i64, i64, Option<i64>);

/// The versions of one key: when each begins, and its value and end.
type Versions = Vec<(i64, i64, i64)>;

/// By user and the instant from which on it holds: until when, the page and the team.
type Made = BTreeMap<(i64, i64), (i64, i64, Option<i64>)>;

struct Shop {
    store: Store,
    members: Table,
    pages: Table,
    join: Join,
    /// How many rows came.
    rows: u64,
    /// What was said last of members and of pages.
    said: [BTreeMap<i64, BTreeMap<i64, Option<i64>>>; 2],
    made: Made,
}

impl Shop {
    fn open(how: How) -> Self {
        Self {
            store: Store::in_memory(),
            members: table(1, "Member", "user", "page"),
            pages: table(2, "Page", "page", "team"),
            join: Join {
                prefix: Table::state_prefix(3, 1),
                how,
                on: vec![1],
                since: None,
                until: 0,
                keys: 1,
                columns: 2,
                fields: vec![super::Field::Value(0)],
            },
            rows: 0,
            said: Default::default(),
            made: BTreeMap::new(),
        }
    }

    /// A pass that brings rows. Answers how many stored entries the join read.
    fn pass(&mut self, members: &[Says], pages: &[Says]) -> usize {
        let before = self.rows;
        let members = self.put(0, members);
        let pages = self.put(1, pages);
        let applied = Applied {
            before,
            after: self.rows,
        };
        let mut state = State::new(self.store.snapshot(), applied);
        let left = self.members.upserted(&state, members).unwrap();
        let right = self.pages.upserted(&state, pages).unwrap();
        let read = state.read.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        let mut pass = Pass {
            state: &mut state,
            emits: true,
            names: &[],
            failures: &mut failures,
            on_stop: OnStop::SetAside,
        };
        let changes = self.join.apply(&mut pass, &left, &right, &self.pages);
        let read = state.read.load(Ordering::Relaxed) - read;
        self.take(&changes.unwrap().narrow());
        self.finish(state);
        read
    }

    fn put(&mut self, table: usize, rows: &[Says]) -> Vec<Place> {
        let of = [&self.members, &self.pages][table];
        let mut batch = Batch::new();
        let mut places = Vec::new();
        for (key, time, value) in rows {
            let said = match value {
                Some(_) => Said::Is,
                None => Said::Gone,
            };
            let at = Value::Timestamp(Timestamp::from_micros(*time).unwrap());
            let row = [Value::Int(*key), value.map_or(Value::Null, Value::Int), at];
            let entry = of.entry(&row, said).unwrap();
            entry.put(&mut batch, self.rows, 0);
            places.push((Table::key_bytes(row.iter().take(1)), *time));
            self.rows += 1;
            let said = self.said[table].entry(*key).or_default();
            said.insert(*time, *value);
        }
        self.store.write(batch).unwrap();
        places
    }

    fn finish(&self, state: State) {
        let mut batch = Batch::new();
        state.finish(&mut batch);
        self.store.write(batch).unwrap();
    }

    /// Takes changes, which have to be of what there is.
    fn take(&mut self, changes: &Changes) {
        let key = |row: &Row| match row.values[0] {
            Value::Int(user) => (user, row.time),
            _ => panic!("{row:?} has no user"),
        };
        let until = |row: &Row, end| match (&row.values[1], &row.values[2]) {
            (Value::Int(page), Value::Int(team)) => (end, *page, Some(*team)),
            (Value::Int(page), _) => (end, *page, None),
            _ => panic!("{row:?} has no page"),
        };
        for row in &changes.removed {
            assert_eq!(self.made.remove(&key(row)), Some(until(row, row.end)));
        }
        for Moved { row, was } in &changes.moved {
            let old = self.made.insert(key(row), until(row, row.end));
            assert_eq!(old, Some(until(row, *was)));
        }
        for row in &changes.added {
            assert_eq!(self.made.insert(key(row), until(row, row.end)), None);
        }
    }

    /// Forgets what no version can come for that begins at `horizon` or later. Answers how many stored entries that read.
    fn compact(&self, horizon: i64) -> usize {
        let applied = Applied {
            before: self.rows,
            after: self.rows,
        };
        let (mut from, mut read) = (None, 0);
        loop {
            let mut state = State::new(self.store.snapshot(), applied);
            let swept = self
                .join
                .compact(&mut state, &self.pages, horizon, from.as_ref(), 3)
                .unwrap();
            read += state.read.load(Ordering::Relaxed);
            self.finish(state);
            from = swept.next;
            if from.is_none() {
                return read;
            }
        }
    }

    /// The ends of the left rows that are kept.
    fn kept(&self) -> Vec<i64> {
        let entries = self.store.scan_prefix(Space::Table, &self.join.prefix);
        let end = entries.map(|entry| {
            let (entry, value) = entry.unwrap();
            self.join.decode(&entry, &value, 8).unwrap().end
        });
        let mut ends: Vec<_> = end.collect();
        ends.sort_unstable();
        ends
    }

    fn versions(&self, table: usize, key: i64) -> Versions {
        let said: Vec<_> = self.said[table].get(&key).into_iter().flatten().collect();
        let versions = said.iter().enumerate().filter_map(|(i, (time, value))| {
            let end = said.get(i + 1).map_or(OPEN, |(time, _)| **time);
            Some((**time, (**value)?, end))
        });
        versions.collect()
    }

    /// What the join is to come to.
    fn expected(&self) -> Made {
        let mut made = BTreeMap::new();
        for user in self.said[0].keys() {
            for (time, page, end) in self.versions(0, *user) {
                let mut at = time;
                for (begin, team, until) in self.versions(1, page) {
                    let (begin, until) = (begin.max(time), until.min(end));
                    if begin < until {
                        if at < begin && self.join.how == How::Left {
                            made.insert((*user, at), (begin, page, None));
                        }
                        made.insert((*user, begin), (until, page, Some(team)));
                        at = until;
                    }
                }
                if at < end && self.join.how == How::Left {
                    made.insert((*user, at), (end, page, None));
                }
            }
        }
        made
    }
}

/// How many entries two changes of a page read that has members from now on, and had so many whose time was over before the
/// first of them or began behind the second.
fn read_beside(others: i64) -> [usize; 2] {
    let mut shop = Shop::open(How::Left);
    shop.pass(&[], &[(7, 0, Some(70)), (7, 1_000_000, Some(71))]);
    for other in 0..others {
        let (user, before, behind) = (10 + other, 10 + other * 3, 1_100_000 + other * 3);
        let rows = [before, before + 2, behind, behind + 2];
        let rows = [0, 1, 2, 3].map(|i| (user, rows[i], (i % 2 == 0).then_some(7)));
        shop.pass(&rows, &[]);
    }
    let members = [1, 2, 3].map(|user| (user, 900_000, Some(7)));
    shop.pass(&members, &[]);
    let late = shop.pass(&[], &[(7, 950_000, Some(72))]);
    let now = shop.pass(&[], &[(7, 2_000_000, Some(73))]);
    assert_eq!(shop.made, shop.expected());
    [late, now]
}

#[test]
fn a_change_reads_what_it_changes_however_many_rows_held_before_or_hold_later() {
    let few = read_beside(30);
    assert!(few.iter().all(|read| *read < 60), "{few:?}");
    assert_eq!(read_beside(3_000), few);
}

#[test]
fn versions_between_those_that_change_are_not_read() {
    let read = |versions: i64| {
        let mut shop = Shop::open(How::Left);
        let pages: Vec<_> = (1..versions).map(|i| (7, i * 10, Some(i))).collect();
        shop.pass(&[(1, 0, Some(7))], &pages);
        let read = shop.pass(&[], &[(7, 55, Some(-1)), (7, versions * 10, Some(-2))]);
        assert_eq!(shop.made, shop.expected());
        read
    };
    assert_eq!(read(2_000), read(20));
}

#[test]
fn rows_that_hold_are_not_looked_through_for_those_that_have_ended() {
    let read = |members: i64| {
        let mut shop = Shop::open(How::Inner);
        let rows = (0..members).map(|user| (user, user, Some(7)));
        shop.pass(&rows.collect::<Vec<_>>(), &[(7, 0, Some(70))]);
        shop.pass(&[(1, members, None), (2, members + 10, None)], &[]);
        let read = shop.compact(members + 5);
        assert_eq!(shop.kept().len() as i64, members - 1, "one has ended");
        read
    };
    assert_eq!(read(10), read(1_000));
}

/// Rows of one pass.
#[derive(Clone, Debug)]
struct Rows {
    members: Vec<Says>,
    pages: Vec<Says>,
    /// Pages come no earlier than this from then on.
    horizon: Option<i64>,
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![0..30_i64, 0..3_000_i64, 0..300_000_i64]
}

fn rows() -> impl Strategy<Value = Rows> {
    let members = vec((0..4_i64, time(), option::weighted(0.7, 7..9_i64)), 0..4);
    let pages = vec((7..9_i64, time(), option::weighted(0.8, 0..3_i64)), 0..4);
    (members, pages, option::weighted(0.1, time())).prop_map(|(members, pages, horizon)| Rows {
        members,
        pages,
        horizon,
    })
}

proptest! {
    #[test]
    fn any_changes_of_both_tables_come_to_what_the_tables_are(
        how in prop_oneof![Just(How::Left), Just(How::Inner)],
        passes in vec(rows(), 1..30),
    ) {
        let mut shop = Shop::open(how);
        let mut horizon = i64::MIN;
        for Rows { members, mut pages, horizon: next } in passes {
            pages.iter_mut().for_each(|(_, time, _)| *time = (*time).max(horizon));
            shop.pass(&members, &pages);
            prop_assert_eq!(&shop.made, &shop.expected());
            if let Some(next) = next {
                horizon = horizon.max(next);
                shop.compact(horizon);
                prop_assert!(shop.kept().iter().all(|end| *end > horizon));
            }
        }
        shop.compact(i64::MAX);
        prop_assert_eq!(shop.kept(), Vec::<i64>::new());
    }
}
