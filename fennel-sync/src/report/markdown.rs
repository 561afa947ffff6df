//! Reports for pull requests, in GitHub's Markdown.
//!
//! Whatever a user or a server wrote stands in `<code>`, with every mark that Markdown or HTML could take for its
//! own written as a number. So no text can end a cell, mention somebody or close a pull request's issue.

use std::fmt::Write as _;

use fennel_core::diff::Change;
use fennel_core::plan::{Fate, Flow, Plan};

use super::json::{Document, Failure, Outcome};
use super::plan::{
    Computed, computed, deprecated_lines, headline, history, loss, partial_lines, reached, sign,
    tables, tag_lines,
};
use super::text::pastes;
use crate::error::count;

/// The most rows of a table: a comment of a pull request has no room for more.
const ROWS: usize = 100;

/// The most characters of a value.
const VALUE: usize = 200;

/// The report of a run.
pub(super) fn text(document: &Document) -> String {
    let mut text = match (&document.plan, &document.error) {
        (_, Some(error)) => failure(error),
        (Some(plan), None) => format!("### Plan: {}\n", headline(plan)),
        (None, None) => "### The definitions are right\n".into(),
    };
    if let Some(server) = &document.server {
        let place = match server.embedded {
            true => "Embedded server".into(),
            false => match &server.name {
                Some(name) => format!("Server {} at {}", code(name), code(&server.url)),
                None => format!("Server {}", code(&server.url)),
            },
        };
        line(
            &mut text,
            &format!("\n{place}, branch {}", code(&server.branch)),
        );
    }
    if let (Some(plan), None) = (&document.plan, &document.error) {
        self::plan(&mut text, plan);
    }
    let commit = document.commit.as_deref().map(code);
    match (document.outcome, commit) {
        (Outcome::Committed, Some(commit)) => line(&mut text, &format!("\nCommitted as {commit}.")),
        (Outcome::Planned, _) => line(&mut text, "\nNothing was committed yet."),
        (Outcome::Unchanged, _) => line(&mut text, "\nThere is nothing to commit."),
        _ => {}
    }
    text
}

fn plan(text: &mut String, plan: &Plan) {
    if !plan.destructive.is_empty() {
        line(text, "\n> [!CAUTION]\n> **Destructive:**");
        let losses: Vec<_> = plan
            .destructive
            .iter()
            .map(|it| code(&loss(plan, it)))
            .collect();
        bullets(text, "> ", &losses);
    }
    let partial = partial_lines(plan);
    if !partial.is_empty() {
        line(
            text,
            "\n> [!WARNING]\n> **Filled from what is left, since older rows were removed:**",
        );
        let partial: Vec<_> = partial.iter().map(|line| code(line)).collect();
        bullets(text, "> ", &partial);
    }
    let tags = tag_lines(plan).into_iter();
    let (begin, end): (Vec<_>, Vec<_>) = tags.partition(|(flow, _)| *flow == Flow::Begins);
    if !begin.is_empty() {
        line(text, "\n> [!WARNING]\n> **Tags that newly flow:**");
        let begin: Vec<_> = begin.iter().map(|(_, line)| code(line)).collect();
        bullets(text, "> ", &begin);
    }
    entities(text, plan);
    fields(text, plan);
    let Computed {
        filled,
        empty,
        untold,
    } = computed(plan);
    let mut lines: Vec<_> = filled
        .iter()
        .map(|(table, of)| format!("{}, from {}", code(&table.dataset), code(&history(of))))
        .collect();
    lines.extend(
        empty
            .iter()
            .map(|dataset| format!("{}, empty, since nothing was logged yet", code(dataset))),
    );
    lines.extend(
        untold
            .iter()
            .map(|dataset| format!("{}, of what this account isn't told", code(dataset))),
    );
    let shared = tables(plan, Fate::Shared).map(|table| {
        format!(
            "{} is not computed, since another branch has the same",
            code(&table.dataset)
        )
    });
    lines.extend(shared);
    details(text, &format!("Tables: {}", lines.len()), &lines);
    let ends: Vec<_> = end.iter().map(|(_, line)| code(line)).collect();
    details(text, "Tags that end", &ends);
    let used: Vec<_> = deprecated_lines(plan)
        .iter()
        .map(|line| code(line))
        .collect();
    details(text, &format!("Deprecated and used: {}", used.len()), &used);
}

