//! How much lists may come to that an expression makes.
//!
//! A list can become a longer one, and its elements stand beside the columns around them, once for each. So a few rows can
//! come to more than memory holds, and more than Arrow counts. What is made of a row is bounded for that row alone, and a
//! batch that comes to too much is evaluated in parts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;

/// About the bytes that the lists may take which are made of one row.
pub(super) const ROW_BYTES: usize = 64 << 20;

/// About the bytes that the lists of a batch may take, unless it is of one row.
const BATCH_BYTES: usize = 256 << 20;

/// About the bytes that an element takes besides its own.
pub(super) const ELEMENT: usize = 16;

/// What lists take of the rows of a batch.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The most that all may take.
    most: Option<usize>,
    all: Cell<usize>,
    rows: RefCell<BTreeMap<usize, usize>>,
}

impl Room {
    /// For so many rows: one has all that it may take.
    pub(super) fn of(rows: usize) -> Self {
        Self {
            most: (rows > 1).then_some(BATCH_BYTES),
            ..Self::default()
        }
    }

    /// Takes so many bytes for a row.
    ///
    /// # Errors
    ///
    /// Why the row can't have them.
    pub(super) fn take(&self, row: usize, bytes: usize) -> Result<(), String> {
        let mut rows = self.rows.borrow_mut();
        let taken = rows.entry(row).or_default();
        *taken = taken.saturating_add(bytes);
        if *taken > ROW_BYTES {
            return Err(format!(
                "the lists that are made of it take more than {} MiB",
                ROW_BYTES >> 20
            ));
        }
        self.all.set(self.all.get().saturating_add(bytes));
        Ok(())
    }

    /// Whether so many bytes more are too many for all.
    pub(super) fn is_full_with(&self, bytes: usize) -> bool {
        let all = self.all.get().saturating_add(bytes);
        self.most.is_some_and(|most| all > most)
    }
}

/// About the bytes that values of an array take, from one position to before another.
pub(crate) fn bytes(array: &dyn Array, from: usize, to: usize) -> usize {
    let within = |offsets: &[i32]| {
        let at = |i: usize| offsets.get(i).map_or(0, |offset| *offset as usize);
        (at(from), at(to))
    };
    let own = (to - from) * ELEMENT;
    own + match array.data_type() {
        DataType::Utf8 => {
            let (from, to) = within(array.as_string::<i32>().value_offsets());
            to - from
        }
        DataType::Binary => {
            let (from, to) = within(array.as_binary::<i32>().value_offsets());
            to - from
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            let (from, to) = within(lists.value_offsets());
            bytes(lists.values(), from, to)
        }
        DataType::Map(..) => {
            let maps = array.as_map();
            let (from, to) = within(maps.value_offsets());
            bytes(maps.entries(), from, to)
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.map(|column| bytes(column, from, to)).sum()
        }
        _ => 0,
    }
}
