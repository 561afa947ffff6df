//! Exact sums of binary fractions: integers with a binary point that are as wide as they have to be.

use super::bytes::{Reader, put_signed, put_varint};
use super::number::split;
use super::quotient::Quotient;

/// Limbs that are held in place: 192 bits for the sum and 64 for its sign, so that amounts from
/// 1e-19 to 1e19 need no more.
const FEW: usize = 4;

/// How many bytes a sum may span on either side of the point, and altogether, when it is read. Squares of
/// floats reach from 2^-2148 to 2^2048, so no sum comes near.
const MAX_BYTES: usize = 1_024;

/// A sum of numbers `m * 2^e` that loses nothing.
///
/// Addition of integers has no order, so neither has this: what was added and subtracted again leaves
/// no trace, and the sum is rounded only when it is read.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Exact {
    /// The lowest limb counts `2^(64 * low)`.
    low: i32,
    /// In two's complement, the lowest first. An addend is put where at least one limb is above it, which
    /// takes the carries of 2^64 additions.
    limbs: Limbs,
}

#[derive(Clone, Debug)]
enum Limbs {
    Few([u64; FEW]),
    Many(Vec<u64>),
}

impl Exact {
    pub(in crate::agg) const ZERO: Exact = Exact {
        low: 0,
        limbs: Limbs::Few([0; FEW]),
    };

    /// Adds `mantissa * 2^exponent`, or subtracts it.
    #[inline]
    pub(in crate::agg) fn add(&mut self, negative: bool, mantissa: u64, exponent: i32) {
        if mantissa == 0 {
            return;
        }
        let limb = exponent >> 6;
        let addend = u128::from(mantissa) << (exponent & 63);
        let at = limb.wrapping_sub(self.low).cast_unsigned() as usize;
        match &mut self.limbs {
            Limbs::Few(limbs) if at < FEW - 2 => add_at(limbs, at, negative, addend),
            _ => self.add_far(limb, negative, addend),
        }
    }

    /// Adds a product of two numbers.
    pub(in crate::agg) fn add_wide(&mut self, negative: bool, mantissa: u128, exponent: i32) {
        self.add(negative, mantissa as u64, exponent);
        self.add(negative, (mantissa >> 64) as u64, exponent + 64);
    }

    /// Adds a number times `factor`, rounded once, times `2^shift`; the factor is from 1 to 2.
    pub(in crate::agg) fn add_scaled(&mut self, number: f64, factor: f64, shift: i32) {
        let Some((negative, mantissa, exponent)) = split(number) else {
            return;
        };
        // Of the digits alone, whose product is neither too large nor too small for a float.
        if let Some((_, mantissa, more)) = split(mantissa as f64 * factor) {
            self.add(negative, mantissa, exponent + more + shift);
        }
    }

    /// Adds the square of `mantissa * 2^exponent`, or subtracts it; the mantissa is less than 2^96.
    pub(in crate::agg) fn add_square(&mut self, negative: bool, mantissa: u128, exponent: i32) {
        let (high, low) = (mantissa >> 64, u128::from(mantissa as u64));
        self.add_wide(negative, low * low, 2 * exponent);
        self.add_wide(negative, 2 * high * low, 2 * exponent + 64);
        self.add_wide(negative, high * high, 2 * exponent + 128);
    }

    /// Adds a whole number.
    pub(in crate::agg) fn add_int(&mut self, number: i128) {
        self.add_wide(number < 0, number.unsigned_abs(), 0);
    }

    /// Adds `times` times another sum times `2^(64 * limbs)`, or subtracts it.
    pub(in crate::agg) fn add_times(
        &mut self,
        negative: bool,
        other: &Exact,
        times: u64,
        limbs: i32,
    ) {
        let other = other.magnitude();
        for (limb, at) in other.limbs.iter().zip(other.low + limbs..) {
            let product = u128::from(*limb) * u128::from(times);
            self.add_wide(negative != other.negative, product, at * 64);
        }
    }

