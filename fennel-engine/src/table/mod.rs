//! Tables: what the rows of one dataset are kept in.
//!
//! A table belongs to a dataset's *structure* (see [`identity`](fennel_core::diff::identity)), so branches
//! whose datasets are equal share it. It is derived: replaying the log gives the same table again.
//!
//! | dataset | key in [`Space::Table`] | value |
//! |---|---|---|
//! | keyed, with sources | table, 0, [key columns](key), event time, sequence and source, all turned over | what the row says, [value columns](row) |
//! | keyed, with a pipeline | table, 0, [key columns](key), event time turned over | when the row stops to hold, [value columns](row) |
//! | without keys | table, 0, event time, id | [value columns](row) |
//! | with an aggregate that is computed when it is read | none | |
//! | (any) | table, number of a [kernel](crate::kernel) | the kernel's state |
//! | with sessions | table, number of a kernel and [`SESSIONS`], group, event time | none: a session begins there |
//! | with functions in sources | table, [`REMEMBERED`], sequence and source | what the row said |
//!
//! Times are turned over so that one seek forward from an instant finds the latest version that is not after it.
//! The id of a source's row is its sequence and its source.

mod apply;
mod cursor;
pub(crate) mod key;
mod questions;
mod read;
mod retention;
mod row;
#[cfg(test)]
mod tests;
mod trim;
mod upserts;

use std::sync::Arc;

use fennel_core::entity::Dataset;
use fennel_core::value::{Shape, Value};

pub(crate) use cursor::{Cursor, Most};
pub(crate) use read::Selection;
use retention::Retention;
pub(crate) use row::{
    decode as decode_values, encode as encode_values, encode_behind, len as values_len,
};
pub(crate) use trim::Trim;
pub(crate) use upserts::Place;

use crate::error::Result;
use crate::ingest::Source;
use crate::kernel::{Computed, Layout};
use crate::python::RunBy;
use crate::run::Flow;
use crate::store::{Batch, Touched};
use crate::{Error, store::Space};

/// The number of a table, which is never used again.
pub(crate) type TableId = u32;

/// A dataset's table: what its columns are and where its rows come from.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: TableId,
    /// The dataset's name.
    pub(crate) dataset: String,
    /// All columns, in the order of their declaration.
    pub(crate) columns: Vec<Column>,
    /// Positions of the key columns; none for a dataset without keys.
    pub(crate) keys: Vec<usize>,
    /// Positions of the columns that are neither key nor event time, in the order of their names: the order
    /// of their values on disk, for branches that share a table may declare its columns in different orders.
    pub(crate) values: Vec<usize>,
    /// Position of the event time.
    pub(crate) timestamp: usize,
    pub(crate) sources: Vec<Source>,
    /// How its pipeline fills it, if it has one.
    pub(crate) flow: Option<Arc<Flow>>,
    /// How long its rows are kept.
    pub(crate) retention: Arc<Retention>,
    /// Whether rows can be erased from it.
    pub(crate) is_erasable: bool,
}

/// How the rows of a table are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One behind the other.
    Stream,
    /// Each row of a source is a version of its key, until the next one.
    Upserts,
    /// Each row is a version of its key, until its end.
    Versions,
    /// Not at all: an aggregate's state answers.
    Computed,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// The most bytes that a row's key may take: less than the store's limit by what stands around it.
const KEY_BYTES: usize = 65_000;

/// The number of rows among what a table holds; kernels' states have higher ones.
const ROWS: u16 = 0;

/// What is added to the number of a kernel to have that of where its sessions begin; no kernel has one as high.
pub(crate) const SESSIONS: u16 = 1 << 14;

/// The number of what is remembered of rows that functions of sources made; no kernel has it. Before format 7 it was
/// [`u16::MAX`], with the columns in the order of their declaration, which another table of the structure need not have.
pub(crate) const REMEMBERED: u16 = u16::MAX - 1;

/// A row of a source as it goes into its table.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The event time, in microseconds since 1970.
    pub(crate) time: i64,
    /// The key, without the sequence and the source.
    key: Vec<u8>,
    is_keyed: bool,
    value: Vec<u8>,
}

/// What a row of a source says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The key is this from now on.
    Is = 0,
    /// The key is no more.
    Gone = 1,
}

impl Said {
    /// That of a byte.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        [Said::Is, Said::Gone]
            .into_iter()
            .find(|said| *said as u8 == byte)
    }
}

