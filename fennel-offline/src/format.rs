//! How a file holds rows.

use serde::{Deserialize, Serialize};

/// The format of input files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Values separated by a character, a row a line, with quotes where a value has either in it.
    Csv {
        /// The character between values.
        delimiter: u8,
        /// The columns' names; `None` where the first line of each file has them.
        headers: Option<Vec<String>>,
    },
    /// An object of JSON in each line.
    Json,
    /// Parquet, compressed with Snappy, LZ4 or gzip, or not at all.
    Parquet,
}
