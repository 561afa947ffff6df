//! A process of the test's own, which ends with it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    out: Pipe,
    err: Pipe,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Process {
    /// Starts it, with nothing to read.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = Pipe::new(child.stdout.take().expect("it is piped"));
        let err = Pipe::new(child.stderr.take().expect("it is piped"));
        Self { child, out, err }
    }

    /// The next line of standard output; `None` behind the last one.
    ///
    /// # Panics
    ///
    /// If there is none within `limit`.
    pub fn line(&mut self, limit: Duration) -> Option<String> {
        let deadline = Instant::now() + limit;
        self.out
            .next(deadline)
            .unwrap_or_else(|Late| panic!("no line within {limit:?}: {self:?}"))
    }

    /// What it has written to standard error, if it has ended or closed that.
    pub fn complaints(&mut self, limit: Duration) -> String {
        let _ = self.err.rest(Instant::now() + limit);
        self.err.text.clone()
    }

    /// Sends it a signal by name, such as `TERM`.
    ///
    /// # Panics
    ///
    /// If there is no command `kill`.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(
            sent.expect("`kill` can be run").success(),
            "SIG{name} can't be sent"
        );
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If its output stays open, since a process that it started has it.
    pub fn kill(mut self) -> Finished {
        self.end();
        self.finish(Duration::from_secs(60))
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// If it goes on for longer than `limit`.
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> Finished {
        let deadline = Instant::now() + limit;
        let late = self.out.rest(deadline).is_err() || self.err.rest(deadline).is_err();
        assert!(!late, "it still runs after {limit:?}: {self:?}");
        // It has closed its output, so it is about to end.
        let status = self.child.wait().expect("it can be waited for");
        let text = |pipe: &mut Pipe| std::mem::take(&mut pipe.text);
        Finished {
            code: status.code(),
            out: text(&mut self.out),
            err: text(&mut self.err),
        }
    }

    fn end(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// What comes out of a process.
#[derive(Debug)]
struct Pipe {
    lines: Receiver<String>,
    /// All that was received.
    text: String,
}

/// The time is up.
#[derive(Debug)]
struct Late;

impl Pipe {
    /// Reads all the time, so that the process never waits.
    fn new(from: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut line = Vec::new();
            while from
                .read_until(b'\n', &mut line)
                .is_ok_and(|bytes| bytes > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                if sender.send(text).is_err() {
                    break;
                }
            }
        });
        Self {
            lines,
            text: String::new(),
        }
    }

    fn next(&mut self, deadline: Instant) -> Result<Option<String>, Late> {
        match self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            Ok(line) => {
                self.text.push_str(&line);
                Ok(Some(line))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(Late),
        }
    }

    fn rest(&mut self, deadline: Instant) -> Result<(), Late> {
        while self.next(deadline)?.is_some() {}
        Ok(())
    }
}
