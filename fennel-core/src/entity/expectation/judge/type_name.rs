//! Whether values are of a type, by the names that Python, numpy, Spark and fennel have for it.
//!
//! A column has one type, so all its values are of the type or none is.

use super::given::Given;
use super::{Field, Rule};
use crate::ty::Type;

/// The names of each type, lower case.
const NAMES: &[(Kind, &[&str])] = &[
    (Kind::Bool, &["bool", "bool_", "boolean", "booleantype"]),
    (
        Kind::Int,
        &[
            "i64",
            "int",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "integer",
            "integertype",
            "long",
            "longtype",
            "bigint",
        ],
    ),
    (
        Kind::Float,
        &[
            "f64",
            "float",
            "float16",
            "float32",
            "float64",
            "floattype",
            "double",
            "doubletype",
        ],
    ),
    (
        Kind::String,
        &["string", "str", "object", "stringtype", "text", "varchar"],
    ),
    (
        Kind::Bytes,
        &["bytes", "vec<u8>", "binary", "binarytype", "bytearray"],
    ),
    (
        Kind::Timestamp,
        &[
            "datetime",
            "datetime<utc>",
            "datetime64",
            "datetime64[ns]",
            "datetime64[us]",
            "datetime64[ns, utc]",
            "datetime64[us, utc]",
            "timestamp",
            "timestamptype",
        ],
    ),
    (Kind::Date, &["date", "naivedate", "datetype"]),
    (
        Kind::Decimal,
        &["decimal", "decimaltype", "decimal.decimal", "numeric"],
    ),
    (
        Kind::List,
        &["list", "vec", "embedding", "array", "arraytype", "ndarray"],
    ),
    (
        Kind::Map,
        &["dict", "map", "maptype", "btreemap", "struct", "structtype"],
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Float,
    String,
    Bytes,
    Timestamp,
    Date,
    Decimal,
    List,
    Map,
}

/// `expect_column_values_to_be_of_type`.
pub(super) fn one(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    of(given.text("type_").into_iter(), columns)
}

/// `expect_column_values_to_be_in_type_list`.
pub(super) fn any(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    of(given.texts("type_list"), columns)
}

fn of<'t>(names: impl Iterator<Item = &'t str>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    let kinds = names.map(kind).collect::<Result<Vec<_>, _>>()?;
    let is_met = columns
        .first()
        .is_some_and(|column| kinds.contains(&kind_of(&column.ty)));
    Ok(Rule::Value(Box::new(move |_| is_met)))
}

fn kind(name: &str) -> Result<Kind, String> {
    let lower = name.to_ascii_lowercase();
    let named = NAMES.iter().find(|(_, names)| names.contains(&&*lower));
    named.map(|(kind, _)| *kind).ok_or_else(|| {
        let first: Vec<_> = NAMES
            .iter()
            .filter_map(|(_, names)| names.first())
            .map(|name| format!("`{name}`"))
            .collect();
        format!(
            "there is no type `{name}`; there are {}, and what Python, numpy and Spark call them",
            first.join(", ")
        )
    })
}

fn kind_of(ty: &Type<'_>) -> Kind {
    match ty.required().unrestricted() {
        Type::Bool => Kind::Bool,
        Type::Int | Type::Between(_) | Type::OneOfInt(_) => Kind::Int,
        Type::Float => Kind::Float,
        Type::String | Type::OneOfString(_) | Type::Regex(_) => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Timestamp => Kind::Timestamp,
        Type::Date => Kind::Date,
        Type::Decimal { .. } => Kind::Decimal,
        Type::Embedding { .. } | Type::List(_) => Kind::List,
        Type::Map(_) | Type::Record(_) => Kind::Map,
        Type::Optional(inner) => kind_of(inner),
    }
}
