//! What became of rows, for steps that might answer otherwise another time.
//!
//! | key | value |
//! |---|---|
//! | prefix, event time, key columns, [id](super::Id) | until when the row may go, the columns of what was made of it |
//!
//! Of a row that nothing was made of there is none.

use fennel_core::value::Value;

use super::compact::{Gone, Swept, sweep};
use super::group::encode_group;
use super::{Row, corrupt};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Bytes, prefix_end};
use crate::table::{decode_values, encode_values, key};

/// How many bytes an instant takes.
const INSTANT: usize = 8;

/// The rows that one step made.
#[derive(Debug)]
pub(super) struct Memory {
    prefix: [u8; 7],
    /// How many of a row's columns are keys.
    keys: usize,
    /// How many columns the step makes.
    columns: usize,
}

impl Memory {
    pub(super) fn new(prefix: [u8; 7], keys: usize, columns: usize) -> Self {
        Self {
            prefix,
            keys,
            columns,
        }
    }

    /// What a row is remembered by: no other that there is has it.
    pub(super) fn key(&self, row: &Row) -> Bytes {
        let mut bytes = [&self.prefix[..], &key::ordered(row.time)].concat();
        encode_group(row.values.iter().take(self.keys), &mut bytes);
        bytes.extend(row.id.iter());
        bytes.into()
    }

    /// Remembers what was made of a row that comes.
    pub(super) fn put(&self, state: &mut State, row: &Row, made: &[Value]) {
        // A version goes when another one comes within it, and a row of a stream with its instant.
        let until = if self.keys > 0 { row.end } else { row.time };
        let value = [&key::ordered(until)[..], &encode_values(made.iter())].concat();
        state.put(self.key(row), value);
    }

    /// What was made of a row that goes, if anything was.
    pub(super) fn take(&self, state: &mut State, row: &Row) -> Result<Option<Vec<Value>>> {
        let key = self.key(row);
        let Some(made) = state.get(Side::Before, &key)? else {
            return Ok(None);
        };
        state.delete(key);
        let made = made.get(INSTANT..);
        let made = made.and_then(|made| decode_values(made, self.columns));
        made.map(Some).ok_or_else(corrupt)
    }

    /// Forgets some of the rows that can't go any more, given the watermark of those that come.
    pub(super) fn compact(
        &self,
        state: &mut State,
        watermark: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let prefix = &self.prefix[..];
        let from = from.map_or(prefix, AsRef::as_ref);
        let len = |_: &[u8]| Some(INSTANT);
        sweep(state, prefix, from, limit, len, |state, instant, limit| {
            let prefix = [prefix, &instant].concat();
            let rows = state.scan_prefix(Side::After, &prefix);
            let gone = rows.filter_map(|row| {
                let of = |(key, value): (Bytes, Bytes)| {
                    let until = value.first_chunk().ok_or_else(corrupt)?;
                    Ok((key::from_ordered(*until) < watermark).then_some(key))
                };
                row.and_then(of).transpose()
            });
            Gone::first(gone, limit)
        })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> Bytes {
        self.prefix[..].into()
    }

    /// Whether all of it is before a key.
    pub(super) fn is_before(&self, key: &[u8]) -> bool {
        matches!(prefix_end(&self.prefix), std::ops::Bound::Excluded(end) if end.as_ref() <= key)
    }
}
