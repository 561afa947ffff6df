//! Parts of the log: rows of one request that are kept together.
//!
//! | bytes | |
//! |---|---|
//! | 8 | the arrival in microseconds since 1970, big-endian |
//! | 8 | the silence in microseconds, big-endian, with the highest bit set |
//! | | names of columns, in postcard's encoding |
//! | | for each row, how far its sequence is behind the part's, in postcard's encoding, and the row as bytes, in postcard's encoding: 1 and the values of those columns, or 0 and columns of its own with their values |
//!
//! Before format 6 each row was kept by itself: without the bit, and with the row in postcard's encoding behind it.

use std::collections::BTreeSet;

use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;

use super::Incoming;
use super::entry::{Arrival, Entry};
use crate::error::{Error, Result};
use crate::store::Bytes;

/// Bytes after which a part takes no more rows, so that to read or to remove one costs little.
const BYTES: usize = 16 << 10;

/// The bytes in front of the names.
const HEAD: usize = 16;

/// What is set in the silence of a part.
const PART: i64 = i64::MIN;

/// What a row begins with.
const OWN_COLUMNS: u8 = 0;
const SHARED_COLUMNS: u8 = 1;

/// A part of a request that hasn't arrived yet.
#[derive(Debug)]
pub(super) struct Part {
    /// How many rows of the request are before it.
    pub(super) before: u64,
    bytes: Vec<u8>,
}

impl Part {
    /// The parts that the rows of one request make.
    pub(super) fn all<'r>(rows: impl Iterator<Item = &'r Incoming>) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut encoded = Vec::new();
        for (row, i) in rows.zip(0_u64..) {
            if parts.last().is_none_or(|part| part.bytes.len() >= BYTES) {
                names = row.keys().map(String::as_str).collect();
                let bytes = append(&names, vec![0; HEAD]);
                parts.push(Self { before: i, bytes });
            }
            let Some(part) = parts.last_mut() else {
                continue;
            };
            encoded.clear();
            encoded = match row.keys().eq(&names) {
                true => {
                    encoded.push(SHARED_COLUMNS);
                    row.values()
                        .fold(encoded, |bytes, value| append(value, bytes))
                }
                false => {
                    encoded.push(OWN_COLUMNS);
                    append(row, encoded)
                }
            };
            let bytes = append(&(i - part.before), std::mem::take(&mut part.bytes));
            part.bytes = append(&encoded.len(), bytes);
            part.bytes.extend(&encoded);
        }
        parts
    }

    /// How many bytes it has in the log.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// As the log keeps it, once it has arrived.
    pub(super) fn arrived(self, arrival: Arrival) -> Vec<u8> {
        let mut bytes = self.bytes;
        set_head(
            &mut bytes,
            arrival.at.micros(),
            arrival.quiet.micros() | PART,
        );
        bytes
    }
}

/// A part that is in the log.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The sequence that its rows' are told by.
    pub(super) first: u64,
    pub(super) arrival: Arrival,
    value: Bytes,
    /// `None` where the value is a row by itself.
    names: Option<Vec<String>>,
    /// Where the rows begin.
    rows: usize,
}

impl Stored {
    /// The part in a value of the log.
    pub(super) fn new(first: u64, value: Bytes) -> Option<Self> {
        let (at, rest) = value.split_first_chunk::<8>()?;
        let (quiet, rest) = rest.split_first_chunk::<8>()?;
        let quiet = i64::from_be_bytes(*quiet);
        let (names, rest) = match quiet & PART {
            0 if rest.is_empty() => return None,
            0 => (None, rest),
            _ => {
                let (names, rest) = postcard::take_from_bytes(rest).ok()?;
                (Some(names), rest)
            }
        };
        let rows = value.len() - rest.len();
        Some(Self {
            first,
            arrival: Arrival {
                at: Timestamp::from_micros(i64::from_be_bytes(*at))?,
                quiet: Duration::from_micros(quiet & !PART),
            },
            value,
            names,
            rows,
        })
    }

