//! What surrounds a run: its arguments, variables, screens and clock. Tests make their own.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use crate::embedded::EmbeddedServer;
use crate::error::Error;
use crate::retry::Backoff;

/// What surrounds a run.
pub(crate) struct Process<'a> {
    /// The arguments, the program's name first.
    pub(crate) args: Vec<OsString>,
    /// The environment's variables.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The folder that `.fennel` is made in.
    pub(crate) folder: PathBuf,
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
    /// Whether `out` is a terminal.
    pub(crate) out_is_terminal: bool,
    /// Whether `err` is one.
    pub(crate) err_is_terminal: bool,
    /// The server that is part of the program.
    pub(crate) embedded: Option<&'static EmbeddedServer>,
    pub(crate) backoff: Backoff,
}

impl<'a> Process<'a> {
    /// This very process.
    pub(crate) fn this(out: &'a mut io::Stdout, err: &'a mut io::Stderr) -> Self {
        Process {
            args: env::args_os().collect(),
            variable: &|name| env::var_os(name),
            folder: PathBuf::from("."),
            out_is_terminal: out.is_terminal(),
            err_is_terminal: err.is_terminal(),
            out,
            err,
            embedded: EmbeddedServer::linked(),
            backoff: Backoff::default(),
        }
    }

    /// The variable of that name.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        let text = (self.variable)(name).map(OsString::into_string).transpose();
        text.map_err(|_| Error::Setting {
            name,
            problem: "is not UTF-8",
        })
    }

    /// Whether standard output may have colours, which <https://no-color.org> says how to refuse.
    pub(crate) fn is_colourful(&self) -> bool {
        self.out_is_terminal && (self.variable)("NO_COLOR").is_none_or(|no| no.is_empty())
    }
}
