//! The sources of the crates that are checked.

use std::fmt::Write;

/// What a crate's structs are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Structs {
    /// There are none.
    None,
    /// So many with no attributes.
    Plain(usize),
    /// So many that derive `Serialize` and `Deserialize`.
    Serde(usize),
    /// So many keyed datasets.
    Datasets(usize),
    /// So many keyed datasets, and a featureset for each that looks up ten columns.
    Lookups(usize),
}

const HEAD: &str = "\
#![allow(unused_imports)]
use fennel::prelude::*;
use serde::{Deserialize, Serialize};

";

/// The types of the columns that are neither key nor event time, in turn.
const TYPES: [&str; 8] = [
    "i64",
    "String",
    "f64",
    "Option<i64>",
    "bool",
    "Vec<f64>",
    "Option<String>",
    "BTreeMap<String, f64>",
];

/// The names of these columns.
const NAMES: [&str; 10] = [
    "amount",
    "merchant",
    "score",
    "visits",
    "is_member",
    "embedding",
    "coupon",
    "spend_by_shop",
    "visits_last_week",
    "country",
];

impl Structs {
    /// The crate's only file. In the `changed` one, a column in the middle has another type.
    pub(crate) fn source(self, changed: bool) -> String {
        let (count, attributes, columns) = match self {
            Structs::None => return format!("{HEAD}pub const CHANGED: bool = {changed};\n"),
            Structs::Plain(count) => (count, "", 8),
            Structs::Serde(count) => (count, "#[derive(Serialize, Deserialize)]\n", 8),
            Structs::Datasets(count) => (count, DATASET, 8),
            Structs::Lookups(count) => (count, DATASET, 10),
        };
        let with_features = matches!(self, Structs::Lookups(_));
        let mut source = HEAD.to_owned();
        for number in 0..count {
            let types = types(number, columns, changed && number == count / 2);
            let _ = write!(source, "/// What is known of thing {number}.\n{attributes}");
            dataset(&mut source, number, &types, attributes == DATASET);
            if with_features {
                featureset(&mut source, number, &types);
            }
        }
        source
    }
}

const DATASET: &str =
    "#[dataset(index)]\n#[meta(owner = \"team@example.com\", tags = [\"pii\"])]\n";

fn types(number: usize, columns: usize, changed: bool) -> Vec<&'static str> {
    let mut types: Vec<_> = (0..columns)
        .map(|i| TYPES[(number + i) % TYPES.len()])
        .collect();
    if changed {
        types[0] = "NaiveDate";
    }
    types
}

/// A struct of a key, these columns and an event time.
fn dataset(source: &mut String, number: usize, types: &[&str], with_key: bool) {
    let key = if with_key { "    #[field(key)]\n" } else { "" };
    let _ = write!(
        source,
        "pub struct Thing{number} {{\n{key}    pub uid: String,\n"
    );
    for (name, ty) in NAMES.iter().zip(types) {
        let _ = writeln!(source, "    pub {name}: {ty},");
    }
    source.push_str("    pub at: DateTime<Utc>,\n}\n\n");
}

/// A featureset that looks each of these columns up.
fn featureset(source: &mut String, number: usize, types: &[&str]) {
    let _ = write!(
        source,
        "/// What models see of thing {number}.\n#[featureset]\n#[meta(owner = \"team@example.com\")]\n\
         pub struct Features{number} {{\n    pub uid: String,\n"
    );
    for (name, ty) in NAMES.iter().zip(types) {
        let optional = match ty.starts_with("Option<") {
            true => (*ty).to_owned(),
            false => format!("Option<{ty}>"),
        };
        let _ = writeln!(
            source,
            "    #[feature(Thing{number}::{name})]\n    pub {name}: {optional},"
        );
    }
    source.push_str("}\n\n");
}
