//! The real server, on a free port of this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Finished, Http, Process, programs};

/// The admin token of servers that get one from the test.
pub const TOKEN: &str = "fnl_admin-token-of-tests";

/// The longest that a start or an end takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A running `fennel-server`. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    /// Starts one with its data in `folder` and [`TOKEN`] as the first admin token.
    ///
    /// # Panics
    ///
    /// If it doesn't answer.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        Self::ready(Process::start(
            Self::command(folder).env("FENNEL_ADMIN_TOKEN", TOKEN),
        ))
    }

    /// Starts one that chooses its first admin token itself.
    ///
    /// # Panics
    ///
    /// If it doesn't answer.
    #[must_use]
    pub fn start_without_token(folder: &Path) -> Self {
        Self::ready(Process::start(&mut Self::command(folder)))
    }

    /// What starts one with its data in `folder`.
    #[must_use]
    pub fn command(folder: &Path) -> Command {
        let mut command = Command::new(&programs().server);
        command
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder);
        command
            .env_remove("FENNEL_ADMIN_TOKEN")
            .env_remove("FENNEL_SECRET_KEY");
        command
    }

    /// Waits until it says where it is. It listens by then, so requests wait for it from there on.
    ///
    /// # Panics
    ///
    /// If it doesn't start.
    #[must_use]
    pub fn ready(mut process: Process) -> Self {
        let line = process.line(LIMIT).unwrap_or_default();
        let address = line
            .trim_end()
            .strip_prefix("fennel-server listens on http://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| {
            panic!(
                "the server doesn't start, it says {line:?} and {}",
                process.complaints(LIMIT)
            )
        });
        Self { process, address }
    }

    /// Its address, for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Speaks to it about `main`, with [`TOKEN`].
    #[must_use]
    pub fn http(&self) -> Http {
        Http {
            address: self.address,
            token: TOKEN.into(),
            branch: "main".into(),
        }
    }

    /// Ends it as an operator does.
    ///
    /// # Panics
    ///
    /// If it doesn't end well.
    pub fn stop(self) -> Finished {
        self.process.signal("TERM");
        let finished = self.process.finish(LIMIT);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(!finished.err.contains("panicked"), "{}", finished.err);
        finished
    }

    /// Kills it.
    ///
    /// # Panics
    ///
    /// If it had a bug to tell of.
    pub fn kill(self) {
        let finished = self.process.kill();
        assert!(!finished.err.contains("panicked"), "{}", finished.err);
    }
}
