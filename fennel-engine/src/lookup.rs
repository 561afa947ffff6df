//! Lookups in one dataset by key.

use fennel_core::value::Value;

use crate::{Columns, Engine, Error, Incoming};

/// What a lookup found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Per key, whether the dataset has a version of it as of its instant.
    pub found: Vec<bool>,
    /// The columns asked for, all of optional type. Where nothing was found, keys are as asked and all else is
    /// null.
    pub columns: Columns,
}

impl Engine {
    /// Looks up each of `keys` in a dataset: the version with the greatest event time that is not
    /// after its instant. Without `timestamps` that is now, else one incoming instant per key.
    ///
    /// A key is an object of all key columns. `fields` are the columns to answer, in order; none
    /// for all. The order of the keys is kept, and a key may be asked repeatedly.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there. [`Error::Request`], with the position of the
    /// key (from 0), for a key column that is missing, unknown, null or of another type; also for an unknown
    /// field, a dataset without keys or without the index that the lookup needs, instants that aren't any and
    /// not as many instants as keys.
    pub fn lookup(
        &self,
        branch: &str,
        dataset: &str,
        keys: Vec<Incoming>,
        fields: &[String],
        timestamps: Option<Vec<Value>>,
    ) -> Result<Found, Error> {
        let _ = (branch, dataset, keys, fields, timestamps);
        todo!()
    }
}
