//! Columns: values of one type as an Arrow array.
//!
//! | type | array |
//! |---|---|
//! | `bool`, `i64`, `f64`, `String`, `Vec<u8>` | `Boolean`, `Int64`, `Float64`, `Utf8`, `Binary` |
//! | `DateTime<Utc>` | `Timestamp` of microseconds in `UTC` |
//! | `NaiveDate` | `Date32` |
//! | `Decimal<N>` | `Decimal128` of 38 digits, N behind the point |
//! | `Vec<T>`, `Embedding<N>` | `List` |
//! | `BTreeMap<String, T>` | `Map`, its keys in order |
//! | a record | `Struct`, its fields in the order of their declaration |
//!
//! What restricts a type, and whether it is an option, does not matter here: whatever is nested is
//! nullable for Arrow, since a row that failed is null until it is set aside.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    ListArray, MapArray, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use rust_decimal::Decimal;

use crate::time::Timestamp;
use crate::ty::Bound;
use crate::value::{Shape, Value, date_from_days, days_of};

/// The most digits of a `Decimal128`.
const PRECISION: u8 = 38;
/// The name that Arrow gives the elements of a list.
const ITEM: &str = "item";

static NULL: Value = Value::Null;

/// The Arrow type of a column.
#[must_use]
pub fn data_type(shape: &Shape) -> DataType {
    match shape {
        Shape::Bool => DataType::Boolean,
        Shape::Int | Shape::OneOfInt(_) => DataType::Int64,
        Shape::Float => DataType::Float64,
        Shape::Between(between) => match between.min {
            Bound::Int(_) => DataType::Int64,
            Bound::Float(_) => DataType::Float64,
        },
        Shape::String | Shape::OneOfString(_) | Shape::Regex(_) => DataType::Utf8,
        Shape::Bytes => DataType::Binary,
        Shape::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Shape::Date => DataType::Date32,
        Shape::Decimal(scale) => DataType::Decimal128(PRECISION, scale_of(*scale)),
        Shape::Embedding(_) => DataType::List(item(DataType::Float64)),
        Shape::Optional(inner) => data_type(inner),
        Shape::List(element) => DataType::List(item(data_type(element))),
        Shape::Map(value) => DataType::Map(entries(data_type(value)), true),
        Shape::Record(_, fields) => DataType::Struct(self::fields(fields)),
    }
}

/// The elements of a list as Arrow has them.
pub(crate) fn item(element: DataType) -> Arc<Field> {
    Arc::new(Field::new(ITEM, element, true))
}

/// The entries of a map as Arrow has them.
fn entries(value: DataType) -> Arc<Field> {
    Arc::new(Field::new(
        "entries",
        DataType::Struct(key_and_value(value)),
        false,
    ))
}

fn key_and_value(value: DataType) -> Fields {
    Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", value, true),
    ])
}

/// The fields of a record as Arrow has them.
pub(crate) fn fields(fields: &[(String, Shape)]) -> Fields {
    let fields = fields.iter();
    fields
        .map(|(name, shape)| Field::new(name, data_type(shape), true))
        .collect()
}

/// The scale of a decimal, which is at most 28.
fn scale_of(scale: u32) -> i8 {
    i8::try_from(scale).unwrap_or(i8::MAX)
}

/// The values as an array of their type.
///
/// # Panics
///
/// If a value is neither null nor of the type: [`Shape::accept`] makes those that are.
#[must_use]
pub fn array<'v>(shape: &Shape, values: impl ExactSizeIterator<Item = &'v Value>) -> ArrayRef {
    let values: Vec<&Value> = values.collect();
    build(shape, &values)
}

/// Takes the payload of a value of one variant.
macro_rules! payloads {
    ($shape:expr, $values:expr, $variant:ident, $payload:ident => $made:expr) => {
        $values.iter().map(|value| match value {
            Value::Null => None,
            Value::$variant($payload) => Some($made),
            other => misfit($shape, other),
        })
    };
}

fn misfit(shape: &Shape, value: &Value) -> ! {
    panic!("a column of `{shape}` can't hold {value}")
}

