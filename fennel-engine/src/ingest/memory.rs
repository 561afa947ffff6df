//! What rows said when they came, where a Python function had a say in that.
//!
//! A row is read again by pipelines, expectations, erasures, and whatever removes old rows. A function that is stopped then
//! would take back what is in the table, so it isn't called again.
//!
//! | key in [`Space::Table`] | value |
//! |---|---|
//! | table, [`REMEMBERED`](crate::table::REMEMBERED), sequence and source | each change: what it says, and the columns; or 255 |
//!
//! The columns are the keys, the values by name, and the event time: a table that is made anew, or of another branch, may
//! declare them in another order. Of a row that was late there is what it said, and of one that the source leaves out no change. 255 stands for one that
//! said nothing, for the reason with which it is set aside. It goes with the row of the log.

use fennel_core::value::Value;

use super::source::{Change, Changes, Taken};
use crate::error::{Error, Result};
use crate::state::{Side, State};
use crate::store::{Batch, Space};
use crate::table::{REMEMBERED, Said, Table, decode_values, encode_values, place, values_len};

/// A row that said nothing.
const ASIDE: u8 = u8::MAX;

/// What is remembered of a row.
#[derive(Debug)]
pub(super) enum Remembered {
    /// What it said, whether it came late or not.
    Said(Changes),
    /// It is set aside.
    Aside,
}

/// The positions of a table's columns, in the order in which they are remembered.
fn columns(table: &Table) -> impl Iterator<Item = usize> {
    let positions = table.keys.iter().chain(&table.values);
    positions.chain([&table.timestamp]).copied()
}

/// What a row says, in bytes.
pub(super) fn encode(table: &Table, changes: &Changes) -> Vec<u8> {
    let mut bytes = Vec::new();
    for change in changes.iter().flatten() {
        bytes.push(change.said as u8);
        let values = columns(table).map(|i| change.values.get(i).unwrap_or(&Value::Null));
        bytes.extend(encode_values(values));
    }
    bytes
}

fn decode(mut bytes: &[u8], table: &Table) -> Option<Changes> {
    let count = table.columns.len();
    let mut changes = [None, None];
    for change in &mut changes {
        let Some((said, rest)) = bytes.split_first() else {
            break;
        };
        let mut values = vec![Value::Null; count];
        for (i, value) in columns(table).zip(decode_values(rest, count)?) {
            *values.get_mut(i)? = value;
        }
        *change = Some(Change {
            said: Said::of(*said)?,
            values,
        });
        bytes = rest.get(values_len(rest, count)?..)?;
    }
    bytes.is_empty().then_some(changes)
}

/// What a row comes to, in bytes; they are taken out of it.
pub(super) fn take(taken: &mut Taken) -> Vec<u8> {
    match taken {
        Taken::Row(row) => row.remembered.take().unwrap_or_default(),
        Taken::Left => Vec::new(),
        Taken::Aside(_) => vec![ASIDE],
    }
}

fn key(table: &Table, (sequence, source): (u64, u32)) -> Vec<u8> {
    let prefix = Table::state_prefix(table.id, REMEMBERED);
    [&prefix[..], &place(sequence, source)].concat()
}

pub(super) fn put(batch: &mut Batch, table: &Table, of: (u64, u32), said: Vec<u8>) {
    batch.put(Space::Table, key(table, of), said);
}

pub(super) fn delete(batch: &mut Batch, table: &Table, of: (u64, u32)) {
    batch.delete(Space::Table, key(table, of));
}

/// What is remembered of a row, if anything is.
pub(super) fn get(state: &State, table: &Table, of: (u64, u32)) -> Result<Option<Remembered>> {
    let Some(bytes) = state.get(Side::Before, &key(table, of))? else {
        return Ok(None);
    };
    if bytes.as_ref() == [ASIDE] {
        return Ok(Some(Remembered::Aside));
    }
    let changes = decode(&bytes, table);
    let said = changes.map(Remembered::Said);
    said.map(Some).ok_or_else(|| {
        Error::Corrupt(format!(
            "what the Python functions of `{}` made can't be read; restore the store from a backup",
            table.dataset
        ))
    })
}
