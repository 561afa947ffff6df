//! The log: every row that was acknowledged, in order of arrival.
//!
//! | key in [`Space::Log`] | value |
//! |---|---|
//! | endpoint, sequence | a [part](super::part): rows of one request, the first of which has that sequence, and the others those behind it |
//!
//! Sequences count the rows of all endpoints, so the order between two endpoints is known too. The
//! *silence* is the time for which the endpoint was quiet before the request that the rows are of. It is kept with
//! them so that whether a bounded source has ended is the same when the log is replayed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use fennel_core::time::{Duration, Timestamp};

use super::Incoming;
use super::part::{self, Part, Stored};
use crate::error::Result;
use crate::store::{Batch, Entry as StoreEntry, Scan, Snapshot, Space};

/// The number of an endpoint, which is never used again.
pub(crate) type EndpointId = u32;

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
    /// What the row takes of the log.
    pub(crate) bytes: usize,
}

/// Puts the rows of a request into the log, the first of which has the sequence `first`.
pub(super) fn put(
    batch: &mut Batch,
    endpoint: EndpointId,
    first: u64,
    arrival: Arrival,
    parts: Vec<Part>,
) {
    for part in parts {
        let sequence = first + part.before;
        batch.put(Space::Log, key(endpoint, sequence), part.arrived(arrival));
    }
}

/// Removes rows from the log, of ascending sequences. No other change of `batch` is of these parts of the log.
pub(crate) fn delete(
    snapshot: &Snapshot,
    batch: &mut Batch,
    endpoint: EndpointId,
    sequences: &[u64],
) -> Result<()> {
    let mut rest = sequences;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let Some(stored) = part_of(snapshot, endpoint, *first)? else {
            continue;
        };
        let last = stored.sequences().last().transpose()?;
        let within = others.partition_point(|sequence| Some(*sequence) <= last);
        let (gone, behind) = others.split_at(within);
        rest = behind;
        let key = key(endpoint, stored.first);
        let gone: BTreeSet<u64> = gone.iter().chain([first]).copied().collect();
        match stored.without(&gone)? {
            Some(value) => batch.put(Space::Log, key, value),
            None => batch.delete(Space::Log, key),
        }
    }
    Ok(())
}

/// Has it been quiet for so many microseconds before the requests that these rows are of, of ascending sequences, as far
/// as they are there. No other change of `batch` is of these parts of the log.
pub(crate) fn set_quiet(
    snapshot: &Snapshot,
    batch: &mut Batch,
    endpoint: EndpointId,
    rows: &[(u64, i64)],
) -> Result<()> {
    let mut known = None;
    for (sequence, quiet) in rows {
        let Some(stored) = part_of(snapshot, endpoint, *sequence)? else {
            continue;
        };
        // All rows of a part are of one request.
        if known.replace((stored.first, *quiet)) != Some((stored.first, *quiet)) {
            let value = stored.with_quiet(*quiet);
            batch.put(Space::Log, key(endpoint, stored.first), value);
        }
    }
    Ok(())
}

/// The rows of an endpoint from a sequence on.
pub(crate) fn scan(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    from: u64,
) -> impl Iterator<Item = Result<Entry>> + use<> {
    let (failed, parts) = match parts(snapshot, endpoint, from) {
        Ok(parts) => (None, Some(parts)),
        Err(error) => (Some(Err(error)), None),
    };
    let rows = parts.into_iter().flatten().flat_map(move |part| {
        let (failed, part) = match part {
            Ok(part) => (None, Some(part)),
            Err(error) => (Some(Err(error)), None),
        };
        let rows = part.into_iter().flat_map(move |part| part.entries(from));
        failed.into_iter().chain(rows)
    });
    failed.into_iter().chain(rows)
}

/// The last row of an endpoint, if it has any.
pub(crate) fn last(snapshot: &Snapshot, endpoint: EndpointId) -> Result<Option<Entry>> {
    before(snapshot, endpoint, None)
}

/// The first row of an endpoint, if it has any.
pub(crate) fn first(snapshot: &Snapshot, endpoint: EndpointId) -> Result<Option<Entry>> {
    scan(snapshot, endpoint, 0).next().transpose()
}

/// The last row of an endpoint before a sequence, if it has any.
pub(crate) fn last_before(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    end: u64,
) -> Result<Option<Entry>> {
    before(snapshot, endpoint, Some(end))
}

/// How many rows an endpoint has from a sequence on, up to `most`.
pub(crate) fn count(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    from: u64,
    most: usize,
) -> Result<usize> {
    let mut rows = 0;
    for part in parts(snapshot, endpoint, from)? {
        for sequence in part?.sequences() {
            if rows == most {
                return Ok(rows);
            }
            rows += usize::from(sequence? >= from);
        }
    }
    Ok(rows)
}

