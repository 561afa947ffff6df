//! What is logged.

use std::collections::BTreeMap;

use crate::value::V;

/// A row that is logged. Rows that tie are told apart by their order in the history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Logged {
    /// The dataset, and so the endpoint.
    pub(crate) dataset: String,
    pub(crate) at: i64,
    pub(crate) values: BTreeMap<String, V>,
    /// Whether it says that its key is gone.
    pub(crate) is_gone: bool,
}

impl Logged {
    /// Where it is logged: what is gone is told by changes of a database.
    pub(crate) fn endpoint(&self) -> String {
        match self.is_gone {
            false => self.dataset.clone(),
            true => changes_of(&self.dataset),
        }
    }
}

/// The endpoint of a dataset that takes changes of a database.
pub(crate) fn changes_of(dataset: &str) -> String {
    format!("{dataset}_changes")
}
