//! Types as the vectors write them.

use fennel_core::ty::{Bound, Computed, Parts, Type};

/// A computed type. Records have no name here: the reference forgets it.
pub(crate) fn of(ty: Computed<'_>) -> String {
    match ty.parts() {
        _ if ty.is_null() => "null".into(),
        Parts::Optional(inner) => format!("optional[{}]", of(inner)),
        Parts::List(inner) => format!("list[{}]", of(inner)),
        Parts::Map(inner) => format!("map[string,{}]", of(inner)),
        Parts::Plain(ty) => plain(&ty),
        Parts::Unknown => "unknown".into(),
    }
}

fn plain(ty: &Type<'_>) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int => "int".into(),
        Type::Float => "float".into(),
        Type::String => "string".into(),
        Type::Bytes => "bytes".into(),
        Type::Timestamp => "timestamp".into(),
        Type::Date => "date".into(),
        Type::Decimal { scale } => format!("decimal[{scale}]"),
        Type::Embedding { dim } => format!("embedding[{dim}]"),
        Type::Optional(_) | Type::List(_) | Type::Map(_) => of(Computed::of(ty)),
        Type::Record(record) => {
            let mut fields: Vec<_> = record
                .fields
                .iter()
                .map(|field| format!("{}:{}", field.name, plain(&field.ty)))
                .collect();
            fields.sort();
            format!("struct{{{}}}", fields.join(","))
        }
        Type::Between(between) => {
            let base = match between.min {
                Bound::Int(_) => "int",
                Bound::Float(_) => "float",
            };
            let open = if between.strict_min { '(' } else { '[' };
            let close = if between.strict_max { ')' } else { ']' };
            format!(
                "between[{base},{open}{},{}{close}]",
                between.min, between.max
            )
        }
        Type::OneOfInt(options) => {
            let options: Vec<_> = options.iter().map(ToString::to_string).collect();
            format!("oneof[int,{}]", options.join("|"))
        }
        Type::OneOfString(options) => format!("oneof[string,{}]", options.join("|")),
        Type::Regex(pattern) => format!("regex[{pattern:?}]"),
    }
}

/// What a vector writes, without the names of records.
pub(crate) fn nameless(written: &str) -> String {
    let mut parts = written.split("struct ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, fields) = part.split_once('{').unwrap();
        text.push_str("struct{");
        text.push_str(fields);
    }
    text
}
