//! How late a row may be.
//!
//! A source's *watermark* is the latest event time that it has seen, less its disorder: no row is older that comes
//! later. A row that is older all the same is set aside. What one request brings comes at once, so its rows are
//! late by what earlier requests brought, and not by each other.
//!
//! An event time counts no further than to its arrival, so that one row that claims to be from the far future doesn't
//! make all others late.
//!
//! Which rows are late follows from the log alone, so a replay sets the same ones aside. The source remembers how far it
//! was at each place of the log that isn't applied to pipelines yet: a pass goes by the watermark of the rows that
//! it applies, whatever has come since.

use std::collections::VecDeque;

use fennel_core::time::{Duration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::Arrival;

/// The latest event time among a source's rows up to a place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The sequence behind those rows.
    pub(crate) until: u64,
    /// In microseconds since 1970; [`i64::MAX`] where no more rows are taken.
    pub(crate) latest: i64,
}

/// How far a source was, from the rows that are applied to pipelines to the last one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(VecDeque<Mark>);

impl Marks {
    /// Adds a mark behind the others.
    pub(crate) fn push(&mut self, mark: Mark) {
        self.0.push_back(mark);
    }

    /// Forgets marks that a later one replaces for everyone who asks for `applied` or more rows, and gives them.
    pub(crate) fn trim(&mut self, applied: u64) -> Vec<Mark> {
        let known = self.0.iter().take_while(|mark| mark.until <= applied);
        let replaced = known.count().saturating_sub(1);
        self.0.drain(..replaced).collect()
    }

    /// The latest event time of all rows.
    pub(crate) fn latest(&self) -> Option<i64> {
        self.0.back().map(|mark| mark.latest)
    }

    /// The latest event time of the first `applied` rows of the log, as far as is surely known.
    pub(crate) fn as_of(&self, applied: u64) -> Option<i64> {
        let known = self.0.partition_point(|mark| mark.until <= applied);
        let last = known.checked_sub(1).and_then(|i| self.0.get(i));
        last.map(|mark| mark.latest)
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Mark> {
        self.0.iter().copied()
    }
}

/// The watermark of a source whose latest event time is that.
pub(crate) fn watermark(latest: i64, disorder: Duration) -> i64 {
    match latest {
        i64::MAX => i64::MAX,
        latest => latest.saturating_sub(disorder.micros()),
    }
}

/// What a source has seen, request by request. It is on disk as part of rounds through the log.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// When the request came whose rows are met.
    request: Option<Timestamp>,
    /// The latest event time before that request, and with it.
    before: Option<i64>,
    latest: Option<i64>,
}

impl Seen {
    /// Goes on behind rows of that latest event time.
    pub(super) fn after(latest: Option<i64>) -> Self {
        Self {
            request: None,
            before: latest,
            latest,
        }
    }

    /// The latest event time of all rows that were met.
    pub(super) fn latest(&self) -> Option<i64> {
        self.latest
    }

    /// Whether the rows that were met last are of the request that arrived then.
    pub(super) fn is_in(&self, arrival: Arrival) -> bool {
        self.request == Some(arrival.at)
    }

    /// Notes that a row comes of the request that arrived then.
    pub(super) fn meet(&mut self, arrival: Arrival) {
        if !self.is_in(arrival) {
            self.request = Some(arrival.at);
            self.before = self.latest;
        }
    }

    /// Why a row of this event time is late, if it is.
    pub(super) fn is_late(&self, time: i64, disorder: Duration) -> Option<String> {
        let latest = self.before?;
        (time < watermark(latest, disorder)).then(|| {
            let instant = |micros| match Timestamp::from_micros(micros) {
                Some(instant) => instant.to_string(),
                None => format!("{micros} microseconds since 1970"),
            };
            format!(
                "it is late: its event time is {}, and rows up to {} had come before, which is more than the source's disorder of {disorder}",
                instant(time),
                instant(latest)
            )
        })
    }

    /// Notes that a row is taken.
    pub(super) fn take(&mut self, time: i64, arrival: Arrival) {
        self.latest = self.latest.max(Some(time.min(arrival.at.micros())));
    }

    /// Notes that no more rows are taken.
    pub(super) fn end(&mut self) {
        self.latest = Some(i64::MAX);
    }

    /// The mark behind the rows that were met, if it is another than before.
    pub(super) fn mark(&self, last: Option<i64>, until: u64) -> Option<Mark> {
        let latest = self.latest.filter(|_| self.latest > last)?;
        Some(Mark { until, latest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISORDER: Duration = Duration::from_micros(3_600);

    fn at(micros: i64) -> Arrival {
        Arrival::first(Timestamp::from_micros(micros).unwrap())
    }

    #[test]
    fn rows_are_late_by_earlier_requests_alone() {
        let mut seen = Seen::default();
        seen.meet(at(10_000));
        assert_eq!(seen.is_late(i64::MIN, DISORDER), None);
        seen.take(9_000, at(10_000));
        seen.meet(at(10_000));
        assert_eq!(
            seen.is_late(0, DISORDER),
            None,
            "it came in the same request"
        );
        seen.meet(at(10_001));
        assert!(seen.is_late(5_399, DISORDER).is_some());
        assert_eq!(seen.is_late(5_400, DISORDER), None);
    }

    #[test]
    fn a_row_from_the_future_counts_as_of_its_arrival() {
        let mut seen = Seen::default();
        seen.meet(at(10_000));
        seen.take(1_000_000, at(10_000));
        seen.meet(at(10_001));
        assert_eq!(seen.is_late(6_400, DISORDER), None);
        assert!(seen.is_late(6_399, DISORDER).is_some());
    }

    #[test]
    fn marks_tell_how_far_the_source_was_at_each_place() {
        let mut marks = Marks::default();
        for (until, latest) in [(2, 10), (5, 20), (9, 30)] {
            marks.push(Mark { until, latest });
        }
        let as_of = |marks: &Marks| [0, 1, 2, 4, 5, 9].map(|applied| marks.as_of(applied));
        let all = [None, None, Some(10), Some(10), Some(20), Some(30)];
        assert_eq!(as_of(&marks), all);
        assert_eq!(marks.trim(4), []);
        assert_eq!(
            marks.trim(5),
            [Mark {
                until: 2,
                latest: 10
            }]
        );
        assert_eq!((marks.as_of(5), marks.latest()), (Some(20), Some(30)));
    }
}
