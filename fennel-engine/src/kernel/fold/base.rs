//! What rows come to that are gone.
//!
//! A window without a beginning sees all rows there ever were. Those that it saw before anything can still be asked
//! for, and that can't leave again, are kept as what they come to: an accumulator for each aggregate, merged with what
//! the later rows come to. So a group takes as much space as its aggregates need, however many rows it had.

use fennel_core::agg::{Accumulator, Contribution};
use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::group::{Entry, Group};
use super::{BASE, Fold};
use crate::error::Result;
use crate::kernel::window::leaves;
use crate::kernel::{OPEN, corrupt};
use crate::state::Side;

/// What rows come to that are gone, of each accumulator; of those that no window needs, nothing.
pub(super) struct Base(Vec<Accumulator>);

impl Fold {
    /// Whether a window has no beginning.
    pub(super) fn sees_all(&self) -> bool {
        self.windows().any(|window| leaves(window, 0) == OPEN)
    }

    /// Which of the accumulators windows without a beginning need.
    fn based(&self, slot: usize) -> bool {
        let mut functions = self.functions.iter();
        functions.any(|function| function.slot == slot && leaves(function.window, 0) == OPEN)
    }

    /// What a row brings to one of the accumulators.
    pub(super) fn contribution<'r>(&self, slot: usize, row: &'r Entry) -> Result<Contribution<'r>> {
        let of = self.of.get(slot).copied().flatten();
        Ok(Contribution {
            time: Timestamp::from_micros(row.time).ok_or_else(corrupt)?,
            order: &row.id,
            value: of.and_then(|i| row.values.get(i)).unwrap_or(&Value::Null),
        })
    }
}

impl Group<'_> {
    /// What the group's rows come to that are gone, if any are.
    pub(super) fn base(&self, side: Side) -> Result<Option<Base>> {
        if !self.fold.sees_all() {
            return Ok(None);
        }
        let value = self.state.get(side, &self.base_key())?;
        let base = value.map(|value| Base::decode(&value, &self.fold.empty).ok_or_else(corrupt));
        base.transpose()
    }

    /// Where the base is kept.
    pub(super) fn base_key(&self) -> Vec<u8> {
        self.fold.entry_key(BASE, &self.bytes, &[])
    }
}

impl Base {
    /// Of no rows.
    pub(super) fn empty(fold: &Fold) -> Self {
        Self(fold.empty.clone())
    }

    /// Takes a row in.
    pub(super) fn add(&mut self, fold: &Fold, row: &Entry) -> Result<()> {
        for (slot, sum) in self.0.iter_mut().enumerate() {
            if fold.based(slot) {
                sum.add(fold.contribution(slot, row)?);
            }
        }
        Ok(())
    }

    /// What it has of an accumulator.
    pub(super) fn get(&self, slot: usize) -> Option<&Accumulator> {
        self.0.get(slot)
    }

    /// Adds all it has.
    pub(super) fn merge_into(&self, sums: &mut [Accumulator]) {
        for (sum, base) in sums.iter_mut().zip(&self.0) {
            sum.merge(base);
        }
    }

    /// Each accumulator behind its length, as 4 bytes, big-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for sum in &self.0 {
            let begin = bytes.len() + size_of::<u32>();
            bytes.extend([0; size_of::<u32>()]);
            sum.encode(&mut bytes);
            let len = u32::try_from(bytes.len() - begin).unwrap_or(u32::MAX);
            if let Some(head) = bytes.get_mut(begin - size_of::<u32>()..begin) {
                head.copy_from_slice(&len.to_be_bytes());
            }
        }
        bytes
    }

    fn decode(mut bytes: &[u8], empty: &[Accumulator]) -> Option<Self> {
        let sums = empty.iter().map(|empty| {
            let (len, rest) = bytes.split_first_chunk::<4>()?;
            let (sum, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
            bytes = rest;
            empty.decode(sum)
        });
        let sums = sums.collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self(sums))
    }
}
