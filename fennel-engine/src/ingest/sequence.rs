//! The order of arrival: the one lock that all rows pass.

use std::collections::HashMap;

use fennel_core::time::Timestamp;

use super::entry::{self, Arrival, EndpointId};
use crate::error::Result;
use crate::store::Snapshot;

/// What the next row's place in the log is.
///
/// Whoever holds it numbers rows and queues them in one go, so that rows are applied in the order of their
/// numbers: the order in which a replay applies them too.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    next: u64,
    arrivals: HashMap<EndpointId, Arrival>,
}

impl Sequencer {
    /// Goes on behind the last rows of these endpoints.
    pub(crate) fn after(
        snapshot: &Snapshot,
        endpoints: impl Iterator<Item = EndpointId>,
    ) -> Result<Self> {
        let mut sequencer = Self::default();
        for endpoint in endpoints {
            if let Some(last) = entry::last(snapshot, endpoint)? {
                sequencer.next = sequencer.next.max(last.sequence + 1);
                sequencer.arrivals.insert(endpoint, last.arrival);
            }
        }
        Ok(sequencer)
    }

    /// The number of the next row.
    pub(super) fn take(&mut self) -> u64 {
        let sequence = self.next;
        self.next += 1;
        sequence
    }

    /// Notes that rows came at an endpoint.
    pub(super) fn arrive(&mut self, endpoint: EndpointId, at: Timestamp) -> Arrival {
        let arrivals = self.arrivals.entry(endpoint);
        *arrivals
            .and_modify(|last| *last = last.next(at))
            .or_insert(Arrival::first(at))
    }
}
