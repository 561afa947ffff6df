//! Figures of repeated measurements.

use std::time::Duration;

/// The middle of some measurements; of an even number the mean of the two in the middle. Zero where
/// there are none.
#[must_use]
pub fn median(measured: impl IntoIterator<Item = Duration>) -> Duration {
    let mut sorted: Vec<Duration> = measured.into_iter().collect();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => Duration::ZERO,
        (Some(middle), 1) => *middle,
        (Some(upper), _) => (*upper + sorted[middle - 1]) / 2,
    }
}

/// The measurement that the part `q`, from 0 to 1, of them is not above. Zero where there are none.
#[must_use]
pub fn quantile(sorted: &[Duration], q: f64) -> Duration {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// A time in milliseconds.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A time in microseconds.
#[must_use]
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[u64]) -> Vec<Duration> {
        millis.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(times(&[9, 1, 4])), Duration::from_millis(4));
        assert_eq!(median(times(&[9, 1, 4, 6])), Duration::from_millis(5));
        assert_eq!(median([]), Duration::ZERO);
    }

    #[test]
    fn a_quantile_is_one_of_the_measurements() {
        let sorted = times(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        for (q, expected) in [(0.0, 1), (0.5, 5), (0.99, 10), (1.0, 10)] {
            assert_eq!(quantile(&sorted, q), Duration::from_millis(expected), "{q}");
        }
    }
}