fn entities(text: &mut String, plan: &Plan) {
    let entities = plan.entities.iter();
    let changing: Vec<_> = entities
        .filter(|entity| entity.change != Change::Unchanged)
        .collect();
    if changing.is_empty() {
        return;
    }
    line(text, "\n| | entity | | reaches |\n|---|---|---|---|");
    for entity in changing.iter().take(ROWS) {
        let more = if entity.reaches_more { "+" } else { "" };
        let reaches = match entity.reaches.len() {
            0 => String::new(),
            n => format!("{n}{more}"),
        };
        let row = format!(
            "| {} | {} {} | {} | {reaches} |",
            code(&sign(entity.change).to_string()),
            entity.kind,
            code(&entity.name),
            entity.change
        );
        line(text, &row);
    }
    more(text, changing.len());
}

fn fields(text: &mut String, plan: &Plan) {
    let entities = plan.entities.iter();
    let changes: Vec<_> = entities
        .flat_map(|entity| entity.fields.iter().map(|field| (&entity.name, field)))
        .collect();
    let reaches = plan.entities.iter().filter(|it| !it.reaches.is_empty());
    let reaches: Vec<_> = reaches
        .map(|entity| format!("{} reaches {}", code(&entity.name), code(&reached(entity))))
        .collect();
    if !changes.is_empty() {
        let summary = count(changes.len(), "field");
        line(
            text,
            &format!(
                "\n<details>\n<summary>Changed: {summary}</summary>\n\n| entity | field | old | new |\n|---|---|---|---|"
            ),
        );
        for (entity, field) in changes.iter().take(ROWS) {
            let value = |value: &Option<String>| value.as_deref().map(code).unwrap_or_default();
            let row = format!(
                "| {} | {} | {} | {} |",
                code(entity),
                code(&field.path),
                value(&field.old),
                value(&field.new)
            );
            line(text, &row);
        }
        more(text, changes.len());
        line(text, "\n</details>");
    }
    details(text, "What is reached", &reaches);
}

fn failure(error: &Failure) -> String {
    let mut text = format!("### Failed: {}\n", error.kind.replace('_', " "));
    line(
        &mut text,
        &format!("\n{}", code_of(&error.message, usize::MAX)),
    );
    let problems = error.problems.iter();
    let problems: Vec<_> = problems
        .map(|problem| code_of(&problem.folded().to_string(), 10 * VALUE))
        .collect();
    if !problems.is_empty() {
        line(&mut text, "");
        bullets(&mut text, "", &problems);
    }
    for paste in pastes(&error.problems) {
        let longest = paste.code.split(|c| c != '`').map(str::len).max();
        let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
        line(
            &mut text,
            &format!(
                "\n{}\n\n{fence}rust\n{}{fence}",
                escaped(&paste.to),
                paste.code
            ),
        );
    }
    text
}

/// A list that is folded up; nothing if it is empty.
fn details(text: &mut String, summary: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    line(
        text,
        &format!("\n<details>\n<summary>{summary}</summary>\n"),
    );
    bullets(text, "", lines);
    line(text, "\n</details>");
}

fn bullets(text: &mut String, before: &str, lines: &[String]) {
    for item in lines.iter().take(ROWS) {
        line(text, &format!("{before}- {item}"));
    }
    if let Some(more) = lines.len().checked_sub(ROWS).filter(|more| *more > 0) {
        line(text, &format!("{before}- and {more} more"));
    }
}

/// How many rows a table leaves out.
fn more(text: &mut String, rows: usize) {
    if let Some(more) = rows.checked_sub(ROWS).filter(|more| *more > 0) {
        line(text, &format!("\nand {more} more"));
    }
}

fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

/// A foreign text, cut where it is long.
fn code(text: &str) -> String {
    code_of(text, VALUE)
}

fn code_of(text: &str, most: usize) -> String {
    let cut = text.chars().nth(most).is_some();
    let shown: String = text.chars().take(most).collect();
    let dots = if cut { "…" } else { "" };
    format!("<code>{}{dots}</code>", escaped(&shown))
}

/// A text without anything that Markdown or HTML reads, in one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | ',' | '(' | ')' | '=' | '+' | '-' => escaped.push(c),
            c if c.is_control() => escaped.push(' '),
            c if c.is_ascii_punctuation() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
