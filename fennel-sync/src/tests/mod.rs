//! Runs as users see them: arguments, variables and a server go in, screens and an exit code come
//! out. The server is a thread that answers from a list.

mod annotations;
mod commit;
mod credentials;
mod definitions;
mod explain;
mod graph;
mod history;
mod names;
mod offline;
mod profiles;
mod query;
mod refusals;
mod server;
mod targets;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fennel_core::catalog::Catalog;

use crate::embedded::EmbeddedServer;
use crate::job::{self, Collected};
use crate::process::{Place, Process, Screens};
use crate::retry::Backoff;

const TOKEN: &str = "hush-hush-token";

/// What a run came to.
#[derive(Debug)]
struct Ran {
    code: u8,
    out: String,
    err: String,
}

/// A run to be.
struct Run<'a> {
    variables: Vec<(&'a str, String)>,
    catalog: Result<Catalog<'static>, fennel_core::Error>,
    embedded: Option<&'static EmbeddedServer>,
    folder: PathBuf,
}

impl<'a> Run<'a> {
    /// On a machine without any variable.
    fn alone() -> Self {
        Run {
            variables: Vec::new(),
            catalog: Ok(definitions::catalog()),
            embedded: None,
            folder: "/nowhere".into(),
        }
    }

    /// Against that server.
    fn against(url: &str) -> Self {
        Run::alone()
            .with("FENNEL_URL", url)
            .with("FENNEL_TOKEN", TOKEN)
    }

    fn with(mut self, variable: &'a str, value: &str) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    fn within(mut self, folder: &Path) -> Self {
        self.folder = folder.into();
        self
    }

    /// Runs it. Wherever the token shows, the test fails.
    fn run(self, args: &[&str]) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let variable = |name: &str| {
            let found = self.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let process = Process {
            args: [&["sync"], args]
                .concat()
                .iter()
                .map(OsString::from)
                .collect(),
            screens: Screens {
                out: &mut out,
                err: &mut err,
                colour: false,
                watched: false,
            },
            place: Place {
                variable: &variable,
                folder: self.folder,
                embedded: self.embedded,
                backoff: Backoff {
                    first: Duration::ZERO,
                    ..Backoff::default()
                },
            },
        };
        let collected = Collected {
            crates: &["tickets"],
            catalog: self.catalog,
        };
        let code = job::run(process, collected);
        let ran = Ran {
            code,
            out: String::from_utf8(out).unwrap(),
            err: String::from_utf8(err).unwrap(),
        };
        assert!(!format!("{ran:?}").contains(TOKEN), "{ran:?}");
        ran
    }
}
