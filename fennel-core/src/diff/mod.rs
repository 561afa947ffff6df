//! What a commit would change, and whether it may.
//!
//! Every entity is laid out as *facts*: a path, a text, and whether it is a metaflag. Two entities
//! differ where their facts do, so what a plan shows, what needs a new version and what makes a
//! dataset's data its own all come from one list.

mod extractors;
mod facts;
mod identity;
mod listing;
mod transition;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::entity::{Descriptor, Kind, Meta};
use facts::{Facts, facts};

pub use identity::identity;
pub use listing::{EntityFacts, FactText, listing};
pub use transition::{check_reserved, check_transition};

/// What a commit does to each entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The entities, datasets first, each by name.
    pub entities: Vec<EntityDiff>,
}

/// What a commit does to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDiff {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub change: Change,
    /// What is new, gone or different in it; empty unless it is changed or deprecated. Of a feature that is
    /// deleted, that alone.
    pub fields: Vec<FieldDiff>,
}

/// What happens to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Created,
    /// Something about it is different.
    Changed,
    /// It is marked deprecated, and maybe something else about it is different.
    Deprecated,
    /// It is marked deleted; or it is live on one side, and the other has nothing of it, as only commits that don't
    /// follow each other can be.
    Deleted,
    /// It was marked deleted by an earlier commit and is left out now.
    Retired,
    /// Nothing.
    Unchanged,
}

/// One fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDiff {
    /// The fact, such as `price.type` or `meta.owner`.
    pub path: String,
    /// What was; `None` where it is new.
    pub old: Option<String>,
    /// What will be; `None` where it goes away.
    pub new: Option<String>,
    /// Whether it is a metaflag or an expectation, or tells how an outside system is reached or
    /// written to: it may change under any version.
    pub metaflag: bool,
}

impl Diff {
    /// Whether the commit changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities
            .iter()
            .all(|entity| entity.change == Change::Unchanged)
    }

    /// How many entities have that change.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.entities
            .iter()
            .filter(|entity| entity.change == change)
            .count()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Created => "created",
            Change::Changed => "changed",
            Change::Deprecated => "deprecated",
            Change::Deleted => "deleted",
            Change::Retired => "retired",
            Change::Unchanged => "unchanged",
        })
    }
}

/// What changes from `old` to `new`.
#[must_use]
pub fn diff(old: &Catalog<'_>, new: &Catalog<'_>) -> Diff {
    let (old_catalog, new_catalog) = (old, new);
    let before: BTreeMap<_, _> = old.entities().map(|e| ((e.kind(), e.name()), e)).collect();
    let after: BTreeMap<_, _> = new.entities().map(|e| ((e.kind(), e.name()), e)).collect();
    let mut names: Vec<_> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let entities = names.into_iter().map(|name| {
        let (old, new) = (before.get(&name).copied(), after.get(&name).copied());
        let mut fields = match (old, new) {
            (Some(old), Some(new)) => compare(&facts(old_catalog, old), &facts(new_catalog, new)),
            _ => Vec::new(),
        };
        let change = change(old, new, &fields);
        match (change, new) {
            (Change::Changed | Change::Deprecated, Some(new)) => {
                leave_out_deleted(&mut fields, new)
            }
            _ => fields.clear(),
        }
        EntityDiff {
            kind: name.0,
            name: name.1.into(),
            change,
            fields,
        }
    });
    Diff {
        entities: entities.collect(),
    }
}

fn change(
    old: Option<Descriptor<'_>>,
    new: Option<Descriptor<'_>>,
    fields: &[FieldDiff],
) -> Change {
    match (old, new) {
        (Some(old), None) if !is_deleted(old) => Change::Deleted,
        (_, None) => Change::Retired,
        (None, Some(_)) => Change::Created,
        (Some(old), Some(new)) if !is_deleted(old) && is_deleted(new) => Change::Deleted,
        (Some(old), Some(new)) if is_deleted(old) && !is_deleted(new) => Change::Created,
        _ if fields.is_empty() => Change::Unchanged,
        (Some(old), Some(new)) if !meta(old).deprecated && meta(new).deprecated => {
            Change::Deprecated
        }
        _ => Change::Changed,
    }
}

/// Of a feature that is deleted nothing else matters: what it says may be as short as can be.
fn leave_out_deleted(fields: &mut Vec<FieldDiff>, entity: Descriptor<'_>) {
    let Descriptor::Featureset(featureset) = entity else {
        return;
    };
    let features = featureset.features.iter();
    for feature in features.filter(|feature| feature.meta.deleted) {
        let (own, flag) = (
            format!("{}.", feature.name),
            format!("{}.meta.deleted", feature.name),
        );
        fields.retain(|field| !field.path.starts_with(&own) || field.path == flag);
    }
}

fn compare(old: &Facts, new: &Facts) -> Vec<FieldDiff> {
    let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differing = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path));
    let fields = differing.map(|path| {
        let (old, new) = (old.get(path), new.get(path));
        FieldDiff {
            path: path.clone(),
            old: old.map(|fact| fact.text.clone()),
            new: new.map(|fact| match old {
                // They differ in what is not shown.
                Some(old) if old.text == fact.text => format!("another {}", fact.text),
                _ => fact.text.clone(),
            }),
            metaflag: old.or(new).is_some_and(|fact| fact.metaflag),
        }
    });
    fields.collect()
}

pub(crate) fn is_deleted(entity: Descriptor<'_>) -> bool {
    meta(entity).deleted
}

pub(crate) fn meta<'a>(entity: Descriptor<'a>) -> Meta<'a> {
    match entity {
        Descriptor::Dataset(dataset) => dataset.meta,
        Descriptor::Featureset(featureset) => featureset.meta,
    }
}
