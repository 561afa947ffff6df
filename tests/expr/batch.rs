//! Values of any type, and columns of them.

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::NullBuffer;
use fennel_core::column;
use fennel_core::time::Timestamp;
use fennel_core::ty::Bound;
use fennel_core::value::{Shape, Value, date_from_days};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample;
use rust_decimal::Decimal;

/// A strategy for values of a type, odd ones among them.
pub(crate) fn any(shape: &Shape) -> BoxedStrategy<Value> {
    let text = || sample::select(TEXTS).prop_map(|text| Value::String(text.into()));
    match shape {
        Shape::Optional(inner) => prop_oneof![1 => Just(Value::Null), 3 => any(inner)].boxed(),
        Shape::Bool => prop::bool::ANY.prop_map(Value::Bool).boxed(),
        Shape::Int => prop_oneof![-9_i64..9, sample::select(INTS)]
            .prop_map(Value::Int)
            .boxed(),
        Shape::Float => prop_oneof![-9.0..9.0, sample::select(FLOATS)]
            .prop_map(Value::Float)
            .boxed(),
        Shape::String => text().boxed(),
        Shape::Bytes => vec(0_u8..3, 0..3).prop_map(Value::Bytes).boxed(),
        Shape::Timestamp => prop_oneof![
            Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
            1_700_000_000_000_000_i64..1_720_000_000_000_000,
        ]
        .prop_map(|micros| Value::Timestamp(Timestamp::from_micros(micros).unwrap()))
        .boxed(),
        Shape::Date => (0_i64..99)
            .prop_map(|day| Value::Date(date_from_days(day).unwrap()))
            .boxed(),
        Shape::Decimal(scale) => {
            let scale = *scale;
            let decimal = move |mantissa| Value::Decimal(Decimal::new(mantissa, scale));
            (-9_i64..9).prop_map(decimal).boxed()
        }
        Shape::Embedding(dim) => {
            let floats = vec(any(&Shape::Float), *dim as usize);
            floats.prop_map(Value::List).boxed()
        }
        Shape::List(element) => vec(any(element), 0..4).prop_map(Value::List).boxed(),
        Shape::Map(inner) => btree_map("[jkab]", any(inner), 0..4)
            .prop_map(Value::Map)
            .boxed(),
        Shape::Record(_, fields) => {
            let fields: Vec<_> = fields.iter().map(|(_, field)| any(field)).collect();
            fields.prop_map(Value::Record).boxed()
        }
        Shape::Between(between) => match (between.min, between.max) {
            (Bound::Int(min), Bound::Int(max)) => (min + 1..max).prop_map(Value::Int).boxed(),
            _ => Just(Value::Float(0.5)).boxed(),
        },
        Shape::OneOfInt(options) => sample::select(options.to_vec())
            .prop_map(Value::Int)
            .boxed(),
        Shape::OneOfString(options) => sample::select(options.to_vec())
            .prop_map(Value::String)
            .boxed(),
        Shape::Regex(regex) if regex.is_match("12") => Just(Value::String("12".into())).boxed(),
        Shape::Regex(_) => "[a-z]{1,3}".prop_map(Value::String).boxed(),
    }
}

const INTS: &[i64] = &[i64::MIN, i64::MAX, 1 << 53, 2_147_483_648];
const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    2.675,
    1e-10,
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "k",
    "ab,b",
    "ΑΣ straße",
    "5",
    "-1.5",
    "null",
    "{\"a\": {\"b\": [1, 2]}, \"b\": \"x\"}",
    "[1, null]",
    "{\"a\": 1, \"b\": \"x\"}",
    "2024-02-29",
    "2024-03-10 02:30:00",
    "2024-11-03 01:30:00",
    "12:30",
];

/// A column in which what stands in place of nulls is a value like any other.
pub(crate) fn dirty(shape: &Shape, values: &[Value]) -> ArrayRef {
    let filled: Vec<Value> = values.iter().map(|value| filled(shape, value)).collect();
    let array = column::array(shape, filled.iter());
    let nulls: NullBuffer = values.iter().map(|value| *value != Value::Null).collect();
    let data = array.to_data().into_builder().nulls(Some(nulls));
    make_array(data.build().unwrap())
}

fn filled(shape: &Shape, value: &Value) -> Value {
    if *value != Value::Null {
        return value.clone();
    }
    match shape {
        Shape::Optional(inner) => filled(inner, value),
        Shape::Bool => Value::Bool(true),
        Shape::Int | Shape::OneOfInt(_) => Value::Int(0),
        Shape::Float => Value::Float(0.0),
        Shape::Between(between) => match between.min {
            Bound::Int(_) => Value::Int(0),
            Bound::Float(_) => Value::Float(0.0),
        },
        Shape::String | Shape::OneOfString(_) | Shape::Regex(_) => Value::String("{".into()),
        Shape::Bytes => Value::Bytes(vec![0]),
        Shape::Timestamp => Value::Timestamp(Timestamp::MIN),
        Shape::Date => Value::Date(Timestamp::MAX.to_datetime().date_naive()),
        Shape::Decimal(scale) => Value::Decimal(Decimal::new(1, *scale)),
        Shape::Embedding(dim) => Value::List(vec![Value::Float(0.0); *dim as usize]),
        Shape::List(element) => Value::List(vec![filled(element, value)]),
        Shape::Map(inner) => Value::Map([("a".into(), filled(inner, value))].into()),
        Shape::Record(_, fields) => {
            let fields = fields.iter();
            Value::Record(fields.map(|(_, field)| filled(field, value)).collect())
        }
    }
}
