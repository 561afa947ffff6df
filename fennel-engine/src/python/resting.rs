//! Functions that are stopped again and again rest for a while: each call may take as long as a call may.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;

use super::{Function, Kind, Lookups, Runner, Stop};
use crate::clock::Clock;

/// So many calls in a row of which each was stopped.
const STOPS: u32 = 3;

/// How long a function isn't called then. The next call is a trial: if it is stopped, the function rests again.
const REST: Duration = Duration::from_micros(60_000_000);

/// A runner that lets functions of pipelines and sources rest. Those of extractors are called whenever somebody asks,
/// since they hold up nobody else.
pub(crate) struct Resting {
    runner: Arc<dyn Runner>,
    clock: Arc<dyn Clock>,
    /// The functions whose last calls were stopped.
    stopped: Mutex<BTreeMap<u64, Stopped>>,
}

#[derive(Debug, Default)]
struct Stopped {
    /// How many calls in a row.
    calls: u32,
    /// Until when it rests, if it does.
    until: Option<Timestamp>,
}

impl Resting {
    pub(crate) fn new(runner: Arc<dyn Runner>, clock: Arc<dyn Clock>) -> Self {
        Self {
            runner,
            clock,
            stopped: Mutex::default(),
        }
    }

    fn stopped(&self) -> MutexGuard<'_, BTreeMap<u64, Stopped>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when a function rests, if it does.
    fn rests(&self, function: u64) -> Option<Timestamp> {
        let until = self.stopped().get(&function)?.until?;
        (self.clock.now() < until).then_some(until)
    }

    fn note(&self, function: u64, is_stopped: bool) {
        let mut stopped = self.stopped();
        if !is_stopped {
            stopped.remove(&function);
            return;
        }
        let of = stopped.entry(function).or_default();
        of.calls += 1;
        if of.calls >= STOPS {
            let now = self.clock.now();
            of.until = Timestamp::from_micros(now.micros().saturating_add(REST.micros()));
        }
    }
}

impl fmt::Debug for Resting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resting").field(&self.runner).finish()
    }
}

impl Runner for Resting {
    fn check(&self, code: &str, entry_point: &str, runs: bool) -> Result<(), Stop> {
        self.runner.check(code, entry_point, runs)
    }

    fn call(
        &self,
        function: &Function,
        columns: &[Vec<Value>],
        rows: usize,
        lookups: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        if function.kind == Kind::Extract {
            return self.runner.call(function, columns, rows, lookups);
        }
        if let Some(until) = self.rests(function.id) {
            return Err(Stop::Stopped(format!(
                "wasn't called, since it was stopped {STOPS} times in a row; it is called again from {until} on"
            )));
        }
        let made = self.runner.call(function, columns, rows, lookups);
        match &made {
            // It wasn't called.
            Err(Stop::Unavailable(_)) => {}
            made => self.note(function.id, matches!(made, Err(Stop::Stopped(_)))),
        }
        made
    }
}
