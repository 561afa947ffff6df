//! What time it is: an argument of the engine, so that tests own it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use fennel_core::time::Timestamp;

/// Tells the time. Queries without instants of their own answer as of it.
pub trait Clock: Send + Sync {
    /// The present instant, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock; a date beyond year 9999 counts as its last microsecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since_1970.map_or(0, |elapsed| elapsed.as_micros());
        let instant = i64::try_from(micros).ok().and_then(Timestamp::from_micros);
        instant.unwrap_or(Timestamp::MAX)
    }
}

/// A clock that stands until it is set; clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.micros())))
    }

    /// Sets the clock and all its clones; going back is fine.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let micros = self.0.load(Ordering::SeqCst);
        Timestamp::from_micros(micros).expect("only the micros of timestamps are stored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_show_the_same_time() {
        let clock = ManualClock::new(Timestamp::MIN);
        let clone = clock.clone();
        clock.set(Timestamp::MAX);
        assert_eq!(clone.now(), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_is_past_this_code() {
        assert!(SystemClock.now() > Timestamp::parse("2024-01-01").unwrap());
    }
}
