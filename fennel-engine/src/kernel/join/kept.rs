//! Where left rows are kept, by the key of the table that they ask for.
//!
//! | rows | key behind the kernel's prefix and that key |
//! |---|---|
//! | of a stream | event time, id |
//! | of a table, without an end | event time, key of the left table |
//! | of a table, with an end | [`ENDED`], [span](span_of), end, event time, key of the left table |
//!
//! The value is the row's end and its columns. Of a key that rows come and go for, those that have ended are many and
//! those that hold are few. A change of the table concerns all that hold and began before it ends; of the others
//! those that ended behind its beginning, and of these no more than began before it ends. How long rows held bounds
//! where those are, so rows of each span are read from the one bound to the other.

use std::ops::Bound;

use super::Join;
use crate::error::Result;
use crate::kernel::compact::{Gone, Swept, sweep};
use crate::kernel::{OPEN, Row, corrupt, lagging};
use crate::state::{Side, State};
use crate::store::{Batch, Bytes, Space, Store};
use crate::table::{Table, decode_values, encode_values, key};

/// Stands where rows without an end have their event time, which is later: a row of the first year has a later one.
const ENDED: [u8; 8] = [0; 8];

/// The binary logarithm of how many times as long the rows of a span hold as those of the one below it.
const SPAN: u32 = 3;

/// Entries that are passed one by one before those behind them are sought, which takes longer.
const PASSED: usize = 8;

/// Entries that are laid elsewhere at once.
const LAID: usize = 1_000;

/// Where a row is among those that ask for the same key.
struct Place<'e> {
    /// The span and the end of a table's row that has one.
    ended: Option<(u8, i64)>,
    time: i64,
    id: &'e [u8],
}

impl<'e> Place<'e> {
    /// That in an entry's key, behind the key that is asked for.
    fn of(rest: &'e [u8]) -> Option<Self> {
        let (ended, rest) = match rest.strip_prefix(&ENDED) {
            None => (None, rest),
            Some(rest) => {
                let (span, rest) = rest.split_first()?;
                let (end, rest) = rest.split_first_chunk::<8>()?;
                (Some((*span, key::from_ordered(*end))), rest)
            }
        };
        let (time, id) = rest.split_first_chunk::<8>()?;
        Some(Self {
            ended,
            time: key::from_ordered(*time),
            id,
        })
    }
}

/// Which rows hold about as long as one.
fn span_of(row: &Row) -> u8 {
    let micros = row.end.abs_diff(row.time).max(1);
    (micros.ilog2() / SPAN) as u8
}

/// No row of a span holds as long as this.
fn longer_than(span: u8) -> i64 {
    let micros = 1_i64.checked_shl(SPAN * (u32::from(span) + 1));
    micros.filter(|micros| *micros > 0).unwrap_or(i64::MAX)
}

impl Join {
    /// Keeps a row that asks for a key.
    pub(super) fn keep(&self, state: &mut State, key: &[u8], row: &Row) -> Bytes {
        let entry = Bytes::from(self.entry_key(key, row));
        let end = &key::ordered(row.end)[..];
        let value = [end, &encode_values(row.values.iter())].concat();
        state.put(entry.clone(), value);
        entry
    }

    /// Forgets such a row, as it was.
    pub(super) fn forget(&self, state: &mut State, key: &[u8], row: &Row) {
        state.delete(self.entry_key(key, row));
    }

    /// Gives `found` the entries of rows that may ask for a key at some instant from `from` to before `to`.
    pub(super) fn asking(
        &self,
        state: &State,
        key: &[u8],
        (from, to): (i64, i64),
        mut found: impl FnMut(Bytes, Bytes) -> Result<()>,
    ) -> Result<()> {
        let prefix = [&self.prefix[..], key].concat();
        let behind = |parts: &[&[u8]]| [&prefix[..], &parts.concat()].concat();
        let later = key::ordered(from.saturating_add(1));
        let ended = |span: u8| behind(&[&ENDED, &[span], &later]);
        let (start, until) = match self.keys {
            // A row of a stream asks for what holds at its event time, or as much later as it may be.
            0 => {
                let first = from.saturating_sub(self.until);
                (behind(&[&key::ordered(first)]), lagging(to, self.until))
            }
            _ => (ended(0), to),
        };
        let (mut sought, mut left) = (Some(start), PASSED);
        while let Some(start) = sought.take() {
            for entry in state.scan_from(Side::After, &start, &prefix) {
                let (entry, value) = entry?;
                let place = entry.get(prefix.len()..).and_then(Place::of);
                let place = place.ok_or_else(corrupt)?;
                let next = match place.ended {
                    None if place.time >= until => return Ok(()),
                    None => None,
                    Some((span, end)) if end <= from => Some(span),
                    // So late an end has none of its span that began in time.
                    Some((span, end)) if end >= to.saturating_add(longer_than(span)) => {
                        Some(span.checked_add(1).ok_or_else(corrupt)?)
                    }
                    Some(_) => None,
                };
                if let Some(span) = next {
                    if left == 0 {
                        sought = Some(ended(span));
                        break;
                    }
                    left -= 1;
                } else if place.time < until {
                    found(entry, value)?;
                }
            }
        }
        Ok(())
    }

