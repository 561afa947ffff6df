//! When rows are in a window, and from when to when they are seen in it.

use fennel_core::time::Timestamp;
use fennel_core::window::Window;

use super::OPEN;

/// The part of the event time that a window looks at: from `lo` to before `hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) lo: i64,
    pub(super) hi: i64,
}

impl Span {
    /// Its ends as instants.
    ///
    /// # Errors
    ///
    /// Why not, to be told of a row that is in it: no instant is before year 1 or beyond year 9999.
    pub(super) fn told(self) -> Result<[Timestamp; 2], String> {
        match [self.lo, self.hi].map(Timestamp::from_micros) {
            [Some(begin), Some(end)] => Ok([begin, end]),
            [Some(begin), None] => Err(format!("its window from {begin} on ends beyond year 9999")),
            [None, Some(end)] => Err(format!("its window until {end} begins before year 1")),
            [None, None] => Err("its window begins before year 1 and ends beyond year 9999".into()),
        }
    }
}

/// A window as it is seen at `at`: the time just past, or the last window that has ended.
pub(super) fn seen(window: Window, at: i64) -> Span {
    match window {
        Window::Forever => Span {
            lo: i64::MIN,
            hi: at.saturating_add(1),
        },
        // Both ends are part of it.
        Window::Continuous(duration) => Span {
            lo: at.saturating_sub(duration.micros()),
            hi: at.saturating_add(1),
        },
        Window::Tumbling { duration, lookback } => {
            let hi = floor(at.saturating_sub(lookback.micros()), duration.micros());
            Span {
                lo: hi.saturating_sub(duration.micros()),
                hi,
            }
        }
        Window::Hopping {
            duration: Some(duration),
            stride,
            lookback,
        } => {
            let at = at.saturating_sub(lookback.micros());
            let lo = floor(at.saturating_sub(duration.micros()), stride.micros());
            Span {
                lo,
                hi: lo.saturating_add(duration.micros()),
            }
        }
        Window::Hopping {
            duration: None,
            stride,
            lookback,
        } => Span {
            lo: i64::MIN,
            hi: floor(at.saturating_sub(lookback.micros()), stride.micros()),
        },
        // A session is part of a group, and never seen from an instant.
        Window::Session { .. } => Span { lo: at, hi: at },
    }
}

/// The first instant at which a row of event time `time` is seen.
pub(super) fn enters(window: Window, time: i64) -> i64 {
    match window {
        Window::Forever | Window::Continuous(_) | Window::Session { .. } => time,
        Window::Tumbling { duration, lookback } => {
            next(time, duration.micros()).saturating_add(lookback.micros())
        }
        Window::Hopping {
            duration: Some(duration),
            stride,
            lookback,
        } => next(time.saturating_sub(duration.micros()), stride.micros())
            .saturating_add(duration.micros())
            .saturating_add(lookback.micros()),
        Window::Hopping {
            duration: None,
            stride,
            lookback,
        } => next(time, stride.micros()).saturating_add(lookback.micros()),
    }
}

/// The first instant at which it isn't seen any more, or [`OPEN`].
pub(super) fn leaves(window: Window, time: i64) -> i64 {
    match window {
        Window::Forever | Window::Hopping { duration: None, .. } | Window::Session { .. } => OPEN,
        Window::Continuous(duration) => time.saturating_add(duration.micros()).saturating_add(1),
        Window::Tumbling { duration, lookback } => next(time, duration.micros())
            .saturating_add(duration.micros())
            .saturating_add(lookback.micros()),
        Window::Hopping {
            duration: Some(duration),
            stride,
            lookback,
        } => next(time, stride.micros())
            .saturating_add(duration.micros())
            .saturating_add(lookback.micros()),
    }
}

/// The windows of a group that a row of event time `time` is in.
pub(super) fn windows(window: Window, time: i64) -> Vec<Span> {
    let (duration, stride) = match window {
        Window::Tumbling { duration, .. } => (duration.micros(), duration.micros()),
        Window::Hopping {
            duration: Some(duration),
            stride,
            ..
        } => (duration.micros(), stride.micros()),
        _ => return Vec::new(),
    };
    let mut spans = Vec::new();
    let mut lo = next(time.saturating_sub(duration), stride);
    while lo <= time {
        spans.push(Span {
            lo,
            hi: lo.saturating_add(duration),
        });
        lo = lo.saturating_add(stride);
    }
    spans
}

/// About how many windows of a group a row is in.
pub(crate) fn windows_of_a_row(window: Window) -> i64 {
    match window {
        Window::Hopping {
            duration: Some(duration),
            stride,
            ..
        } => duration.micros() / stride.micros().max(1),
        _ => 1,
    }
}

/// The last multiple of `step` that isn't after `time`.
fn floor(time: i64, step: i64) -> i64 {
    time.saturating_sub(time.rem_euclid(step.max(1)))
}

/// The first multiple of `step` after `time`.
fn next(time: i64, step: i64) -> i64 {
    floor(time, step).saturating_add(step)
}

#[cfg(test)]
mod tests {
    use fennel_core::time::Duration;
    use proptest::prelude::*;

    use super::*;

    fn micros(micros: i64) -> Duration {
        Duration::from_micros(micros)
    }

    fn any_window() -> impl Strategy<Value = Window> {
        let lookback = 0..20_i64;
        prop_oneof![
            Just(Window::Forever),
            (1..30_i64).prop_map(|d| Window::Continuous(micros(d))),
            (1..30_i64, lookback.clone()).prop_map(|(d, l)| Window::Tumbling {
                duration: micros(d),
                lookback: micros(l),
            }),
            (proptest::option::of(0..30_i64), 1..15_i64, lookback).prop_map(|(d, s, l)| {
                Window::Hopping {
                    duration: d.map(|d| micros(d + s)),
                    stride: micros(s),
                    lookback: micros(l),
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_row_is_seen_from_its_entry_until_it_leaves(window in any_window(), time in -50..50_i64, at in -150..150_i64) {
            let Span { lo, hi } = seen(window, at);
            let is_seen = enters(window, time) <= at && at < leaves(window, time);
            prop_assert_eq!(lo <= time && time < hi, is_seen);
        }

        #[test]
        fn groups_have_all_windows_that_a_row_is_in(duration in 1..30_i64, stride in 1..30_i64, time in -50..50_i64) {
            prop_assume!(stride <= duration);
            let window = Window::Hopping {
                duration: Some(micros(duration)),
                stride: micros(stride),
                lookback: Duration::ZERO,
            };
            let expected: Vec<_> = (-200..200)
                .filter(|lo| lo % stride == 0 && *lo <= time && time < lo + duration)
                .map(|lo| Span { lo, hi: lo + duration })
                .collect();
            prop_assert_eq!(windows(window, time), expected);
        }
    }
}
