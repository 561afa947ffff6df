//! A worker: its process, and the threads that hold its pipes.

use std::collections::HashSet;
use std::io::{self, BufReader, BufWriter};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use fennel_core::value::Value;
use fennel_engine::python::{Function, Lookups, Stop};
use serde_json::{Value as Json, json};

use crate::boot::{BOOT, PROGRAM};
use crate::frame::{self, Nonce, Unread};
use crate::message::{self, Answer};
use crate::output::Output;
use crate::pool::Options;
#[cfg(target_os = "linux")]
use crate::processes;

/// The longest that a worker may take to be ready: pandas is slow to load on a busy machine.
const STARTING: Duration = Duration::from_secs(120);

/// How many functions a worker keeps, before it begins anew: a group may be large.
const FUNCTIONS: usize = 500;

/// Messages that may be on their way to a worker: its program and its settings, or a call. Whoever reads what it asked for
/// has no more.
const UNREAD: usize = 2;

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

/// A message of a worker with its nonce, or why there is none.
type Said = Result<(Nonce, Json), Unread>;

/// A process that runs functions, one call at a time. It ends when this is dropped, with all that it started.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    /// Messages on their way to it. A thread writes them, so that one that doesn't read holds nobody up.
    to: SyncSender<Vec<u8>>,
    /// What it sends. A thread reads that, no more than is waited for.
    from: Receiver<Said>,
    /// The group whose functions it ran last, if they were of one.
    group: Option<u64>,
    /// Whether it ran anything since it began, or began anew.
    is_used: bool,
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
            group: None,
            is_used: false,
            loaded: HashSet::new(),
            is_idle: false,
            is_ended: false,
        };
        let settings = json!({"memory": options.memory}).to_string();
        let is_sent = worker.send(PROGRAM.into()) && worker.send(settings.into());
        let said = is_sent.then(|| worker.from.recv_timeout(STARTING).ok()?.ok());
        let said = said.flatten();
        let said = said.as_ref().and_then(|(_, said)| said.as_object());
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
        self.is_idle
    }

    /// How well it is prepared for functions of this group; the most is best.
    pub(crate) fn fitness(&self, group: Option<u64>) -> u8 {
        match self.is_used {
            true if group.is_some() && self.group == group => 2,
            true => 0,
            false => 1,
        }
    }

    /// Has it run functions of this group from now on, or code of none. They meet nothing that those of others have
    /// changed in Python.
    fn turn_to(&mut self, group: Option<u64>) -> Result<(), Stop> {
        self.is_idle = false;
        let is_same = group.is_some() && group == self.group && self.loaded.len() < FUNCTIONS;
        if self.is_used && !is_same {
            self.loaded.clear();
            self.tell(&json!({"over": true}))?;
        }
        self.is_used = true;
        self.group = group;
        Ok(())
    }

    /// Checks code, which is nobody else's.
    pub(crate) fn check(&mut self, message: Json, options: &Options) -> Result<(), Stop> {
        self.turn_to(None)?;
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
        self.turn_to(Some(function.group))?;
        let is_new = self.loaded.insert(function.id);
        let message = message::call(function, columns, rows, is_new);
        let mut answer = |asked: Json| {
            let asked = message::lookup(function, &asked);
            message::looked_up(asked.and_then(|asked| lookups(&asked)))
        };
        let made = self.ask(message, options, &mut answer);
        if is_new && made.is_err() {
            // It may not have got as far as having it.
            self.loaded.remove(&function.id);
        }
        message::made(function, made?, rows).map_err(Stop::Raised)
    }

    /// Asks for something, and answers lookups until it is there.
    fn ask(
        &mut self,
        mut message: Json,
        options: &Options,
        lookups: &mut dyn FnMut(Json) -> Json,
    ) -> Result<Vec<Json>, Stop> {
        let end = Instant::now() + options.time;
        let nonce = nonce()?;
        if let Some(fields) = message.as_object_mut() {
            fields.insert("nonce".into(), nonce.into());
        }
        self.tell(&message)?;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let said = if left.is_zero() {
                // There is a message always, if a function asks without end.
                Err(RecvTimeoutError::Timeout)
            } else {
                self.from.recv_timeout(left)
            };
            let answer = match said {
                Ok(Ok((of, answer))) if of == nonce => Answer::of(answer),
                Ok(Ok(_)) => return Err(meddled()),
                Ok(Err(unread)) => return Err(self.unread(&unread, nonce)),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Stop::Stopped(format!(
                        "took longer than {} s, and was stopped",
                        options.time.as_secs_f64()
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            };
            match answer {
                Some(Answer::Lookup(asked)) => self.tell(&lookups(asked))?,
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
                None => return Err(meddled()),
            }
        }
    }

    /// Why there is no message that could be read.
    fn unread(&mut self, unread: &Unread, nonce: Nonce) -> Stop {
        match unread {
            Unread::Ended => self.ended(),
            Unread::TooLarge(of, size) if *of == nonce => Stop::Stopped(format!(
                "answered with {} MiB, and an answer has {} at most; let it make less of a row",
                size >> 20,
                frame::MAX_BYTES >> 20
            )),
            Unread::TooLarge(..) | Unread::Meddled => meddled(),
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

            let pid = Pid::from_child(&self.child);
            #[cfg(target_os = "linux")]
            processes::end_descendants(pid);
            let _ = kill_process_group(pid, Signal::KILL);
        }
        // Does nothing to one that was waited for.
        let _ = self.child.kill();
        self.child.wait()
    }

    /// Sends a message. That a worker is gone is seen where it should answer.
    ///
    /// # Errors
    ///
    /// It doesn't read what it asked for.
    fn tell(&self, message: &Json) -> Result<(), Stop> {
        match self.send(message.to_string().into()) {
            true => Ok(()),
            false => Err(meddled()),
        }
    }

    /// Sends a message, unless there are others that aren't read.
    fn send(&self, bytes: Vec<u8>) -> bool {
        !matches!(self.to.try_send(bytes), Err(TrySendError::Full(_)))
    }
}

/// The nonce of a call.
fn nonce() -> Result<Nonce, Stop> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Stop::Unavailable(format!("the system gave no random bytes: {error}")))?;
    Ok(Nonce::from_be_bytes(bytes))
}

/// That a function has its worker say what no worker says.
fn meddled() -> Stop {
    Stop::Stopped("wrote into the pipe of its worker, or read from it".into())
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn writer(stdin: ChildStdin) -> SyncSender<Vec<u8>> {
    let (to, messages) = sync_channel::<Vec<u8>>(UNREAD);
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

fn reader(stdout: ChildStdout) -> Receiver<Said> {
    // Whoever has it takes one message at a time, and no other is kept for him.
    let (messages, from) = sync_channel(0);
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let said = frame::read(&mut stdout);
            let is_last = said.is_err();
            if messages.send(said).is_err() || is_last {
                break;
            }
        }
    });
    from
}
