//! A server inside the program, for a developer's own machine.
//!
//! This crate knows no server. Another crate of the same binary can bring one and say so here:
//! `fennel` does with its feature `local`.

use std::fmt;
use std::fs;
use std::path::Path;

/// A server that can run inside this program.
///
/// ```
/// use fennel_sync::{EmbeddedServer, Running};
///
/// fn start(folder: &std::path::Path) -> Result<Running, String> {
///     std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
///     Ok(Running {
///         url: "http://127.0.0.1:4100".into(),
///         token: "a-token-of-this-server".into(),
///         stop: Box::new(|| {}),
///     })
/// }
///
/// inventory::submit! { EmbeddedServer { start } }
/// # fn main() {}
/// ```
pub struct EmbeddedServer {
    /// Starts it with its data in that folder, and returns when it answers. The folder may be
    /// missing. What it returns on failure is one clause for people.
    pub start: fn(&Path) -> Result<Running, String>,
}

inventory::collect!(EmbeddedServer);

impl EmbeddedServer {
    /// Starts it. A folder that this makes is passed over by git, whose users need not know of it.
    pub(crate) fn start_in(&self, folder: &Path) -> Result<Running, String> {
        let is_new = !folder.exists();
        let running = (self.start)(folder)?;
        if is_new {
            let file = folder.join(".gitignore");
            if let Err(error) = fs::write(&file, "*\n") {
                (running.stop)();
                return Err(format!("`{}` can't be written: {error}", file.display()));
            }
        }
        Ok(running)
    }

    /// The one that is part of this program, if any is.
    pub(crate) fn linked() -> Option<&'static EmbeddedServer> {
        inventory::iter::<EmbeddedServer>.into_iter().next()
    }
}

impl fmt::Debug for EmbeddedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedServer")
    }
}

/// An embedded server that runs.
pub struct Running {
    /// Its address, such as `http://127.0.0.1:4100`.
    pub url: String,
    /// A token that may commit. It is not shown.
    pub token: String,
    /// Stops it, and returns when its data is on disk and the folder is free.
    pub stop: Box<dyn FnOnce()>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
