//! What aggregates do at run time.
//!
//! An [`Accumulator`] takes rows in and out, is merged with others, and tells a value at any moment.
//! One law holds for all of them: **the value is a function of which rows are in it**. The order in which they
//! came, how they were split and merged, what was there and left again, and whether the state was on disk in
//! between make no difference, to the last bit. So sums of floats are exact and rounded when they
//! are read, and what is approximate becomes so by size alone.
//!
//! The files here are machines that several aggregates share; what an aggregate makes of them stands in its
//! own file.

mod bytes;
mod exact;
mod extreme;
mod histogram;
mod nonfinite;
mod number;
mod order;
mod quotient;
mod ranked;
mod tally;
mod total;
mod unique;

#[cfg(test)]
pub(super) mod law;

use std::fmt;

use super::{Aggregation, Machine};
use crate::time::Timestamp;
use crate::value::{Mismatch, Shape, Value};

pub(super) use bytes::{Reader, put_signed, put_varint};
pub(super) use exact::Exact;
pub(super) use extreme::{Extreme, Which};
pub(super) use histogram::Histogram;
pub(super) use nonfinite::NonFinite;
pub(super) use number::{Number, Part};
pub(super) use ranked::{End, Ranked};
pub(super) use tally::Tally;
pub(super) use total::Total;
pub(super) use unique::Unique;

/// One row's part in an aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Contribution<'v> {
    /// The row's place in time.
    pub time: Timestamp,
    /// Its place among rows of that time: bytes that sort as the rows arrived, different for each row.
    pub order: &'v [u8],
    /// What the column holds; anything where rows themselves are counted. Where numbers are needed, what is
    /// none counts as null.
    pub value: &'v Value,
}

/// What became of a retraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Retraction {
    /// The row is out.
    Done,
    /// The state does not know what comes instead: start with a new accumulator and add the rows that are
    /// left. This one is of no use any more.
    Rebuild,
}

/// A value that is beyond its column's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Overflow(pub(super) String);

/// What an aggregate knows of the rows that were added.
///
/// It owns all it needs. A clone is as cheap as its state is small: tens of bytes for most, up to
/// the documented size of [`Count`](super::Count) and [`Quantile`](super::Quantile), and as many values as there are
/// for [`Distinct`](super::Distinct) and lists.
#[derive(Clone, Debug)]
pub struct Accumulator(Machine);

impl Aggregation<'_> {
    /// An accumulator without rows; `of` is the type of the column, where there is one.
    ///
    /// # Errors
    ///
    /// The aggregate can't be computed of such a column, or its default is no value of it. A definition
    /// that was checked has the first no more; defaults that came over the wire are checked here.
    pub fn accumulator(&self, of: Option<&Shape>) -> Result<Accumulator, Mismatch> {
        Machine::new(&self.function, of).map(Accumulator)
    }
}

impl Accumulator {
    /// Takes a row in.
    #[inline]
    pub fn add(&mut self, row: Contribution<'_>) {
        self.0.add(row);
    }

    /// Takes a row out that was added, with the same time, order and value.
    pub fn retract(&mut self, row: Contribution<'_>) -> Retraction {
        self.0.retract(row)
    }

    /// Takes all rows in that `other` has; no row may be in both.
    ///
    /// # Panics
    ///
    /// The two are not of the same aggregate and column.
    pub fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    /// The value as of `at`, which is not before any row's time. Only decaying sums depend on it.
    ///
    /// # Errors
    ///
    /// The value is beyond its type: a sum of whole numbers or decimals.
    pub fn value(&self, at: Timestamp) -> Result<Value, Overflow> {
        self.0.value(at)
    }

    /// Whether no row is in it that matters: none was added, all were taken out, or all hold a null that
    /// the aggregate leaves out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the state in a compact form that does not change between versions of this crate.
    pub fn encode(&self, to: &mut Vec<u8>) {
        self.0.encode(to);
    }

    /// Reads a state that an accumulator of the same aggregate and column wrote; `None` where the bytes are
    /// no such state.
    #[must_use]
    pub fn decode(&self, bytes: &[u8]) -> Option<Accumulator> {
        let mut reader = Reader::new(bytes);
        let machine = self.0.decode(&mut reader)?;
        reader.is_at_end().then_some(Accumulator(machine))
    }
}

/// An aggregate that can be computed.
pub(super) trait Accumulate {
    type State: State;

    /// The state without rows, for a column of that type.
    fn state(&self, of: Option<&Shape>) -> Result<Self::State, Mismatch>;
}

/// What each method does stands at the one of [`Accumulator`].
pub(super) trait State: Clone + fmt::Debug + Send + Sync + Sized + 'static {
    fn add(&mut self, row: Contribution<'_>);
    fn retract(&mut self, row: Contribution<'_>) -> Retraction;
    fn merge(&mut self, other: &Self);
    fn value(&self, at: Timestamp) -> Result<Value, Overflow>;
    fn is_empty(&self) -> bool;
    fn encode(&self, to: &mut Vec<u8>);
    fn decode(&self, from: &mut Reader<'_>) -> Option<Self>;
}
