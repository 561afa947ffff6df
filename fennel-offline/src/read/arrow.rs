//! Values of Arrow arrays, as the Parquet reader makes them.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use fennel_core::time::Timestamp;
use fennel_core::value::{Value, date_from_days};
use rust_decimal::Decimal;

/// The incoming values of a row.
pub(super) fn values(
    batch: &RecordBatch,
    columns: &[usize],
    row: usize,
) -> Result<Vec<Value>, String> {
    let columns = columns.iter().map(|column| {
        let value = value(batch.column(*column).as_ref(), row);
        value.map_err(|reason| {
            let schema = batch.schema_ref();
            format!("column `{}`: {reason}", schema.field(*column).name())
        })
    });
    columns.collect()
}

/// A value of an array. Instants without a time zone are of UTC.
fn value(array: &dyn Array, row: usize) -> Result<Value, String> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! primitive {
        ($ty:ty) => {
            array.as_primitive::<$ty>().value(row)
        };
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int(primitive!(Int8Type).into()),
        DataType::Int16 => Value::Int(primitive!(Int16Type).into()),
        DataType::Int32 => Value::Int(primitive!(Int32Type).into()),
        DataType::Int64 => Value::Int(primitive!(Int64Type)),
        DataType::UInt8 => Value::Int(primitive!(UInt8Type).into()),
        DataType::UInt16 => Value::Int(primitive!(UInt16Type).into()),
        DataType::UInt32 => Value::Int(primitive!(UInt32Type).into()),
        DataType::UInt64 => {
            let number = primitive!(UInt64Type);
            let number = i64::try_from(number).map_err(|_| format!("{number} is out of range"))?;
            Value::Int(number)
        }
        DataType::Float16 => Value::Float(primitive!(Float16Type).to_f64()),
        DataType::Float32 => Value::Float(primitive!(Float32Type).into()),
        DataType::Float64 => Value::Float(primitive!(Float64Type)),
        DataType::Utf8 => Value::String(array.as_string::<i32>().value(row).into()),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => {
            let days = i64::from(primitive!(Date32Type));
            let date = date_from_days(days).ok_or("a date outside years 1 to 9999")?;
            Value::Date(date)
        }
        DataType::Timestamp(unit, _) => {
            let micros = match unit {
                TimeUnit::Second => primitive!(TimestampSecondType).checked_mul(1_000_000),
                TimeUnit::Millisecond => primitive!(TimestampMillisecondType).checked_mul(1_000),
                TimeUnit::Microsecond => Some(primitive!(TimestampMicrosecondType)),
                TimeUnit::Nanosecond => Some(primitive!(TimestampNanosecondType).div_euclid(1_000)),
            };
            let instant = micros.and_then(Timestamp::from_micros);
            Value::Timestamp(instant.ok_or("an instant outside years 1 to 9999")?)
        }
        DataType::Decimal32(_, scale) => decimal(primitive!(Decimal32Type).into(), *scale)?,
        DataType::Decimal64(_, scale) => decimal(primitive!(Decimal64Type).into(), *scale)?,
        DataType::Decimal128(_, scale) => decimal(primitive!(Decimal128Type), *scale)?,
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            let elements = (0..elements.len()).map(|i| value(elements.as_ref(), i));
            Value::List(elements.collect::<Result<_, _>>()?)
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let fields = fields
                .iter()
                .zip(columns)
                .map(|(field, column)| Ok((field.name().clone(), value(column.as_ref(), row)?)));
            Value::Map(fields.collect::<Result<_, String>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let mut map = BTreeMap::new();
            for i in 0..entries.len() {
                let Value::String(key) = value(keys.as_ref(), i)? else {
                    return Err("a map whose keys are no texts".into());
                };
                map.insert(key, value(values.as_ref(), i)?);
            }
            Value::Map(map)
        }
        other => return Err(format!("values of Parquet's type {other} are not read")),
    })
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

fn decimal(mantissa: i128, scale: i8) -> Result<Value, String> {
    let number = u32::try_from(scale)
        .ok()
        .and_then(|scale| Decimal::try_from_i128_with_scale(mantissa, scale).ok());
    number.map(Value::Decimal).ok_or_else(|| {
        format!(
            "the decimal {mantissa}e{} has too many digits",
            -i32::from(scale)
        )
    })
}
