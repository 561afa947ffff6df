//! The log: every row that was acknowledged, in order of arrival.
//!
//! | key in [`Space::Log`] | value |
//! |---|---|
//! | endpoint, sequence | arrival and silence in microseconds, both big-endian, and the row as it came in postcard's encoding |
//!
//! Sequences count the rows of all endpoints, so the order between two endpoints is known too. The
//! *silence* is the time for which the endpoint was quiet before the request that the row is of. It is kept with
//! each row so that whether a bounded source has ended is the same when the log is replayed.

use fennel_core::time::{Duration, Timestamp};

use super::Incoming;
use crate::Error;
use crate::error::Result;
use crate::store::{Batch, Entry as StoreEntry, Scan, Snapshot, Space, Store};

/// The number of an endpoint, which is never used again.
pub(crate) type EndpointId = u32;

/// The bytes of an arrival in front of a row.
const ARRIVAL: usize = 16;

/// When rows came, and how quiet the endpoint was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
    /// The time since the request before; zero for the first, and where the clock went back.
    pub(crate) quiet: Duration,
}

impl Arrival {
    /// The first rows of an endpoint.
    pub(crate) fn first(at: Timestamp) -> Self {
        Self {
            at,
            quiet: Duration::ZERO,
        }
    }

    /// Rows of an endpoint whose last ones came at `last`.
    pub(crate) fn after(last: Timestamp, at: Timestamp) -> Self {
        let quiet = Duration::from_micros(at.micros() - last.micros());
        Self {
            at,
            quiet: quiet.max(Duration::ZERO),
        }
    }
}

/// One row of the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    pub(crate) arrival: Arrival,
    pub(crate) row: Incoming,
}

/// A row as the log keeps it, but for its arrival.
#[derive(Debug)]
pub(super) struct Encoded(Vec<u8>);

impl Encoded {
    pub(super) fn new(row: &Incoming) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend([0; ARRIVAL]);
        let bytes = postcard::to_extend(row, bytes);
        Self(bytes.expect("rows are written to memory without fail"))
    }
}

/// Puts an encoded row into the log.
pub(super) fn put(
    batch: &mut Batch,
    endpoint: EndpointId,
    sequence: u64,
    arrival: Arrival,
    row: Encoded,
) {
    let Encoded(mut value) = row;
    if let Some((at, rest)) = value.split_first_chunk_mut::<8>()
        && let Some((quiet, _)) = rest.split_first_chunk_mut::<8>()
    {
        *at = arrival.at.micros().to_be_bytes();
        *quiet = arrival.quiet.micros().to_be_bytes();
    }
    batch.put(Space::Log, key(endpoint, sequence), value);
}

/// Removes a row from the log.
pub(crate) fn delete(batch: &mut Batch, endpoint: EndpointId, sequence: u64) {
    batch.delete(Space::Log, key(endpoint, sequence));
}

/// Has it been quiet for so many microseconds before the request that a row is of, if the row is there.
pub(crate) fn set_quiet(
    store: &Store,
    batch: &mut Batch,
    (endpoint, sequence): (EndpointId, u64),
    quiet: i64,
) -> Result<()> {
    let key = key(endpoint, sequence);
    let Some(value) = store.get(Space::Log, &key)? else {
        return Ok(());
    };
    let mut value = value.to_vec();
    if let Some(place) = value.get_mut(8..16) {
        place.copy_from_slice(&quiet.to_be_bytes());
    }
    batch.put(Space::Log, key, value);
    Ok(())
}

/// The rows of an endpoint from a sequence on.
pub(crate) fn scan(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    from: u64,
) -> impl Iterator<Item = Result<Entry>> + use<> {
    let entries: Scan = snapshot.scan(Space::Log, key(endpoint, from)..=key(endpoint, u64::MAX));
    entries.map(|entry| decode(&entry?))
}

/// The last row of an endpoint, if it has any.
pub(crate) fn last(snapshot: &Snapshot, endpoint: EndpointId) -> Result<Option<Entry>> {
    let prefix = endpoint.to_be_bytes();
    let last = snapshot.last_at_or_before(Space::Log, &key(endpoint, u64::MAX), &prefix)?;
    last.map(|entry| decode(&entry)).transpose()
}

/// The first row of an endpoint, if it has any.
pub(crate) fn first(snapshot: &Snapshot, endpoint: EndpointId) -> Result<Option<Entry>> {
    let prefix = endpoint.to_be_bytes();
    let first = snapshot.first_at_or_after(Space::Log, &key(endpoint, 0), &prefix)?;
    first.map(|entry| decode(&entry)).transpose()
}

