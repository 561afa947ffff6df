//! Looking into a dataset, for people.

use crate::{Columns, Engine, Error};

impl Engine {
    /// Up to `n` rows of a dataset, whole.
    ///
    /// Of a dataset without keys, the rows with the latest event times, latest first. Of a keyed dataset, all
    /// versions by key, each key's latest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there.
    pub fn inspect(&self, branch: &str, dataset: &str, n: usize) -> Result<Columns, Error> {
        let _ = (branch, dataset, n);
        todo!()
    }
}
