//! A plan for people.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use fennel_core::diff::{Change, FieldDiff};
use fennel_core::plan::{
    EntityPlan, Fate, Flow, History, Loss, Lost, Named, Partial, Plan, TableChange,
};

use super::text::{DIM, GREEN, Paint, RED, YELLOW, plain};
use crate::error::count;

/// How many names of a list are shown before it is said how many more there are.
const NAMED: usize = 12;

/// What a commit changes and comes to. What there is nothing of has no line.
pub(super) fn text(plan: &Plan, paint: Paint) -> String {
    let mut text = Text {
        text: changes("Plan", plan, paint),
        paint,
    };
    text.computed(plan);
    text.partial(plan);
    text.tags(plan);
    text.deprecated(plan);
    text.destructive(plan);
    text.text
}

/// What changes, under a title: how many, then each entity with its fields.
pub(super) fn changes(title: &str, plan: &Plan, paint: Paint) -> String {
    let mut text = Text {
        text: format!("{title}: {}\n", headline(plan)),
        paint,
    };
    text.entities(plan);
    text.text
}

/// `1 created, 2 unchanged`.
pub(super) fn headline(plan: &Plan) -> String {
    let counts = [
        (plan.created, Change::Created),
        (plan.changed, Change::Changed),
        (plan.deprecated, Change::Deprecated),
        (plan.deleted, Change::Deleted),
        (plan.retired, Change::Retired),
        (plan.unchanged, Change::Unchanged),
    ];
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    let counts: Vec<_> = counts.map(|(n, change)| format!("{n} {change}")).collect();
    if counts.is_empty() {
        return "no entities".into();
    }
    counts.join(", ")
}

/// What stands before an entity, by what happens to it.
pub(super) fn sign(change: Change) -> char {
    match change {
        Change::Created => '+',
        Change::Changed => '~',
        Change::Deprecated => '!',
        Change::Deleted => '-',
        Change::Retired => '.',
        Change::Unchanged => '=',
    }
}

/// `1200 logged rows of shop/orders, which came from .. to ..`.
pub(super) fn history(history: &History) -> String {
    let more = if history.more { "more than " } else { "" };
    let rows = usize::try_from(history.rows).unwrap_or(usize::MAX);
    let mut text = format!(
        "{more}{} of {}",
        count(rows, "logged row"),
        list(&history.endpoints)
    );
    if let (Some(first), Some(last)) = (&history.first, &history.last) {
        let _ = write!(
            text,
            ", which came from {} to {}",
            to_the_second(first),
            to_the_second(last)
        );
    }
    text
}

fn to_the_second(instant: &str) -> String {
    match instant.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => instant.into(),
    }
}

/// What is lost, as a clause.
pub(super) fn loss(plan: &Plan, loss: &Loss) -> String {
    let name = &loss.name;
    let is_new = |table: &TableChange| {
        matches!(table.fate, Fate::Computed | Fate::Shared) && table.dataset == name.entity
    };
    match loss.what {
        Lost::Table if plan.tables.iter().any(is_new) => {
            format!("the table of {name} is dropped, for that of its new version")
        }
        Lost::Table => format!("the table of {name} is dropped; what was logged stays in the log"),
        Lost::Dataset | Lost::Featureset | Lost::Feature => format!("{name} is deleted"),
    }
}

/// Tags that begin and end, each with those that carry it and what it comes from.
pub(super) fn tag_lines(plan: &Plan) -> Vec<(Flow, String)> {
    let mut groups: BTreeMap<(Flow, &str, &[Named]), Vec<&Named>> = BTreeMap::new();
    for flow in &plan.tags {
        let group = (flow.flow, flow.tag.as_str(), flow.from.as_slice());
        groups.entry(group).or_default().push(&flow.to);
    }
    let lines = groups.into_iter().map(|((flow, tag, from), to)| {
        let verb = match flow {
            Flow::Begins => "newly on",
            Flow::Ends => "no longer on",
        };
        let mut line = format!("{tag} {verb} {}", list(&to));
        if !from.is_empty() {
            let _ = write!(line, ", from {}", list(from));
        }
        (flow, line)
    });
    lines.collect()
}

/// What is deprecated and used, each with its users.
pub(super) fn deprecated_lines(plan: &Plan) -> Vec<String> {
    let mut users: BTreeMap<&Named, Vec<&Named>> = BTreeMap::new();
    for found in &plan.deprecated_uses {
        users.entry(&found.used).or_default().push(&found.user);
    }
    let lines = users.into_iter();
    lines
        .map(|(used, users)| format!("{used}, by {}", list(&users)))
        .collect()
}