/// The last row of an endpoint before a sequence, if it has any.
pub(crate) fn last_before(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    end: u64,
) -> Result<Option<Entry>> {
    let Some(last) = end.checked_sub(1) else {
        return Ok(None);
    };
    let prefix = endpoint.to_be_bytes();
    let last = snapshot.last_at_or_before(Space::Log, &key(endpoint, last), &prefix)?;
    last.map(|entry| decode(&entry)).transpose()
}

/// How many rows an endpoint has from a sequence on, up to `most`.
pub(crate) fn count(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    from: u64,
    most: usize,
) -> Result<usize> {
    let entries: Scan = snapshot.scan(Space::Log, key(endpoint, from)..=key(endpoint, u64::MAX));
    let mut rows = 0;
    for entry in entries.take(most) {
        entry?;
        rows += 1;
    }
    Ok(rows)
}

fn key(endpoint: EndpointId, sequence: u64) -> [u8; 12] {
    let mut key = [0; 12];
    let (head, tail) = key.split_at_mut(4);
    head.copy_from_slice(&endpoint.to_be_bytes());
    tail.copy_from_slice(&sequence.to_be_bytes());
    key
}

fn decode((key, value): &StoreEntry) -> Result<Entry> {
    let entry = || {
        let (_, sequence) = key.split_first_chunk::<4>()?;
        let (at, rest) = value.split_first_chunk::<8>()?;
        let (quiet, row) = rest.split_first_chunk::<8>()?;
        Some(Entry {
            sequence: u64::from_be_bytes(sequence.try_into().ok()?),
            arrival: Arrival {
                at: Timestamp::from_micros(i64::from_be_bytes(*at))?,
                quiet: Duration::from_micros(i64::from_be_bytes(*quiet)),
            },
            row: postcard::from_bytes(row).ok()?,
        })
    };
    let corrupt =
        || Error::Corrupt("a row of the log can't be read; restore the store from a backup".into());
    entry().ok_or_else(corrupt)
}

#[cfg(test)]
mod tests {
    use fennel_core::value::Value;

    use super::*;

    fn instant(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn a_clock_that_goes_back_is_no_silence() {
        let quiet = |last, at| Arrival::after(instant(last), instant(at)).quiet.micros();
        assert_eq!(
            (quiet(100, 110), quiet(110, 110), quiet(110, 100)),
            (10, 0, 0)
        );
    }

    #[test]
    fn rows_come_back_in_order_and_apart_by_endpoint() {
        let store = Store::in_memory();
        let mut batch = Batch::new();
        let row = Incoming::from([("a".into(), Value::Int(1))]);
        let arrival = Arrival::after(instant(5), instant(8));
        for (endpoint, sequence) in [(1, 256), (1, 2), (2, 3), (1, u64::MAX)] {
            put(&mut batch, endpoint, sequence, arrival, Encoded::new(&row));
        }
        store.write(batch).unwrap();
        let snapshot = store.snapshot();
        let entries: Vec<_> = scan(&snapshot, 1, 3).collect::<Result<_>>().unwrap();
        assert_eq!(
            entries
                .iter()
                .map(|entry| entry.sequence)
                .collect::<Vec<_>>(),
            [256, u64::MAX]
        );
        assert!(
            entries
                .iter()
                .all(|entry| entry.row == row && entry.arrival == arrival)
        );
        assert_eq!(last(&snapshot, 2).unwrap().unwrap().sequence, 3);
        assert!(last(&snapshot, 3).unwrap().is_none());
        let before = |endpoint, end| last_before(&snapshot, endpoint, end).unwrap();
        assert_eq!(before(1, 256).unwrap().sequence, 2);
        assert!(
            [(1, 2), (1, 0), (2, 3)]
                .iter()
                .all(|(endpoint, end)| before(*endpoint, *end).is_none())
        );
        assert_eq!(first(&snapshot, 1).unwrap().unwrap().sequence, 2);
        assert!(first(&snapshot, 3).unwrap().is_none());
        let counted = [(1, 0, 9), (1, 0, 2), (1, 3, 9), (2, 0, 9), (3, 0, 9)];
        let counted =
            counted.map(|(endpoint, from, most)| count(&snapshot, endpoint, from, most).unwrap());
        assert_eq!(counted, [3, 2, 2, 1, 0]);
    }

    #[test]
    fn foreign_bytes_are_no_row() {
        let decode = |key: &[u8], value: &[u8]| decode(&(key.into(), value.into()));
        assert!(decode(&[0; 12], &[0; 17]).is_ok());
        for (key, value) in [(11, 17), (12, 16), (12, 3)] {
            let (key, value) = (vec![0; key], vec![0; value]);
            assert!(matches!(decode(&key, &value), Err(Error::Corrupt(_))));
        }
        assert!(matches!(
            decode(&[0; 12], &[0xff; 40]),
            Err(Error::Corrupt(_))
        ));
    }
}
