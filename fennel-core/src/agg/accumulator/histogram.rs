//! How numbers are spread: exactly while they are few, in buckets of one percent beyond.

use std::collections::BTreeMap;

use super::{Reader, Retraction, put_varint};

/// Up to so many numbers are kept as they are.
const EXACT: u64 = 1_024;

/// Bits of a float's key that a bucket leaves out: all but the sign, the exponent and six digits, so 64 buckets
/// stand between a power of two and the next, and the middle of one is at most 1/128 from all in it.
const DROPPED: u32 = 46;

/// The numbers that were added, sorted, with their counts.
///
/// Which bucket a number falls into depends on it alone, so what is in the buckets depends on neither
/// order nor splits.
#[derive(Clone, Debug, Default)]
pub(in crate::agg) struct Histogram {
    /// The count of each key; of each bucket once there are more than [`EXACT`] numbers.
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Histogram {
    pub(in crate::agg) fn add(&mut self, number: f64) {
        self.insert(key(number), 1);
    }

    /// Counts a number in, by its full key.
    fn insert(&mut self, key: u64, times: u64) {
        if self.is_exact() && self.total + times > EXACT {
            self.coarsen();
        }
        let key = if self.total + times > EXACT {
            key >> DROPPED
        } else {
            key
        };
        *self.counts.entry(key).or_default() += times;
        self.total += times;
    }

    fn is_exact(&self) -> bool {
        self.total <= EXACT
    }

    fn coarsen(&mut self) {
        let exact = std::mem::take(&mut self.counts);
        for (key, count) in exact {
            *self.counts.entry(key >> DROPPED).or_default() += count;
        }
    }

    pub(in crate::agg) fn retract(&mut self, number: f64) -> Retraction {
        let key = match self.total {
            ..=EXACT => key(number),
            // What is left is few enough to be kept as it is, and that is no longer known.
            _ if self.total == EXACT + 1 => return Retraction::Rebuild,
            _ => key(number) >> DROPPED,
        };
        match self.counts.get_mut(&key) {
            None => return Retraction::Rebuild,
            Some(1) => {
                self.counts.remove(&key);
            }
            Some(count) => *count -= 1,
        }
        self.total -= 1;
        Retraction::Done
    }

    pub(in crate::agg) fn merge(&mut self, other: &Histogram) {
        if other.is_exact() {
            for (key, count) in &other.counts {
                self.insert(*key, *count);
            }
            return;
        }
        if self.is_exact() {
            self.coarsen();
        }
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.total += other.total;
    }

    pub(in crate::agg) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The number at `p` of all, rounded down, counted from zero; `None` where there is none.
    pub(in crate::agg) fn quantile(&self, p: f64) -> Option<f64> {
        let last = self.total.checked_sub(1)?;
        let index = ((p * self.total as f64) as u64).min(last);
        let mut seen = 0;
        for (key, count) in &self.counts {
            seen += count;
            if seen > index {
                return Some(if self.is_exact() {
                    number(*key)
                } else {
                    middle(*key)
                });
            }
        }
        None
    }

    /// The number of keys; then each key's distance from the one before, and its count.
    pub(in crate::agg) fn encode(&self, to: &mut Vec<u8>) {
        put_varint(to, self.total);
        put_varint(to, self.counts.len() as u64);
        let mut before = 0;
        for (key, count) in &self.counts {
            put_varint(to, key - before);
            put_varint(to, *count);
            before = *key;
        }
    }

    pub(in crate::agg) fn decode(from: &mut Reader<'_>) -> Option<Histogram> {
        let total = from.rows()?;
        let dropped = if total > EXACT { DROPPED } else { 0 };
        let mut counts = BTreeMap::new();
        let (mut before, mut sum) = (0_u64, 0_u64);
        for _ in 0..from.count()? {
            let key = before.checked_add(from.varint()?)?;
            let count = from.some_rows()?;
            if key > u64::MAX >> dropped || counts.insert(key, count).is_some() {
                return None;
            }
            sum = sum.checked_add(count)?;
            before = key;
        }
        (sum == total).then_some(Histogram { counts, total })
    }
}

/// Bits that sort as numbers do: negative zero before zero, NaN behind all.
fn key(number: f64) -> u64 {
    let number = if number.is_nan() { f64::NAN } else { number };
    let bits = number.to_bits();
    if bits >> 63 == 0 {
        bits | 1 << 63
    } else {
        !bits
    }
}

fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ 1 << 63 } else { !key })
}

/// The number that stands for all of a bucket. Zero, infinities and NaN stand for themselves.
fn middle(bucket: u64) -> f64 {
    let low = number(bucket << DROPPED);
    let high = number((bucket << DROPPED) | ((1 << DROPPED) - 1));
    // Of a negative bucket, the end that is nearer to zero is the high one.
    let near = if low.is_sign_negative() { high } else { low };
    if near == 0.0 || !near.is_finite() {
        return near;
    }
    let half = 1 << (DROPPED - 1);
    f64::from_bits(near.to_bits() + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_within_one_percent() {
        let mut number = 1e-300;
        while number < 1e300 {
            for number in [number, -number] {
                let error = (middle(key(number) >> DROPPED) - number) / number;
                assert!(error.abs() <= 1.0 / 128.0, "{number}: {error}");
            }
            number *= 1.003;
        }
        for number in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let stands = middle(key(number) >> DROPPED);
            assert_eq!(stands.to_bits(), number.to_bits(), "{number}");
        }
    }

    #[test]
    fn keys_sort_as_numbers() {
        let sorted = [
            f64::NEG_INFINITY,
            -1.5,
            -f64::MIN_POSITIVE,
            -0.0,
            0.0,
            f64::MIN_POSITIVE,
            1.5,
            f64::INFINITY,
            f64::NAN,
        ];
        assert!(sorted.is_sorted_by_key(|number| key(*number)));
        for float in sorted {
            assert_eq!(number(key(float)).to_bits(), float.to_bits());
        }
    }

    #[test]
    fn where_it_is_no_longer_exact_does_not_depend_on_splits() {
        let whole = |from: i64, to: i64| {
            let mut whole = Histogram::default();
            for n in from..to {
                whole.add(n as f64 + 0.001);
            }
            whole
        };
        let bytes = |all: &Histogram| {
            let mut bytes = Vec::new();
            all.encode(&mut bytes);
            bytes
        };
        for (part, all) in [
            (1, 1_024),
            (1, 1_025),
            (1_024, 1_025),
            (1_000, 2_000),
            (9, 3_000),
            (2_991, 3_000),
            (1_500, 3_000),
        ] {
            let mut merged = whole(0, part);
            merged.merge(&whole(part, all));
            assert_eq!(bytes(&merged), bytes(&whole(0, all)), "{part} {all}");
        }
    }

    #[test]
    fn it_has_to_be_rebuilt_where_it_becomes_exact_again() {
        let mut all = Histogram::default();
        for n in 0..=EXACT as i64 {
            all.add(n as f64 + 0.001);
        }
        let n = 7;
        assert_eq!(all.retract(n as f64 + 0.001), Retraction::Rebuild);
    }
}