    /// Subtracts the square of another sum.
    pub(in crate::agg) fn subtract_square(&mut self, other: &Exact) {
        let other = other.magnitude();
        for (a, at) in other.limbs.iter().zip(2 * other.low..) {
            for (b, at) in other.limbs.iter().zip(at..) {
                self.add_wide(true, u128::from(*a) * u128::from(*b), at * 64);
            }
        }
    }

    pub(in crate::agg) fn merge(&mut self, other: &Exact) {
        self.add_times(false, other, 1, 0);
    }

    #[cold]
    fn add_far(&mut self, limb: i32, negative: bool, addend: u128) {
        let fits = {
            let at = i64::from(limb) - i64::from(self.low);
            at >= 0 && at + 2 < self.limbs().len() as i64
        };
        if !fits {
            self.widen(limb);
        }
        let at = (limb - self.low).cast_unsigned() as usize;
        match &mut self.limbs {
            Limbs::Few(limbs) => add_at(limbs, at, negative, addend),
            Limbs::Many(limbs) => add_at(limbs, at, negative, addend),
        }
    }

    /// Makes room for an addend at that limb, and for the sign above.
    fn widen(&mut self, limb: i32) {
        let sign = self.sign();
        let limbs = self.limbs();
        let start = limbs.iter().take_while(|limb| **limb == 0).count();
        let end = limbs.iter().rposition(|limb| *limb != sign);
        let (used, first) = match end {
            Some(end) if start <= end => (&limbs[start..=end], self.low + start as i32),
            // Zero, or a sign alone.
            _ => (
                &limbs[..0],
                if start < limbs.len() {
                    self.low + start as i32
                } else {
                    limb
                },
            ),
        };
        // A limb below, so that somewhat finer addends fit as well.
        let low = first.min(limb) - 1;
        let high = (first + used.len() as i32).max(limb + 2) + 1;
        let (low, width) = match (high - low).cast_unsigned() as usize {
            width if width <= FEW => (low, FEW),
            width if width == FEW + 1 => (low + 1, FEW),
            width => (low, width),
        };
        let mut wide = vec![sign; width];
        let offset = (first - low).cast_unsigned() as usize;
        wide[..offset].fill(0);
        wide[offset..offset + used.len()].copy_from_slice(used);
        self.low = low;
        self.limbs = match <[u64; FEW]>::try_from(wide.as_slice()) {
            Ok(few) => Limbs::Few(few),
            Err(_) => Limbs::Many(wide),
        };
    }

    fn limbs(&self) -> &[u64] {
        match &self.limbs {
            Limbs::Few(limbs) => limbs,
            Limbs::Many(limbs) => limbs,
        }
    }

    /// What all limbs above are.
    fn sign(&self) -> u64 {
        let top = self.limbs().last().copied().unwrap_or_default();
        (top.cast_signed() >> 63).cast_unsigned()
    }

