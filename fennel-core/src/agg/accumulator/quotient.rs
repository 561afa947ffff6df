//! Rounding of what is exact.

/// A number to more bits than a float has, and whether it goes on after them.
#[derive(Clone, Copy, Debug)]
pub(in crate::agg) struct Quotient {
    negative: bool,
    /// The first 64 bits; the top one is set, except for zero.
    bits: u64,
    /// What the lowest of them counts, as a power of two.
    exponent: i32,
    /// Whether anything but zeros follows.
    rest: bool,
}

impl Quotient {
    /// The first bits of `limbs`, the lowest of which counts `2^(64 * low)`; `rest` says whether anything
    /// follows them.
    pub(super) fn new(negative: bool, limbs: &[u64], low: i32, rest: bool) -> Quotient {
        let Some(top) = limbs.iter().rposition(|limb| *limb != 0) else {
            return Quotient {
                negative: false,
                bits: 0,
                exponent: 0,
                rest: false,
            };
        };
        let shift = limbs[top].leading_zeros();
        let (below, lower) = limbs[..top]
            .split_last()
            .map_or((0, &[][..]), |(below, lower)| (*below, lower));
        let pair = ((u128::from(limbs[top]) << 64) | u128::from(below)) << shift;
        Quotient {
            negative,
            bits: (pair >> 64) as u64,
            exponent: (low + top as i32) * 64 - shift.cast_signed(),
            rest: rest || pair as u64 != 0 || lower.iter().any(|limb| *limb != 0),
        }
    }

    /// The same number times `2^exponent`.
    pub(in crate::agg) fn scaled(self, exponent: i32) -> Quotient {
        Quotient {
            exponent: self.exponent.saturating_add(exponent),
            ..self
        }
    }

    /// The nearest float, half to even; infinite beyond the largest.
    pub(in crate::agg) fn to_f64(self) -> f64 {
        const DIGITS: i32 = f64::MANTISSA_DIGITS as i32;
        if self.bits == 0 {
            return 0.0;
        }
        // The power of two of the top bit.
        let power = self.exponent.saturating_add(63);
        if power > 1023 {
            return if self.negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            };
        }
        // Below the normal numbers, digits end at 2^-1074.
        let digits = DIGITS.min(power + 1075);
        let size = if digits < 0 {
            0
        } else {
            let dropped = 64 - digits.cast_unsigned();
            let bits = u128::from(self.bits);
            let (kept, tail) = (bits >> dropped, bits & ((1 << dropped) - 1));
            let half = 1_u128 << (dropped - 1);
            let up = tail > half || (tail == half && (self.rest || kept & 1 == 1));
            let kept = kept as u64 + u64::from(up);
            // The exponent's bits stand above the digits', so a carry out of these is right there.
            let exponent = if digits == DIGITS { power + 1022 } else { 0 };
            (u64::from(exponent.unsigned_abs()) << (DIGITS - 1)) + kept
        };
        f64::from_bits(size | (u64::from(self.negative) << 63))
    }

    /// The square root, of a number that is not negative.
    pub(in crate::agg) fn sqrt(self) -> f64 {
        // An even power of two comes out of the root as it is; what is left is about 1.
        let exponent = self.exponent.saturating_add(64) & !1;
        libm::scalbn(self.scaled(-exponent).to_f64().sqrt(), exponent / 2)
    }
}
