//! What is written down of an erasure until it is done: places of the log, and nothing that rows say.

use fennel_core::time::Duration;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ingest::EndpointId;
use crate::ingest::entry::{self, Entry};
use crate::store::{Batch, Store};

/// An erasure that isn't done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pending {
    /// These rows are to leave the log, and then the tables. An earlier version wrote that down, and did it in this order.
    Rows(Rows),
    /// They left both, and their bytes are in files of the store still.
    Bytes,
    /// These rows are to leave the log. The tables are made without them.
    Log(Rows),
}

impl Pending {
    /// The rows that are to leave the log.
    pub(crate) fn rows(&self) -> Option<&Rows> {
        match self {
            Pending::Rows(rows) | Pending::Log(rows) => Some(rows),
            Pending::Bytes => None,
        }
    }
}

/// Rows that are to leave the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// All of them came before this sequence.
    pub(super) end: u64,
    pub(super) endpoints: Vec<(EndpointId, EndpointRows)>,
}

/// Those of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndpointRows {
    /// The sequences of the rows that go.
    pub(super) erased: Vec<u64>,
    /// The sequences of rows before which it was quiet for longer without those, and for how long in microseconds.
    pub(super) quieter: Vec<(u64, i64)>,
}

impl Rows {
    /// How many go.
    pub(super) fn count(&self) -> u64 {
        let endpoints = self.endpoints.iter();
        endpoints.map(|(_, rows)| rows.erased.len() as u64).sum()
    }

    /// The sequence before which all of them came.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The endpoints that have such rows.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = EndpointId> {
        self.endpoints.iter().map(|(endpoint, _)| *endpoint)
    }

    /// Takes them out of the log. Done again, it changes nothing.
    pub(crate) fn take_out(&self, store: &Store) -> Result<()> {
        /// Changes that are written together, so that the next ones find them.
        const CHUNK: usize = 1_000;
        for (endpoint, rows) in &self.endpoints {
            for erased in rows.erased.chunks(CHUNK) {
                let mut batch = Batch::new();
                entry::delete(&store.snapshot(), &mut batch, *endpoint, erased)?;
                store.write(batch)?;
            }
            for quieter in rows.quieter.chunks(CHUNK) {
                let mut batch = Batch::new();
                entry::set_quiet(&store.snapshot(), &mut batch, *endpoint, quieter)?;
                store.write(batch)?;
            }
        }
        Ok(())
    }
}

impl EndpointRows {
    /// A row of the endpoint as it is without those that go, unless it is one of them.
    pub(super) fn without(&self, mut entry: Entry) -> Option<Entry> {
        if self.erased.binary_search(&entry.sequence).is_ok() {
            return None;
        }
        let quieter = &self.quieter;
        let at = quieter.binary_search_by_key(&entry.sequence, |(sequence, _)| *sequence);
        if let Some((_, quiet)) = at.ok().and_then(|at| quieter.get(at)) {
            entry.arrival.quiet = Duration::from_micros(*quiet);
        }
        Some(entry)
    }
}