    /// The sum without its sign, from its lowest to its highest limb that is not zero.
    fn magnitude(&self) -> Magnitude {
        let mut limbs = self.limbs().to_vec();
        let negative = self.sign() != 0;
        if negative {
            let mut carry = true;
            for limb in &mut limbs {
                (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
            }
        }
        let zeros = limbs.iter().take_while(|limb| **limb == 0).count();
        limbs.drain(..zeros);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let low = self.low + zeros as i32;
        Magnitude {
            negative,
            limbs,
            low,
        }
    }

    /// The sum, rounded to the nearest float, half to even; infinite beyond the largest.
    pub(in crate::agg) fn to_f64(&self) -> f64 {
        self.over(&[]).to_f64()
    }

    /// The sum divided by all divisors, which are not zero.
    pub(in crate::agg) fn over(&self, divisors: &[u64]) -> Quotient {
        let Magnitude {
            negative,
            mut limbs,
            mut low,
        } = self.magnitude();
        // Each divisor takes at most one limb away; one is left, and that is more than a float has.
        if !divisors.is_empty() {
            limbs.splice(..0, std::iter::repeat_n(0, divisors.len() + 1));
            low -= divisors.len() as i32 + 1;
        }
        let mut rest = false;
        for divisor in divisors {
            let mut remainder = 0_u64;
            for limb in limbs.iter_mut().rev() {
                let part = (u128::from(remainder) << 64) | u128::from(*limb);
                *limb = (part / u128::from(*divisor)) as u64;
                remainder = (part % u128::from(*divisor)) as u64;
            }
            rest |= remainder != 0;
        }
        Quotient::new(negative, &limbs, low, rest)
    }

    /// The bytes of the magnitude without zeros at either end: their number and the sign, then where the
    /// lowest stands, then they.
    pub(in crate::agg) fn encode(&self, to: &mut Vec<u8>) {
        let magnitude = self.magnitude();
        let bytes: Vec<u8> = magnitude
            .limbs
            .iter()
            .flat_map(|limb| limb.to_le_bytes())
            .collect();
        let start = bytes.iter().take_while(|byte| **byte == 0).count();
        let end = bytes.iter().rposition(|byte| *byte != 0);
        let bytes = end.map_or(&[][..], |end| &bytes[start..=end]);
        put_varint(
            to,
            (bytes.len() as u64) << 1 | u64::from(magnitude.negative),
        );
        if !bytes.is_empty() {
            put_signed(to, i64::from(magnitude.low) * 8 + start as i64);
            to.extend_from_slice(bytes);
        }
    }

    pub(in crate::agg) fn decode(from: &mut Reader<'_>) -> Option<Exact> {
        let head = from.varint()?;
        let (count, negative) = (usize::try_from(head >> 1).ok()?, head & 1 == 1);
        let mut sum = Exact::ZERO;
        if count == 0 {
            return (!negative).then_some(sum);
        }
        let low = i32::try_from(from.signed()?).ok()?;
        if count > MAX_BYTES || low.unsigned_abs() as usize > MAX_BYTES {
            return None;
        }
        let bytes = from.take(count)?;
        if bytes.first() == Some(&0) || bytes.last() == Some(&0) {
            return None;
        }
        for (chunk, at) in bytes.chunks(8).zip(0..) {
            let mut limb = [0; 8];
            limb[..chunk.len()].copy_from_slice(chunk);
            sum.add(negative, u64::from_le_bytes(limb), (low + at * 8) * 8);
        }
        Some(sum)
    }
}

/// Adds to a number in two's complement; the addend is less than 2^127 and not zero.
#[inline]
fn add_at(limbs: &mut [u64], at: usize, negative: bool, addend: u128) {
    let (addend, sign) = if negative {
        (addend.wrapping_neg(), u64::MAX)
    } else {
        (addend, 0)
    };
    let mut carry = false;
    for (i, limb) in limbs.iter_mut().skip(at).enumerate() {
        let part = match i {
            0 => addend as u64,
            1 => (addend >> 64) as u64,
            // Nothing changes from here on.
            _ if carry == negative => return,
            _ => sign,
        };
        let (sum, over) = limb.overflowing_add(part);
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, over | over_again);
    }
}

struct Magnitude {
    negative: bool,
    limbs: Vec<u64>,
    low: i32,
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn add(sum: &mut Exact, number: f64) {
        let (negative, mantissa, exponent) = split(number).unwrap();
        sum.add(negative, mantissa, exponent);
    }

    fn sum(numbers: &[f64]) -> Exact {
        let mut sum = Exact::ZERO;
        for number in numbers {
            add(&mut sum, *number);
        }
        sum
    }

    /// Whole multiples of 2^-40, which `i128` adds up exactly.
    fn dyadic() -> impl Strategy<Value = (i64, u32)> {
        (-(1_i64 << 53)..1 << 53, 0..60_u32)
    }

    const UNIT: f64 = 1.0 / (1_u64 << 40) as f64;

