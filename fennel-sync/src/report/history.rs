//! Reports of commits that were made, for people.

use std::fmt::Write as _;

use fennel_core::diff::EntityFacts;

use super::plain;
use crate::history::Outline;

/// How many digits of a revision are shown in a table.
const DIGITS: usize = 12;
/// How many characters of a message are shown in a table.
const MESSAGE: usize = 60;

/// The commits, one a line.
pub(super) fn table(commits: &[Outline], branch: &str) -> String {
    if commits.is_empty() {
        return format!("Branch {branch} has no commits\n");
    }
    let head = ["ID", "TIME (UTC)", "WHO", "REVISION", "CHANGES", "MESSAGE"].map(str::to_owned);
    let rows = commits.iter().map(|commit| {
        [
            plain(&commit.id),
            time(commit),
            who(commit),
            revision(commit, DIGITS),
            counts(commit),
            cut(&plain(&commit.message), MESSAGE),
        ]
    });
    let rows: Vec<_> = [head].into_iter().chain(rows).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(text, "{}", cells.join("  ").trim_end()).expect("text takes text");
    }
    text
}

/// A commit, a line for each thing to say of it.
pub(super) fn commit(commit: &Outline) -> String {
    let mut text = format!(
        "Commit: {}, number {} of its branch\n",
        plain(&commit.id),
        commit.sequence
    );
    let lines = [
        ("Time", format!("{} UTC", time(commit))),
        ("By", who(commit)),
        ("Revision", revision(commit, usize::MAX)),
        ("Message", plain(&commit.message)),
    ];
    for (what, said) in lines.iter().filter(|(_, said)| said != "-") {
        writeln!(text, "{what}: {said}").expect("text takes text");
    }
    text
}

/// A commit in one line.
pub(super) fn line(commit: Option<&Outline>) -> String {
    let Some(commit) = commit else {
        return "nothing, the branch has no commits".into();
    };
    let message = cut(&plain(&commit.message), MESSAGE);
    format!(
        "{}, {} UTC, {}, {message}",
        plain(&commit.id),
        time(commit),
        who(commit)
    )
}

/// What a branch was, entity by entity.
pub(super) fn definitions(entities: &[EntityFacts]) -> String {
    let mut text = String::from("Definitions:\n");
    for entity in entities {
        writeln!(text, "  {} {}", entity.kind, plain(&entity.name)).expect("text takes text");
        for fact in &entity.facts {
            writeln!(text, "      {}: {}", plain(&fact.path), plain(&fact.text))
                .expect("text takes text");
        }
    }
    text
}

/// To the second.
fn time(commit: &Outline) -> String {
    const SECONDS: usize = 19;
    plain(&commit.at)
        .chars()
        .take(SECONDS)
        .collect::<String>()
        .replace('T', " ")
}

fn who(commit: &Outline) -> String {
    or_dash(plain(&commit.by))
}

/// The revision with at most so many digits, and whether it was changed.
fn revision(commit: &Outline, digits: usize) -> String {
    let revision = plain(commit.revision.as_deref().unwrap_or_default());
    let (hash, dirty) = match revision.strip_suffix("-dirty") {
        Some(hash) => (hash, "-dirty"),
        None => (&*revision, ""),
    };
    let hash: String = hash.chars().take(digits).collect();
    or_dash(hash + dirty)
}

/// `1 created, 2 changed`.
fn counts(commit: &Outline) -> String {
    let counts = [
        (commit.created, "created"),
        (commit.changed, "changed"),
        (commit.deleted, "deleted"),
        (commit.retired, "retired"),
    ];
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    let counts: Vec<_> = counts.map(|(n, what)| format!("{n} {what}")).collect();
    counts.join(", ")
}

fn cut(text: &str, longest: usize) -> String {
    match text.chars().count() > longest {
        true => text.chars().take(longest - 2).chain("..".chars()).collect(),
        false => text.into(),
    }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(id: &str, revision: Option<&str>, message: &str) -> Outline {
        Outline {
            id: id.into(),
            sequence: 7,
            at: "2024-02-29T12:34:56.789000Z".into(),
            by: "ci".into(),
            revision: revision.map(str::to_owned),
            message: message.into(),
            created: 2,
            changed: 0,
            deleted: 1,
            retired: 0,
            entities: Vec::new(),
        }
    }

    #[test]
    fn a_history_is_a_table() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let by_nobody = Outline {
            by: String::new(),
            ..outline("bbbbbbbbbbbb", None, &"long ".repeat(20))
        };
        let commits = [
            outline("aaaaaaaaaaaa", Some(&format!("{hash}-dirty")), "two\nlines"),
            by_nobody,
        ];
        assert_eq!(
            table(&commits, "main"),
            "\
ID            TIME (UTC)           WHO  REVISION            CHANGES               MESSAGE
aaaaaaaaaaaa  2024-02-29 12:34:56  ci   0123456789ab-dirty  2 created, 1 deleted  two\\nlines
bbbbbbbbbbbb  2024-02-29 12:34:56  -    -                   2 created, 1 deleted  long long long long long long long long long long long lon..
"
        );
        assert_eq!(table(&[], "dev"), "Branch dev has no commits\n");
    }

    #[test]
    fn a_commit_is_told_without_what_is_not_known() {
        let told = commit(&outline("aaaaaaaaaaaa", None, "why"));
        assert_eq!(
            told,
            "Commit: aaaaaaaaaaaa, number 7 of its branch\nTime: 2024-02-29 12:34:56 UTC\nBy: ci\nMessage: why\n"
        );
    }
}
