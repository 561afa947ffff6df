//! Whom a row is about: the values of some of a dataset's keys in it.

use fennel_core::value::Value;

use super::Incoming;
use super::debezium::images;
use super::source::Source;
use crate::error::Result;
use crate::python::OnStop;
use crate::table::Table;

impl Source {
    /// What each of `rows` names by these key columns of `table`, whose source this is: the bytes of their values, of
    /// both images of an event. It doesn't matter whether the source takes the row. Of a row in which one of the columns
    /// can't be read, or of which a Python function makes none, there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Python`](crate::Error::Python) if a function that makes a column can't be called, or is stopped.
    pub(crate) fn named(
        &self,
        table: &Table,
        columns: &[usize],
        rows: &[&Incoming],
    ) -> Result<Vec<Vec<Vec<u8>>>> {
        let mut named = vec![Vec::new(); rows.len()];
        let images: Vec<(usize, &Incoming)> = match self.is_debezium {
            false => rows.iter().copied().enumerate().collect(),
            true => {
                let rows = rows.iter().enumerate();
                rows.flat_map(|(i, row)| images(row).map(move |image| (i, image)))
                    .collect()
            }
        };
        let read: Vec<_> = images.iter().map(|(_, image)| *image).collect();
        let values = self.columns(table, &read, Some(columns), OnStop::Fail)?;
        for (position, (row, _)) in images.iter().enumerate() {
            let of_image = |column: &usize| values.get(*column)?.get(position)?.as_ref().ok();
            let key: Option<Vec<&Value>> = columns.iter().map(of_image).collect();
            if let (Some(key), Some(named)) = (key, named.get_mut(*row)) {
                named.push(Table::key_bytes(key.into_iter()));
            }
        }
        Ok(named)
    }

    /// How many images a row has: of an event those before and after the change.
    pub(super) fn images(&self, row: &Incoming) -> usize {
        match self.is_debezium {
            false => 1,
            true => images(row).count(),
        }
    }
}