impl Table {
    /// The table of a checked dataset.
    pub(crate) fn new(
        id: TableId,
        dataset: &Dataset<'_>,
        flow: Option<Arc<Flow>>,
        python: RunBy<'_>,
    ) -> Result<Self> {
        let broken = |what: &str| Error::Corrupt(format!("dataset `{}` {what}", dataset.name));
        let columns = dataset.fields.iter().map(|field| {
            let shape = Shape::new(&field.ty).map_err(|error| broken(&error.to_string()))?;
            Ok(Column {
                name: field.name.into(),
                shape,
            })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let timestamp = dataset
            .timestamp()
            .ok_or_else(|| broken("has no event time"))?;
        let positions = 0..columns.len();
        let is_key = |i: &usize| dataset.fields.get(*i).is_some_and(|field| field.key);
        let (keys, others): (Vec<_>, Vec<_>) = positions.partition(is_key);
        let mut values: Vec<_> = others.into_iter().filter(|i| *i != timestamp).collect();
        values.sort_by_key(|i| dataset.fields.get(*i).map(|field| field.name));
        let sources = dataset
            .sources
            .iter()
            .map(|source| Source::new(source, dataset, python));
        let sources = sources.collect::<Result<_>>()?;
        Ok(Self {
            id,
            dataset: dataset.name.into(),
            columns,
            keys,
            values,
            timestamp,
            sources,
            flow,
            retention: Arc::new(Retention::new(dataset.history)),
            is_erasable: dataset.fields.iter().any(|field| field.erase_key),
        })
    }

    /// The table as this dataset, which is of the same structure, has its columns.
    pub(crate) fn shared_with(&self, dataset: &Dataset<'_>, python: RunBy<'_>) -> Result<Self> {
        let mut table = Self::new(self.id, dataset, self.flow.clone(), python)?;
        table.retention = Arc::clone(&self.retention);
        Ok(table)
    }

    /// How its rows are kept.
    pub(crate) fn kind(&self) -> Kind {
        match &self.flow {
            _ if self.computed().is_some() => Kind::Computed,
            _ if !self.is_keyed() => Kind::Stream,
            Some(_) => Kind::Versions,
            None => Kind::Upserts,
        }
    }

    /// The aggregate that answers for the table, if there is one.
    pub(crate) fn computed(&self) -> Option<&Computed> {
        self.flow.as_ref().and_then(|flow| flow.computed())
    }

    /// The columns of its rows between kernels: keys, then values by name.
    pub(crate) fn layout(&self) -> Layout {
        let columns = self.keys.iter().chain(&self.values);
        let columns = columns.filter_map(|i| self.columns.get(*i));
        let timestamp = self.columns.get(self.timestamp);
        Layout {
            columns: columns
                .map(|column| (column.name.clone(), column.shape.clone()))
                .collect(),
            keys: self.keys.len(),
            timestamp: timestamp.map_or_else(String::new, |column| column.name.clone()),
        }
    }

    /// Whether rows are versions of keys.
    pub(crate) fn is_keyed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The position of a column.
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|candidate| candidate.name == column)
    }

    /// What everything that a table holds begins with.
    pub(crate) fn prefix(id: TableId) -> [u8; 4] {
        id.to_be_bytes()
    }

    /// What the state of one of its kernels begins with; numbers count from 1.
    pub(crate) fn state_prefix(id: TableId, kernel: u16) -> [u8; 6] {
        let [a, b, c, d] = Self::prefix(id);
        let [e, f] = kernel.to_be_bytes();
        [a, b, c, d, e, f]
    }

    /// What the entries of where sessions begin begin with, given what the kernel's state begins with.
    pub(crate) fn sessions_prefix(kernel: [u8; 6]) -> [u8; 6] {
        let [a, b, c, d, e, f] = kernel;
        let [e, f] = (u16::from_be_bytes([e, f]) | SESSIONS).to_be_bytes();
        [a, b, c, d, e, f]
    }

    /// What all keys of the table's rows begin with.
    pub(crate) fn rows_prefix(&self) -> [u8; 6] {
        Self::state_prefix(self.id, ROWS)
    }

    /// The entry of a row of typed values, in the order of the columns.
    ///
    /// # Errors
    ///
    /// The reason why the row can't be kept: its key is too long.
    pub(crate) fn entry(&self, row: &[Value], said: Said) -> Result<Entry, String> {
        let column = |i: &usize| row.get(*i).unwrap_or(&Value::Null);
        let Value::Timestamp(time) = column(&self.timestamp) else {
            unreachable!("the event time's column is of type `DateTime<Utc>`")
        };
        let mut key = Vec::with_capacity(row::ROW);
        key.extend(self.rows_prefix());
        for i in &self.keys {
            key::encode(column(i), &mut key);
        }
        check_key(&key)?;
        let (micros, time) = (time.micros(), key::ordered(time.micros()));
        let mut value = Vec::with_capacity(row::ROW);
        if self.is_keyed() {
            key.extend(time.map(|byte| !byte));
            value.push(said as u8);
        } else {
            key.extend(time);
        }
        if said == Said::Is {
            value = row::encode_behind(value, self.values.iter().map(column));
        }
        Ok(Entry {
            time: micros,
            key,
            is_keyed: self.is_keyed(),
            value,
        })
    }
}

/// Checks the length of an entry's key behind the table's prefix.
///
/// # Errors
///
/// The reason why the row can't be kept.
fn check_key(entry: &[u8]) -> Result<(), String> {
    let len = entry
        .len()
        .saturating_sub(size_of::<TableId>() + size_of::<u16>());
    if len > KEY_BYTES {
        return Err(format!(
            "its key takes {len} bytes, and a key has at most {KEY_BYTES}"
        ));
    }
    Ok(())
}

impl Entry {
    /// Puts the row that arrived as `sequence` and was taken by the `source`th source.
    pub(crate) fn put(mut self, batch: &mut Batch, sequence: u64, source: u32) {
        if self.is_keyed {
            let key = self.key.len().saturating_sub(size_of::<i64>());
            batch.touch(Touched::new(self.key.get(..key).unwrap_or_default()));
        }
        self.key.extend(self.place(sequence, source));
        batch.put(Space::Table, self.key, self.value);
    }

    /// The key under which it is stored.
    pub(crate) fn stored(&self, sequence: u64, source: u32) -> Vec<u8> {
        [&self.key[..], &self.place(sequence, source)].concat()
    }

    fn place(&self, sequence: u64, source: u32) -> [u8; 12] {
        place(sequence, source).map(|byte| if self.is_keyed { !byte } else { byte })
    }
}

/// The id of a row of a source.
pub(crate) fn place(sequence: u64, source: u32) -> [u8; 12] {
    let mut place = [0; 12];
    let (head, tail) = place.split_at_mut(8);
    head.copy_from_slice(&sequence.to_be_bytes());
    tail.copy_from_slice(&source.to_be_bytes());
    place
}
