//! Reading a table: the version of a key as of an instant, and whole rows.

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::{KEY_BYTES, Table, key, row};
use crate::Error;
use crate::error::Result;
use crate::store::{Bytes, Snapshot, Space};

/// What a key was from an instant on.
#[derive(Debug)]
pub(crate) struct Version {
    /// The event time.
    time: Timestamp,
    /// The value columns.
    values: Bytes,
}

/// Which columns of versions are wanted.
#[derive(Debug)]
pub(crate) struct Selection {
    slots: Vec<Slot>,
    /// How many value columns have to be read.
    values: usize,
}

/// Where a column is: the position among the keys, or among the values.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Key(usize),
    Value(usize),
    Time,
}

impl Table {
    /// The version of a key with the greatest event time that is not after `at`.
    ///
    /// `prefix` is made by [`Table::key_prefix`]; it is lengthened and cut again, so that it can be used
    /// for many.
    pub(crate) fn as_of(
        &self,
        snapshot: &Snapshot,
        prefix: &mut Vec<u8>,
        at: Timestamp,
    ) -> Result<Option<Version>> {
        let len = prefix.len();
        if len > KEY_BYTES {
            return Ok(None);
        }
        prefix.extend(key::ordered(at.micros()).map(|byte| !byte));
        let (prefix_only, _) = prefix.split_at(len);
        let found = snapshot.first_at_or_after(Space::Table, prefix, prefix_only);
        prefix.truncate(len);
        let Some((key, values)) = found? else {
            return Ok(None);
        };
        let time = key.get(len..).and_then(|time| Some(time_of(time, true)?.0));
        let time = time.ok_or_else(|| self.corrupt())?;
        Ok(Some(Version { time, values }))
    }

    /// Makes `to` what all entries of a key begin with.
    pub(crate) fn key_prefix<'v>(&self, key: impl Iterator<Item = &'v Value>, to: &mut Vec<u8>) {
        to.clear();
        to.extend(Self::prefix(self.id));
        for value in key {
            key::encode(value, to);
        }
    }

    /// Selects these columns, by position.
    pub(crate) fn select(&self, columns: impl Iterator<Item = usize>) -> Selection {
        let among = |positions: &[usize], column| positions.iter().position(|i| *i == column);
        let slots = columns.map(|column| match among(&self.keys, column) {
            Some(i) => Slot::Key(i),
            None => among(&self.values, column).map_or(Slot::Time, Slot::Value),
        });
        let slots: Vec<_> = slots.collect();
        let values = slots
            .iter()
            .map(|slot| if let Slot::Value(i) = slot { i + 1 } else { 0 });
        Selection {
            values: values.max().unwrap_or(0),
            slots,
        }
    }

    /// Gives each selected column of a version of `key` to `give`, in the order of the selection. Where there
    /// is no version, all but the key is null.
    pub(crate) fn read(
        &self,
        selection: &Selection,
        key: &[&Value],
        version: Option<&Version>,
        mut give: impl FnMut(Value),
    ) -> Result<()> {
        let values = match version {
            Some(version) => row::decode(&version.values, selection.values),
            None => Some(Vec::new()),
        };
        let values = values.ok_or_else(|| self.corrupt())?;
        for slot in &selection.slots {
            let value = match *slot {
                Slot::Key(i) => key.get(i).map(|value| (*value).clone()),
                Slot::Value(i) => values.get(i).cloned(),
                Slot::Time => version.map(|version| Value::Timestamp(version.time)),
            };
            give(value.unwrap_or(Value::Null));
        }
        Ok(())
    }

    /// All rows, of all columns in their order: keyed ones by key and each key's latest first, others
    /// from the latest event time back.
    pub(crate) fn rows(&self, snapshot: &Snapshot) -> impl Iterator<Item = Result<Vec<Value>>> {
        let scan = snapshot.scan_prefix(Space::Table, &Self::prefix(self.id));
        let (by_key, by_time) = if self.is_keyed() {
            (Some(scan), None)
        } else {
            (None, Some(scan.rev()))
        };
        let entries = by_key
            .into_iter()
            .flatten()
            .chain(by_time.into_iter().flatten());
        entries.map(|entry| {
            let (key, values) = entry?;
            self.row(&key, &values).ok_or_else(|| self.corrupt())
        })
    }

    fn row(&self, key: &[u8], values: &[u8]) -> Option<Vec<Value>> {
        let mut row = vec![Value::Null; self.columns.len()];
        let mut rest = key.strip_prefix(&Self::prefix(self.id))?;
        for i in &self.keys {
            *row.get_mut(*i)? = key::decode(&self.columns.get(*i)?.shape, &mut rest)?;
        }
        let (time, _) = time_of(rest, self.is_keyed())?;
        *row.get_mut(self.timestamp)? = Value::Timestamp(time);
        for (i, value) in self
            .values
            .iter()
            .zip(row::decode(values, self.values.len())?)
        {
            *row.get_mut(*i)? = value;
        }
        Some(row)
    }

    fn corrupt(&self) -> Error {
        Error::Corrupt(format!(
            "a row of dataset `{}` can't be read; restore the store from a backup",
            self.dataset
        ))
    }
}

/// The event time that `bytes` begin with, and what is behind it.
fn time_of(bytes: &[u8], turned: bool) -> Option<(Timestamp, &[u8])> {
    let (time, rest) = bytes.split_first_chunk::<8>()?;
    let time = if turned {
        time.map(|byte| !byte)
    } else {
        *time
    };
    Some((Timestamp::from_micros(key::from_ordered(time))?, rest))
}
