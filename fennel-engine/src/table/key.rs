//! Key values as bytes: in order, and such that no key's bytes begin those of another.
//!
//! | type | bytes |
//! |---|---|
//! | bool | 0 or 1 |
//! | whole number, instant, date, decimal | big-endian with the sign turned over; of a decimal the mantissa |
//! | text, bytes | the bytes, a 0 as 0 255, and 0 0 behind the last |
//! | list | 1 before each element, 0 behind the last |
//! | record | its fields, one behind the other |
//!
//! They are on disk, so they never change.

use fennel_core::time::Timestamp;
use fennel_core::ty::{Between, Bound};
use fennel_core::value::{Shape, Value, date_from_days, days_of};
use rust_decimal::Decimal;

/// Appends a typed value of a key column.
pub(crate) fn encode(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => to.push(u8::from(*value)),
        Value::Int(int) => to.extend(ordered(*int)),
        Value::Timestamp(instant) => to.extend(ordered(instant.micros())),
        Value::Date(date) => to.extend(ordered(i64::from(days_of(*date)))),
        Value::Decimal(number) => to.extend(turned(number.mantissa()).to_be_bytes()),
        Value::String(text) => encode_bytes(text.as_bytes(), to),
        Value::Bytes(bytes) => encode_bytes(bytes, to),
        Value::List(elements) => {
            for element in elements {
                to.push(1);
                encode(element, to);
            }
            to.push(0);
        }
        Value::Record(fields) => fields.iter().for_each(|field| encode(field, to)),
        Value::Null | Value::Float(_) | Value::Map(_) => {
            unreachable!("`Type::can_be_key` leaves these types out")
        }
    }
}

