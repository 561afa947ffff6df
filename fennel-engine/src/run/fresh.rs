//! Rows on their way from a request to the pass that applies them.
//!
//! A request knows what sources made of its rows, and a pass needs just that. So the one hands it to the other, which
//! then needn't read the log and have it made again. It is a shortcut and nothing more: where a pass doesn't
//! find all of its rows here, it reads the log, which comes to the same.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::ingest::{EndpointId, TakenRow};
use crate::table::TableId;

/// Rows that wait here, at most: beyond that a pass is behind, and reads the log.
const MOST_ROWS: usize = 20_000;

/// Bytes that the log has of the requests that wait here, at most. In memory they take a few times as much.
const MOST_BYTES: usize = 32 << 20;

/// The rows of the latest requests, as far as they aren't applied.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    queue: Mutex<Queue>,
    /// Told when it is known of a request whether its rows are durable.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// Each begins where the one before it ends, so none is missing in between.
    requests: VecDeque<Request>,
    rows: usize,
    bytes: usize,
}

/// What one request brought.
#[derive(Debug)]
struct Request {
    /// The sequences of its rows that aren't applied.
    sequences: Range<u64>,
    endpoint: EndpointId,
    handed: Handed,
    /// Whether its rows are durable, once that is known.
    is_durable: Option<bool>,
}

/// The rows of a request, as the sources of tables that pipelines read took them.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    /// Those sources.
    feeds: BTreeSet<Source>,
    /// By sequence.
    rows: VecDeque<HandedRow>,
    /// How many bytes the log has of the request.
    bytes: usize,
}

/// A row with its sequence, and the source that took it.
pub(super) type HandedRow = (u64, Source, TakenRow);

/// A source: its table, and its position there.
pub(super) type Source = (TableId, u32);

impl Handed {
    /// Rows of these sources, of a request of which the log has so many bytes.
    pub(crate) fn of(feeds: BTreeSet<Source>, bytes: usize) -> Self {
        Self {
            feeds,
            rows: VecDeque::new(),
            bytes,
        }
    }

    /// Whether it is too much to wait beside so many rows and bytes.
    fn is_too_much(&self, rows: usize, bytes: usize) -> bool {
        rows + self.rows.len() > MOST_ROWS || bytes + self.bytes > MOST_BYTES
    }

    /// Whether it takes rows of a source.
    pub(crate) fn takes(&self, source: Source) -> bool {
        self.feeds.contains(&source)
    }

    /// Adds a row behind the others.
    pub(crate) fn push(&mut self, sequence: u64, source: Source, row: TakenRow) {
        self.rows.push_back((sequence, source, row));
    }
}

impl Fresh {
    /// Adds a request that was submitted, in the order of sequences.
    pub(super) fn push(&self, sequences: Range<u64>, endpoint: EndpointId, handed: Handed) {
        let mut queue = self.queue();
        let last = queue.requests.back();
        let follows = last.is_none_or(|last| last.sequences.end == sequences.start);
        let is_full = handed.is_too_much(queue.rows, queue.bytes);
        if !follows || is_full || queue.requests.len() == MOST_ROWS {
            queue.clear();
        }
        if handed.is_too_much(0, 0) {
            return;
        }
        queue.rows += handed.rows.len();
        queue.bytes += handed.bytes;
        queue.requests.push_back(Request {
            sequences,
            endpoint,
            handed,
            is_durable: None,
        });
    }

    /// Notes of the request that has the row of a sequence whether its rows are durable.
    pub(super) fn settle(&self, sequence: u64, is_durable: bool) {
        let mut queue = self.queue();
        let mut requests = queue.requests.iter_mut().rev();
        if let Some(request) = requests.find(|it| it.sequences.contains(&sequence)) {
            request.is_durable = Some(is_durable);
        }
        self.settled.notify_all();
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.queue().clear();
        self.settled.notify_all();
    }

