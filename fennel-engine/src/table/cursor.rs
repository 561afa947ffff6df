//! Reading all that a table holds, for kernels: part by part, so that it takes little memory whatever there is.
//!
//! A part may end anywhere, also between versions of one key or group. Entries of a key are stored from the latest back,
//! so the next part knows of the last row until when the ones before it held; an aggregate is asked on from an instant.

use std::ops::Bound;

use fennel_core::value::Value;

use super::read::time_of;
use super::{Kind, Table, row};
use crate::error::Result;
use crate::kernel::{Computed, OPEN, Row, Version};
use crate::state::{Side, State};
use crate::store::{Bytes, prefix_end};

/// How much a part has, at most but for its last row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) rows: usize,
    /// As they are stored.
    pub(crate) bytes: usize,
}

/// How far a table has been read. What it holds must stay the same meanwhile, as far as kernels see it.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// The entry that was read last.
    entry: Option<Bytes>,
    /// The key of that entry, and the instant at which something was said of it that was seen last: until then holds what
    /// was said before.
    said: Option<(Vec<u8>, i64)>,
    /// The key that an aggregate is asked for, and the instant of the version that was read last.
    group: Option<(Vec<Value>, i64)>,
}

/// The rows of a part.
struct Part {
    rows: Vec<Row>,
    bytes: usize,
    most: Most,
}

impl Part {
    fn push(&mut self, row: Row, bytes: usize) {
        self.rows.push(row);
        self.bytes += bytes;
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.most.rows || self.bytes >= self.most.bytes
    }
}

impl Table {
    /// The next rows that the table holds behind those that `cursor` has passed; none at the end.
    pub(crate) fn part(&self, state: &State, cursor: &mut Cursor, most: Most) -> Result<Vec<Row>> {
        let mut part = Part {
            rows: Vec::new(),
            bytes: 0,
            most,
        };
        match self.computed() {
            Some(computed) => self.computed_part(computed, state, cursor, &mut part)?,
            None => self.stored_part(state, cursor, &mut part)?,
        }
        Ok(part.rows)
    }

    fn stored_part(&self, state: &State, cursor: &mut Cursor, part: &mut Part) -> Result<()> {
        let prefix = self.rows_prefix();
        let from = cursor.entry.clone().unwrap_or_else(|| prefix[..].into());
        for entry in state.scan(Side::After, (Bound::Excluded(from), prefix_end(&prefix))) {
            let (entry, value) = entry?;
            let row = match self.kind() {
                Kind::Stream => self.stream_row(state, &entry, &value)?,
                Kind::Upserts => self.upsert_row(state, &mut cursor.said, (&entry, &value))?,
                Kind::Versions | Kind::Computed => {
                    let key = self.key_of(&entry)?;
                    let version = self.version(&entry, &value, prefix.len() + key.len())?;
                    self.whole(&key, &version)?
                }
            };
            let bytes = entry.len() + value.len();
            cursor.entry = Some(entry);
            if let Some(row) = row {
                part.push(row, bytes);
                if part.is_full() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn computed_part(
        &self,
        computed: &Computed,
        state: &State,
        cursor: &mut Cursor,
        part: &mut Part,
    ) -> Result<()> {
        loop {
            if let Some((key, passed)) = &mut cursor.group {
                let bytes = Self::key_bytes(key.iter());
                for version in computed.versions_behind(state, key, *passed)? {
                    let version = version?;
                    *passed = version.time;
                    if let Some(row) = self.whole(&bytes, &version)? {
                        part.push(row, bytes.len() + version.row.len());
                        if part.is_full() {
                            return Ok(());
                        }
                    }
                }
            }
            let passed = cursor.group.as_ref().map(|(key, _)| &key[..]);
            match computed.key_behind(state, passed)? {
                Some(key) => cursor.group = Some((key, i64::MIN)),
                None => return Ok(()),
            }
        }
    }

    /// The row of a stream's entry; `None` for one of a source that isn't applied yet.
    fn stream_row(&self, state: &State, key: &[u8], value: &Bytes) -> Result<Option<Row>> {
        let row = || {
            let (time, id) = time_of(key.get(self.rows_prefix().len()..)?, false)?;
            let values = row::decode(value, self.values.len())?;
            let sequence = id.split_first_chunk::<8>().map(|(bytes, _)| *bytes)?;
            let row = Row {
                time: time.micros(),
                end: OPEN,
                id: id.into(),
                values,
            };
            Some((u64::from_be_bytes(sequence), row))
        };
        let (sequence, row) = row().ok_or_else(|| self.corrupt())?;
        let seen = self.flow.is_some() || sequence < state.applied(Side::After);
        Ok(seen.then_some(row))
    }

    /// The version that begins with a source's row, where `said` is of what came later; `None` for a row that isn't
    /// applied yet, has another of its instant in its place, or says that the key is gone.
    fn upsert_row(
        &self,
        state: &State,
        said: &mut Option<(Vec<u8>, i64)>,
        (entry, value): (&[u8], &[u8]),
    ) -> Result<Option<Row>> {
        let key = self.key_of(entry)?;
        let (time, sequence) = self.place_of(entry, self.rows_prefix().len() + key.len())?;
        let end = match said {
            Some((of, end)) if *of == key => *end,
            _ => OPEN,
        };
        // Of one instant, the row that arrived last comes first, and counts.
        if sequence >= state.applied(Side::After) || time == end {
            return Ok(None);
        }
        let version = self.said(value)?.map(|row| Version {
            time,
            end,
            row: row.into(),
        });
        let row = version.map(|version| self.whole(&key, &version));
        *said = Some((key, time));
        Ok(row.transpose()?.flatten())
    }

    /// A version as a row, unless it had ended by when the table isn't whole any more.
    fn whole(&self, key: &[u8], version: &Version) -> Result<Option<Row>> {
        let is_whole = version.end > self.retention.since();
        is_whole.then(|| self.version_row(key, version)).transpose()
    }
}
