//! What a run says: lines for people as it goes, or one JSON object or Markdown text at its end.

#[cfg(test)]
mod example;
mod github;
mod history;
mod json;
mod markdown;
mod plan;
mod query;
mod text;

use std::io::{self, Write};

use fennel_core::catalog::Catalog;
use fennel_core::lineage::Graph;
use fennel_core::plan::Plan;

pub(crate) use self::github::Repository;
pub(crate) use self::text::plain;
use crate::cli::{Drawing, Format};
use crate::error::{Error, count};
use crate::history::{Compared, Outline, Shown};
use crate::identity::Identity;
use crate::process::Screens;
use crate::query::Job;
use json::{Answer, Document, Outcome};
use serde_json::{Map, Value as Json};
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
    places: github::Places,
    /// Whether the exit code tells of a plan that changes something.
    tells_changes: bool,
    /// Whether standard output is for data alone.
    tells_data_alone: bool,
    document: Document,
}

/// The exit code that tells so.
const CHANGES: u8 = 10;

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
            places: github::Places::default(),
            tells_changes: false,
            tells_data_alone: false,
            document: Document::new(command),
        }
    }

    /// Has the exit code tell whether a plan changes something.
    pub(crate) fn tell_changes(&mut self, tells_changes: bool) {
        self.tells_changes = tells_changes;
    }

    /// Keeps standard output for data: which server it is of is told on standard error.
    pub(crate) fn tell_data_alone(&mut self, tells_data_alone: bool) {
        self.tells_data_alone = tells_data_alone;
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
        if self.repository.is_some() {
            self.places = github::Places::of(catalog);
        }
        self.document.definitions = Some(json::Definitions {
            datasets: catalog.datasets().len(),
            featuresets: catalog.featuresets().len(),
        });
    }

    /// The server and the branch.
    pub(crate) fn server(&mut self, url: &str, embedded: bool, branch: &str) -> io::Result<()> {
        let server = text::server(url, embedded, branch);
        match self.tells_data_alone {
            true => self.err.write_all(server.as_bytes())?,
            false => self.say(&server)?,
        }
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
    pub(crate) fn plan(&mut self, plan: Plan) -> io::Result<()> {
        self.say(&plan::text(&plan, self.paint))?;
        if let Some(repository) = &self.repository {
            let annotations = github::warnings(&plan, &self.places, repository);
            self.err.write_all(annotations.as_bytes())?;
        }
        self.document.plan = Some(plan);
        Ok(())
    }

    /// The plan is not what was done, since the branch has changed in between.
    pub(crate) fn replan(&mut self, plan: Plan) -> io::Result<()> {
        self.say("The branch has changed since then. What was done:\n")?;
        self.plan(plan)
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
        if self.tells_changes {
            self.document.exit_code = CHANGES;
        }
        Ok(())
    }

    /// The commits of a branch, the latest first.
    pub(crate) fn history(&mut self, commits: Vec<Outline>, branch: &str) -> io::Result<()> {
        self.say(&history::table(&commits, branch))?;
        self.answered(Answer::History { commits });
        Ok(())
    }

    /// A commit, and what it changed; what the branch was from then on, if that is wanted.
    pub(crate) fn shown(&mut self, shown: Shown, definitions: bool) -> io::Result<()> {
        self.say(&history::commit(&shown.commit))?;
        let changes = Plan::of(&shown.diff);
        self.say(&plan::changes("Changes", &changes, self.paint))?;
        if definitions {
            self.say(&history::definitions(&shown.definitions))?;
        }
        let Shown {
            commit,
            definitions,
            ..
        } = shown;
        self.answered(Answer::Shown {
            commit,
            diff: changes,
            definitions,
        });
        Ok(())
    }

    /// What changes from one commit to another.
    pub(crate) fn compared(&mut self, compared: Compared) -> io::Result<()> {
        let Compared { from, to, diff } = compared;
        for (side, commit) in [("From", &from), ("To", &to)] {
            self.say(&format!("{side}: {}\n", history::line(commit.as_ref())))?;
        }
        let diff = Plan::of(&diff);
        self.say(&plan::changes("Changes", &diff, self.paint))?;
        self.answered(Answer::Compared { from, to, diff });
        Ok(())
    }

    /// The branches of the server.
    pub(crate) fn branches(&mut self, branches: Vec<String>) -> io::Result<()> {
        for branch in &branches {
            self.say(&format!("{}\n", plain(branch)))?;
        }
        self.answered(Answer::Branches { branches });
        Ok(())
    }

    /// Something was done that is no commit.
    pub(crate) fn done(&mut self, what: &str) -> io::Result<()> {
        let done = plain(what);
        self.say(&format!("{done}\n"))?;
        self.answered(Answer::Done { done });
        Ok(())
    }

    /// What features are, by column.
    pub(crate) fn features(&mut self, features: Map<String, Json>) -> io::Result<()> {
        self.say(&query::table(&features))?;
        self.answered(Answer::Features { features });
        Ok(())
    }

    /// An offline query goes on.
    pub(crate) fn begun(&mut self, query: Json, job: &Job) -> io::Result<()> {
        self.say(&query::begun(job))?;
        self.answered(Answer::Query { query });
        Ok(())
    }

    /// An offline query of the server at `address` has ended.
    pub(crate) fn ended(&mut self, query: Json, job: &Job, address: &str) -> io::Result<()> {
        self.say(&query::ended(job, address))?;
        self.answered(Answer::Query { query });
        Ok(())
    }

    fn answered(&mut self, answer: Answer) {
        self.document.answer = Some(answer);
        self.document.end(Outcome::Answered, None);
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

    /// What is made of what, which is all that standard output gets.
    pub(crate) fn drawn(&mut self, graph: &Graph, drawing: Drawing) -> io::Result<()> {
        let text = match drawing {
            Drawing::Mermaid => graph.to_mermaid(),
            Drawing::Dot => graph.to_dot(),
            Drawing::Json => {
                let json = serde_json::to_string_pretty(graph);
                json.expect("JSON is written to memory without fail") + "\n"
            }
        };
        self.out.write_all(text.as_bytes())?;
        self.document.end(Outcome::Dumped, None);
        Ok(())
    }

    /// Ends the report, and gives the exit code.
    pub(crate) fn finish(mut self, result: Result<(), Error>) -> u8 {
        if let Err(error) = result {
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
            (Format::Markdown, _) => self
                .out
                .write_all(markdown::text(&self.document).as_bytes()),
        };
        let told = told.and_then(|()| self.out.flush());
        let code = self.document.exit_code;
        match told {
            Err(_) if code == 0 || code == CHANGES => 2,
            _ => code,
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let to = match self.format {
            Format::Text => &mut *self.out,
            Format::Json | Format::Markdown => &mut *self.err,
        };
        to.write_all(text.as_bytes())?;
        to.flush()
    }
}