    /// Forgets rows before `applied`.
    pub(super) fn forget(&self, applied: u64) {
        self.queue().forget(applied);
    }

    /// Takes the rows of `sequences`; `None` unless all of those are here that the sources took which `needed` gives for an
    /// endpoint. Rows on their way to the disk are waited for.
    pub(super) fn take<I: Iterator<Item = Source>>(
        &self,
        sequences: Range<u64>,
        needed: impl Fn(EndpointId) -> I,
    ) -> Option<Vec<HandedRow>> {
        let mut queue = self.queue();
        loop {
            queue.forget(sequences.start);
            if !queue.covers(&sequences, &needed) {
                return None;
            }
            match queue.is_durable(sequences.end) {
                Some(true) => break,
                Some(false) => return None,
                None => {
                    let settled = self.settled.wait(queue);
                    queue = settled.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        let mut taken = Vec::with_capacity(queue.rows);
        while let Some(request) = queue.requests.front_mut()
            && request.sequences.start < sequences.end
        {
            taken.extend(request.cut(sequences.end));
            queue.drop_if_cut_off();
        }
        queue.rows -= taken.len();
        Some(taken)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// Cuts off the rows before a sequence.
    fn cut(&mut self, end: u64) -> impl Iterator<Item = HandedRow> {
        let rows = &mut self.handed.rows;
        let count = rows.partition_point(|(sequence, ..)| *sequence < end);
        self.sequences.start = end.min(self.sequences.end);
        rows.drain(..count)
    }
}

impl Queue {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, applied: u64) {
        while let Some(request) = self.requests.front_mut()
            && request.sequences.start < applied
        {
            self.rows -= request.cut(applied).count();
            self.drop_if_cut_off();
        }
    }

    /// Drops the first request if none of its rows is left.
    fn drop_if_cut_off(&mut self) {
        let first = self.requests.pop_front_if(|it| it.sequences.is_empty());
        self.bytes -= first.map_or(0, |request| request.handed.bytes);
    }

    /// Whether it has what is needed of all rows of these sequences.
    fn covers<I: Iterator<Item = Source>>(
        &self,
        sequences: &Range<u64>,
        needed: &impl Fn(EndpointId) -> I,
    ) -> bool {
        let begins = self.requests.front();
        let ends = self.requests.back();
        let is_whole = begins.is_some_and(|first| first.sequences.start <= sequences.start)
            && ends.is_some_and(|last| last.sequences.end >= sequences.end);
        is_whole
            && self
                .until(sequences.end)
                .all(|it| needed(it.endpoint).all(|source| it.handed.takes(source)))
    }

    /// Whether all rows before a sequence are durable, if that is known.
    fn is_durable(&self, end: u64) -> Option<bool> {
        let mut all = Some(true);
        for request in self.until(end) {
            match request.is_durable {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }

    /// The requests that have rows before a sequence.
    fn until(&self, end: u64) -> impl Iterator<Item = &Request> {
        let requests = self.requests.iter();
        requests.take_while(move |request| request.sequences.start < end)
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::time::Timestamp;

    use super::*;
    use crate::table::Said;

    /// Adds a request of rows of one source, whose event times are their sequences.
    fn push(fresh: &Fresh, sequences: Range<u64>, source: Source) {
        push_of(fresh, sequences, source, 0);
    }

    /// [`push`], of so many bytes.
    fn push_of(fresh: &Fresh, sequences: Range<u64>, source: Source, bytes: usize) {
        let mut handed = Handed::of([source].into(), bytes);
        for sequence in sequences.clone() {
            let row = TakenRow {
                arrival: Timestamp::MIN,
                said: Said::Is,
                time: sequence as i64,
                values: Vec::new(),
            };
            handed.push(sequence, source, row);
        }
        fresh.push(sequences, 1, handed);
    }

    fn take(fresh: &Fresh, sequences: Range<u64>, needed: &[Source]) -> Option<Vec<i64>> {
        let taken = fresh.take(sequences, |_| needed.iter().copied())?;
        Some(taken.into_iter().map(|(_, _, row)| row.time).collect())
    }

    #[test]
    fn rows_are_taken_once_wherever_passes_end() {
        let fresh = Fresh::default();
        for sequences in [3..5, 5..9] {
            push(&fresh, sequences.clone(), (7, 0));
            fresh.settle(sequences.end - 1, true);
        }
        assert_eq!(take(&fresh, 3..6, &[(7, 0)]), Some(vec![3, 4, 5]));
        assert_eq!(take(&fresh, 6..9, &[(7, 0)]), Some(vec![6, 7, 8]));
        assert_eq!(take(&fresh, 6..9, &[(7, 0)]), None);
    }

    #[test]
    fn a_pass_that_misses_any_row_gets_none() {
        let fresh = Fresh::default();
        push(&fresh, 3..5, (7, 0));
        fresh.settle(4, true);
        assert_eq!(take(&fresh, 2..5, &[(7, 0)]), None, "the one before");
        assert_eq!(take(&fresh, 3..6, &[(7, 0)]), None, "the one behind");
        let needed = [(7, 0), (8, 0)];
        assert_eq!(take(&fresh, 3..5, &needed), None, "those of a source");
        push(&fresh, 6..7, (7, 0));
        fresh.settle(6, true);
        assert_eq!(take(&fresh, 3..7, &[(7, 0)]), None, "one in between");
        assert_eq!(take(&fresh, 6..7, &[(7, 0)]), Some(vec![6]));
    }

    #[test]
    fn rows_that_did_not_get_to_the_disk_are_not_taken() {
        let fresh = Fresh::default();
        for sequences in [0..1, 1..2] {
            push(&fresh, sequences, (7, 0));
        }
        fresh.settle(1, true);
        fresh.settle(0, false);
        assert_eq!(take(&fresh, 0..2, &[(7, 0)]), None);
    }

    #[test]
    fn rows_on_their_way_to_the_disk_are_waited_for() {
        let fresh = Fresh::default();
        push(&fresh, 0..1, (7, 0));
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| take(&fresh, 0..1, &[(7, 0)]));
            fresh.settle(0, true);
            assert_eq!(taken.join().unwrap(), Some(vec![0]));
        });
    }

    #[test]
    fn no_more_rows_wait_than_may() {
        let fresh = Fresh::default();
        let most = MOST_ROWS as u64;
        push(&fresh, 0..most, (7, 0));
        push(&fresh, most..most + 1, (7, 0));
        fresh.settle(most, true);
        assert_eq!(take(&fresh, 0..most, &[(7, 0)]), None);
        assert_eq!(
            take(&fresh, most..most + 1, &[(7, 0)]),
            Some(vec![most as i64])
        );
    }

    #[test]
    fn no_more_bytes_wait_than_may() {
        let fresh = Fresh::default();
        let half = MOST_BYTES / 2;
        for (sequences, bytes) in [(0..2, half), (2..3, half), (3..4, 1)] {
            push_of(&fresh, sequences.clone(), (7, 0), bytes);
            fresh.settle(sequences.end - 1, true);
        }
        assert_eq!(take(&fresh, 0..3, &[(7, 0)]), None, "they made place");
        assert_eq!(take(&fresh, 3..4, &[(7, 0)]), Some(vec![3]));
        for (sequences, bytes) in [(4..6, half), (6..7, half)] {
            push_of(&fresh, sequences.clone(), (7, 0), bytes);
            fresh.settle(sequences.end - 1, true);
        }
        assert_eq!(take(&fresh, 4..7, &[(7, 0)]), Some(vec![4, 5, 6]));
        push_of(&fresh, 7..8, (7, 0), MOST_BYTES + 1);
        fresh.settle(7, true);
        assert_eq!(take(&fresh, 7..8, &[(7, 0)]), None, "one alone");
    }
}
