//! Reports for people.

use std::fmt::Write as _;

use fennel_core::diff::{Change, Diff, EntityDiff, FieldDiff};

use crate::error::Error;
use crate::identity::Identity;

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

/// The server's name, in one line.
pub(super) fn identity(identity: &Identity) -> String {
    format!(
        "Name: {}, version {}\n",
        identity.name(),
        identity.version()
    )
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
        return "no entities".into();
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
    for problem in error
        .problems()
        .into_iter()
        .flat_map(|problems| &problems.0)
    {
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

#[cfg(test)]
mod tests {
    use fennel_core::entity::Kind;
    use fennel_core::{Problem, Problems};

    use super::*;

    fn entity(kind: Kind, name: &str, change: Change) -> EntityDiff {
        EntityDiff {
            kind,
            name: name.into(),
            change,
            fields: Vec::new(),
        }
    }

    fn field(path: &str, old: Option<&str>, new: Option<&str>) -> FieldDiff {
        FieldDiff {
            path: path.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
            metaflag: false,
        }
    }

    fn a_bit_of_all() -> Diff {
        let mut order = entity(Kind::Dataset, "Order", Change::Changed);
        order.fields = vec![
            field("currency.type", None, Some("String")),
            field(
                "meta.description",
                Some("one"),
                Some("one\nper \x1b[31mline"),
            ),
            field("paid.type", Some("bool"), None),
            field("price.type", Some("i64"), Some("f64")),
        ];
        Diff {
            entities: vec![
                entity(Kind::Dataset, "Gone", Change::Retired),
                order,
                entity(Kind::Dataset, "Same", Change::Unchanged),
                entity(Kind::Dataset, "Ticket", Change::Created),
                entity(Kind::Featureset, "Old", Change::Deleted),
                entity(Kind::Featureset, "Stays", Change::Unchanged),
            ],
        }
    }

    #[test]
    fn a_plan_lists_what_changes_and_sums_up_what_does_not() {
        assert_eq!(
            plan(&a_bit_of_all(), Paint::Plain),
            r"Plan: 1 created, 1 changed, 1 deleted, 1 retired, 2 unchanged
  . dataset Gone retired
  ~ dataset Order changed
      currency.type: (none) -> String
      meta.description: one -> one\nper \u{1b}[31mline
      paid.type: bool -> (none)
      price.type: i64 -> f64
  + dataset Ticket created
  - featureset Old deleted
  = unchanged: dataset Same, featureset Stays
"
        );
    }

    #[test]
    fn colours_are_around_lines_and_end_with_them() {
        let text = plan(&a_bit_of_all(), Paint::Ansi);
        assert!(
            text.contains("  \x1b[32m+ dataset Ticket created\x1b[0m\n"),
            "{text}"
        );
        assert_eq!(text.matches("\x1b[0m").count(), 5);
    }

    #[test]
    fn a_long_list_of_unchanged_entities_is_cut() {
        let entities = (0..20).map(|i| entity(Kind::Dataset, &format!("D{i}"), Change::Unchanged));
        let diff = Diff {
            entities: entities.collect(),
        };
        let text = plan(&diff, Paint::Plain);
        assert!(
            text.starts_with("Plan: 20 unchanged\n  = unchanged: dataset D0, "),
            "{text}"
        );
        assert!(text.ends_with("dataset D11 and 8 more\n"), "{text}");
    }

    #[test]
    fn an_empty_plan_says_so() {
        assert_eq!(plan(&Diff::default(), Paint::Plain), "Plan: no entities\n");
    }

    #[test]
    fn each_problem_has_a_line() {
        let problem = |entity: &str, member: &str, line| Problem {
            file: Some("src/lib.rs".into()),
            line,
            ..Problem::named(Kind::Dataset, entity, member, "it is wrong")
        };
        let problems = vec![problem("A", "", Some(3)), problem("B", "b", None)];
        let refused = Error::Refused {
            status: 409,
            message: "not shown where the problems are".into(),
            problems: Problems(problems),
        };
        assert_eq!(
            failure(&refused),
            "error: the server refuses this commit (status 409) for 2 problems
  dataset `A`: it is wrong (src/lib.rs:3)
  dataset `B.b`: it is wrong
"
        );
    }
}