/// Where to end in `sequences`, so that what the log has of these endpoints from their beginning to there takes so many
/// bytes, or is one part.
pub(crate) fn end_within(
    snapshot: &Snapshot,
    endpoints: &[EndpointId],
    sequences: Range<u64>,
    bytes: usize,
) -> Result<u64> {
    let mut lengths: BTreeMap<u64, usize> = BTreeMap::new();
    for endpoint in endpoints {
        let mut sum = 0_usize;
        for part in parts(snapshot, *endpoint, sequences.start)? {
            let part = part?;
            if part.first >= sequences.end {
                break;
            }
            // The first part may have begun before, or have nothing of the stretch.
            let has_some = |last: u64| last >= sequences.start;
            if part.sequences().last().transpose()?.is_some_and(has_some) {
                let first = part.first.max(sequences.start);
                *lengths.entry(first).or_default() += part.len();
                sum = sum.saturating_add(part.len());
                // What is behind so many bytes of one endpoint is also behind so many of all.
                if first > sequences.start && sum > bytes {
                    break;
                }
            }
        }
    }
    let mut sum = 0_usize;
    let too_much = lengths.into_iter().find(|(first, len)| {
        sum = sum.saturating_add(*len);
        *first > sequences.start && sum > bytes
    });
    Ok(too_much.map_or(sequences.end, |(first, _)| first))
}

/// The last row of an endpoint, or the last one before `end`.
fn before(snapshot: &Snapshot, endpoint: EndpointId, end: Option<u64>) -> Result<Option<Entry>> {
    let mut end = end;
    loop {
        let at = match end {
            None => Some(u64::MAX),
            Some(end) => end.checked_sub(1),
        };
        let Some(stored) = at
            .map(|at| at_or_before(snapshot, endpoint, at))
            .transpose()?
            .flatten()
        else {
            return Ok(None);
        };
        if let Some(entry) = stored.last_before(end)? {
            return Ok(Some(entry));
        }
        // All of the part that came before is gone.
        end = Some(stored.first);
    }
}

/// The parts that have an endpoint's rows from a sequence on.
fn parts(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    from: u64,
) -> Result<impl Iterator<Item = Result<Stored>> + use<>> {
    // The row may be in the middle of a part.
    let first = match from {
        0 => None,
        from => at_or_before(snapshot, endpoint, from)?,
    };
    let first = first.map_or(from, |part| part.first);
    let range = key(endpoint, first)..=key(endpoint, u64::MAX);
    let entries: Scan = snapshot.scan(Space::Log, range);
    Ok(entries.map(|entry| stored(entry?)))
}

/// The part that has the row of a sequence, if it is there.
fn part_of(snapshot: &Snapshot, endpoint: EndpointId, sequence: u64) -> Result<Option<Stored>> {
    let Some(stored) = at_or_before(snapshot, endpoint, sequence)? else {
        return Ok(None);
    };
    let mut has_it = false;
    for other in stored.sequences() {
        has_it |= other? == sequence;
    }
    Ok(Some(stored).filter(|_| has_it))
}

/// The part in which the row of a sequence is, if it is there, or one that is before it.
fn at_or_before(
    snapshot: &Snapshot,
    endpoint: EndpointId,
    sequence: u64,
) -> Result<Option<Stored>> {
    let prefix = endpoint.to_be_bytes();
    let found = snapshot.last_at_or_before(Space::Log, &key(endpoint, sequence), &prefix)?;
    found.map(stored).transpose()
}

fn stored((key, value): StoreEntry) -> Result<Stored> {
    let first = key.split_first_chunk::<4>();
    let first = first.and_then(|(_, sequence)| sequence.try_into().ok());
    let first = first.map(u64::from_be_bytes);
    first
        .and_then(|first| Stored::new(first, value))
        .ok_or_else(part::corrupt)
}

