//! What is done to each row by itself.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Compiled, Now};
use fennel_core::native::Call;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use super::compact::Swept;
use super::group::bytes_of;
use super::memory::Memory;
use super::python::PythonStep;
use super::{Changes, Failure, Layout, Moved, OPEN, Pass, Row};
use crate::error::Result;
use crate::native;
use crate::state::State;
use crate::store::Bytes;
use crate::table::{Table, key};

/// Steps that are done to each row, one after the other.
#[derive(Debug)]
pub(crate) struct RowSteps(pub(super) Vec<RowStep>);

/// A step, and the columns of the rows that it takes.
#[derive(Debug)]
pub(super) struct RowStep {
    pub(super) step: Step,
    pub(super) input: Layout,
}

/// What is done to a row.
#[derive(Debug)]
pub(super) enum Step {
    /// What makes one row of it, or none, the same whenever it is done.
    Plain(Plain),
    /// Makes one of each element of the lists at these positions.
    Explode(Vec<usize>),
    /// Makes rows of changes, with a column behind the others that tells what each was.
    Changelog { deletes: bool },
    /// Calls a Python function.
    Python(PythonStep),
}

/// What makes one row, or none, of a row.
#[derive(Debug)]
pub(super) enum Plain {
    /// Keeps it where the condition is true.
    Filter(Compiled),
    /// Makes each column: of the one at that position, or of the expression at that.
    Assign(Vec<Slot>, Vec<Compiled>),
    /// Keeps the columns at these positions, in this order.
    Arrange(Vec<usize>),
    /// Keeps it where none of the columns at these positions is null.
    Dropnull(Vec<usize>),
    /// Calls a Rust function.
    Transform(Transform),
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Column(usize),
    Expr(usize),
}

/// A Rust function from rows to rows.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) call: Call,
    pub(super) name: String,
    /// Where each field that it takes is; `None` for the event time.
    pub(super) takes: Vec<Option<usize>>,
    /// For each column of the output, the position of the field that it makes.
    pub(super) makes: Vec<usize>,
    /// How many of the columns are keys.
    pub(super) keys: usize,
    /// The position of the event time among the fields that it makes.
    pub(super) timestamp: usize,
}

impl RowSteps {
    /// Does the steps to what comes and to what goes. A row that can't be done is a failure where it comes; where it
    /// goes, it never came.
    ///
    /// # Errors
    ///
    /// A Python function can't be called at all, or is stopped where that is to fail.
    pub(super) fn apply(&self, pass: &mut Pass<'_>, mut changes: Changes) -> Result<Changes> {
        for step in &self.0 {
            if changes.is_empty() || pass.state.is_full() {
                break;
            }
            changes = match &step.step {
                Step::Plain(plain) => step.plain(plain, changes, pass),
                Step::Explode(positions) => step.exploded(positions, changes, pass),
                Step::Changelog { deletes } => step.changelog(*deletes, &changes),
                // A function isn't asked again what it makes of a row that stays.
                Step::Python(python) => step.python(python, changes.narrow(), pass)?,
            };
        }
        Ok(changes)
    }

    /// Removes some of what its Python functions made of rows that don't go any more: those before the watermark.
    pub(super) fn compact(
        &self,
        state: &mut State,
        watermark: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let mut memories = self.memories().skip_while(|memory| {
            // They are looked through in order, and where to go on tells which is next.
            from.is_some_and(|from| memory.is_before(from))
        });
        let Some(memory) = memories.next() else {
            return Ok(Swept::default());
        };
        let mut swept = memory.compact(state, watermark, from, limit)?;
        if swept.next.is_none() {
            swept.next = memories.next().map(Memory::start);
        }
        Ok(swept)
    }

    /// How many columns of its rows are keys.
    pub(super) fn keys(&self) -> usize {
        self.0.first().map_or(0, |step| step.input.keys)
    }

    /// Whether it remembers what was made of rows.
    pub(super) fn remembers(&self) -> bool {
        self.memories().next().is_some()
    }

    fn memories(&self) -> impl Iterator<Item = &Memory> {
        self.0.iter().filter_map(|step| match &step.step {
            Step::Python(python) => Some(&python.memory),
            Step::Plain(_) | Step::Explode(_) | Step::Changelog { .. } => None,
        })
    }
}

impl RowStep {
    /// Does what needs nothing but the rows. A row that goes has failed when it came, if it fails, and one whose end moves
    /// has, too.
    fn plain(&self, plain: &Plain, changes: Changes, pass: &mut Pass<'_>) -> Changes {
        let Pass {
            state, failures, ..
        } = pass;
        let mut unheard = Vec::new();
        let (rows, ends): (Vec<_>, Vec<_>) = changes
            .moved
            .into_iter()
            .map(|moved| (moved.row, moved.was))
            .unzip();
        let moved = self.run(plain, rows, state, &mut unheard);
        let moved = moved.into_iter().zip(ends);
        let moved = moved.filter_map(|(row, was)| row.map(|row| Moved { row, was }));
        let moved = moved.collect();
        let removed = self.run(plain, changes.removed, state, &mut unheard);
        let added = self.run(plain, changes.added, state, failures);
        Changes {
            removed: removed.into_iter().flatten().collect(),
            added: added.into_iter().flatten().collect(),
            moved,
        }
    }

