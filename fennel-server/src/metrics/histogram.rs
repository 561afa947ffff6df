//! Durations, counted by size.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets in microseconds, and as Prometheus is told them, in seconds.
const BOUNDS: [(u64, &str); 15] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// How many durations there were of each size. Adding one is two additions and no lock.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Of each bucket, without those before it; the last one has no bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// A histogram as it was read: the buckets by bound, each with those before it.
#[derive(Debug, PartialEq)]
pub(crate) struct Counted {
    pub(crate) buckets: Vec<(&'static str, u64)>,
    pub(crate) seconds: f64,
    pub(crate) count: u64,
}

impl Histogram {
    /// Counts a duration.
    pub(crate) fn add(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|(micros, _)| micros * 1_000 < nanos);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub(crate) fn read(&self) -> Counted {
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        let mut count = 0;
        let buckets = bounds.zip(&self.buckets).map(|(bound, bucket)| {
            count += bucket.load(Ordering::Relaxed);
            (bound, count)
        });
        let buckets = buckets.collect();
        let seconds = self.nanos.load(Ordering::Relaxed) as f64 / 1e9;
        Counted {
            buckets,
            seconds,
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_all_up_to_its_bound() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 10_000_000, 10_000_001] {
            histogram.add(Duration::from_micros(micros));
        }
        let counted = histogram.read();
        let of = |bound| {
            let mut buckets = counted.buckets.iter();
            buckets.find(|(known, _)| *known == bound).unwrap().1
        };
        assert_eq!((of("0.0001"), of("0.00025")), (2, 3));
        assert_eq!((of("10"), of("+Inf"), counted.count), (4, 5, 5));
        assert!((counted.seconds - 20.000_202).abs() < 1e-9);
    }

    #[test]
    fn bounds_are_what_is_told_of_them() {
        for (micros, told) in BOUNDS {
            let seconds: f64 = told.parse().unwrap();
            assert!((seconds * 1e6 - micros as f64).abs() < 1e-6, "{told}");
        }
    }
}
