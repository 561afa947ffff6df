//! A worker: its process, and the threads that hold its pipes.

use std::collections::HashSet;
use std::io::{self, BufReader, BufWriter};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use fennel_core::value::Value;
use fennel_engine::python::{Function, Lookups, Stop};
use serde_json::{Value as Json, json};

use crate::boot::{BOOT, PROGRAM};
use crate::frame;
use crate::message::{self, Answer};
use crate::output::Output;
use crate::pool::Options;

/// The longest that a worker may take to be ready: pandas is slow to load on a busy machine.
const STARTING: Duration = Duration::from_secs(120);

/// How many functions a worker keeps, before another takes its place: commits leave old ones behind.
const FUNCTIONS: usize = 500;

/// What of the server's environment a worker has: what Python is found by, and nothing that may be secret.
const KEPT: [&str; 8] = [
    "PATH",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
];

/// Libraries that start threads of their own take memory for each; and sets have one order everywhere.
const SET: [(&str, &str); 5] = [
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
    ("PYTHONHASHSEED", "0"),
    ("TZ", "UTC"),
];

/// A process that runs functions, one call at a time. It ends when this is dropped, with all that it started.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    /// Messages on their way to it. A thread writes them, so that one that doesn't read holds nobody up.
    to: Sender<Vec<u8>>,
    from: Receiver<Json>,
    /// The functions that it has.
    loaded: HashSet<u64>,
    /// Whether it waits for the next call.
    is_idle: bool,
    is_ended: bool,
}

impl Worker {
    /// Starts one, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Why there is none, and what to do.
    pub(crate) fn start(options: &Options, output: Option<&Output>) -> Result<Self, String> {
        let python = options.python.display();
        let mut command = Command::new(&options.python);
        let kept = KEPT
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .args(["-c", BOOT])
            .current_dir(std::env::temp_dir())
            .env_clear()
            .envs(kept)
            .envs(SET)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output.map_or_else(Stdio::null, |_| Stdio::piped()));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| {
            format!(
                "`{python}` can't be started ({error}): install Python 3.9 or later with pandas, or name another one with --python"
            )
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("`{python}` has no pipes"));
        };
        if let (Some(output), Some(stderr)) = (output, child.stderr.take()) {
            output.take(stderr);
        }
        let mut worker = Self {
            child,
            to: writer(stdin),
            from: reader(stdout),
            loaded: HashSet::new(),
            is_idle: false,
            is_ended: false,
        };
        worker.send(PROGRAM.into());
        worker.send(json!({"memory": options.memory}).to_string().into());
        let said = worker.from.recv_timeout(STARTING).ok();
        let said = said.as_ref().and_then(Json::as_object);
        if said.is_some_and(|said| said.contains_key("ready")) {
            worker.is_idle = true;
            return Ok(worker);
        }
        let unfit = said
            .and_then(|said| said.get("unfit"))
            .and_then(Json::as_str);
        Err(match unfit {
            Some("pandas") => format!(
                "`{python}` has no pandas: install it with `{python} -m pip install pandas`, or name another Python with --python"
            ),
            Some("old") => format!(
                "`{python}` has a pandas before 2.0: upgrade it with `{python} -m pip install --upgrade pandas`, or name another Python with --python"
            ),
            Some(_) => format!(
                "`{python}` is older than Python 3.9: install a later one with pandas, and name it with --python"
            ),
            None => format!(
                "`{python}` didn't get ready to run functions: try `{python} -c \"import pandas\"`, or name another Python with --python"
            ),
        })
    }

    /// Whether it can take another call.
    pub(crate) fn is_fit(&self) -> bool {
        self.is_idle && self.loaded.len() < FUNCTIONS
    }

    /// Checks code.
    pub(crate) fn check(&mut self, message: &Json, options: &Options) -> Result<(), Stop> {
        let mut none =
            |_: Json| json!({"refused": "there is no lookup while a function is loaded"});
        self.ask(message, options, &mut none).map(drop)
    }

    /// Calls a function.
    pub(crate) fn call(
        &mut self,
        function: &Function,
        (columns, rows): (&[Vec<Value>], usize),
        options: &Options,
        lookups: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let is_new = self.loaded.insert(function.id);
        let message = message::call(function, columns, rows, is_new);
        let mut answer = |asked: Json| {
            let asked = message::lookup(function, &asked);
            message::looked_up(asked.and_then(|asked| lookups(&asked)))
        };
        let made = self.ask(&message, options, &mut answer);
        if is_new && made.is_err() {
            // It may not have got as far as having it.
            self.loaded.remove(&function.id);
        }
        message::made(function, made?, rows).map_err(Stop::Raised)
    }

    /// Asks for something, and answers lookups until it is there.
    fn ask(
        &mut self,
        message: &Json,
        options: &Options,
        lookups: &mut dyn FnMut(Json) -> Json,
    ) -> Result<Vec<Json>, Stop> {
        self.is_idle = false;
        let end = Instant::now() + options.time;
        self.send(message.to_string().into());
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let answer = match self.from.recv_timeout(left) {
                Ok(answer) => Answer::of(answer),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Stop::Stopped(format!(
                        "took longer than {} s, and was stopped",
                        options.time.as_secs_f64()
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            };
            match answer {
                Some(Answer::Lookup(asked)) => self.send(lookups(asked).to_string().into()),
                Some(Answer::Made(made)) => {
                    self.is_idle = true;
                    return Ok(made);
                }
                Some(Answer::Raised(what)) => {
                    self.is_idle = true;
                    return Err(Stop::Raised(what));
                }
                Some(Answer::Stopped(how)) if how == "memory" => {
                    return Err(Stop::Stopped(format!(
                        "needed more than {} MiB of memory, and was stopped",
                        options.memory >> 20
                    )));
                }
                Some(Answer::Stopped(how)) => return Err(Stop::Stopped(how)),
                None => return Err(Stop::Stopped("wrote into the pipe of its worker".into())),
            }
        }
    }

    /// How a worker ended that isn't there any more.
    fn ended(&mut self) -> Stop {
        let status = self.end();
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        Stop::Stopped(format!(
            "ended its process ({how}), as libraries do that find no memory"
        ))
    }

    /// Ends it, with all that it started.
    fn end(&mut self) -> io::Result<ExitStatus> {
        // As long as nobody has waited for it, no other process has its number.
        #[cfg(unix)]
        if !std::mem::replace(&mut self.is_ended, true) {
            use rustix::process::{Pid, Signal, kill_process_group};

            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        // Does nothing to one that was waited for.
        let _ = self.child.kill();
        self.child.wait()
    }

    /// Sends a message. That a worker is gone is seen where it should answer.
    fn send(&self, bytes: Vec<u8>) {
        let _ = self.to.send(bytes);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn writer(stdin: ChildStdin) -> Sender<Vec<u8>> {
    let (to, messages) = channel::<Vec<u8>>();
    thread::spawn(move || {
        let mut stdin = BufWriter::new(stdin);
        for message in messages {
            if frame::write(&mut stdin, &message).is_err() {
                break;
            }
        }
    });
    to
}

fn reader(stdout: ChildStdout) -> Receiver<Json> {
    let (messages, from) = channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        while let Ok(message) = frame::read(&mut stdout) {
            if messages.send(message).is_err() {
                break;
            }
        }
    });
    from
}
