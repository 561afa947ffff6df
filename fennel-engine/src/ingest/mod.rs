//! Taking in rows: they are logged and applied to every table that they feed, in one batch.

use std::collections::BTreeMap;

use fennel_core::value::Value;

use crate::{Engine, Error};

/// A row as it comes: values of JSON by column.
pub type Incoming = BTreeMap<String, Value>;

/// What became of the rows of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// How many rows are in the log now: all of the request.
    pub rows: u64,
    /// The ones that don't fit a dataset that they feed, by row.
    pub set_aside: Vec<SetAside>,
}

/// A row that doesn't fit a dataset. It is kept, and [`Engine::rejects`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The dataset.
    pub dataset: String,
    /// The row's position in the request, from 0.
    pub row: usize,
    /// Each column that doesn't fit, with why.
    pub reason: String,
}

impl Engine {
    /// Takes rows in, and returns once they are durable and visible, in the log and in every dataset of every
    /// branch with a source at the endpoint: all of them or, on an error, none.
    ///
    /// Later rows replace earlier ones of the same key and event time; those of one request count in their
    /// order. Blocks for an fsync.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if no branch has the endpoint, [`Error::Store`] if the rows couldn't be written.
    pub fn log(&self, webhook: &str, endpoint: &str, rows: Vec<Incoming>) -> Result<Logged, Error> {
        let _ = (webhook, endpoint, rows);
        todo!()
    }
}
