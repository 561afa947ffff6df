//! Tables and kernels: rows of a pipeline go in, and versions come out.

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::{Kind, Table, check_key, key, read::time_of, row};
use crate::error::Result;
use crate::kernel::{Changes, Failure, Row, Version};
use crate::state::{Side, State};
use crate::store::Bytes;

impl Table {
    /// Makes the changes that a pipeline came to. Rows whose key is too long are failures.
    pub(crate) fn apply(
        &self,
        state: &mut State,
        changes: &mut Changes,
        failures: &mut Vec<Failure>,
    ) {
        for row in &changes.removed {
            if let Ok(key) = self.row_key(row) {
                self.touch(state, &key);
                state.delete(key);
            }
        }
        changes.added.retain(|row| match self.row_key(row) {
            Ok(key) => {
                self.touch(state, &key);
                state.put(key, self.row_value(row));
                true
            }
            Err(reason) => {
                failures.push(self.failure(row, reason));
                false
            }
        });
        changes.removed.retain(|row| self.row_key(row).is_ok());
        changes
            .moved
            .retain(|moved| match self.row_key(&moved.row) {
                Ok(key) => {
                    self.touch(state, &key);
                    state.put(key, self.row_value(&moved.row));
                    true
                }
                // It was a failure when it came.
                Err(_) => false,
            });
    }

    /// Notes that an entry of a key changes.
    fn touch(&self, state: &mut State, entry: &[u8]) {
        if self.is_keyed() {
            let key = entry.len().saturating_sub(size_of::<i64>());
            state.touch(entry.get(..key).unwrap_or_default());
        }
    }

    /// The key of a pipeline's row. Its values are in the order of the table's columns, without the event time.
    fn row_key(&self, row: &Row) -> Result<Vec<u8>, String> {
        let mut key = self.rows_prefix().to_vec();
        let time = key::ordered(row.time);
        if self.is_keyed() {
            for value in row.values.iter().take(self.keys.len()) {
                key::encode(value, &mut key);
            }
            key.extend(time.map(|byte| !byte));
        } else {
            key.extend(time);
            key.extend(row.id.as_ref());
        }
        check_key(&key)?;
        Ok(key)
    }

    fn row_value(&self, row: &Row) -> Vec<u8> {
        let mut value = Vec::new();
        if self.is_keyed() {
            value.extend(key::ordered(row.end));
        }
        value.extend(row::encode(row.values.iter().skip(self.keys.len())));
        value
    }

    /// That nothing is made of a row, with its columns.
    pub(crate) fn failure(&self, row: &Row, reason: String) -> Failure {
        let columns = self.keys.iter().chain(&self.values);
        let names = columns.filter_map(|i| Some(self.columns.get(*i)?.name.clone()));
        let mut values: Vec<_> = names.zip(row.values.iter().cloned()).collect();
        if let (Some(column), Some(time)) = (
            self.columns.get(self.timestamp),
            Timestamp::from_micros(row.time),
        ) {
            values.push((column.name.clone(), Value::Timestamp(time)));
        }
        Failure {
            reason,
            row: values,
        }
    }

    /// A version of a key as a row for kernels.
    pub(crate) fn version_row(&self, key: &[u8], version: &Version) -> Result<Row> {
        let mut values = self.key_values(key)?;
        let rest = row::decode(&version.row, self.values.len());
        values.extend(rest.ok_or_else(|| self.corrupt())?);
        Ok(Row {
            time: version.time,
            end: version.end,
            id: Bytes::new(&[]),
            values,
        })
    }

    /// The value columns of a version, in the order of the columns' names.
    pub(crate) fn version_values(&self, version: &Version) -> Result<Vec<Value>> {
        row::decode(&version.row, self.values.len()).ok_or_else(|| self.corrupt())
    }

