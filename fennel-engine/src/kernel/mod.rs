//! What pipelines are made of at run time: a few machines on rows.
//!
//! A kernel takes [`Changes`] in and answers with the changes of what it makes. It puts what it must remember into
//! the [`State`], and finds out what it has made before by looking at the side that the pass began with.
//!
//! Rows of a stream have an event time and an [`Id`], by which they are told apart. Rows of a table hold for
//! a stretch of event time, `[time, end)`: a new version of a key ends the one before, and so moves the end of a row.
//! So an update, a delete and a late row are all the same: some stretches go, others come, and the ends of others move.

mod compact;
mod computed;
mod explode;
mod fold;
mod group;
mod join;
mod lower;
mod memory;
mod pick;
mod python;
mod rows;
mod session;
pub(crate) mod timeline;
mod window;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::value::{Shape, Value};
use fennel_core::window::Window;

pub(crate) use compact::Swept;
pub(crate) use computed::Computed;
use fold::Fold;
use join::Join;
pub(crate) use lower::lower;
use pick::Pick;
use rows::RowSteps;
pub(crate) use timeline::{Differences, Points, Version, differences};
pub(crate) use window::windows_of_a_row;

use crate::error::{Error, Result};
use crate::python::OnStop;
use crate::state::State;
use crate::store::{Bytes, Store};
use crate::table::{Table, encode_values};

/// What tells a row of a stream from others of its event time. Ids compare as their rows arrived.
pub(crate) type Id = Bytes;

/// The end of what holds for ever.
pub(crate) const OPEN: i64 = i64::MAX;

/// A row between two kernels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The event time, in microseconds since 1970.
    pub(crate) time: i64,
    /// Of a table's row, when it stops to hold; else [`OPEN`].
    pub(crate) end: i64,
    /// Of a stream's row, what tells it apart; of a table's row that is its key.
    pub(crate) id: Id,
    /// The columns, keys first.
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// Its columns with their names, for people.
    fn named(&self, names: &[String]) -> Vec<(String, Value)> {
        names
            .iter()
            .cloned()
            .zip(self.values.iter().cloned())
            .collect()
    }
}

/// What changes of a stream or a table. What goes is to be removed before anything is added.
///
/// Between kernels it is [narrow](Self::narrow): a kernel may have forgotten a row whose end moves, or what it made of
/// its beginning, so that row must not seem to be new.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) removed: Vec<Row>,
    pub(crate) added: Vec<Row>,
    /// Rows of a table that hold until another end than before.
    pub(crate) moved: Vec<Moved>,
}

/// A row of a table whose end moves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moved {
    /// The row as it is now.
    pub(crate) row: Row,
    /// The end that it had, or [`OPEN`].
    pub(crate) was: i64,
}

impl Moved {
    /// The row as it was.
    fn before(&self) -> Row {
        Row {
            end: self.was,
            ..self.row.clone()
        }
    }

    /// The stretch for which it holds no more, or holds now.
    fn stretch(&self) -> (i64, i64) {
        let ends = (self.was, self.row.end);
        (ends.0.min(ends.1), ends.0.max(ends.1))
    }
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.moved.is_empty()
    }

    /// Rows that are new.
    pub(crate) fn added(added: Vec<Row>) -> Self {
        Self {
            added,
            ..Self::default()
        }
    }

    /// Adds other changes behind these.
    pub(crate) fn extend(&mut self, other: Changes) {
        self.removed.extend(other.removed);
        self.added.extend(other.added);
        self.moved.extend(other.moved);
    }

    /// All rows, as they were or as they are.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        let moved = self.moved.iter().map(|moved| &moved.row);
        self.removed.iter().chain(&self.added).chain(moved)
    }

    /// All rows, to be changed but for their times.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        let moved = self.moved.iter_mut().map(|moved| &mut moved.row);
        self.removed.iter_mut().chain(&mut self.added).chain(moved)
    }

    /// Finds the rows that go and come back: as they were, which is no change, or until another end.
    pub(crate) fn narrow(mut self) -> Self {
        if self.removed.is_empty() || self.added.is_empty() {
            return self;
        }
        let place = |row: &Row| (row.time, row.id.clone());
        let values = |row: &Row| encode_values(row.values.iter());
        let mut ends: BTreeMap<_, BTreeMap<Vec<u8>, i64>> = BTreeMap::new();
        for row in &self.removed {
            let ends = ends.entry(place(row)).or_default();
            ends.insert(values(row), row.end);
        }
        let mut stay = BTreeSet::new();
        let (moved, stays) = (&mut self.moved, &mut stay);
        self.added.retain(|row| {
            let place = place(row);
            let was = ends.get_mut(&place);
            let was = was.and_then(|ends| ends.remove_entry(&values(row)));
            let Some((values, was)) = was else {
                return true;
            };
            if was != row.end {
                let row = row.clone();
                moved.push(Moved { row, was });
            }
            stays.insert((place, values));
            false
        });
        if !stay.is_empty() {
            let stays = |row: &Row| stay.contains(&(place(row), values(row)));
            self.removed.retain(|row| !stays(row));
        }
        self
    }
}

