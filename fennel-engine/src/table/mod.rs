//! Tables: what the rows of one dataset are kept in.
//!
//! A table belongs to a dataset's *structure* (see [`identity`](fennel_core::diff::identity)), so branches
//! whose datasets are equal share it. It is derived: replaying the log gives the same table again.
//!
//! | dataset | key in [`Space::Table`] | value |
//! |---|---|---|
//! | keyed | table, [key columns](key), event time turned over | [value columns](row) |
//! | without keys | table, event time, sequence, source | [value columns](row) |
//!
//! Times are turned over so that one seek forward from an instant finds the latest version that is not after it.

pub(crate) mod key;
mod read;
mod row;

use fennel_core::entity::Dataset;
use fennel_core::value::{Shape, Value};

pub(crate) use read::Selection;

use crate::error::Result;
use crate::ingest::Source;
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
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// The most bytes that a row's key may take: less than the store's limit by what stands around it.
const KEY_BYTES: usize = 65_000;

/// A row as it goes into a table.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key, without the sequence and the source where there are no key columns.
    key: Vec<u8>,
    is_keyed: bool,
    value: Vec<u8>,
}

impl Table {
    /// The table of a checked dataset.
    pub(crate) fn new(id: TableId, dataset: &Dataset<'_>) -> Result<Self> {
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
            .map(|source| Source::new(source, dataset));
        let sources = sources.collect::<Result<_>>()?;
        Ok(Self {
            id,
            dataset: dataset.name.into(),
            columns,
            keys,
            values,
            timestamp,
            sources,
        })
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

    /// What all keys of the table's entries begin with.
    pub(crate) fn prefix(id: TableId) -> [u8; 4] {
        id.to_be_bytes()
    }

    /// The entry of a row of typed values, in the order of the columns.
    ///
    /// # Errors
    ///
    /// The reason why the row can't be kept: its key is too long.
    pub(crate) fn entry(&self, row: &[Value]) -> Result<Entry, String> {
        let column = |i: &usize| row.get(*i).unwrap_or(&Value::Null);
        let Value::Timestamp(time) = column(&self.timestamp) else {
            unreachable!("the event time's column is of type `DateTime<Utc>`")
        };
        let mut key = Self::prefix(self.id).to_vec();
        for i in &self.keys {
            key::encode(column(i), &mut key);
        }
        if key.len() > KEY_BYTES {
            return Err(format!(
                "its key takes {} bytes, and a key has at most {KEY_BYTES}",
                key.len()
            ));
        }
        let time = key::ordered(time.micros());
        key.extend(if self.is_keyed() {
            time.map(|byte| !byte)
        } else {
            time
        });
        let value = row::encode(self.values.iter().map(column));
        Ok(Entry {
            key,
            is_keyed: self.is_keyed(),
            value,
        })
    }
}

impl Entry {
    /// Puts the row that arrived as `sequence` and was taken by the `source`th source.
    pub(crate) fn put(self, batch: &mut crate::store::Batch, sequence: u64, source: u32) {
        let mut key = self.key;
        if !self.is_keyed {
            key.extend(sequence.to_be_bytes());
            key.extend(source.to_be_bytes());
        }
        batch.put(Space::Table, key, self.value);
    }
}
