//! The rows that nodes run over, what they make of them, and which of these fail.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;

use super::room::Room;
use super::{Batch, Failure, Now};
use crate::column;

/// What a node made: a value for each row, or one for all.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) array: ArrayRef,
    /// Whether the array holds one value, which is that of all rows.
    pub(crate) constant: bool,
}

impl Column {
    /// A value for each row.
    pub(super) fn of_rows(array: ArrayRef) -> Self {
        Column {
            array,
            constant: false,
        }
    }

    /// Where the value of a row stands.
    pub(crate) fn at(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// A value for each of so many rows.
    pub(crate) fn expand(self, rows: usize) -> ArrayRef {
        if self.constant {
            taken(&self.array, &UInt32Array::from(vec![0; rows]))
        } else {
            self.array
        }
    }
}

/// The rows of a frame that a kernel found no value for.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    found: Vec<(usize, String)>,
}

impl Failures {
    /// Says why a row has no value.
    pub(crate) fn add(&mut self, row: usize, reason: impl Into<String>) {
        self.found.push((row, reason.into()));
    }
}

/// The rows of the batch that failed so far, each with its first reason, and what lists take of those that didn't.
#[derive(Debug, Default)]
pub(super) struct Failed {
    rows: RefCell<BTreeMap<usize, String>>,
    pub(super) room: Room,
}

impl Failed {
    /// None of so many rows.
    pub(super) fn of(rows: usize) -> Self {
        Self {
            room: Room::of(rows),
            ..Self::default()
        }
    }

    pub(super) fn add(&self, row: usize, reason: String) {
        self.rows.borrow_mut().entry(row).or_insert(reason);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.borrow().is_empty()
    }

    pub(super) fn into_list(self) -> Vec<Failure> {
        let rows = self.rows.into_inner().into_iter();
        rows.map(|(row, reason)| Failure { row, reason }).collect()
    }
}

/// Rows that nodes run over: those of a batch, or some of another frame's, which may repeat.
pub(crate) struct Frame<'f> {
    pub(super) rows: usize,
    from: Origin<'f>,
    /// The columns that the expression reads, once they are asked for.
    columns: Vec<OnceCell<ArrayRef>>,
    variable: OnceCell<ArrayRef>,
    now: OnceCell<Column>,
    failed: &'f Failed,
}

enum Origin<'f> {
    Batch(&'f Batch<'f>),
    Rows(&'f Frame<'f>, UInt32Array),
}

impl<'f> Frame<'f> {
    /// The rows of a batch.
    pub(super) fn new(batch: &'f Batch<'f>, failed: &'f Failed) -> Self {
        Frame {
            rows: batch.rows,
            from: Origin::Batch(batch),
            columns: vec![OnceCell::new(); batch.columns.len()],
            variable: OnceCell::new(),
            now: OnceCell::new(),
            failed,
        }
    }

    /// Rows of this frame.
    pub(super) fn pick(&self, rows: Vec<u32>) -> Frame<'_> {
        Frame {
            rows: rows.len(),
            from: Origin::Rows(self, UInt32Array::from(rows)),
            columns: vec![OnceCell::new(); self.columns.len()],
            variable: OnceCell::new(),
            now: OnceCell::new(),
            failed: self.failed,
        }
    }

    /// The same rows, with the variable of a closure.
    pub(super) fn with(mut self, variable: ArrayRef) -> Self {
        self.variable = OnceCell::from(variable);
        self
    }

    pub(super) fn column(&self, i: usize) -> ArrayRef {
        let column = self.columns[i].get_or_init(|| match &self.from {
            Origin::Batch(batch) => Arc::clone(&batch.columns[i]),
            Origin::Rows(frame, rows) => taken(&frame.column(i), rows),
        });
        Arc::clone(column)
    }

    pub(super) fn variable(&self) -> ArrayRef {
        let variable = self.variable.get_or_init(|| match &self.from {
            Origin::Batch(..) => unreachable!("a variable is known inside its closure alone"),
            Origin::Rows(frame, rows) => taken(&frame.variable(), rows),
        });
        Arc::clone(variable)
    }

    pub(super) fn now(&self) -> Column {
        let now = self.now.get_or_init(|| match &self.from {
            Origin::Batch(batch) => match batch.now {
                Now::Instant(instant) => Column {
                    array: column::instants(std::iter::once(Some(instant.micros()))),
                    constant: true,
                },
                Now::Column(column) => Column::of_rows(Arc::clone(column)),
            },
            Origin::Rows(frame, rows) => match frame.now() {
                now if now.constant => now,
                now => Column::of_rows(taken(&now.array, rows)),
            },
        });
        now.clone()
    }

    /// The row of the batch that a row of this frame is.
    fn origin(&self, row: usize) -> usize {
        match &self.from {
            Origin::Batch(..) => row,
            Origin::Rows(frame, rows) => frame.origin(rows.value(row) as usize),
        }
    }

    /// Takes so many bytes for lists that are made of a row.
    ///
    /// # Errors
    ///
    /// Why the row can't have them.
    pub(crate) fn take(&self, row: usize, bytes: usize) -> Result<(), String> {
        match row < self.rows {
            true => self.failed.room.take(self.origin(row), bytes),
            // What is the same for all rows is made once, where there are none, too.
            false => Ok(()),
        }
    }

    /// Whether lists take more than they may of all rows together: what is made of these is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.failed.room.is_full_with(0)
    }

    /// Notes the rows that a kernel found no value for; all, where it is of constants.
    pub(super) fn fail(&self, failures: Failures, constant: bool) {
        for (row, reason) in failures.found {
            if constant {
                for row in 0..self.rows {
                    self.failed.add(self.origin(row), reason.clone());
                }
            } else {
                self.failed.add(self.origin(row), reason);
            }
        }
    }
}

/// A row's position as Arrow counts rows.
pub(crate) fn position(row: usize) -> u32 {
    u32::try_from(row).expect("a batch has less than 2^32 rows")
}

/// The rows of an array at these positions.
pub(crate) fn taken(array: &ArrayRef, rows: &UInt32Array) -> ArrayRef {
    take(array, rows, None).expect("the rows are some of the array's")
}
