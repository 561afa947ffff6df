//! Looking into a dataset, for people.

use crate::{Column, Columns, Engine, Error};

impl Engine {
    /// Up to `n` rows of a dataset, whole.
    ///
    /// Of a dataset without keys, the rows with the latest event times, latest first. Of a keyed dataset, all
    /// versions by key, each key's latest first. Of an aggregate that is computed when it is read, each group as of
    /// now; a sum that its type can't hold is null.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there.
    pub fn inspect(&self, branch: &str, dataset: &str, n: usize) -> Result<Columns, Error> {
        let (graph, snapshot) = self.view(branch)?;
        let table = &graph.dataset(dataset)?.table;
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            shape: column.shape.clone(),
            values: Vec::new(),
        });
        let mut columns: Vec<_> = columns.collect();
        for row in table.rows(&snapshot, self.inner.clock.now())?.take(n) {
            for (column, value) in columns.iter_mut().zip(row?) {
                column.values.push(value);
            }
        }
        Ok(Columns(columns))
    }
}
