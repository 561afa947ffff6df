//! What a run says: lines for people as it goes, or one JSON object at its end.

mod github;
mod json;
mod text;

use std::io::{self, Write};

use fennel_core::catalog::Catalog;
use fennel_core::diff::Diff;

pub(crate) use self::github::Repository;
pub(crate) use self::text::plain;
use crate::cli::Format;
use crate::error::{Error, count};
use crate::identity::Identity;
use crate::process::Screens;
use json::{Document, Outcome};
use text::Paint;

/// Where a run says what.
pub(crate) struct Report<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    format: Format,
    paint: Paint,
    /// Whether somebody watches standard error.
    watched: bool,
    /// Where GitHub shows what is wrong, in a job of its own.
    repository: Option<Repository>,
    document: Document,
}

impl<'a> Report<'a> {
    /// Reports the run of `command`.
    pub(crate) fn new(screens: Screens<'a>, command: &'static str, format: Format) -> Self {
        let Screens {
            out,
            err,
            colour,
            watched,
        } = screens;
        let paint = match (colour, format) {
            (true, Format::Text) => Paint::Ansi,
            _ => Paint::Plain,
        };
        Report {
            out,
            err,
            format,
            paint,
            watched,
            repository: None,
            document: Document::new(command),
        }
    }

    /// Has GitHub show what is wrong, if this is a job that it runs.
    pub(crate) fn annotate(&mut self, repository: Option<Repository>) {
        self.repository = repository;
    }

    /// A screen to show waits on.
    pub(crate) fn screen(&mut self) -> Option<&mut dyn Write> {
        self.watched.then_some(&mut *self.err)
    }

    /// The definitions that the run is about.
    pub(crate) fn definitions(&mut self, catalog: &Catalog<'_>) {
        self.document.definitions = Some(json::Definitions {
            datasets: catalog.datasets().len(),
            featuresets: catalog.featuresets().len(),
        });
    }

    /// The server and the branch.
    pub(crate) fn server(&mut self, url: &str, embedded: bool, branch: &str) -> io::Result<()> {
        self.say(&text::server(url, embedded, branch))?;
        self.document.server = Some(json::Server {
            url: url.into(),
            embedded,
            branch: branch.into(),
            name: None,
            version: None,
        });
        Ok(())
    }

    /// What the server says that it is.
    pub(crate) fn identity(&mut self, identity: &Identity) -> io::Result<()> {
        let Some(server) = &mut self.document.server else {
            return Ok(());
        };
        server.name = Some(identity.name());
        server.version = Some(identity.version());
        // There is one embedded server, and where it is says which.
        match server.embedded {
            true => Ok(()),
            false => self.say(&text::identity(identity)),
        }
    }

    /// What a commit changes.
    pub(crate) fn plan(&mut self, diff: Diff) -> io::Result<()> {
        self.say(&text::plan(&diff, self.paint))?;
        self.document.plan = Some(json::Plan::new(diff));
        Ok(())
    }

    /// The plan is not what was done, since the branch has changed in between.
    pub(crate) fn replan(&mut self, diff: Diff) -> io::Result<()> {
        self.say("The branch has changed since then. What was done:\n")?;
        self.plan(diff)
    }

    /// It is done.
    pub(crate) fn committed(&mut self, commit: Option<String>, branch: &str) -> io::Result<()> {
        self.say(&text::committed(commit.as_deref(), branch, self.paint))?;
        self.document.end(Outcome::Committed, commit);
        Ok(())
    }

    /// There was nothing to do.
    pub(crate) fn unchanged(&mut self, commit: Option<String>, branch: &str) -> io::Result<()> {
        self.say(&text::unchanged(commit.as_deref(), branch))?;
        self.document.end(Outcome::Unchanged, commit);
        Ok(())
    }

    /// Nothing was to be done.
    pub(crate) fn planned(&mut self) -> io::Result<()> {
        self.say("This is a preview: nothing was committed\n")?;
        self.document.end(Outcome::Planned, None);
        Ok(())
    }

    /// What the definitions come to, and an empty line.
    pub(crate) fn explained(&mut self, explanation: &str) -> io::Result<()> {
        self.say(explanation)?;
        self.say("\n")
    }

    /// The definitions are right.
    pub(crate) fn checked(&mut self, catalog: &Catalog<'_>) -> io::Result<()> {
        self.say(&format!(
            "The definitions are right: {}, {}\n",
            count(catalog.datasets().len(), "dataset"),
            count(catalog.featuresets().len(), "featureset")
        ))?;
        self.document.end(Outcome::Checked, None);
        Ok(())
    }

    /// The request, which is all that standard output gets.
    pub(crate) fn dumped(&mut self, request: &str) -> io::Result<()> {
        writeln!(self.out, "{request}")?;
        self.document.end(Outcome::Dumped, None);
        Ok(())
    }

    /// Ends the report, and gives the exit code.
    pub(crate) fn finish(mut self, result: Result<(), Error>) -> u8 {
        let mut code = 0;
        if let Err(error) = result {
            code = error.exit_code();
            // Who can't be told is told by the exit code.
            let _ = self.err.write_all(text::failure(&error).as_bytes());
            if let Some(repository) = &self.repository {
                let annotations = github::errors(&error, repository);
                let _ = self.err.write_all(annotations.as_bytes());
            }
            self.document.fail(&error);
        }
        let told = match (self.format, self.document.outcome) {
            (Format::Text, _) | (_, Outcome::Dumped) => Ok(()),
            (Format::Json, _) => writeln!(self.out, "{}", self.document.to_text()),
        };
        let told = told.and_then(|()| self.out.flush());
        if told.is_err() && code == 0 { 2 } else { code }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let to = match self.format {
            Format::Text => &mut *self.out,
            Format::Json => &mut *self.err,
        };
        to.write_all(text.as_bytes())?;
        to.flush()
    }
}
