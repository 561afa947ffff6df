//! How far a bounded source is: whether it has begun, and whether it has ended.
//!
//! It begins with the first row that it takes. It has ended once its endpoint was without a row for longer than
//! its idleness since then, and stays so. Both follow from the log alone, so a replay comes to the same end.
//! The phase is in the store too (see [`meta`](crate::meta)), for an open doesn't read the log.

use fennel_core::time::{Duration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::Arrival;

/// How far a source is; one that isn't bounded never begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// It hasn't taken a row yet.
    #[default]
    Waiting,
    /// It has taken its first row.
    Begun {
        /// When that came, in microseconds since 1970.
        at_micros: i64,
    },
    /// It takes no more rows.
    Ended,
}

impl Phase {
    /// Notes that a row comes, and tells whether the source has ended.
    pub(super) fn is_over(&mut self, idleness: Duration, arrival: Arrival) -> bool {
        if let Phase::Begun { at_micros } = *self {
            let at = arrival.at.micros();
            let last = (at - arrival.quiet.micros()).max(at_micros);
            if at - last > idleness.micros() {
                *self = Phase::Ended;
            }
        }
        *self == Phase::Ended
    }

    /// Notes that a row is taken.
    pub(super) fn begin(&mut self, at: Timestamp) {
        if *self == Phase::Waiting {
            *self = Phase::Begun {
                at_micros: at.micros(),
            };
        }
    }

    /// The phase of a source that was seen in both, one of them perhaps being out of date.
    pub(super) fn or_later(self, other: Phase) -> Phase {
        match (self, other) {
            (Phase::Waiting, phase) | (phase, Phase::Waiting) => phase,
            (Phase::Begun { at_micros: one }, Phase::Begun { at_micros: two }) => Phase::Begun {
                at_micros: one.min(two),
            },
            (Phase::Ended, _) | (_, Phase::Ended) => Phase::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn silence_counts_from_the_first_row_that_was_taken() {
        let (mut phase, idleness) = (Phase::Waiting, Duration::from_micros(10));
        let quiet = |at, quiet| Arrival {
            at: instant(at),
            quiet: Duration::from_micros(quiet),
        };
        assert!(
            !phase.is_over(idleness, quiet(100, 50)),
            "nothing is taken yet"
        );
        phase.begin(instant(100));
        assert!(
            !phase.is_over(idleness, quiet(100, 50)),
            "it came in one request"
        );
        phase.begin(instant(105));
        assert_eq!(phase, Phase::Begun { at_micros: 100 });
        assert!(!phase.is_over(idleness, quiet(110, 5)));
        assert!(!phase.is_over(idleness, quiet(120, 10)));
        assert!(phase.is_over(idleness, quiet(131, 11)));
        assert!(phase.is_over(idleness, quiet(132, 1)), "it stays ended");
    }

    #[test]
    fn of_two_phases_the_later_counts() {
        let begun = |at_micros| Phase::Begun { at_micros };
        for (one, two, later) in [
            (Phase::Waiting, begun(1), begun(1)),
            (begun(1), begun(2), begun(1)),
            (begun(1), Phase::Ended, Phase::Ended),
            (Phase::Waiting, Phase::Ended, Phase::Ended),
        ] {
            assert_eq!((one.or_later(two), two.or_later(one)), (later, later));
        }
    }
}