/// What an aggregate comes to, or why its type can't hold that.
pub(crate) type Answer = std::result::Result<Value, String>;

/// A row that a step couldn't be done to.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) row: Vec<(String, Value)>,
}

/// The columns of rows between kernels.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Keys, then values.
    pub(crate) columns: Vec<(String, Shape)>,
    /// How many of them are keys.
    pub(crate) keys: usize,
    pub(crate) timestamp: String,
}

impl Layout {
    /// The position of a column.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }
}

/// A machine on rows.
#[derive(Debug)]
pub(crate) enum Kernel {
    Rows(RowSteps),
    Pick(Pick),
    Fold(Arc<Fold>),
    Join(Join),
    /// The rows of both inputs, the second's columns in the order of the first's.
    Merge(Vec<usize>),
}

/// What a kernel meets in a pass.
pub(crate) struct Pass<'p> {
    pub(crate) state: &'p mut State,
    /// Whether anybody takes what the kernel makes.
    pub(crate) emits: bool,
    /// The columns of the first input.
    pub(crate) names: &'p [String],
    pub(crate) failures: &'p mut Vec<Failure>,
    /// What becomes of rows for which a Python function is stopped.
    pub(crate) on_stop: OnStop,
}

impl Kernel {
    /// Applies changes of the inputs, and answers with those of the output. `right` is the table that a join
    /// adds columns of.
    pub(crate) fn apply(
        &self,
        pass: &mut Pass<'_>,
        one: Cow<'_, Changes>,
        other: Cow<'_, Changes>,
        right: Option<&Table>,
    ) -> Result<Changes> {
        match self {
            Kernel::Rows(steps) => steps.apply(pass, one.into_owned()),
            Kernel::Pick(pick) => pick.apply(pass.state, &one),
            Kernel::Fold(fold) => fold.apply(pass.state, &one, pass.emits, pass.failures),
            Kernel::Join(join) => {
                let right = right.expect("a join's second input is a table");
                join.apply(pass, &one, &other, right)
            }
            Kernel::Merge(arrange) => Ok(merge(one.into_owned(), other.into_owned(), arrange)),
        }
    }

    /// Leaves out rows that the kernel can't keep, since what it finds them by is too long or can't be a key.
    pub(crate) fn bound(
        &self,
        changes: &mut Cow<'_, Changes>,
        names: &[String],
        failures: &mut Vec<Failure>,
    ) {
        let refused = |row: &Row| self.is_too_long(row) || self.holed_key(row).is_some();
        if !changes.rows().any(refused) {
            return;
        }
        let changes = changes.to_mut();
        changes.removed.retain(|row| !refused(row));
        changes.moved.retain(|moved| !refused(&moved.row));
        changes.added.retain(|row| {
            let reason = if let Some(column) = self.holed_key(row) {
                let name = names.get(column).map_or("a column", String::as_str);
                format!("`{name}` has null in it, and rows are grouped by it: a key has none")
            } else if self.is_too_long(row) {
                format!(
                    "the columns that it is found by take more than {} bytes",
                    group::MAX_BYTES
                )
            } else {
                return true;
            };
            let row = row.named(names);
            failures.push(Failure { reason, row });
            false
        });
    }

    fn is_too_long(&self, row: &Row) -> bool {
        self.found_by(row)
            .is_some_and(|bytes| bytes > group::MAX_BYTES)
    }

    /// The column of a group that has null in it, if one has: the group's columns are the keys of the rows that are made. A
    /// row without a value is of no group.
    fn holed_key(&self, row: &Row) -> Option<usize> {
        let by: &[usize] = match self {
            Kernel::Pick(pick) => pick.keys(),
            Kernel::Fold(fold) => &fold.by,
            Kernel::Rows(_) | Kernel::Join(_) | Kernel::Merge(_) => &[],
        };
        let mut by = by.iter().copied();
        by.find(|i| row.values.get(*i).is_some_and(group::has_hole))
    }

    /// The bytes of what a row is found by in the kernel's state, if it has one.
    fn found_by(&self, row: &Row) -> Option<usize> {
        let (by, keys): (&[usize], usize) = match self {
            Kernel::Rows(steps) if steps.remembers() => (&[], steps.keys()),
            Kernel::Rows(_) | Kernel::Merge(_) => return None,
            Kernel::Pick(pick) => (&pick.by, 0),
            Kernel::Fold(fold) => (&fold.by, fold.keys),
            Kernel::Join(join) => (&join.on, join.keys),
        };
        let by = by.iter().filter_map(|i| row.values.get(*i));
        let found = by.chain(row.values.iter().take(keys));
        Some(group::bytes_of(found) + row.id.len())
    }

    /// The watermark of what it makes, given those of its inputs; without a second input, that is the end of time.
    pub(crate) fn watermark(&self, left: i64, right: i64) -> i64 {
        match self {
            Kernel::Rows(_) => left,
            Kernel::Merge(_) => left.min(right),
            Kernel::Join(join) => left.min(join.horizon(right)),
            // The earliest of several is kept, and the latest until another comes: both change from that one on.
            Kernel::Pick(_) => left,
            // A column may place rows anywhere.
            Kernel::Fold(fold) if fold.along.is_some() => i64::MIN,
            // A row makes a session longer, whose row so far then goes.
            Kernel::Fold(fold) => match fold.window {
                Some(Window::Session { gap }) => lagging(left, gap.micros()),
                _ => left,
            },
        }
    }