fn build(shape: &Shape, values: &[&Value]) -> ArrayRef {
    match data_type(shape) {
        DataType::Boolean => {
            Arc::new(payloads!(shape, values, Bool, it => *it).collect::<BooleanArray>())
        }
        DataType::Int64 => {
            Arc::new(payloads!(shape, values, Int, it => *it).collect::<Int64Array>())
        }
        DataType::Float64 => {
            Arc::new(payloads!(shape, values, Float, it => *it).collect::<Float64Array>())
        }
        DataType::Utf8 => {
            let mut texts = StringBuilder::with_capacity(values.len(), 0);
            payloads!(shape, values, String, it => it).for_each(|text| texts.append_option(text));
            Arc::new(texts.finish())
        }
        DataType::Binary => {
            let mut bytes = BinaryBuilder::with_capacity(values.len(), 0);
            payloads!(shape, values, Bytes, it => it).for_each(|some| bytes.append_option(some));
            Arc::new(bytes.finish())
        }
        DataType::Timestamp(..) => instants(payloads!(shape, values, Timestamp, it => it.micros())),
        DataType::Date32 => {
            Arc::new(payloads!(shape, values, Date, it => days_of(*it)).collect::<Date32Array>())
        }
        of @ DataType::Decimal128(..) => {
            let array = payloads!(shape, values, Decimal, it => it.mantissa());
            Arc::new(array.collect::<Decimal128Array>().with_data_type(of))
        }
        DataType::List(field) => {
            let element = element_of(shape);
            let (lists, elements) = (lengths(shape, values), elements(values));
            let offsets = OffsetBuffer::from_lengths(lists);
            let elements = build(&element, &elements);
            Arc::new(ListArray::new(field, offsets, elements, nulls(values)))
        }
        DataType::Map(field, ordered) => {
            let (maps, mut keys) = (lengths(shape, values), StringBuilder::new());
            let mut inner = Vec::new();
            for value in values {
                if let Value::Map(entries) = value {
                    entries.keys().for_each(|key| keys.append_value(key));
                    inner.extend(entries.values());
                }
            }
            let value = element_of(shape);
            let columns = vec![Arc::new(keys.finish()) as ArrayRef, build(&value, &inner)];
            let entries = StructArray::new(key_and_value(data_type(&value)), columns, None);
            let offsets = OffsetBuffer::from_lengths(maps);
            Arc::new(MapArray::new(
                field,
                offsets,
                entries,
                nulls(values),
                ordered,
            ))
        }
        DataType::Struct(names) => record(shape, names, values),
        other => unreachable!("`{shape}` is no {other}"),
    }
}

fn record(shape: &Shape, names: Fields, values: &[&Value]) -> ArrayRef {
    let fields = fields_of(shape);
    let columns = fields.iter().enumerate().map(|(i, (_, field))| {
        let column: Vec<&Value> = values
            .iter()
            .map(|value| match value {
                Value::Null => &NULL,
                Value::Record(values) if values.len() == fields.len() => &values[i],
                other => misfit(shape, other),
            })
            .collect();
        build(field, &column)
    });
    let columns: Vec<ArrayRef> = columns.collect();
    Arc::new(
        StructArray::try_new_with_length(names, columns, nulls(values), values.len())
            .expect("each column is as long and of the type that its field says"),
    )
}

/// Instants, as microseconds since 1970.
pub(crate) fn instants(micros: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let array = micros.collect::<TimestampMicrosecondArray>();
    Arc::new(array.with_timezone("UTC"))
}

fn nulls(values: &[&Value]) -> Option<NullBuffer> {
    let valid = values.iter().map(|value| !matches!(value, Value::Null));
    let nulls: NullBuffer = valid.collect();
    (nulls.null_count() > 0).then_some(nulls)
}

fn lengths(shape: &Shape, values: &[&Value]) -> Vec<usize> {
    let lengths = values.iter().map(|value| match value {
        Value::Null => 0,
        Value::List(elements) => elements.len(),
        Value::Map(entries) => entries.len(),
        other => misfit(shape, other),
    });
    lengths.collect()
}

fn elements<'v>(values: &[&'v Value]) -> Vec<&'v Value> {
    let lists = values.iter().filter_map(|value| match value {
        Value::List(elements) => Some(elements),
        _ => None,
    });
    lists.flatten().collect()
}

/// What a list, an embedding or a map is of.
pub(crate) fn element_of(shape: &Shape) -> Shape {
    match shape {
        Shape::Optional(inner) => element_of(inner),
        Shape::List(inner) | Shape::Map(inner) => (**inner).clone(),
        Shape::Embedding(_) => Shape::Float,
        other => unreachable!("`{other}` has no elements"),
    }
}

fn fields_of(shape: &Shape) -> &[(String, Shape)] {
    match shape {
        Shape::Optional(inner) => fields_of(inner),
        Shape::Record(_, fields) => fields,
        other => unreachable!("`{other}` has no fields"),
    }
}

