//! The rows in another embedded store, in process: what finding a value takes, without an instant, types or columns.

use std::path::Path;

use fennel_benches::Error;
use redb::{Database, ReadableDatabase, TableDefinition};

const ROWS: TableDefinition<'_, i64, &[u8]> = TableDefinition::new("rows");

/// A store of redb that has a value of each key.
pub(crate) struct Redb(Database);

impl Redb {
    /// Makes a store with so many keys, whose values are about as long as the engine's.
    pub(crate) fn fill(file: &Path, keys: u64) -> Result<Self, Error> {
        let database = Database::create(file)?;
        let write = database.begin_write()?;
        let mut rows = write.open_table(ROWS)?;
        for id in 0..keys as i64 {
            let value = format!("{id:>32}{:>32}", format!("text {id}"));
            rows.insert(id, value.as_bytes())?;
        }
        drop(rows);
        write.commit()?;
        Ok(Self(database))
    }

    /// Looks up the values of keys, in one transaction; answers their bytes.
    pub(crate) fn ask(&self, ids: &[i64]) -> Result<usize, Error> {
        let rows = self.0.begin_read()?.open_table(ROWS)?;
        let mut bytes = 0;
        for id in ids {
            let value = rows.get(id)?.ok_or("a key is lost")?;
            bytes += std::hint::black_box(value.value()).len();
        }
        Ok(bytes)
    }
}