    /// Looks through at most `limit` groups of its state, from `from` on, for what no row can need any more, given the
    /// watermarks of its inputs. `right` is the table that a join adds columns of.
    pub(crate) fn compact(
        &self,
        state: &mut State,
        (left, right): (i64, i64),
        table: Option<&Table>,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        match self {
            Kernel::Merge(_) => Ok(Swept::default()),
            Kernel::Rows(steps) => steps.compact(state, left, from, limit),
            Kernel::Pick(pick) => pick.compact(state, left, from, limit),
            Kernel::Fold(fold) => fold.compact(state, left, from, limit),
            Kernel::Join(join) => {
                let table = table.expect("a join's second input is a table");
                join.compact(state, table, join.horizon(right), from, limit)
            }
        }
    }

    /// Lays what it keeps where this version looks for it, in a store that an earlier one wrote. `right` is the table that a
    /// join adds columns of.
    pub(crate) fn lay(&self, store: &Store, right: Option<&Table>) -> Result<()> {
        match (self, right) {
            (Kernel::Join(join), Some(table)) if join.keys > 0 => join.lay(store, table),
            (Kernel::Pick(pick), _) => pick.lay(store),
            (Kernel::Fold(fold), _) => fold.lay(store),
            _ => Ok(()),
        }
    }

    /// Whether it joins a table to rows that hold for a stretch of time.
    pub(crate) fn is_of_tables(&self) -> bool {
        matches!(self, Kernel::Join(join) if join.keys > 0)
    }

    /// About how many rows it makes of one, where that is known beforehand.
    pub(crate) fn fan_out(&self) -> u64 {
        match self {
            Kernel::Fold(fold) => fold.window.map_or(1, |window| {
                u64::try_from(windows_of_a_row(window)).unwrap_or(1).max(1)
            }),
            _ => 1,
        }
    }

    /// Forgets what it remembers of passes, one of which didn't happen.
    pub(crate) fn forget(&self) {
        if let Kernel::Fold(fold) = self {
            fold.forget();
        }
    }
}

/// A watermark that lags behind another.
fn lagging(watermark: i64, lag: i64) -> i64 {
    match watermark {
        i64::MAX => i64::MAX,
        watermark => watermark.saturating_sub(lag),
    }
}

/// The rows of both; the same row of both is two.
fn merge(one: Changes, other: Changes, arrange: &[usize]) -> Changes {
    let told_apart = |mut changes: Changes, input: u8| {
        for row in changes.rows_mut() {
            row.id = [row.id.as_ref(), &[input]].concat().into();
            if input == 1 {
                let values = arrange.iter().filter_map(|i| row.values.get(*i).cloned());
                row.values = values.collect();
            }
        }
        changes
    };
    let mut merged = told_apart(one, 0);
    merged.extend(told_apart(other, 1));
    merged
}

fn corrupt() -> Error {
    Error::Corrupt("the state of a pipeline can't be read; restore the store from a backup".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of a key that holds for a stretch.
    fn row(key: i64, (time, end): (i64, i64), value: f64) -> Row {
        Row {
            time,
            end,
            id: Bytes::new(&[]),
            values: vec![Value::Int(key), Value::Float(value)],
        }
    }

    fn narrow(removed: Vec<Row>, added: Vec<Row>) -> Changes {
        let changes = Changes {
            removed,
            added,
            moved: Vec::new(),
        };
        changes.narrow()
    }

    #[test]
    fn what_goes_and_comes_back_has_its_end_moved_at_most() {
        let same = row(1, (10, OPEN), f64::NAN);
        let open = row(2, (10, OPEN), 0.0);
        let ended = row(2, (10, 20), 0.0);
        let narrowed = narrow(
            vec![same.clone(), open.clone()],
            vec![ended.clone(), same, row(2, (20, OPEN), 1.0)],
        );
        assert_eq!(narrowed.removed, []);
        assert_eq!(narrowed.added, [row(2, (20, OPEN), 1.0)]);
        let moved = Moved {
            row: ended,
            was: OPEN,
        };
        assert_eq!(moved.before(), open);
        assert_eq!(moved.stretch(), (20, OPEN));
        assert_eq!(narrowed.moved, [moved]);
    }

    #[test]
    fn rows_of_other_keys_times_and_values_are_others() {
        let removed = vec![row(1, (10, OPEN), 0.0)];
        for added in [
            row(2, (10, OPEN), 0.0),
            row(1, (11, OPEN), 0.0),
            row(1, (10, OPEN), 1.0),
        ] {
            let narrowed = narrow(removed.clone(), vec![added.clone()]);
            assert_eq!(narrowed.removed, removed);
            assert_eq!(narrowed.added, [added]);
            assert_eq!(narrowed.moved, []);
        }
    }
}
