use fennel_core::diff::{Diff, EntityDiff};
use fennel_core::entity::Kind;

use super::*;
use crate::report::example;

#[test]
fn the_plans_page_shows_what_is_written() {
    let page = include_str!("../../../../docs/plan.md");
    let (_, shown) = page.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```\n").unwrap();
    assert_eq!(text(&example::plan(), Paint::Plain), shown);
}

#[test]
fn colours_are_around_lines_and_end_with_them() {
    let text = text(&example::plan(), Paint::Ansi);
    assert!(
        text.contains("  \x1b[32m+ dataset Refund created\x1b[0m\n"),
        "{text}"
    );
    let lines = text.lines().filter(|line| line.contains('\x1b'));
    assert!(lines.into_iter().all(|line| line.ends_with("\x1b[0m")));
}

#[test]
fn what_the_server_does_not_tell_is_not_said_to_be_empty() {
    let mut plan = example::plan();
    for table in &mut plan.tables {
        table.history = None;
    }
    let text = text(&plan, Paint::Plain);
    assert!(
        text.contains("Computed of what this account isn't told: ") && text.contains("Refund"),
        "{text}"
    );
    assert!(!text.contains("nothing was logged"), "{text}");
}

/// A plan of which only these entities are known.
fn of(entities: Vec<EntityDiff>) -> Plan {
    Plan::of(&Diff { entities })
}

fn entity(name: &str, change: Change, fields: Vec<FieldDiff>) -> EntityDiff {
    EntityDiff {
        kind: Kind::Dataset,
        name: name.into(),
        change,
        fields,
    }
}

#[test]
fn nothing_steers_a_terminal() {
    let field = FieldDiff {
        path: "meta.description".into(),
        old: None,
        new: Some("one\nper \x1b[31mline".into()),
        metaflag: true,
    };
    let plan = of(vec![entity("A", Change::Changed, vec![field])]);
    assert_eq!(
        text(&plan, Paint::Plain),
        "Plan: 1 changed
  ~ dataset A changed
      meta.description: (none) -> one\\nper \\u{1b}[31mline
"
    );
}

#[test]
fn what_stays_is_counted() {
    let entities = (0..20).map(|i| entity(&format!("D{i}"), Change::Unchanged, Vec::new()));
    assert_eq!(
        text(&of(entities.collect()), Paint::Plain),
        "Plan: 20 unchanged\n"
    );
    assert_eq!(text(&of(Vec::new()), Paint::Plain), "Plan: no entities\n");
}

#[test]
fn a_long_list_is_cut() {
    let names: Vec<_> = (0..20).map(|i| format!("D{i}")).collect();
    assert!(list(&names).ends_with("D11 and 8 more"), "{}", list(&names));
}