    /// Removes rows that no version can come for any more: of streams those that have asked, of tables those that have ended.
    pub(in crate::kernel) fn compact(
        &self,
        state: &mut State,
        table: &Table,
        horizon: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let prefix = &self.prefix[..];
        let from = from.map_or(prefix, AsRef::as_ref);
        let len = |rest: &[u8]| {
            let len = table.key_len(rest)?;
            let is_ended = self.keys > 0 && rest.get(len..)?.starts_with(&ENDED);
            Some(if is_ended { len + ENDED.len() + 1 } else { len })
        };
        sweep(state, prefix, from, limit, len, |state, asked, limit| {
            let is_ended = table.key_len(&asked).is_some_and(|len| len < asked.len());
            let until = match self.keys {
                0 => horizon,
                // What ends as a version begins doesn't meet it.
                _ if is_ended => horizon.saturating_add(1),
                _ if horizon == OPEN => OPEN,
                _ => i64::MIN,
            };
            let bound = |time| Bytes::from([prefix, &asked, &key::ordered(time)].concat());
            let range = (
                Bound::Included(bound(i64::MIN)),
                Bound::Excluded(bound(until)),
            );
            let gone = state.scan(Side::After, range);
            Gone::first(gone.map(|entry| Ok(entry?.0)), limit)
        })
    }

    /// Lays rows where this version looks for them, in a store that an earlier one wrote. After a crash or an error it
    /// is to be done again.
    pub(in crate::kernel) fn lay(&self, store: &Store, table: &Table) -> Result<()> {
        let mut batch = Batch::new();
        for entry in store.scan_prefix(Space::Table, &self.prefix) {
            let (entry, value) = entry?;
            let rest = entry.get(self.prefix.len()..).unwrap_or_default();
            let key_len = table.key_len(rest).ok_or_else(corrupt)?;
            let row = self.decode(&entry, &value, key_len)?;
            let key = rest.get(..key_len).unwrap_or_default();
            let place = self.entry_key(key, &row);
            if place != entry.as_ref() {
                batch.delete(Space::Table, entry);
                batch.put(Space::Table, place, value);
            }
            if batch.len() >= LAID {
                store.write(std::mem::take(&mut batch))?;
            }
        }
        Ok(store.write(batch)?)
    }

    fn entry_key(&self, key: &[u8], row: &Row) -> Vec<u8> {
        let mut entry = [&self.prefix[..], key].concat();
        if self.keys > 0 && row.end != OPEN {
            entry.extend(ENDED);
            entry.push(span_of(row));
            entry.extend(key::ordered(row.end));
        }
        entry.extend(key::ordered(row.time));
        match self.keys {
            0 => entry.extend(row.id.as_ref()),
            keys => entry.extend(Table::key_bytes(row.values.iter().take(keys))),
        }
        entry
    }

    /// The row of an entry, whose key of the table takes so many bytes.
    pub(super) fn decode(&self, entry: &Bytes, value: &[u8], key_len: usize) -> Result<Row> {
        let row = || {
            let place = Place::of(entry.get(self.prefix.len() + key_len..)?)?;
            let (end, values) = value.split_first_chunk::<8>()?;
            Some(Row {
                time: place.time,
                end: key::from_ordered(*end),
                id: match self.keys {
                    0 => place.id.into(),
                    _ => Bytes::new(&[]),
                },
                values: decode_values(values, self.columns)?,
            })
        };
        row().ok_or_else(corrupt)
    }
}
