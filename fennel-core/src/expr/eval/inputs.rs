//! What kernels work on.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayAccessor, ArrayRef, ArrowPrimitiveType, BooleanArray, Float64Array, Int64Array,
    PrimitiveArray, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow_buffer::NullBuffer;

use super::Column;

/// The inputs of a kernel: columns of as many rows, or constants.
pub(crate) struct Inputs<'i> {
    /// How many rows the kernel makes: one where all inputs are constant.
    pub(crate) rows: usize,
    columns: &'i [Column],
}

/// One input of a known type.
pub(crate) struct Arg<'i, A> {
    array: &'i A,
    constant: bool,
}

impl<'i> Inputs<'i> {
    /// Inputs over so many rows.
    pub(super) fn new(rows: usize, columns: &'i [Column]) -> Self {
        let constant = columns.iter().all(|column| column.constant);
        Inputs {
            rows: if constant { 1 } else { rows },
            columns,
        }
    }

    /// Whether all are constants.
    pub(crate) fn is_constant(&self) -> bool {
        self.columns.iter().all(|column| column.constant)
    }

    /// The `k`th input.
    pub(crate) fn column(&self, k: usize) -> &'i Column {
        &self.columns[k]
    }

    /// All of them.
    pub(crate) fn columns(&self) -> &'i [Column] {
        self.columns
    }

    /// All of them, with a value for each row.
    pub(crate) fn expanded(&self) -> Vec<ArrayRef> {
        let columns = self.columns.iter().cloned();
        columns.map(|column| column.expand(self.rows)).collect()
    }

    fn arg<A>(&self, k: usize, array: &'i A) -> Arg<'i, A> {
        Arg {
            array,
            constant: self.columns[k].constant,
        }
    }

    fn primitive<P: ArrowPrimitiveType>(&self, k: usize) -> Arg<'i, PrimitiveArray<P>> {
        self.arg(k, self.columns[k].array.as_primitive())
    }

    pub(crate) fn bools(&self, k: usize) -> Arg<'i, BooleanArray> {
        self.arg(k, self.columns[k].array.as_boolean())
    }

    pub(crate) fn ints(&self, k: usize) -> Arg<'i, Int64Array> {
        self.primitive::<Int64Type>(k)
    }

    pub(crate) fn floats(&self, k: usize) -> Arg<'i, Float64Array> {
        self.primitive::<Float64Type>(k)
    }

    pub(crate) fn instants(&self, k: usize) -> Arg<'i, TimestampMicrosecondArray> {
        self.primitive::<TimestampMicrosecondType>(k)
    }

    pub(crate) fn texts(&self, k: usize) -> Arg<'i, StringArray> {
        self.arg(k, self.columns[k].array.as_string())
    }
}

impl<'i, A> Arg<'i, A>
where
    &'i A: ArrayAccessor,
{
    /// The value in a row, unless it is null.
    pub(crate) fn get(&self, row: usize) -> Option<<&'i A as ArrayAccessor>::Item> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

/// Applies a function to the numbers of two inputs; null where one is. The function sees what stands
/// in place of nulls too.
pub(crate) fn binary<A: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    inputs: &Inputs<'_>,
    function: impl Fn(A::Native, A::Native) -> O::Native,
) -> ArrayRef {
    let (a, b) = (inputs.primitive::<A>(0), inputs.primitive::<A>(1));
    let made: PrimitiveArray<O> = match (a.constant, b.constant) {
        (false, false) | (true, true) => {
            let nulls = NullBuffer::union(a.array.nulls(), b.array.nulls());
            let pairs = a.array.values().iter().zip(b.array.values());
            let values = pairs.map(|(a, b)| function(*a, *b)).collect();
            PrimitiveArray::new(values, nulls)
        }
        (true, false) => match a.get(0) {
            Some(a) => b.array.unary(|b| function(a, b)),
            None => return new_null_array(&O::DATA_TYPE, inputs.rows),
        },
        (false, true) => match b.get(0) {
            Some(b) => a.array.unary(|a| function(a, b)),
            None => return new_null_array(&O::DATA_TYPE, inputs.rows),
        },
    };
    Arc::new(made)
}

/// How two floats are ordered: NaN equals NaN and is above all others, and the zeros are one.
pub(crate) fn order(a: f64, b: f64) -> Ordering {
    let nan = || a.is_nan().cmp(&b.is_nan());
    a.partial_cmp(&b).unwrap_or_else(nan)
}