    /// How many bytes it has in the log.
    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    /// The sequences of its rows, in order.
    pub(super) fn sequences(&self) -> impl Iterator<Item = Result<u64>> {
        self.places().map(|place| Ok(place?.sequence))
    }

    /// Its rows from a sequence on.
    pub(super) fn entries(self, from: u64) -> impl Iterator<Item = Result<Entry>> {
        let mut at = self.rows;
        std::iter::from_fn(move || {
            loop {
                let place = match self.place(at)? {
                    Ok(place) => place,
                    Err(error) => {
                        at = self.value.len();
                        return Some(Err(error));
                    }
                };
                at = place.end;
                if place.sequence >= from {
                    return Some(self.entry(&place));
                }
            }
        })
    }

    /// Its last row, or the last one before `end`.
    pub(super) fn last_before(&self, end: Option<u64>) -> Result<Option<Entry>> {
        let mut last = None;
        for place in self.places() {
            let place = place?;
            if end.is_some_and(|end| place.sequence >= end) {
                break;
            }
            last = Some(place);
        }
        last.map(|place| self.entry(&place)).transpose()
    }

    /// As the log keeps it without rows of these sequences; `None` where no row is left.
    pub(super) fn without(&self, sequences: &BTreeSet<u64>) -> Result<Option<Vec<u8>>> {
        let mut value = self.value.get(..self.rows).unwrap_or_default().to_vec();
        let mut is_empty = true;
        for place in self.places() {
            let place = place?;
            if !sequences.contains(&place.sequence) {
                value.extend(self.value.get(place.begin..place.end).unwrap_or_default());
                is_empty = false;
            }
        }
        Ok((!is_empty).then_some(value))
    }

    /// As the log keeps it where it was quiet for so many microseconds before.
    pub(super) fn with_quiet(&self, quiet: i64) -> Vec<u8> {
        let mut value = self.value.to_vec();
        let part = if self.names.is_some() { PART } else { 0 };
        set_head(&mut value, self.arrival.at.micros(), quiet | part);
        value
    }

    /// Where its rows are.
    fn places(&self) -> impl Iterator<Item = Result<Place>> {
        let mut at = self.rows;
        std::iter::from_fn(move || {
            let place = self.place(at)?;
            at = place.as_ref().map_or(self.value.len(), |place| place.end);
            Some(place)
        })
    }

    /// Where the row is that begins at a byte, if there is one.
    fn place(&self, begin: usize) -> Option<Result<Place>> {
        let bytes = self.value.get(begin..).filter(|bytes| !bytes.is_empty())?;
        if self.names.is_none() {
            return Some(Ok(Place {
                sequence: self.first,
                begin,
                row: begin,
                end: self.value.len(),
            }));
        }
        let place = || {
            let (offset, rest): (u64, _) = postcard::take_from_bytes(bytes).ok()?;
            let (row, rest): (&[u8], _) = postcard::take_from_bytes(rest).ok()?;
            let end = self.value.len() - rest.len();
            Some(Place {
                sequence: self.first.checked_add(offset)?,
                begin,
                row: end - row.len(),
                end,
            })
        };
        Some(place().ok_or_else(corrupt))
    }

    fn entry(&self, place: &Place) -> Result<Entry> {
        let row = self.value.get(place.row..place.end).unwrap_or_default();
        Ok(Entry {
            sequence: place.sequence,
            arrival: self.arrival,
            row: self.row(row).ok_or_else(corrupt)?,
            bytes: place.end - place.begin,
        })
    }

