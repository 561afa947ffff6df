//! What is written down of an erasure until it is done: places of the log, and nothing that rows say.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ingest::{EndpointId, entry};
use crate::store::{Batch, Store};

/// An erasure that isn't done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pending {
    /// These rows are to leave the log and the tables.
    Rows(Rows),
    /// They did, and their bytes are in files of the store still.
    Bytes,
}

/// Rows that are to leave the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// All that came before this sequence was looked through.
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

    /// The sequence behind all that was looked through.
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