    /// What becomes of each row, if anything does.
    fn run(
        &self,
        plain: &Plain,
        rows: Vec<Row>,
        state: &mut State,
        failures: &mut Vec<Failure>,
    ) -> Vec<Option<Row>> {
        match plain {
            Plain::Filter(condition) => self.filter(condition, rows, failures),
            Plain::Assign(slots, exprs) => self.assign((slots, exprs), rows, state, failures),
            Plain::Arrange(positions) => {
                let arrange = |mut row: Row| {
                    row.values = positions
                        .iter()
                        .filter_map(|i| row.values.get(*i).cloned())
                        .collect();
                    Some(row)
                };
                rows.into_iter().map(arrange).collect()
            }
            Plain::Dropnull(positions) => {
                let is_whole = |row: &Row| {
                    positions
                        .iter()
                        .all(|i| row.values.get(*i) != Some(&Value::Null))
                };
                let kept = rows.into_iter().map(|row| Some(row).filter(is_whole));
                kept.collect()
            }
            Plain::Transform(transform) => {
                let made = rows.into_iter();
                let made = made.map(|row| self.transform(transform, row, failures));
                made.collect()
            }
        }
    }

    fn filter(
        &self,
        condition: &Compiled,
        rows: Vec<Row>,
        failures: &mut Vec<Failure>,
    ) -> Vec<Option<Row>> {
        let columns = self.columns(condition, &rows);
        let evaluated = condition.evaluate(&batch(&rows, &columns, &instants(&rows)));
        let failed = evaluated.failures.into_iter();
        let failed = failed.map(|failure| (failure.row, failure.reason));
        self.fail(&rows, failed.collect(), failures);
        let kept = evaluated.values.as_boolean();
        let is_kept = |i: usize| kept.is_valid(i) && kept.value(i);
        let rows = rows.into_iter().enumerate();
        rows.map(|(i, row)| is_kept(i).then_some(row)).collect()
    }

    fn assign(
        &self,
        (slots, exprs): (&[Slot], &[Compiled]),
        mut rows: Vec<Row>,
        state: &mut State,
        failures: &mut Vec<Failure>,
    ) -> Vec<Option<Row>> {
        let mut failed = Vec::new();
        let columns = exprs.iter();
        let columns = columns.map(|expr| self.values(expr, &rows, state, &mut failed).into_iter());
        let mut columns: Vec<_> = columns.collect();
        if state.is_full() {
            return vec![None; rows.len()];
        }
        let has_failed = self.fail(&rows, failed, failures);
        for row in &mut rows {
            let made = columns.iter_mut().map(Iterator::next);
            let mut made: Vec<_> = made.collect();
            let values = slots.iter().map(|slot| match slot {
                Slot::Column(at) => row.values.get(*at).cloned(),
                Slot::Expr(at) => made.get_mut(*at).and_then(Option::take),
            });
            row.values = values.map(|value| value.unwrap_or(Value::Null)).collect();
        }
        let rows = rows.into_iter().enumerate();
        rows.map(|(i, row)| (!has_failed.contains(&i)).then_some(row))
            .collect()
    }

    /// What an expression comes to in each row, unless that is more than may be made; the positions of rows that failed go
    /// to `failed`.
    fn values(
        &self,
        expr: &Compiled,
        rows: &[Row],
        state: &mut State,
        failed: &mut Vec<(usize, String)>,
    ) -> Vec<Value> {
        let (columns, now) = (self.columns(expr, rows), instants(rows));
        let batch = batch(rows, &columns, &now);
        let mut values = Vec::with_capacity(rows.len());
        while values.len() < rows.len() && !state.is_full() {
            let from = values.len();
            let part = expr.evaluate_from(&batch, from);
            let fails = part.failures.into_iter();
            failed.extend(fails.map(|failure| (from + failure.row, failure.reason)));
            let made = (0..part.values.len()).map(|i| column::value(expr.shape(), &part.values, i));
            values.extend(made);
            if !is_short(expr.shape()) {
                state.makes(bytes_of(values.iter().skip(from)));
            }
        }
        values
    }

    /// The columns of rows that an expression reads.
    fn columns(&self, expr: &Compiled, rows: &[Row]) -> Vec<ArrayRef> {
        let column = |i: &usize| match self.input.columns.get(*i) {
            Some((_, shape)) => {
                let values = rows.iter();
                let values = values.map(|row| row.values.get(*i).unwrap_or(&Value::Null));
                column::array(shape, values)
            }
            None => instants(rows),
        };
        expr.columns().iter().map(column).collect()
    }

