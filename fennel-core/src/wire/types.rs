//! Column types on the wire.

use std::collections::HashSet;

use super::proto::schema;
use super::{Arena, Decoded};
use crate::ty::{Between, Bound, Record, RecordField, Type};

/// The most fields of a record: those of two are compared pairwise.
const MAX_FIELDS: usize = 1_000;

/// The message of a type.
pub(crate) fn encode(ty: &Type<'_>) -> schema::DataType {
    use schema::data_type::Dtype;

    let boxed = |inner: &Type<'_>| Some(Box::new(encode(inner)));
    let dtype = match ty {
        Type::Bool => Dtype::BoolType(schema::BoolType {}),
        Type::Int => Dtype::IntType(schema::IntType {}),
        Type::Float => Dtype::DoubleType(schema::DoubleType {}),
        Type::String => Dtype::StringType(schema::StringType {}),
        Type::Bytes => Dtype::BytesType(schema::BytesType {}),
        Type::Timestamp => Dtype::TimestampType(schema::TimestampType {}),
        Type::Date => Dtype::DateType(schema::DateType {}),
        Type::Decimal { scale } => Dtype::DecimalType(schema::DecimalType {
            scale: *scale as i32,
        }),
        Type::Embedding { dim } => Dtype::EmbeddingType(schema::EmbeddingType {
            embedding_size: *dim as i32,
        }),
        Type::Optional(inner) => {
            Dtype::OptionalType(Box::new(schema::OptionalType { of: boxed(inner) }))
        }
        Type::List(inner) => Dtype::ArrayType(Box::new(schema::ArrayType { of: boxed(inner) })),
        Type::Map(inner) => Dtype::MapType(Box::new(schema::MapType {
            key: boxed(&Type::String),
            value: boxed(inner),
        })),
        Type::Record(record) => Dtype::StructType(encode_record(record)),
        Type::Between(between) => Dtype::BetweenType(Box::new(between_type(between))),
        Type::OneOfInt(options) => Dtype::OneOfType(Box::new(schema::OneOf {
            of: boxed(&Type::Int),
            options: options.iter().map(|option| int(*option)).collect(),
        })),
        Type::OneOfString(options) => Dtype::OneOfType(Box::new(schema::OneOf {
            of: boxed(&Type::String),
            options: options.iter().map(|option| string(option)).collect(),
        })),
        Type::Regex(pattern) => Dtype::RegexType(schema::RegexType {
            pattern: (*pattern).into(),
        }),
    };
    schema::DataType { dtype: Some(dtype) }
}

pub(crate) fn encode_record(record: &Record<'_>) -> schema::StructType {
    let fields = record.fields.iter();
    schema::StructType {
        name: record.name.into(),
        fields: fields
            .map(|field| encode_field(field.name, &field.ty))
            .collect(),
    }
}

fn between_type(between: &Between) -> schema::Between {
    let base = match between.min {
        Bound::Int(_) => Type::Int,
        Bound::Float(_) => Type::Float,
    };
    let bound = |bound| match bound {
        Bound::Int(bound) => int(bound),
        Bound::Float(bound) => value(schema::value::Variant::Float(bound)),
    };
    schema::Between {
        dtype: Some(Box::new(encode(&base))),
        min: Some(Box::new(bound(between.min))),
        max: Some(Box::new(bound(between.max))),
        strict_min: between.strict_min,
        strict_max: between.strict_max,
    }
}

pub(super) fn value(variant: schema::value::Variant) -> schema::Value {
    schema::Value {
        variant: Some(variant),
    }
}

fn int(int: i64) -> schema::Value {
    value(schema::value::Variant::Int(int))
}

fn string(text: &str) -> schema::Value {
    value(schema::value::Variant::String(text.into()))
}

pub(super) fn encode_field(name: &str, ty: &Type<'_>) -> schema::Field {
    schema::Field {
        name: name.into(),
        dtype: Some(encode(ty)),
    }
}