fn key(endpoint: EndpointId, sequence: u64) -> [u8; 12] {
    let mut key = [0; 12];
    let (head, tail) = key.split_at_mut(4);
    head.copy_from_slice(&endpoint.to_be_bytes());
    tail.copy_from_slice(&sequence.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use fennel_core::value::Value;

    use super::*;
    use crate::Error;
    use crate::store::Store;

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
            put(
                &mut batch,
                endpoint,
                sequence,
                arrival,
                Part::all([&row].into_iter()),
            );
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
    fn rows_go_from_the_middle_of_parts_and_are_found_around_it() {
        let row = |i: u64| Incoming::from([("a".into(), Value::Bytes(vec![i as u8; 1_000]))]);
        let rows: Vec<_> = (0..100).map(row).collect();
        let parts = Part::all(rows.iter());
        assert!(parts.len() > 2, "{}", parts.len());
        let store = Store::in_memory();
        let mut batch = Batch::new();
        put(&mut batch, 1, 50, Arrival::first(instant(5)), parts);
        store.write(batch).unwrap();
        let gone: Vec<u64> = (50..75).chain([80, 149, 500]).collect();
        for _ in 0..2 {
            let mut batch = Batch::new();
            delete(&store.snapshot(), &mut batch, 1, &gone).unwrap();
            store.write(batch).unwrap();
        }
        let snapshot = store.snapshot();
        let left: Vec<_> = (50..150).filter(|i| !gone.contains(i)).collect();
        for from in [0, 60, 79, 80, 81, 148, 149, 150] {
            let left = left.iter().copied().filter(|i| *i >= from);
            let found = scan(&snapshot, 1, from).map(|entry| entry.unwrap());
            let found: Vec<_> = found.map(|entry| (entry.sequence, entry.row)).collect();
            let expected: Vec<_> = left.map(|i| (i, row(i - 50))).collect();
            assert_eq!(found, expected, "{from}");
            assert_eq!(
                count(&snapshot, 1, from, 1_000).unwrap(),
                expected.len(),
                "{from}"
            );
        }
        assert_eq!(count(&snapshot, 1, 0, 7).unwrap(), 7);
        assert_eq!(first(&snapshot, 1).unwrap().unwrap().sequence, 75);
        assert_eq!(last(&snapshot, 1).unwrap().unwrap().sequence, 148);
        for (end, last) in [(81, Some(79)), (76, Some(75)), (75, None), (999, Some(148))] {
            let found = last_before(&snapshot, 1, end).unwrap();
            assert_eq!(found.map(|entry| entry.sequence), last, "{end}");
        }
    }

    #[test]
    fn a_stretch_ends_where_it_has_too_many_bytes() {
        let row = Incoming::from([("a".into(), Value::Bytes(vec![1; 20_000]))]);
        let store = Store::in_memory();
        let mut batch = Batch::new();
        for (endpoint, first) in [(1, 10), (2, 13), (1, 16)] {
            let parts = Part::all([&row, &row, &row].into_iter());
            put(
                &mut batch,
                endpoint,
                first,
                Arrival::first(instant(5)),
                parts,
            );
        }
        let few = Incoming::from([("a".into(), Value::Int(1))]);
        let parts = Part::all([&few, &few, &few].into_iter());
        put(&mut batch, 2, 19, Arrival::first(instant(5)), parts);
        store.write(batch).unwrap();
        let snapshot = store.snapshot();
        let end = |endpoints: &[EndpointId], sequences, bytes| {
            end_within(&snapshot, endpoints, sequences, bytes).unwrap()
        };
        assert_eq!(end(&[1, 2], 10..22, 1), 11, "a row is always within");
        assert_eq!(end(&[1, 2], 10..22, 50_000), 12);
        assert_eq!(end(&[1, 2], 10..22, 90_000), 14);
        assert_eq!(end(&[1], 10..22, 90_000), 17, "the others aren't read");
        assert_eq!(end(&[1, 2], 11..13, 1 << 20), 13);
        assert_eq!(end(&[1, 2], 18..22, 20_050), 19);
        assert_eq!(end(&[1, 2], 20..22, 1), 22, "it begins within a part");
        assert_eq!(end(&[], 10..22, 1), 22);
    }

    #[test]
    fn a_longer_silence_is_of_all_rows_of_a_request() {
        let row = Incoming::from([("a".into(), Value::Int(1))]);
        let store = Store::in_memory();
        let mut batch = Batch::new();
        for first in [3, 5] {
            let parts = Part::all([&row, &row].into_iter());
            put(&mut batch, 1, first, Arrival::first(instant(5)), parts);
        }
        store.write(batch).unwrap();
        let mut batch = Batch::new();
        let quieter = [(5, 9), (6, 9), (7, 10)];
        set_quiet(&store.snapshot(), &mut batch, 1, &quieter).unwrap();
        store.write(batch).unwrap();
        let quiet = scan(&store.snapshot(), 1, 0).map(|entry| entry.unwrap().arrival.quiet);
        let quiet: Vec<_> = quiet.map(|quiet| quiet.micros()).collect();
        assert_eq!(quiet, [0, 0, 9, 9]);
    }

    #[test]
    fn foreign_bytes_are_no_row() {
        let decode = |key: &[u8], value: &[u8]| -> Result<Vec<Entry>> {
            stored((key.into(), value.into()))?.entries(0).collect()
        };
        assert_eq!(decode(&[0; 12], &[0; 17]).unwrap().len(), 1);
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
