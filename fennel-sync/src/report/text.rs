//! Reports for people.

use std::fmt::Write as _;

use fennel_core::diff::{Change, Diff, EntityDiff, FieldDiff};

use crate::error::Error;

/// How many unchanged entities are named before it is said how many more there are.
const NAMED: usize = 12;

/// Whether a text has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Ansi,
}

impl Paint {
    fn on(self, sgr: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.into(),
            Paint::Ansi => format!("\x1b[{sgr}m{text}\x1b[0m"),
        }
    }
}

const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const DIM: &str = "2";

/// The server and the branch, in one line.
pub(super) fn server(url: &str, embedded: bool, branch: &str) -> String {
    if embedded {
        return format!(
            "Server: embedded, with its data in ./.fennel, since FENNEL_URL is not set; branch {branch}\n"
        );
    }
    format!("Server: {url}, branch {branch}\n")
}

/// What a commit changes: how many, then each entity with its fields.
pub(super) fn plan(diff: &Diff, paint: Paint) -> String {
    let mut text = format!("Plan: {}\n", summary(diff));
    let changing = diff.entities.iter();
    for entity in changing.filter(|entity| entity.change != Change::Unchanged) {
        let (sign, colour) = match entity.change {
            Change::Created => ('+', GREEN),
            Change::Changed => ('~', YELLOW),
            Change::Deleted => ('-', RED),
            Change::Retired | Change::Unchanged => ('.', DIM),
        };
        let line = format!("{sign} {} {}", name(entity), entity.change);
        writeln!(text, "  {}", paint.on(colour, &line)).expect("text takes text");
        for field in &entity.fields {
            writeln!(text, "      {}", change_of(field)).expect("text takes text");
        }
    }
    let unchanged = diff.entities.iter();
    let unchanged: Vec<_> = unchanged
        .filter(|entity| entity.change == Change::Unchanged)
        .map(name)
        .collect();
    if !unchanged.is_empty() {
        let line = format!("= unchanged: {}", list(&unchanged));
        writeln!(text, "  {}", paint.on(DIM, &line)).expect("text takes text");
    }
    text
}

/// `1 created, 2 unchanged`.
fn summary(diff: &Diff) -> String {
    let counts = [
        Change::Created,
        Change::Changed,
        Change::Deleted,
        Change::Retired,
        Change::Unchanged,
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .map(|change| (diff.count(change), change))
        .filter(|(n, _)| *n > 0)
        .map(|(n, change)| format!("{n} {change}"))
        .collect();
    if counts.is_empty() {
        return "nothing here or there".into();
    }
    counts.join(", ")
}

fn name(entity: &EntityDiff) -> String {
    format!("{} {}", entity.kind, plain(&entity.name))
}

fn change_of(field: &FieldDiff) -> String {
    let path = plain(&field.path);
    match (&field.old, &field.new) {
        (Some(old), Some(new)) => format!("{path}: {} -> {}", plain(old), plain(new)),
        (None, Some(new)) => format!("{path}: (none) -> {}", plain(new)),
        (Some(old), None) => format!("{path}: {} -> (none)", plain(old)),
        (None, None) => format!("{path}: differs"),
    }
}

fn list(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => {
            let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
            format!("{} and {more} more", named.join(", "))
        }
    }
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

/// What went wrong, each problem in a line of its own.
pub(super) fn failure(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    for problem in error.problems().into_iter().flat_map(|problems| &problems.0) {
        writeln!(text, "  {problem}").expect("text takes text");
    }
    text
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
