//! One expression with what the reference makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use serde::Deserialize;

/// A line of a file of vectors.
#[derive(Deserialize)]
pub(crate) struct Case {
    /// Its name, which no other has.
    pub(crate) id: String,
    /// What it exercises.
    pub(crate) group: String,
    /// What the message says, to be read.
    pub(crate) expr: serde_json::Value,
    /// The message.
    pub(crate) proto_b64: String,
    /// The columns' types, to be read.
    pub(crate) schema: BTreeMap<String, String>,
    /// The columns' types.
    pub(crate) schema_proto_b64: BTreeMap<String, String>,
    /// A list of values for each column.
    pub(crate) rows: BTreeMap<String, Vec<serde_json::Value>>,
    /// How many there are.
    pub(crate) n: usize,
    /// The column that `now()` is.
    pub(crate) now_col: Option<String>,
    /// A value for each row, unless it is refused.
    pub(crate) output: Option<Vec<serde_json::Value>>,
    /// The expression's type, unless it has none.
    pub(crate) output_type: Option<String>,
    /// The type that it is declared as.
    pub(crate) as_type_proto_b64: Option<String>,
    /// At which step it is refused: `decode`, `compile`, `cast`, or when it is evaluated.
    pub(crate) error: Option<String>,
    /// Why the recorded outcome is an accident of the reference, which nothing is compared with.
    pub(crate) quirk: Option<String>,
}

impl Case {
    /// All of them, in the order of files and lines.
    pub(crate) fn all() -> Vec<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expr/vectors");
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "jsonl")
            })
            .collect();
        files.sort();
        let mut cases = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            cases.extend(text.lines().map(|line| -> Case {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            }));
        }
        assert!(!cases.is_empty(), "there are no vectors");
        cases
    }

    /// Whether the reference refuses the expression before it is evaluated.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.error.as_deref(), Some("decode" | "compile"))
    }
}

/// The message that a base64 text holds.
pub(crate) fn message<M: Message + Default>(base64: &str) -> M {
    M::decode(STANDARD.decode(base64).unwrap().as_slice()).unwrap()
}
