//! The last step: what may not be null is not, and what is restricted keeps to it.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array};

use super::Failure;
use super::frame::{Failed, position, taken};
use super::node::elements;
use crate::column::value;
use crate::value::Shape;

/// The type that a result is of.
#[derive(Debug)]
pub(super) struct Finish {
    shape: Shape,
}

impl Finish {
    pub(super) fn new(shape: Shape) -> Self {
        Finish { shape }
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Lets rows fail that hold what the type does not have; `row` tells which a value is of.
    pub(super) fn check(&self, values: &ArrayRef, row: impl Fn(usize) -> usize, failed: &Failed) {
        check(&self.shape, values, &row, failed);
    }
}

/// Checks values, each of which belongs to a row of the batch.
fn check(shape: &Shape, values: &ArrayRef, row: &dyn Fn(usize) -> usize, failed: &Failed) {
    if let Shape::Optional(inner) = shape {
        if !is_free(inner) {
            let (valid, rows) = without_nulls(values);
            check(inner, &valid, &|i| row(rows[i] as usize), failed);
        }
        return;
    }
    if values.null_count() > 0 {
        for i in (0..values.len()).filter(|i| values.is_null(*i)) {
            failed.add(row(i), format!("expected {}, found null", shape.in_words()));
        }
        let (valid, rows) = without_nulls(values);
        return check(shape, &valid, &|i| row(rows[i] as usize), failed);
    }
    match shape {
        Shape::List(element) => {
            let lists = values.as_list();
            if lists.values().null_count() == 0 && is_free(element) {
                return;
            }
            let (inner, rows) = elements(lists);
            check(element, &inner, &|i| row(rows[i] as usize), failed);
        }
        Shape::Map(element) => {
            let maps = values.as_map();
            let offsets = maps.value_offsets();
            let at = |i: usize| usize::try_from(offsets[i]).unwrap_or_default();
            let inner = maps.values().slice(at(0), at(maps.len()) - at(0));
            let map_of = |i: usize| offsets.partition_point(|end| *end as usize <= i + at(0)) - 1;
            check(element, &inner, &|i| row(map_of(i)), failed);
        }
        Shape::Record(_, fields) => {
            for ((_, field), column) in fields.iter().zip(values.as_struct().columns()) {
                check(field, column, row, failed);
            }
        }
        Shape::Between(_) | Shape::OneOfInt(_) | Shape::OneOfString(_) | Shape::Regex(_) => {
            for i in 0..values.len() {
                let found = value(shape, values.as_ref(), i);
                if let Err(mismatch) = shape.accept(found) {
                    failed.add(row(i), mismatch.to_string());
                }
            }
        }
        _ => {}
    }
}

/// Whether nothing in a value can be wrong, null aside.
fn is_free(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Bool
            | Shape::Int
            | Shape::Float
            | Shape::String
            | Shape::Bytes
            | Shape::Timestamp
            | Shape::Date
            | Shape::Decimal(_)
    )
}

/// The values that are not null, and where each stands.
fn without_nulls(values: &ArrayRef) -> (ArrayRef, Vec<u32>) {
    let valid = (0..values.len()).filter(|i| values.is_valid(*i));
    let rows: Vec<u32> = valid.map(position).collect();
    (taken(values, &UInt32Array::from(rows.clone())), rows)
}

/// The values with null in the rows that failed.
pub(super) fn without(values: ArrayRef, failures: &[Failure]) -> ArrayRef {
    if failures.is_empty() {
        return values;
    }
    let mut rows: Vec<Option<u32>> = (0..values.len()).map(|row| Some(position(row))).collect();
    for failure in failures {
        rows[failure.row] = None;
    }
    taken(&values, &UInt32Array::from(rows))
}