/// The first of them, and how many more there are.
pub(super) fn list(names: &[impl Display]) -> String {
    let named = names.iter().take(NAMED).map(ToString::to_string);
    let named = named.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What an entity's change reaches.
pub(super) fn reached(entity: &EntityPlan) -> String {
    let names = list(&entity.reaches);
    match entity.reaches_more {
        true => format!("{names}, and others"),
        false => names,
    }
}

/// The datasets that will lack older rows, each with from when on it doesn't.
pub(super) fn partial_lines(plan: &Plan) -> Vec<String> {
    let lines = plan.partial().into_iter();
    lines.map(|it| whole_since(&it)).collect()
}

/// From when on a dataset is whole, as a clause.
pub(super) fn whole_since(partial: &Partial) -> String {
    let since = to_the_second(&partial.whole_since);
    format!("{} is whole from {since} on", partial.dataset)
}

/// The tables of that fate.
pub(super) fn tables(plan: &Plan, fate: Fate) -> impl Iterator<Item = &TableChange> {
    plan.tables.iter().filter(move |table| table.fate == fate)
}

/// The tables that are computed.
#[derive(Default)]
pub(super) struct Computed<'p> {
    /// Those of some rows, each with these.
    pub(super) filled: Vec<(&'p TableChange, &'p History)>,
    /// The datasets of those that begin empty.
    pub(super) empty: Vec<&'p str>,
    /// The datasets of those of which the server doesn't tell the account what was logged.
    pub(super) untold: Vec<&'p str>,
}

pub(super) fn computed(plan: &Plan) -> Computed<'_> {
    let mut computed = Computed::default();
    for table in tables(plan, Fate::Computed) {
        match &table.history {
            Some(history) if history.rows > 0 => computed.filled.push((table, history)),
            Some(_) => computed.empty.push(&table.dataset),
            None => computed.untold.push(&table.dataset),
        }
    }
    computed
}

struct Text {
    text: String,
    paint: Paint,
}

impl Text {
    fn line(&mut self, indent: usize, colour: Option<&str>, line: &str) {
        let line = plain(line);
        let line = match colour {
            Some(colour) => self.paint.on(colour, &line),
            None => line,
        };
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn entities(&mut self, plan: &Plan) {
        let entities = plan.entities.iter();
        for entity in entities.filter(|entity| entity.change != Change::Unchanged) {
            let EntityPlan {
                kind, name, change, ..
            } = entity;
            let colour = match change {
                Change::Created => GREEN,
                Change::Changed | Change::Deprecated => YELLOW,
                Change::Deleted => RED,
                Change::Retired | Change::Unchanged => DIM,
            };
            let line = format!("{} {kind} {name} {change}", sign(*change));
            self.line(2, Some(colour), &line);
            for field in &entity.fields {
                self.line(6, None, &change_of(field));
            }
            if !entity.reaches.is_empty() {
                let line = format!("reaches {}", reached(entity));
                self.line(6, Some(DIM), &line);
            }
        }
        if plan.unchanged > 0 && plan.unchanged < plan.entities.len() {
            self.line(2, Some(DIM), &format!("= {} unchanged", plan.unchanged));
        }
    }

    fn computed(&mut self, plan: &Plan) {
        let Computed {
            filled,
            empty,
            untold,
        } = computed(plan);
        if !filled.is_empty() {
            self.line(0, None, "Computed anew:");
        }
        for (TableChange { dataset, .. }, history) in filled {
            let line = format!("{dataset}, from {}", self::history(history));
            self.line(2, None, &line);
        }
        if !empty.is_empty() {
            let line = format!("Empty, since nothing was logged yet: {}", list(&empty));
            self.line(0, None, &line);
        }
        if !untold.is_empty() {
            let line = format!(
                "Computed of what this account isn't told: {}",
                list(&untold)
            );
            self.line(0, None, &line);
        }
        let shared: Vec<_> = tables(plan, Fate::Shared)
            .map(|table| &table.dataset)
            .collect();
        if !shared.is_empty() {
            let line = format!(
                "Not computed, since another branch has the same: {}",
                list(&shared)
            );
            self.line(0, None, &line);
        }
    }

    fn partial(&mut self, plan: &Plan) {
        let lines = partial_lines(plan);
        if !lines.is_empty() {
            self.line(
                0,
                Some(YELLOW),
                "Filled from what is left, since older rows were removed:",
            );
        }
        for line in lines {
            self.line(2, Some(YELLOW), &line);
        }
    }

    fn tags(&mut self, plan: &Plan) {
        let lines = tag_lines(plan);
        if !lines.is_empty() {
            self.line(0, None, "Tags:");
        }
        for (flow, line) in lines {
            let colour = match flow {
                Flow::Begins => YELLOW,
                Flow::Ends => DIM,
            };
            self.line(2, Some(colour), &line);
        }
    }

    fn deprecated(&mut self, plan: &Plan) {
        let lines = deprecated_lines(plan);
        if !lines.is_empty() {
            self.line(0, None, "Deprecated and used:");
        }
        for line in lines {
            self.line(2, Some(YELLOW), &line);
        }
    }

    fn destructive(&mut self, plan: &Plan) {
        if !plan.destructive.is_empty() {
            self.line(0, Some(RED), "Destructive:");
        }
        for loss in &plan.destructive {
            self.line(2, Some(RED), &self::loss(plan, loss));
        }
    }
}

fn change_of(field: &FieldDiff) -> String {
    let path = &field.path;
    match (&field.old, &field.new) {
        (Some(old), Some(new)) => format!("{path}: {old} -> {new}"),
        (None, Some(new)) => format!("{path}: (none) -> {new}"),
        (Some(old), None) => format!("{path}: {old} -> (none)"),
        (None, None) => format!("{path}: differs"),
    }
}

#[cfg(test)]
mod tests;
