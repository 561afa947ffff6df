//! Feature queries: what is asked, and how it is answered.

use std::collections::BTreeMap;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use crate::{Columns, Engine, Error};

/// What a feature query asks.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Features that are given, as `Featureset.feature`. Each needs its column in `data`, and wins over
    /// how it would be had.
    pub inputs: Vec<String>,
    /// Features to answer, as `Featureset.feature`, or `Featureset` for all that are not deleted.
    pub outputs: Vec<String>,
    /// One column of incoming values per input; all of one length. Others are passed over.
    pub data: BTreeMap<String, Vec<Value>>,
    /// The instant that each row is answered as of, one per row; `None` is now for every row.
    pub at: Option<Vec<Timestamp>>,
}

impl Engine {
    /// Answers features of a branch: one column per output, in the order asked, featuresets expanded
    /// in declaration order, and a feature that is asked for twice once.
    ///
    /// All rows see one state of the store. Only what the outputs need is looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch, featureset or feature that isn't there. [`Error::Request`], with the
    /// feature and the row (from 0), for an input without data or of another type, columns of unequal lengths,
    /// lists of keys of unequal lengths, an output that the inputs don't lead to, and a dataset without the
    /// index that the query needs: an online one without `at`, an offline one with it.
    pub fn query(&self, branch: &str, query: &Query) -> Result<Columns, Error> {
        let _ = (branch, query);
        todo!()
    }
}
