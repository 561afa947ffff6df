//! Workers, as many as are needed.

use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use fennel_core::value::Value;
use fennel_engine::python::{Function, Lookups, Runner, Stop};

use crate::message;
use crate::output::Output;
use crate::worker::Worker;

/// Which Python runs functions, and what each may take.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program: a path, or a name that is looked for where programs are. Default `python3`.
    pub python: PathBuf,
    /// How many bytes of memory a worker may take beyond those that it begins with. Default 512 MiB.
    pub memory: u64,
    /// How long a call may take, with its lookups. Default 10 s.
    pub time: Duration,
    /// How many workers there are at most; calls wait for a free one. Default one for each processor.
    pub workers: usize,
    /// The file for what functions print, which begins anew at 1 MiB. Default none: it is lost.
    pub output: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            python: PathBuf::from("python3"),
            memory: 512 << 20,
            time: Duration::from_secs(10),
            workers: available_parallelism().map_or(1, usize::from),
            output: None,
        }
    }
}

/// Runs functions in processes of their own.
///
/// A call has a worker for itself, and waits for nothing but a free one. Whoever has one never waits for another, so
/// calls can't stop each other for ever; each ends within its time.
#[derive(Debug)]
pub struct Workers {
    options: Options,
    output: Option<Output>,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Worker>,
    /// How many there are, at work or not.
    count: usize,
}

impl Workers {
    /// None yet: [`start`](Workers::start) or the first call starts the first.
    ///
    /// # Errors
    ///
    /// The file for what functions print can't be opened, or there is no working folder.
    pub fn new(mut options: Options) -> io::Result<Self> {
        // Workers have another working folder. A link stays one, by which Python finds its virtual environment.
        if options.python.components().count() > 1 {
            options.python = std::path::absolute(&options.python)?;
        }
        let output = options.output.as_deref().map(Output::open).transpose()?;
        hide_environment()?;
        Ok(Self {
            options,
            output,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Starts the first one, which the first call then has: whether this Python can run functions is known before there
    /// are any. That takes as long as Python takes to load pandas.
    ///
    /// # Errors
    ///
    /// It can't run any: why, and what to do.
    pub fn start(&self) -> Result<(), Stop> {
        self.with(None, |_| Ok(()))
    }

    /// Does something for functions of a group, or of none, with a worker that nobody else has.
    fn with<T>(
        &self,
        group: Option<u64>,
        work: impl FnOnce(&mut Worker) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let mut state = self.state();
        let is_full =
            |state: &State| state.idle.is_empty() && state.count >= self.options.workers.max(1);
        if is_full(&state) {
            let (others, waited) = self
                .freed
                .wait_timeout_while(state, self.options.time, |state| is_full(state))
                .unwrap_or_else(PoisonError::into_inner);
            state = others;
            if waited.timed_out() {
                let busy = format!(
                    "all {} Python workers are busy with other calls; try again",
                    state.count
                );
                return Err(Stop::Unavailable(busy));
            }
        }
        let idle = state.idle.iter().map(|worker| worker.fitness(group));
        let fittest = idle.enumerate().max_by_key(|(_, fitness)| *fitness);
        let idle = fittest.map(|(at, _)| state.idle.remove(at));
        if idle.is_none() {
            state.count += 1;
        }
        drop(state);
        // Whatever happens now, there is a place again afterwards.
        let mut place = Place {
            workers: self,
            worker: idle,
        };
        let worker = match &mut place.worker {
            Some(worker) => worker,
            none => {
                let started = Worker::start(&self.options, self.output.as_ref());
                none.insert(started.map_err(Stop::Unavailable)?)
            }
        };
        work(worker)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the environment and the memory of this process from others of its user, which workers are.
#[cfg(target_os = "linux")]
fn hide_environment() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Only Linux shows them in a file.
#[cfg(not(target_os = "linux"))]
fn hide_environment() -> io::Result<()> {
    Ok(())
}

/// A place among the workers, with the one that has it.
struct Place<'w> {
    workers: &'w Workers,
    worker: Option<Worker>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let worker = self.worker.take().filter(Worker::is_fit);
        let mut state = self.workers.state();
        match worker {
            Some(worker) => state.idle.push(worker),
            None => state.count -= 1,
        }
        self.workers.freed.notify_one();
    }
}

impl Runner for Workers {
    fn check(&self, code: &str, entry_point: &str, runs: bool) -> Result<(), Stop> {
        let message = message::check(code, entry_point, runs);
        self.with(None, |worker| worker.check(message, &self.options))
    }

    fn call(
        &self,
        function: &Function,
        columns: &[Vec<Value>],
        rows: usize,
        lookups: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        self.with(Some(function.group), |worker| {
            worker.call(function, (columns, rows), &self.options, lookups)
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn workers_cannot_read_what_the_server_has() {
        Workers::new(Options::default()).unwrap();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
