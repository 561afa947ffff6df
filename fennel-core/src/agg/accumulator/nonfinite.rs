//! Infinities and NaN, which no sum can hold.

use super::{Reader, put_signed};

/// How many of each were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::agg) struct NonFinite {
    nan: i64,
    infinity: i64,
    negative_infinity: i64,
}

impl NonFinite {
    /// Counts a number that is not finite, `times` being -1 where it is taken out.
    pub(in crate::agg) fn add(&mut self, number: f64, times: i64) {
        let count = if number.is_nan() {
            &mut self.nan
        } else if number > 0.0 {
            &mut self.infinity
        } else {
            &mut self.negative_infinity
        };
        *count += times;
    }

    pub(in crate::agg) fn merge(&mut self, other: &NonFinite) {
        self.nan += other.nan;
        self.infinity += other.infinity;
        self.negative_infinity += other.negative_infinity;
    }

    /// What they add up to, with whatever finite numbers; `None` where there are none.
    pub(in crate::agg) fn sum(&self) -> Option<f64> {
        match (self.nan, self.infinity, self.negative_infinity) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(f64::INFINITY),
            (0, 0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }

    pub(in crate::agg) fn encode(&self, to: &mut Vec<u8>) {
        put_signed(to, self.nan);
        put_signed(to, self.infinity);
        put_signed(to, self.negative_infinity);
    }

    pub(in crate::agg) fn decode(from: &mut Reader<'_>) -> Option<NonFinite> {
        Some(NonFinite {
            nan: from.balance()?,
            infinity: from.balance()?,
            negative_infinity: from.balance()?,
        })
    }
}
