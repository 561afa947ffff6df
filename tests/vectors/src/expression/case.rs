//! One expression with what the reference makes of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use serde::Deserialize;

use crate::files;

/// A line of a file of vectors.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name, which no other has.
    pub id: String,
    /// What it exercises.
    pub group: String,
    /// What the message says, to be read.
    pub expr: serde_json::Value,
    /// The message.
    pub proto_b64: String,
    /// The columns' types, to be read.
    pub schema: BTreeMap<String, String>,
    /// The columns' types.
    pub schema_proto_b64: BTreeMap<String, String>,
    /// A list of values for each column.
    pub rows: BTreeMap<String, Vec<serde_json::Value>>,
    /// How many there are.
    pub n: usize,
    /// The column that `now()` is.
    pub now_col: Option<String>,
    /// A value for each row, unless it is refused.
    pub output: Option<Vec<serde_json::Value>>,
    /// The expression's type, unless it has none.
    pub output_type: Option<String>,
    /// The type that it is declared as.
    pub as_type_proto_b64: Option<String>,
    /// At which step it is refused: `decode`, `compile`, `cast`, or when it is evaluated.
    pub error: Option<String>,
    /// Why the recorded outcome is an accident of the reference, which nothing is compared with.
    pub quirk: Option<String>,
}

impl Case {
    /// All that the files of a folder have, in the order of files and lines.
    ///
    /// # Errors
    ///
    /// If a file can't be read.
    pub fn all(folder: &Path) -> io::Result<Vec<Case>> {
        let mut cases = Vec::new();
        for file in files(folder, "jsonl")? {
            let text = fs::read_to_string(&file)?;
            for line in text.lines() {
                cases.push(serde_json::from_str(line)?);
            }
        }
        Ok(cases)
    }

    /// The values of a column; none where there is no such column.
    #[must_use]
    pub fn column(&self, name: &str) -> &[serde_json::Value] {
        self.rows.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether the reference refuses the expression before it is evaluated.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.error.as_deref(), Some("decode" | "compile"))
    }
}

/// The message that a base64 text holds.
///
/// # Errors
///
/// If it holds none.
pub fn message<M: Message + Default>(base64: &str) -> Result<M, String> {
    let bytes = STANDARD.decode(base64).map_err(|error| error.to_string())?;
    M::decode(bytes.as_slice()).map_err(|error| error.to_string())
}