    fn row(&self, bytes: &[u8]) -> Option<Incoming> {
        let Some(names) = &self.names else {
            return postcard::from_bytes(bytes).ok();
        };
        let (columns, mut rest) = bytes.split_first()?;
        if *columns == OWN_COLUMNS {
            return postcard::from_bytes(rest).ok();
        }
        let mut row = Incoming::new();
        for name in names {
            let (value, behind): (Value, _) = postcard::take_from_bytes(rest).ok()?;
            row.insert(name.clone(), value);
            rest = behind;
        }
        (*columns == SHARED_COLUMNS && rest.is_empty()).then_some(row)
    }
}

/// Where a row of a part is, in bytes.
struct Place {
    sequence: u64,
    /// Where what is said of it begins, then the row itself, and where it ends.
    begin: usize,
    row: usize,
    end: usize,
}

fn append<T: serde::Serialize + ?Sized>(value: &T, bytes: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("rows are written to memory without fail")
}

fn set_head(bytes: &mut [u8], at: i64, quiet: i64) {
    if let Some((head, rest)) = bytes.split_first_chunk_mut::<8>()
        && let Some((behind, _)) = rest.split_first_chunk_mut::<8>()
    {
        *head = at.to_be_bytes();
        *behind = quiet.to_be_bytes();
    }
}

pub(super) fn corrupt() -> Error {
    Error::Corrupt("a row of the log can't be read; restore the store from a backup".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> Arrival {
        let instant = |micros| Timestamp::from_micros(micros).unwrap();
        Arrival::after(instant(5), instant(8))
    }

    fn row(columns: &[(&str, i64)]) -> Incoming {
        let columns = columns.iter();
        columns
            .map(|(name, value)| ((*name).to_owned(), Value::Int(*value)))
            .collect()
    }

    fn stored(rows: &[Incoming]) -> Vec<u8> {
        let mut parts = Part::all(rows.iter());
        assert_eq!(parts.len(), 1);
        parts.pop().unwrap().arrived(arrival())
    }

    fn read(value: &[u8]) -> Option<Vec<Entry>> {
        let part = Stored::new(40, value.into())?;
        part.entries(0).collect::<Result<_>>().ok()
    }

    #[test]
    fn bytes_on_disk_are_these() {
        let rows = [row(&[("a", 1), ("b", -1)]), row(&[("a", 2)])];
        let value = stored(&rows);
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        let (head, names) = ("00000000000000088000000000000003", "0201610162");
        let (first, second) = ("00050102020201", "0106000101610204");
        assert_eq!(hex, format!("{head}{names}{first}{second}"));
        let entries = read(&value).unwrap();
        assert!(entries.iter().all(|entry| entry.arrival == arrival()));
        let sequences: Vec<_> = entries.iter().map(|entry| entry.sequence).collect();
        assert_eq!(sequences, [40, 41]);
        let read: Vec<_> = entries.into_iter().map(|entry| entry.row).collect();
        assert_eq!(read, rows);
    }

    #[test]
    fn a_row_that_an_earlier_version_kept_by_itself_is_a_part() {
        let row = row(&[("a", 1)]);
        let head = [8_i64.to_be_bytes(), 3_i64.to_be_bytes()].concat();
        let value = postcard::to_extend(&row, head).unwrap();
        let entries = read(&value).unwrap();
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        assert_eq!((entry.sequence, &entry.row), (40, &row));
        assert_eq!(entry.arrival, arrival());
        let part = Stored::new(40, value.as_slice().into()).unwrap();
        assert_eq!(part.without(&BTreeSet::from([40])).unwrap(), None);
        assert_eq!(part.without(&BTreeSet::from([41])).unwrap(), Some(value));
    }

    #[test]
    fn cut_bytes_are_no_part() {
        let rows = [row(&[("a", 1), ("b", -1)]), row(&[("c", 2)])];
        let value = stored(&rows);
        let whole = |len| read(&value[..len]).map(|entries| entries.len());
        let whole: Vec<_> = (0..value.len()).filter_map(whole).collect();
        assert_eq!(whole, [0, 1], "cut where a row begins");
    }
}