    /// The key columns that these bytes are of.
    fn key_values(&self, mut key: &[u8]) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(self.keys.len() + self.values.len());
        for i in &self.keys {
            let column = self.columns.get(*i).ok_or_else(|| self.corrupt())?;
            let value = key::decode(&column.shape, &mut key);
            values.push(value.ok_or_else(|| self.corrupt())?);
        }
        Ok(values)
    }

    /// How many of these bytes are a key's.
    pub(crate) fn key_len(&self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        for i in &self.keys {
            key::decode(&self.columns.get(*i)?.shape, &mut rest)?;
        }
        Some(bytes.len() - rest.len())
    }

    /// The bytes of a key, for [`version_as_of`](Table::version_as_of) and [`versions_around`](Table::versions_around).
    pub(crate) fn key_bytes<'v>(key: impl Iterator<Item = &'v Value>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in key {
            key::encode(value, &mut bytes);
        }
        bytes
    }

    /// The version of a key that holds at `time`.
    pub(crate) fn version_as_of(
        &self,
        state: &State,
        side: Side,
        key: &[u8],
        time: i64,
    ) -> Result<Option<Version>> {
        if let Some(computed) = self.computed() {
            return computed.version_as_of(state, side, &self.key_values(key)?, time);
        }
        if self.kind() == Kind::Upserts {
            return self.upsert_as_of(state, side, key, time);
        }
        let prefix = [&self.rows_prefix()[..], key].concat();
        let from = [&prefix[..], &key::ordered(time).map(|byte| !byte)].concat();
        let Some(entry) = state.scan_from(side, &from, &prefix).next().transpose()? else {
            return Ok(None);
        };
        let version = self.version(&entry.0, &entry.1, prefix.len())?;
        Ok(Some(version).filter(|version| version.end > time))
    }

    /// The versions of a key that hold at any of the instants from `first` to `last`, the latest first; `None` where they
    /// aren't found by reading `most` entries.
    pub(crate) fn versions_between(
        &self,
        state: &State,
        key: &[u8],
        (first, last): (i64, i64),
        most: usize,
    ) -> Result<Option<Vec<Version>>> {
        let prefix = [&self.rows_prefix()[..], key].concat();
        let mut versions = match self.kind() {
            Kind::Upserts => return self.upserts_between(state, prefix, (first, last), most),
            Kind::Versions => Vec::new(),
            Kind::Stream | Kind::Computed => return Ok(None),
        };
        let from = [&prefix[..], &key::ordered(last).map(|byte| !byte)].concat();
        for (i, entry) in state.scan_from(Side::After, &from, &prefix).enumerate() {
            if i == most {
                return Ok(None);
            }
            let (key, value) = entry?;
            let version = self.version(&key, &value, prefix.len())?;
            let time = version.time;
            versions.push(version);
            if time <= first {
                break;
            }
        }
        Ok(Some(versions))
    }

    /// The versions of a key from the last that begins by `first` to the first that begins behind `last`, the earliest
    /// first.
    pub(crate) fn versions_around(
        &self,
        state: &State,
        side: Side,
        key: &[u8],
        (first, last): (i64, i64),
    ) -> Result<Vec<Version>> {
        if let Some(computed) = self.computed() {
            return computed.versions(state, side, &self.key_values(key)?, (first, last));
        }
        if self.kind() == Kind::Upserts {
            return self.upserts_around(state, side, key, (first, last));
        }
        let prefix = [&self.rows_prefix()[..], key].concat();
        let from = [&prefix[..], &key::ordered(first).map(|byte| !byte)].concat();
        let begun = state.scan_from(side, &from, &prefix).next();
        let mut versions = Vec::new();
        for entry in begun
            .into_iter()
            .chain(state.scan_back(side, &from, &prefix))
        {
            let (key, value) = entry?;
            let version = self.version(&key, &value, prefix.len())?;
            let is_last = version.time > last;
            versions.push(version);
            if is_last {
                break;
            }
        }
        Ok(versions)
    }

    /// The version in an entry of a pipeline's table.
    pub(super) fn version(&self, key: &[u8], value: &Bytes, key_len: usize) -> Result<Version> {
        let version = || {
            let (time, _) = time_of(key.get(key_len..)?, true)?;
            let (end, row) = value.split_first_chunk::<8>()?;
            Some(Version {
                time: time.micros(),
                end: key::from_ordered(*end),
                row: row.into(),
            })
        };
        version().ok_or_else(|| self.corrupt())
    }

    /// The bytes of the key columns in an entry's key.
    pub(super) fn key_of(&self, entry: &[u8]) -> Result<Vec<u8>> {
        let key = || {
            let all = entry.get(self.rows_prefix().len()..)?;
            let mut rest = all;
            for i in &self.keys {
                key::decode(&self.columns.get(*i)?.shape, &mut rest)?;
            }
            all.get(..all.len() - rest.len()).map(<[u8]>::to_vec)
        };
        key().ok_or_else(|| self.corrupt())
    }
}
