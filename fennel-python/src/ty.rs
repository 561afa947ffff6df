//! Types, as a worker reads them: a name, or a list that begins with one.

use fennel_core::ty::{Between, Bound};
use fennel_core::value::Shape;
use serde_json::{Value as Json, json};

/// A type for a worker. What restricts values is the engine's to check.
pub(crate) fn encode(shape: &Shape) -> Json {
    match shape {
        Shape::Bool => json!("bool"),
        Shape::Int
        | Shape::OneOfInt(_)
        | Shape::Between(Between {
            min: Bound::Int(_), ..
        }) => json!("int"),
        Shape::Float
        | Shape::Between(Between {
            min: Bound::Float(_),
            ..
        }) => json!("float"),
        Shape::String | Shape::OneOfString(_) | Shape::Regex(_) => json!("str"),
        Shape::Bytes => json!("bytes"),
        Shape::Timestamp => json!("timestamp"),
        Shape::Date => json!("date"),
        Shape::Decimal(scale) => json!(["decimal", scale]),
        Shape::Embedding(dim) => json!(["embedding", dim]),
        Shape::Optional(inner) => json!(["optional", encode(inner)]),
        Shape::List(inner) => json!(["list", encode(inner)]),
        Shape::Map(inner) => json!(["map", encode(inner)]),
        Shape::Record(name, fields) => json!(["struct", name, columns(fields)]),
    }
}

/// Columns or fields: each a name and a type.
pub(crate) fn columns(columns: &[(String, Shape)]) -> Json {
    let columns = columns.iter();
    columns
        .map(|(name, shape)| json!([name, encode(shape)]))
        .collect()
}
