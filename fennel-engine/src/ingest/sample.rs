//! Sampling: which rows a source takes, decided by the values of some columns alone.
//!
//! **The rule, which never changes:** the typed values of the deciding columns, in the order of the columns'
//! names, are written in postcard's encoding one behind the other. The upper 53 bits of their XXH3 hash (64 bits,
//! seed 0), divided by 2⁵³, are a number from 0 to below 1. The row is taken if it is less than the rate.
//! So rows with equal values are taken or left together, whenever and wherever they come, and those taken at a
//! lower rate are among those at a higher one.

use fennel_core::entity::{Dataset, Source};
use fennel_core::value::Value;
use xxhash_rust::xxh3::Xxh3Default;

/// The part of the rows that a source takes.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    rate: f64,
    /// Positions of the columns that decide, in the order of their names.
    columns: Vec<usize>,
}

impl Sample {
    /// The sample of a checked source, if it has one.
    pub(super) fn of(source: &Source<'_>, dataset: &Dataset<'_>) -> Option<Self> {
        let sample = source.sample?;
        let mut columns: Vec<usize> = match sample.using {
            [] => (0..dataset.fields.len())
                .filter(|i| source.decides(dataset, *i))
                .collect(),
            using => using
                .iter()
                .filter_map(|column| dataset.position(column))
                .collect(),
        };
        columns.sort_by_key(|i| dataset.fields.get(*i).map(|field| field.name));
        columns.dedup();
        Some(Self {
            rate: sample.rate,
            columns,
        })
    }

    /// Whether a row of typed values is taken.
    pub(super) fn takes(&self, row: &[Value]) -> bool {
        unit(self.columns.iter().filter_map(|i| row.get(*i))) < self.rate
    }
}

/// The number from 0 to below 1 that these values stand for.
pub(crate) fn unit<'v>(values: impl Iterator<Item = &'v Value>) -> f64 {
    let mut hash = Xxh3Default::new();
    let mut bytes = Vec::new();
    for value in values {
        bytes =
            postcard::to_extend(value, bytes).expect("values are written to memory without fail");
        hash.update(&bytes);
        bytes.clear();
    }
    const UNITS: f64 = (1_u64 << 53) as f64;
    (hash.digest() >> 11) as f64 / UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        let number = |values: &[Value]| unit(values.iter());
        assert_eq!(number(&[]), 0.1758804333447428);
        assert_eq!(number(&[Value::Int(1)]), 0.728324185479413);
        assert_eq!(
            number(&[Value::String("a".into()), Value::Null]),
            0.5600498809881909
        );
    }

    #[test]
    fn about_the_rate_of_many_keys_is_taken_and_a_higher_rate_takes_more_of_the_same() {
        let sample = |rate| Sample {
            rate,
            columns: vec![0],
        };
        let taken = |rate| (0..10_000).filter(move |i| sample(rate).takes(&[Value::Int(*i)]));
        let (some, more) = (
            taken(0.1).collect::<Vec<_>>(),
            taken(0.2).collect::<Vec<_>>(),
        );
        assert!((900..1100).contains(&some.len()), "{}", some.len());
        assert!(some.iter().all(|i| more.contains(i)));
        assert_eq!(taken(0.0).count(), 0);
        assert_eq!(taken(1.0).count(), 10_000);
    }
}
