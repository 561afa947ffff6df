//! Reports for people.

use std::fmt::Write as _;

use fennel_core::Problem;

use crate::error::Error;
use crate::identity::Identity;

/// Whether a text has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Ansi,
}

impl Paint {
    pub(super) fn on(self, sgr: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.into(),
            Paint::Ansi => format!("\x1b[{sgr}m{text}\x1b[0m"),
        }
    }
}

pub(super) const GREEN: &str = "32";
pub(super) const YELLOW: &str = "33";
pub(super) const RED: &str = "31";
pub(super) const DIM: &str = "2";

/// The server and the branch, in one line.
pub(super) fn server(url: &str, embedded: bool, branch: &str) -> String {
    if embedded {
        return format!(
            "Server: embedded, with its data in ./.fennel, since FENNEL_URL is not set; branch {branch}\n"
        );
    }
    format!("Server: {url}, branch {branch}\n")
}

/// The server's name, in one line.
pub(super) fn identity(identity: &Identity) -> String {
    format!(
        "Name: {}, version {}\n",
        identity.name(),
        identity.version()
    )
}

/// What was committed.
pub(super) fn committed(commit: Option<&str>, branch: &str, paint: Paint) -> String {
    let line = match commit {
        Some(commit) => format!("Committed {} to branch {branch}", plain(commit)),
        None => format!("Committed to branch {branch}"),
    };
    format!("{}\n", paint.on(GREEN, &line))
}

/// That nothing had to be committed.
pub(super) fn unchanged(commit: Option<&str>, branch: &str) -> String {
    match commit {
        Some(commit) => format!(
            "Nothing changed: branch {branch} stays at commit {}\n",
            plain(commit)
        ),
        None => format!("Nothing changed on branch {branch}\n"),
    }
}

/// What went wrong, each problem in a line of its own, and so is what else there is to know of it.
pub(super) fn failure(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    let problems = error
        .problems()
        .map_or(&[][..], |problems| problems.0.as_slice());
    for problem in problems {
        let lines = problem.to_string().replace('\n', "\n  ");
        writeln!(text, "  {lines}").expect("text takes text");
    }
    for Paste { to, code } in pastes(problems) {
        let to = plain(&to);
        write!(text, "\n{to}\n\n{code}").expect("text takes text");
    }
    text
}

/// Code to paste at one place.
pub(super) struct Paste {
    /// What it is for, as a sentence that ends with a colon.
    pub(super) to: String,
    /// The code, each line with its end.
    pub(super) code: String,
}

/// The code that solves problems: of whole entities first, then of each entity's members.
pub(super) fn pastes(problems: &[Problem]) -> Vec<Paste> {
    let mut pastes: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
    for problem in problems {
        let Some(code) = &problem.code else { continue };
        let within = (!problem.member.is_empty()).then_some(problem.entity.as_str());
        match pastes.iter_mut().find(|(place, _)| *place == within) {
            Some((_, codes)) => codes.push(code),
            None => pastes.push((within, vec![code])),
        }
    }
    pastes.sort_by_key(|(within, _)| *within);
    let pastes = pastes.into_iter().map(|(within, codes)| Paste {
        to: match within {
            None => "To delete what is left out, paste this, commit, and take it out again:".into(),
            Some(entity) => format!("To delete what is left out of {entity}, paste this into it, commit, and take it out again:"),
        },
        code: codes.join("\n"),
    });
    pastes.collect()
}

/// `text` in one line and without what steers a terminal: control characters are escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use fennel_core::Problems;
    use fennel_core::entity::Kind;

    use super::*;

    #[test]
    fn each_problem_has_a_line() {
        let problem = |entity: &str, member: &str, line| Problem {
            file: Some("src/lib.rs".into()),
            line,
            ..Problem::named(Kind::Dataset, entity, member, "it is wrong")
        };
        let noted = problem("A", "", Some(3)).with_note("it has no rows");
        let problems = vec![noted, problem("B", "b", None)];
        let refused = Error::Refused {
            status: 409,
            message: "not shown where the problems are".into(),
            problems: Problems(problems),
        };
        assert_eq!(
            failure(&refused),
            "error: the server refuses this commit (status 409) for 2 problems
  dataset `A`: it is wrong (src/lib.rs:3)
      it has no rows
  dataset `B.b`: it is wrong
"
        );
    }
}
