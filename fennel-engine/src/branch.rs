//! Branches: each a line of commits with definitions of its own.

use crate::{Engine, Error};

impl Engine {
    /// The names of all branches, sorted; `main` is always one.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        todo!()
    }

    /// Creates an empty branch. A name has 1 to 200 letters, digits and `_`, `.`, `-`, `/`, all ASCII.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if there is such a branch, [`Error::Request`] for another name.
    pub fn init_branch(&self, name: &str) -> Result<(), Error> {
        let _ = name;
        todo!()
    }
}