/// Takes a value of a key column off the front, or gives `None` where none is.
pub(crate) fn decode(shape: &Shape, from: &mut &[u8]) -> Option<Value> {
    Some(match shape {
        Shape::Bool => match take::<1>(from)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return None,
        },
        Shape::Int
        | Shape::OneOfInt(_)
        | Shape::Between(Between {
            min: Bound::Int(_), ..
        }) => Value::Int(decode_int(from)?),
        Shape::Timestamp => Value::Timestamp(Timestamp::from_micros(decode_int(from)?)?),
        Shape::Date => Value::Date(date_from_days(decode_int(from)?)?),
        Shape::Decimal(scale) => {
            let mantissa = turned(i128::from_be_bytes(take(from)?));
            Value::Decimal(Decimal::try_from_i128_with_scale(mantissa, *scale).ok()?)
        }
        Shape::String | Shape::OneOfString(_) | Shape::Regex(_) => {
            Value::String(String::from_utf8(decode_bytes(from)?).ok()?)
        }
        Shape::Bytes => Value::Bytes(decode_bytes(from)?),
        Shape::List(element) => {
            let mut elements = Vec::new();
            loop {
                match take::<1>(from)? {
                    [0] => break Value::List(elements),
                    [1] => elements.push(decode(element, from)?),
                    _ => return None,
                }
            }
        }
        Shape::Record(_, fields) => {
            let fields = fields.iter().map(|(_, shape)| decode(shape, from));
            Value::Record(fields.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// A number as bytes that compare as the numbers do.
pub(crate) fn ordered(int: i64) -> [u8; 8] {
    (int ^ i64::MIN).to_be_bytes()
}

/// The number that [`ordered`] made these bytes of.
pub(crate) fn from_ordered(bytes: [u8; 8]) -> i64 {
    i64::from_be_bytes(bytes) ^ i64::MIN
}

fn turned(int: i128) -> i128 {
    int ^ i128::MIN
}

fn decode_int(from: &mut &[u8]) -> Option<i64> {
    take(from).map(from_ordered)
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*bytes)
}

fn encode_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    for (i, part) in bytes.split(|byte| *byte == 0).enumerate() {
        if i > 0 {
            to.extend([0, 255]);
        }
        to.extend(part);
    }
    to.extend([0, 0]);
}

fn decode_bytes(from: &mut &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let zero = from.iter().position(|byte| *byte == 0)?;
        let (part, rest) = from.split_at(zero);
        bytes.extend(part);
        let (mark, rest) = rest.split_first_chunk::<2>()?;
        *from = rest;
        match mark {
            [0, 255] => bytes.push(0),
            [0, 0] => return Some(bytes),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        bytes
    }

    fn reads_back(shape: &Shape, value: &Value) {
        let mut encoded = bytes(value);
        encoded.extend([0, 255, 7]);
        let mut rest = encoded.as_slice();
        assert_eq!(decode(shape, &mut rest).as_ref(), Some(value));
        assert_eq!(rest, [0, 255, 7], "nothing behind the value is touched");
    }

    #[test]
    fn bytes_on_disk_are_these() {
        let text = |text: &str| Value::String(text.into());
        let day = Timestamp::parse("2024-02-29T00:00:00.000001Z").unwrap();
        for (shape, value, expected) in [
            (Shape::Bool, Value::Bool(true), "01"),
            (Shape::Int, Value::Int(-2), "7ffffffffffffffe"),
            (Shape::Timestamp, Value::Timestamp(day), "80061279f0c44001"),
            (
                Shape::Date,
                Value::Date(day.to_datetime().date_naive()),
                "8000000000004d46",
            ),
            (
                Shape::Decimal(2),
                Value::Decimal("-0.05".parse().unwrap()),
                "7ffffffffffffffffffffffffffffffb",
            ),
            (Shape::String, text("a\0b"), "6100ff620000"),
            (Shape::String, text(""), "0000"),
            (Shape::Bytes, Value::Bytes(vec![0, 1]), "00ff010000"),
            (
                Shape::List(Arc::new(Shape::Bool)),
                Value::List(vec![Value::Bool(false)]),
                "010000",
            ),
        ] {
            let hex: String = bytes(&value)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hex, expected, "{value}");
            reads_back(&shape, &value);
        }
    }

    #[test]
    fn cut_and_foreign_bytes_are_no_key() {
        let shapes = [
            Shape::Bool,
            Shape::Int,
            Shape::Timestamp,
            Shape::Date,
            Shape::Decimal(28),
            Shape::String,
            Shape::List(Arc::new(Shape::String)),
        ];
        for shape in shapes {
            assert_eq!(decode(&shape, &mut [].as_slice()), None, "{shape}");
            assert_eq!(decode(&shape, &mut [2; 5].as_slice()), None, "{shape}");
        }
        for shape in [
            Shape::Timestamp,
            Shape::Date,
            Shape::Decimal(28),
            Shape::Float,
        ] {
            assert_eq!(decode(&shape, &mut [255; 16].as_slice()), None, "{shape}");
        }
        assert_eq!(
            decode(&Shape::String, &mut [0xc3, 0, 0].as_slice()),
            None,
            "not UTF-8"
        );
        assert_eq!(
            decode(&Shape::String, &mut [b'a', 0, 7].as_slice()),
            None,
            "an unknown mark"
        );
    }

    fn ordered_as(a: &Value, b: &Value, expected: std::cmp::Ordering) {
        let (a, b) = (bytes(a), bytes(b));
        assert_eq!(a.cmp(&b), expected);
        assert!(
            a == b || !(a.starts_with(&b) || b.starts_with(&a)),
            "one key begins another"
        );
    }

    proptest! {
        #[test]
        fn numbers_keep_their_order(a: i64, b: i64) {
            ordered_as(&Value::Int(a), &Value::Int(b), a.cmp(&b));
            reads_back(&Shape::Int, &Value::Int(a));
        }

        #[test]
        fn decimals_keep_their_order(a in -1_000_000_i64.., b in -1000..1000_i64) {
            let value = |n: i64| Value::Decimal(Decimal::new(n, 3));
            ordered_as(&value(a), &value(b), a.cmp(&b));
            reads_back(&Shape::Decimal(3), &value(a));
        }

        #[test]
        fn bytes_keep_their_order(a in vec(0..3_u8, 0..6), b in vec(0..3_u8, 0..6)) {
            ordered_as(&Value::Bytes(a.clone()), &Value::Bytes(b.clone()), a.cmp(&b));
            reads_back(&Shape::Bytes, &Value::Bytes(a));
        }

        #[test]
        fn lists_keep_their_order(a in vec("[\0-b]{0,2}", 0..4), b in vec("[\0-b]{0,2}", 0..4)) {
            let value = |texts: &[String]| Value::List(texts.iter().cloned().map(Value::String).collect());
            ordered_as(&value(&a), &value(&b), a.cmp(&b));
            reads_back(&Shape::List(Arc::new(Shape::String)), &value(&a));
        }
    }
}
