//! Functions in Rust that the engine calls.
//!
//! A macro makes a [`Call`] of each: it takes the arguments as values, in the order of the
//! parameters, and answers with the results as values.

use crate::entity::Dataset;
use crate::row::Row;
use crate::ty::DataType;
use crate::value::{Mismatch, Value};

/// Calls a function: arguments in, results out. A lookup's argument is the row, or null.
pub type Call = fn(Vec<Value>) -> Result<Vec<Value>, Mismatch>;

/// What the engine gives a function for one of its parameters.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// The instant that the row is answered as of.
    Instant,
    /// The input at that position.
    Input(usize),
    /// The row of a dataset, its values in the order of the columns, or null.
    Lookup {
        /// The dataset that the function was compiled with.
        dataset: &'a Dataset<'a>,
        /// The positions of the inputs that are the key, in the order of the dataset's keys.
        keys: &'a [usize],
    },
}

/// What a parameter can borrow: a column type, `str`, or a slice of a column type.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` can't be the parameter of an extractor",
    label = "not a column type",
    note = "a parameter is a column type such as `i64`, `String` or `Option<f64>`, or `&str`, `&[T]` or `&T` of one"
)]
pub trait Lend {
    /// What it is borrowed from.
    type Owned: DataType;

    /// Borrows it.
    fn lend(owned: &Self::Owned) -> &Self;
}

impl Lend for str {
    type Owned = String;

    fn lend(owned: &String) -> &str {
        owned
    }
}

impl<T: DataType> Lend for [T]
where
    Vec<T>: DataType,
{
    type Owned = Vec<T>;

    fn lend(owned: &Vec<T>) -> &[T] {
        owned
    }
}

impl<T: DataType> Lend for T {
    type Owned = T;

    fn lend(owned: &T) -> &T {
        owned
    }
}

/// What a parameter that is looked up can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be looked up",
    label = "expected `Option` of a dataset",
    note = "a lookup may find no row: write `#[lookup(key)] row: Option<Dataset>`"
)]
pub trait Found: Sized {
    /// The dataset that it is a row of.
    const DATASET: &'static Dataset<'static>;

    /// The row, if there is one.
    ///
    /// # Errors
    ///
    /// The value is not a row of the dataset.
    fn found(value: Value) -> Result<Self, Mismatch>;
}

impl<R: Row> Found for Option<R> {
    const DATASET: &'static Dataset<'static> = R::DATASET;

    fn found(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            Value::Record(values) => R::from_values(values).map(Some),
            other => Err(Mismatch(format!(
                "expected a row of `{}`, found {other}",
                R::NAME
            ))),
        }
    }
}

/// A function that makes a feature, under the feature's own name: `UserFeatures::risk` is the
/// feature's handle, and it can be called.
pub trait Extracts<const FEATURE: usize> {
    /// The function's type.
    type Function: 'static;

    /// The function.
    const FUNCTION: &'static Self::Function;
}