/// The value in a row of an array.
///
/// # Panics
///
/// If there is no such row, or if the array is not one of this type.
#[must_use]
pub fn value(shape: &Shape, array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match shape {
        Shape::Optional(inner) => value(inner, array, row),
        Shape::Bool => Value::Bool(array.as_boolean().value(row)),
        Shape::Int | Shape::OneOfInt(_) => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        Shape::Float => Value::Float(array.as_primitive::<Float64Type>().value(row)),
        Shape::Between(between) => match between.min {
            Bound::Int(_) => value(&Shape::Int, array, row),
            Bound::Float(_) => value(&Shape::Float, array, row),
        },
        Shape::String | Shape::OneOfString(_) | Shape::Regex(_) => {
            Value::String(array.as_string::<i32>().value(row).into())
        }
        Shape::Bytes => Value::Bytes(array.as_binary::<i32>().value(row).into()),
        Shape::Timestamp => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let instant = Timestamp::from_micros(micros);
            Value::Timestamp(instant.expect("a column's instants are of years 1 to 9999"))
        }
        Shape::Date => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let date = date_from_days(days.into());
            Value::Date(date.expect("a column's dates are of years 1 to 9999"))
        }
        Shape::Decimal(scale) => {
            let mantissa = array.as_primitive::<Decimal128Type>().value(row);
            let decimal = Decimal::try_from_i128_with_scale(mantissa, *scale);
            Value::Decimal(decimal.expect("a column's decimals have at most 28 digits"))
        }
        Shape::Embedding(_) => list(&Shape::Float, array, row),
        Shape::List(element) => list(element, array, row),
        Shape::Map(inner) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let keys = keys.as_string::<i32>();
            let entries = (0..entries.len())
                .map(|i| (keys.value(i).to_owned(), value(inner, values.as_ref(), i)));
            Value::Map(entries.collect())
        }
        Shape::Record(_, fields) => {
            let columns = array.as_struct().columns();
            let values = fields.iter().zip(columns);
            Value::Record(
                values
                    .map(|((_, field), column)| value(field, column.as_ref(), row))
                    .collect(),
            )
        }
    }
}

fn list(element: &Shape, array: &dyn Array, row: usize) -> Value {
    let elements = array.as_list::<i32>().value(row);
    let values = (0..elements.len()).map(|i| value(element, elements.as_ref(), i));
    Value::List(values.collect())
}

/// Whether two values of one type, neither of them null, are equal. NaN equals itself here, and so
/// does a null inside of a value.
pub(crate) fn same(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    macro_rules! payloads {
        ($cast:ident $(::<$ty:ty>)?) => {
            a.$cast$(::<$ty>)?().value(i) == b.$cast$(::<$ty>)?().value(j)
        };
    }
    match a.data_type() {
        DataType::Boolean => payloads!(as_boolean),
        DataType::Int64 => payloads!(as_primitive::<Int64Type>),
        DataType::Float64 => {
            let a = a.as_primitive::<Float64Type>().value(i);
            let b = b.as_primitive::<Float64Type>().value(j);
            a == b || (a.is_nan() && b.is_nan())
        }
        DataType::Utf8 => payloads!(as_string::<i32>),
        DataType::Binary => payloads!(as_binary::<i32>),
        DataType::Timestamp(..) => payloads!(as_primitive::<TimestampMicrosecondType>),
        DataType::Date32 => payloads!(as_primitive::<Date32Type>),
        DataType::Decimal128(..) => payloads!(as_primitive::<Decimal128Type>),
        DataType::List(_) => {
            let (a, b) = (a.as_list::<i32>().value(i), b.as_list::<i32>().value(j));
            a.len() == b.len() && (0..a.len()).all(|k| alike(a.as_ref(), k, b.as_ref(), k))
        }
        DataType::Map(..) => {
            let (a, b) = (a.as_map().value(i), b.as_map().value(j));
            a.len() == b.len() && (0..a.len()).all(|k| same(&a, k, &b, k))
        }
        DataType::Struct(_) => {
            let (a, b) = (a.as_struct().columns(), b.as_struct().columns());
            let mut columns = a.iter().zip(b);
            columns.all(|(a, b)| alike(a.as_ref(), i, b.as_ref(), j))
        }
        other => unreachable!("no column is of {other}"),
    }
}

/// The same of values that may be null.
fn alike(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    match (a.is_null(i), b.is_null(j)) {
        (false, false) => same(a, i, b, j),
        (a, b) => a && b,
    }
}