    proptest! {
        #[test]
        fn sums_are_those_of_integers(parts in vec(dyadic(), 1..60)) {
            let numbers: Vec<f64> = parts
                .iter()
                .map(|(mantissa, shift)| *mantissa as f64 * (1_u64 << shift) as f64 * UNIT)
                .collect();
            let expected: i128 = parts
                .iter()
                .map(|(mantissa, shift)| i128::from(*mantissa) << shift)
                .sum();
            // The conversion rounds half to even.
            prop_assert_eq!(sum(&numbers).to_f64(), expected as f64 * UNIT);
        }

        #[test]
        fn quotients_are_those_of_floats(a in -(1_i64 << 53)..1 << 53, b in 1..1_u64 << 53) {
            let mut exact = Exact::ZERO;
            exact.add_int(a.into());
            prop_assert_eq!(exact.over(&[b]).to_f64(), a as f64 / b as f64);
            prop_assert_eq!(exact.over(&[b, 1 << 40]).to_f64(), a as f64 / b as f64 * UNIT);
        }

        #[test]
        fn every_float_comes_back(number in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL) {
            prop_assert_eq!(sum(&[number]).to_f64(), number);
            // It makes room for much larger ones, and leaves no trace of them.
            let far = [f64::MAX, number, 5e-324, -f64::MAX, -5e-324];
            prop_assert_eq!(sum(&far).to_f64(), number);
        }

        #[test]
        fn roots_are_those_of_floats(number in 0.0..1e300_f64) {
            prop_assert_eq!(sum(&[number]).over(&[]).sqrt(), number.sqrt());
        }

        #[test]
        fn squares_cancel(numbers in vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, 1..4)) {
            let mut spread = Exact::ZERO;
            for a in &numbers {
                for b in &numbers {
                    let ((_, x, e), (_, y, f)) = (split(*a).unwrap(), split(*b).unwrap());
                    let product = u128::from(x) * u128::from(y);
                    spread.add_wide(a.is_sign_negative() != b.is_sign_negative(), product, e + f);
                }
            }
            spread.subtract_square(&sum(&numbers));
            prop_assert_eq!(spread.to_f64(), 0.0);
        }
    }

    #[test]
    fn halves_round_to_even_down_to_the_least_float() {
        let least = 5e-324;
        let half = |numbers: &[f64]| sum(numbers).over(&[2]).to_f64();
        assert_eq!(half(&[least]), 0.0);
        assert_eq!(half(&[least, least, least]), 2.0 * least);
        assert_eq!(sum(&[least]).over(&[3]).to_f64(), 0.0);
        assert_eq!(sum(&[least, least]).over(&[3]).to_f64(), least);
        // The largest subnormal and a half: the least normal number is the even one.
        let subnormal = f64::MIN_POSITIVE - least;
        assert_eq!(half(&[subnormal, f64::MIN_POSITIVE]), f64::MIN_POSITIVE);
        // Half a digit beyond the largest, which is odd.
        let beyond = [f64::MAX, 2_f64.powi(970)];
        assert_eq!(sum(&beyond).to_f64(), f64::INFINITY);
        assert_eq!(half(&beyond), 2_f64.powi(1023));
    }

    #[test]
    fn common_sums_stay_in_place() {
        let mut sum = Exact::ZERO;
        for i in 0..100_000_i32 {
            add(&mut sum, f64::from(i % 2_000 - 900) * 0.01);
        }
        assert!(matches!(sum.limbs, Limbs::Few(_)));
    }

    #[test]
    fn sums_grow_far_beyond_their_addends() {
        let (large, many) = (2_f64.powi(115), 5_000);
        for sign in [1.0, -1.0] {
            let mut all = sum(&[sign]);
            for _ in 0..many {
                add(&mut all, large * sign);
            }
            assert_eq!(all.to_f64(), large * sign * f64::from(many));
            add(&mut all, -large * sign * f64::from(many));
            assert_eq!(all.to_f64(), sign);
        }
    }

    #[test]
    fn only_what_was_written_is_read() {
        let mut bytes = Vec::new();
        sum(&[1.5]).encode(&mut bytes);
        assert_eq!(bytes, [4, 1, 128, 1]);
        for foreign in [
            &[1][..],
            &[4, 1, 128],
            &[4, 1, 0, 1],
            &[4, 1, 1, 0],
            &[2, 255, 255, 1, 1],
        ] {
            assert!(
                Exact::decode(&mut Reader::new(foreign)).is_none(),
                "{foreign:?}"
            );
        }
    }
}
