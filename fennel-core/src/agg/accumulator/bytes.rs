//! The compact form of states: numbers of variable length, and values with a tag each.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::time::Timestamp;
use crate::value::{Value, date_from_days, days_of};

/// How deep a value may nest when it is read; types of columns nest less.
const MAX_DEPTH: u32 = 128;

/// More rows than any state can have; a count beyond is no count, and sums of counts stay far from overflow.
const MAX_ROWS: u64 = 1 << 48;

/// Seven bits a byte, the low ones first; the top bit says that more follow.
pub(in crate::agg) fn put_varint(to: &mut Vec<u8>, number: u64) {
    put_wide_varint(to, number.into());
}

/// A number with a sign: small sizes are short.
pub(in crate::agg) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put_wide(to, number.into());
}

pub(super) fn put_wide(to: &mut Vec<u8>, number: i128) {
    put_wide_varint(to, ((number << 1) ^ (number >> 127)).cast_unsigned());
}

fn put_wide_varint(to: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// The length, then the bytes.
pub(super) fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// A value with its type.
pub(super) fn put_value(to: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => to.push(0),
        Value::Bool(false) => to.push(1),
        Value::Bool(true) => to.push(2),
        Value::Int(int) => {
            to.push(3);
            put_signed(to, *int);
        }
        Value::Float(float) => {
            to.push(4);
            to.extend_from_slice(&float.to_bits().to_le_bytes());
        }
        Value::String(text) => {
            to.push(5);
            put_bytes(to, text.as_bytes());
        }
        Value::Bytes(bytes) => {
            to.push(6);
            put_bytes(to, bytes);
        }
        Value::Timestamp(instant) => {
            to.push(7);
            put_signed(to, instant.micros());
        }
        Value::Date(date) => {
            to.push(8);
            put_signed(to, days_of(*date).into());
        }
        Value::Decimal(number) => {
            to.push(9);
            put_varint(to, number.scale().into());
            put_wide(to, number.mantissa());
        }
        Value::List(elements) => {
            to.push(10);
            put_values(to, elements);
        }
        Value::Map(entries) => {
            to.push(11);
            put_varint(to, entries.len() as u64);
            for (key, value) in entries {
                put_bytes(to, key.as_bytes());
                put_value(to, value);
            }
        }
        Value::Record(fields) => {
            to.push(12);
            put_values(to, fields);
        }
    }
}

fn put_values(to: &mut Vec<u8>, values: &[Value]) {
    put_varint(to, values.len() as u64);
    for value in values {
        put_value(to, value);
    }
}

/// Bytes that are read from the front; whatever they are, reading answers `None` at worst.
pub(in crate::agg) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(in crate::agg) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(in crate::agg) fn varint(&mut self) -> Option<u64> {
        self.wide_varint()?.try_into().ok()
    }

    pub(in crate::agg) fn signed(&mut self) -> Option<i64> {
        self.wide()?.try_into().ok()
    }

    /// How many rows there are.
    pub(super) fn rows(&mut self) -> Option<u64> {
        self.varint().filter(|rows| *rows < MAX_ROWS)
    }

    /// How many rows there are, at least one.
    pub(super) fn some_rows(&mut self) -> Option<u64> {
        self.rows().filter(|rows| *rows > 0)
    }

    /// How many rows there are; less than none where more were taken out than in.
    pub(in crate::agg) fn balance(&mut self) -> Option<i64> {
        self.signed().filter(|rows| rows.unsigned_abs() < MAX_ROWS)
    }

    pub(super) fn wide(&mut self) -> Option<i128> {
        let number = self.wide_varint()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    fn wide_varint(&mut self) -> Option<u128> {
        let (mut number, mut shift) = (0_u128, 0_u32);
        loop {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            let shifted = bits.checked_shl(shift)?;
            if shifted >> shift != bits {
                return None;
            }
            number |= shifted;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    /// How many elements follow, each of at least one byte.
    pub(in crate::agg) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }

    pub(super) fn bytes(&mut self) -> Option<&'b [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    pub(super) fn timestamp(&mut self) -> Option<Timestamp> {
        Timestamp::from_micros(self.signed()?)
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        self.nested(MAX_DEPTH)
    }

    fn nested(&mut self, depth: u32) -> Option<Value> {
        let inner = depth.checked_sub(1)?;
        Some(match self.byte()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(self.signed()?),
            4 => Value::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            5 => Value::String(self.text()?),
            6 => Value::Bytes(self.bytes()?.to_vec()),
            7 => Value::Timestamp(self.timestamp()?),
            8 => Value::Date(date_from_days(self.signed()?)?),
            9 => {
                let scale = u32::try_from(self.varint()?).ok()?;
                let mantissa = self.wide()?;
                Value::Decimal(Decimal::try_from_i128_with_scale(mantissa, scale).ok()?)
            }
            10 => Value::List(self.values(inner)?),
            11 => {
                let mut entries = BTreeMap::new();
                for _ in 0..self.count()? {
                    entries.insert(self.text()?, self.nested(inner)?);
                }
                Value::Map(entries)
            }
            12 => Value::Record(self.values(inner)?),
            _ => return None,
        })
    }

    fn values(&mut self, depth: u32) -> Option<Vec<Value>> {
        let count = self.count()?;
        (0..count).map(|_| self.nested(depth)).collect()
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_come_back() {
        for number in [0, 1, -1, 63, 64, -64, -65, i128::MAX, i128::MIN] {
            let mut bytes = Vec::new();
            put_wide(&mut bytes, number);
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.wide(), reader.is_at_end()), (Some(number), true));
        }
        let mut one_byte = Vec::new();
        put_varint(&mut one_byte, 127);
        assert_eq!(one_byte, [127]);
        // More bits than any number has, and a number that never ends.
        for bytes in [&[0xff; 30][..], &[0xff; 3]] {
            assert_eq!(Reader::new(bytes).wide(), None);
        }
        assert_eq!(Reader::new(&[0xff; 9]).signed(), None);
    }

    #[test]
    fn values_of_every_type_come_back() {
        let record = Value::Record(vec![
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::Int(-7),
            Value::Float(-0.0),
            Value::String("déjà".into()),
            Value::Bytes(vec![0, 255]),
            Value::Timestamp(Timestamp::MIN),
            Value::Date(date_from_days(-1).unwrap()),
            Value::Decimal("-1.50".parse().unwrap()),
            Value::Map([("a".into(), Value::Int(1))].into()),
        ]);
        let value = Value::List(vec![record, Value::List(Vec::new())]);
        let mut bytes = Vec::new();
        put_value(&mut bytes, &value);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.value(), Some(value));
        assert!(reader.is_at_end());
        for end in 0..bytes.len() {
            assert_eq!(Reader::new(&bytes[..end]).value(), None);
        }
    }

    #[test]
    fn values_that_nest_without_end_are_refused() {
        let mut bytes = [10, 1].repeat(1_000_000);
        bytes.push(0);
        assert_eq!(Reader::new(&bytes).value(), None);
    }
}
