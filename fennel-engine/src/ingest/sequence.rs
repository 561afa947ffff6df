//! The order of arrival: the one lock that all rows pass.

use std::collections::HashMap;

use fennel_core::time::Timestamp;

use super::entry::{self, Arrival, EndpointId};
use crate::error::Result;
use crate::store::Snapshot;

/// A second, in microseconds.
const SECOND: i64 = 1_000_000;

/// What the next row's place in the log is.
///
/// Whoever holds it numbers rows and queues them in one go, so that rows are applied in the order of their
/// numbers: the order in which a replay applies them too.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    next: u64,
    /// The sequence and arrival of each endpoint's last durable row.
    last: HashMap<EndpointId, (u64, Timestamp)>,
    /// The arrival of each endpoint's last request, durable or not.
    request: HashMap<EndpointId, Timestamp>,
}

impl Sequencer {
    /// Goes on behind the last rows of these endpoints, and behind the first `applied` numbers: some of those may
    /// have been given to rows that didn't get to the disk.
    pub(crate) fn after(
        snapshot: &Snapshot,
        endpoints: impl Iterator<Item = EndpointId>,
        applied: u64,
    ) -> Result<Self> {
        let mut sequencer = Self {
            next: applied,
            ..Self::default()
        };
        for endpoint in endpoints {
            if let Some(last) = entry::last(snapshot, endpoint)? {
                sequencer.next = sequencer.next.max(last.sequence + 1);
                sequencer.arrived(endpoint, last.sequence, last.arrival.at);
                sequencer.request.insert(endpoint, last.arrival.at);
            }
        }
        Ok(sequencer)
    }

    /// How many rows have a number.
    pub(crate) fn len(&self) -> u64 {
        self.next
    }

    /// The number of the next row.
    pub(super) fn take(&mut self) -> u64 {
        let sequence = self.next;
        self.next += 1;
        sequence
    }

    /// The arrival of a request that comes at an endpoint now. Requests arrive one after the other, so that the log tells
    /// where one ends, also where another between them is gone: a clock that stands still, or is set back by less than a
    /// second, is waited for.
    pub(super) fn arrival(&mut self, endpoint: EndpointId, now: Timestamp) -> Arrival {
        let last = self.request.get(&endpoint).map(|last| last.micros());
        let is_behind =
            last.filter(|last| (0..SECOND).contains(&(last.saturating_sub(now.micros()))));
        let behind = is_behind.and_then(|last| Timestamp::from_micros(last + 1));
        let at = behind.unwrap_or(now);
        self.request.insert(endpoint, at);
        let last = self.last.get(&endpoint);
        last.map_or(Arrival::first(at), |(_, last)| Arrival::after(*last, at))
    }

    /// Has no row of the endpoint come after `last`, since what came was erased.
    pub(crate) fn forget_after(&mut self, endpoint: EndpointId, last: Option<(u64, Timestamp)>) {
        match last {
            Some(last) => self.last.insert(endpoint, last),
            None => self.last.remove(&endpoint),
        };
    }

    /// Notes that the row of that sequence is durable: only from then on it is the one that came before the next.
    pub(super) fn arrived(&mut self, endpoint: EndpointId, sequence: u64, at: Timestamp) {
        let last = self.last.entry(endpoint).or_insert((sequence, at));
        if last.0 < sequence {
            *last = (sequence, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn no_number_is_given_below_what_is_applied() {
        let snapshot = Store::in_memory().snapshot();
        let mut sequencer = Sequencer::after(&snapshot, [0].into_iter(), 7).unwrap();
        assert_eq!((sequencer.take(), sequencer.len()), (7, 8));
    }

    #[test]
    fn no_two_requests_arrive_at_once() {
        let mut sequencer = Sequencer::default();
        let mut at = |micros| {
            let now = Timestamp::from_micros(micros).unwrap();
            sequencer.arrival(0, now).at.micros()
        };
        assert_eq!([at(5), at(5), at(5), at(4)], [5, 6, 7, 8]);
        assert_eq!([at(9), at(SECOND * 2), at(10)], [9, SECOND * 2, 10]);
    }
}
