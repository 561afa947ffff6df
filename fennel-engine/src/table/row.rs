//! The value columns of a row as bytes: one value behind the other, by name of the column, in postcard's
//! encoding.

use fennel_core::value::Value;

/// The bytes of these columns.
pub(crate) fn encode<'a>(columns: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    encode_behind(Vec::with_capacity(ROW), columns)
}

/// The bytes of these columns, behind others.
pub(crate) fn encode_behind<'a>(
    mut bytes: Vec<u8>,
    columns: impl Iterator<Item = &'a Value>,
) -> Vec<u8> {
    for value in columns {
        bytes =
            postcard::to_extend(value, bytes).expect("values are written to memory without fail");
    }
    bytes
}

/// The bytes of most rows.
pub(super) const ROW: usize = 64;

/// The first `count` columns, or `None` where the bytes are no row.
pub(crate) fn decode(bytes: &[u8], count: usize) -> Option<Vec<Value>> {
    let mut columns = Vec::with_capacity(count);
    let mut rest = bytes;
    for _ in 0..count {
        let (value, behind) = postcard::take_from_bytes(rest).ok()?;
        columns.push(value);
        rest = behind;
    }
    Some(columns)
}

/// How many of these bytes are those of so many columns.
pub(crate) fn len(bytes: &[u8], count: usize) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..count {
        let (_, behind): (Value, _) = postcard::take_from_bytes(rest).ok()?;
        rest = behind;
    }
    Some(bytes.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fennel_core::time::Timestamp;
    use fennel_core::value::date_from_days;

    use super::*;

    /// One value of each kind, with its bytes.
    fn row() -> Vec<(Value, &'static str)> {
        let instant = Timestamp::parse("1970-01-01T00:00:00.000064Z").unwrap();
        vec![
            (Value::Null, "00"),
            (Value::Bool(true), "0101"),
            (Value::Int(-3), "0205"),
            (Value::Float(1.5), "03000000000000f83f"),
            (Value::String("é".into()), "0402c3a9"),
            (Value::Bytes(vec![0]), "050100"),
            (Value::Timestamp(instant), "068001"),
            (Value::Date(date_from_days(-1).unwrap()), "0701"),
            (Value::Decimal("1.50".parse().unwrap()), "08ac0202"),
            (Value::List(vec![Value::Null]), "090100"),
            (
                Value::Map(BTreeMap::from([("k".into(), Value::Int(1))])),
                "0a01016b0202",
            ),
            (Value::Record(vec![Value::Bool(false)]), "0b010100"),
        ]
    }

    #[test]
    fn bytes_on_disk_are_these() {
        let bytes = encode(row().iter().map(|(value, _)| value));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, row().iter().map(|(_, hex)| *hex).collect::<String>());
        let values: Vec<_> = row().into_iter().map(|(value, _)| value).collect();
        assert_eq!(decode(&bytes, values.len()), Some(values));
    }

    #[test]
    fn cut_bytes_are_no_row() {
        let bytes = encode(row().iter().map(|(value, _)| value));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut], row().len()), None, "{cut}");
        }
        assert_eq!(decode(&[0xff, 0xff], 1), None);
    }
}
