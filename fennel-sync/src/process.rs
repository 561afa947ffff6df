//! What surrounds a run: arguments, screens, variables, folder. Tests make their own.

use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use crate::config::Setting;
use crate::embedded::EmbeddedServer;
use crate::error::Error;
use crate::retry::Backoff;
use crate::secret::Token;

/// What surrounds a run.
pub(crate) struct Process<'a> {
    /// The arguments, the program's name first.
    pub(crate) args: Vec<OsString>,
    pub(crate) screens: Screens<'a>,
    pub(crate) place: Place<'a>,
}

/// Where output goes.
pub(crate) struct Screens<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
    /// Whether `out` shows colours.
    pub(crate) colour: bool,
    /// Whether somebody watches `err`.
    pub(crate) watched: bool,
}

/// Where a run takes place.
pub(crate) struct Place<'a> {
    /// The environment's variables.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The folder that `.fennel` is made in.
    pub(crate) folder: PathBuf,
    /// The server that is part of the program.
    pub(crate) embedded: Option<&'static EmbeddedServer>,
    pub(crate) backoff: Backoff,
}

impl<'a> Process<'a> {
    /// This very process.
    pub(crate) fn this(out: &'a mut std::io::Stdout, err: &'a mut std::io::Stderr) -> Self {
        // See <https://no-color.org>.
        let no_colour = env::var_os("NO_COLOR").is_some_and(|no| !no.is_empty());
        Process {
            args: env::args_os().collect(),
            screens: Screens {
                colour: out.is_terminal() && !no_colour,
                watched: err.is_terminal(),
                out,
                err,
            },
            place: Place {
                variable: &|name| env::var_os(name),
                folder: PathBuf::from("."),
                embedded: EmbeddedServer::linked(),
                backoff: Backoff::default(),
            },
        }
    }
}

impl Place<'_> {
    /// The variable of that name.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        let text = (self.variable)(name).map(OsString::into_string).transpose();
        text.map_err(|_| Error::Setting {
            name: name.into(),
            problem: "is not UTF-8; write it anew",
        })
    }

    /// The token in the variable of that name.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub(crate) fn token(&self, name: &'static str) -> Result<Option<Setting<Token>>, Error> {
        let token = self.text(name)?.map(Token::new);
        Ok(token.map(|value| Setting {
            name: name.into(),
            value,
        }))
    }
}