    /// Notes rows that failed, each once, and returns their positions.
    fn fail(
        &self,
        rows: &[Row],
        failed: Vec<(usize, String)>,
        failures: &mut Vec<Failure>,
    ) -> std::collections::BTreeSet<usize> {
        let mut seen = std::collections::BTreeSet::new();
        for (i, reason) in failed {
            if seen.insert(i)
                && let Some(row) = rows.get(i)
            {
                failures.push(self.failure(row, reason));
            }
        }
        seen
    }

    pub(super) fn failure(&self, row: &Row, reason: String) -> Failure {
        let names = self.input.columns.iter().map(|(name, _)| name.clone());
        let mut values: Vec<_> = names.zip(row.values.iter().cloned()).collect();
        values.extend(instant(row.time).map(|time| (self.input.timestamp.clone(), time)));
        Failure {
            reason,
            row: values,
        }
    }

    /// The rows of the beginnings and of the ends of versions. Where an end moves, the beginning stays.
    fn changelog(&self, deletes: bool, changes: &Changes) -> Changes {
        let whole = |rows: &[Row]| {
            let rows = rows.iter();
            let rows = rows.flat_map(|row| {
                let begin = self.change(deletes, row, (row.time, false));
                std::iter::once(begin).chain(self.end(deletes, row, row.end))
            });
            rows.collect()
        };
        let mut made = Changes {
            removed: whole(&changes.removed),
            added: whole(&changes.added),
            moved: Vec::new(),
        };
        for Moved { row, was } in &changes.moved {
            made.removed.extend(self.end(deletes, row, *was));
            made.added.extend(self.end(deletes, row, row.end));
        }
        made
    }

    /// The row of a version's end, if it has one.
    fn end(&self, deletes: bool, row: &Row, end: i64) -> Option<Row> {
        (end != OPEN).then(|| self.change(deletes, row, (end, true)))
    }

    /// The row of a change of a version at an instant, which is its end or its beginning.
    fn change(&self, deletes: bool, row: &Row, (time, is_end): (i64, bool)) -> Row {
        let key = Table::key_bytes(row.values.iter().take(self.input.keys));
        // At one instant the old row goes before the new one comes.
        let id = [&key[..], &[u8::from(!is_end)], &key::ordered(row.time)].concat();
        let kind = Value::Bool(is_end == deletes);
        Row {
            time,
            end: OPEN,
            id: id.into(),
            values: row.values.iter().cloned().chain([kind]).collect(),
        }
    }

    fn transform(
        &self,
        transform: &Transform,
        mut row: Row,
        failures: &mut Vec<Failure>,
    ) -> Option<Row> {
        let taken = transform.takes.iter().map(|at| match at {
            Some(i) => row.values.get(*i).cloned().unwrap_or(Value::Null),
            None => instant(row.time).unwrap_or(Value::Null),
        });
        let argument = Value::Record(taken.collect());
        match transform.apply(&row, argument) {
            Ok(values) => {
                row.values = values;
                Some(row)
            }
            Err(reason) => {
                failures.push(self.failure(&row, reason));
                None
            }
        }
    }
}

impl Transform {
    /// The columns that the function makes of a row.
    fn apply(&self, row: &Row, argument: Value) -> Result<Vec<Value>, String> {
        let name = &self.name;
        let made = native::call(name, self.call, vec![argument])?;
        let Some(Value::Record(fields)) = made.into_iter().next() else {
            return Err(format!("`{name}` made no row"));
        };
        let values: Vec<_> = self
            .makes
            .iter()
            .filter_map(|i| fields.get(*i).cloned())
            .collect();
        if values.get(..self.keys) != row.values.get(..self.keys) {
            return Err(format!(
                "`{name}` changed a key, and rows are found by their keys"
            ));
        }
        if fields.get(self.timestamp).cloned() != instant(row.time) {
            return Err(format!("`{name}` changed the event time"));
        }
        Ok(values)
    }
}

pub(super) fn instant(micros: i64) -> Option<Value> {
    Timestamp::from_micros(micros).map(Value::Timestamp)
}

/// Rows as expressions take them.
fn batch<'b>(rows: &[Row], columns: &'b [ArrayRef], now: &'b ArrayRef) -> Batch<'b> {
    Batch {
        rows: rows.len(),
        columns,
        now: Now::Column(now),
    }
}

/// Whether all values of a type take as little as a number.
fn is_short(shape: &Shape) -> bool {
    match shape {
        Shape::Optional(inner) => is_short(inner),
        Shape::Bool | Shape::Int | Shape::OneOfInt(_) | Shape::Float | Shape::Between(_) => true,
        Shape::Timestamp | Shape::Date | Shape::Decimal(_) => true,
        _ => false,
    }
}

/// The event times of rows as a column.
fn instants(rows: &[Row]) -> ArrayRef {
    let instants: Vec<_> = rows
        .iter()
        .map(|row| instant(row.time).unwrap_or(Value::Null))
        .collect();
    column::array(&Shape::Timestamp, instants.iter())
}