/// The type of a message.
pub(crate) fn decode<'a>(arena: Arena<'a>, ty: Option<&schema::DataType>) -> Decoded<Type<'a>> {
    use schema::data_type::Dtype;

    let Some(Dtype::OneOfType(one_of)) = ty.and_then(|ty| ty.dtype.as_ref()) else {
        return decode_plain(arena, ty);
    };
    arena.compares_all(one_of.options.len())?;
    let options = one_of.options.iter().map(|option| option.variant.as_ref());
    match decode(arena, one_of.of.as_deref())? {
        Type::Int => {
            let options = options.map(|option| match option {
                Some(schema::value::Variant::Int(int)) => Ok(*int),
                _ => Err("an option of a one_of over whole numbers is none".to_owned()),
            });
            let options: Vec<i64> = options.collect::<Decoded<_>>()?;
            Ok(Type::OneOfInt(arena.slice(&options)))
        }
        Type::String => {
            let options = options.map(|option| match option {
                Some(schema::value::Variant::String(text)) => Ok(arena.text(text)),
                _ => Err("an option of a one_of over texts is none".to_owned()),
            });
            let options: Vec<&str> = options.collect::<Decoded<_>>()?;
            Ok(Type::OneOfString(arena.slice(&options)))
        }
        other => Err(format!("a one_of is over `i64` or `String`, not `{other}`")),
    }
}

fn decode_plain<'a>(arena: Arena<'a>, ty: Option<&schema::DataType>) -> Decoded<Type<'a>> {
    use schema::data_type::Dtype;

    let dtype = ty.and_then(|ty| ty.dtype.as_ref());
    let inner = |ty: Option<&schema::DataType>| -> Decoded<&'a Type<'a>> {
        Ok(arena.value(decode(arena, ty)?))
    };
    Ok(match dtype.ok_or("it has no type")? {
        Dtype::BoolType(_) => Type::Bool,
        Dtype::IntType(_) => Type::Int,
        Dtype::DoubleType(_) => Type::Float,
        Dtype::StringType(_) => Type::String,
        Dtype::BytesType(_) => Type::Bytes,
        Dtype::TimestampType(_) => Type::Timestamp,
        Dtype::DateType(_) => Type::Date,
        Dtype::DecimalType(decimal) => Type::Decimal {
            scale: u32::try_from(decimal.scale).map_err(|_| "a decimal's scale is negative")?,
        },
        Dtype::EmbeddingType(embedding) => Type::Embedding {
            dim: u32::try_from(embedding.embedding_size)
                .map_err(|_| "an embedding's dimension is negative")?,
        },
        Dtype::OptionalType(optional) => Type::Optional(inner(optional.of.as_deref())?),
        Dtype::ArrayType(array) => Type::List(inner(array.of.as_deref())?),
        Dtype::MapType(map) => {
            if !matches!(decode(arena, map.key.as_deref())?, Type::String) {
                return Err("the keys of a map are texts".into());
            }
            Type::Map(inner(map.value.as_deref())?)
        }
        Dtype::StructType(record) => decode_record(arena, record)?,
        Dtype::BetweenType(between) => Type::Between(Between {
            min: bound(between.min.as_deref())?,
            max: bound(between.max.as_deref())?,
            strict_min: between.strict_min,
            strict_max: between.strict_max,
        }),
        Dtype::RegexType(regex) => Type::Regex(arena.text(&regex.pattern)),
        Dtype::OneOfType(_) => return decode(arena, ty),
        Dtype::NullType(_) => return Err("null is not the type of a column".into()),
    })
}

/// The record of a message.
pub(crate) fn decode_record<'a>(
    arena: Arena<'a>,
    record: &schema::StructType,
) -> Decoded<Type<'a>> {
    arena.compares_all(record.fields.len())?;
    let name = arena.name(&record.name)?;
    if record.fields.len() > MAX_FIELDS {
        return Err(format!(
            "record `{name}` has more than {MAX_FIELDS} fields, the most; split it"
        ));
    }
    let mut names = HashSet::new();
    let fields = record.fields.iter().map(|field| {
        // Fields are found by name in records that are compared, so each name is there once.
        if !names.insert(field.name.as_str()) {
            return Err(format!("record `{name}` has two fields `{}`", field.name));
        }
        Ok(RecordField {
            name: arena.name(&field.name)?,
            ty: decode(arena, field.dtype.as_ref())?,
        })
    });
    let fields: Vec<_> = fields.collect::<Decoded<_>>()?;
    Ok(Type::Record(arena.value(Record {
        name,
        fields: arena.slice(&fields),
    })))
}

fn bound(value: Option<&schema::Value>) -> Decoded<Bound> {
    match value.and_then(|value| value.variant.as_ref()) {
        Some(schema::value::Variant::Int(int)) => Ok(Bound::Int(*int)),
        Some(schema::value::Variant::Float(float)) => Ok(Bound::Float(*float)),
        _ => Err("a bound of a between is a number".into()),
    }
}
