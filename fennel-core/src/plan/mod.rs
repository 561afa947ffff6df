//! What a commit comes to: beside what changes, what that reaches, computes, tags and loses.
//!
//! A server makes the plan of the state that the commit will meet, and whoever asked shows it. So a plan is
//! data that is sent, of the schema [`SCHEMA`]; what fennel-core knows of it comes from two catalogs
//! ([`Plan::new`]), and what only a store can know, [what becomes of tables](TableChange), is added by the engine.

mod reach;
mod tags;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::diff::{Change, Diff, EntityDiff, FieldDiff, is_deleted};
use crate::entity::{Descriptor, Kind};

/// Goes up when a field of [`Plan`] changes its meaning or goes away; new ones may come at any time.
pub const SCHEMA: u32 = 1;

/// What a commit comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: u32,
    /// How many entities are new.
    pub created: usize,
    /// How many are different.
    pub changed: usize,
    /// How many are marked deprecated from now on.
    pub deprecated: usize,
    /// How many are marked deleted from now on.
    pub deleted: usize,
    /// How many were marked deleted before and are left out now.
    pub retired: usize,
    /// How many stay as they are.
    pub unchanged: usize,
    /// The entities, datasets first, each by name.
    pub entities: Vec<EntityPlan>,
    /// The tables that come and go, each behind those that it is made of.
    pub tables: Vec<TableChange>,
    /// Where tags flow that did not before, and where they end.
    pub tags: Vec<TagFlow>,
    /// Who uses what is deprecated, whether that is new or not.
    pub deprecated_uses: Vec<DeprecatedUse>,
    /// What can't be asked for any more.
    pub destructive: Vec<Loss>,
}

/// What a commit does to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityPlan {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub change: Change,
    /// What is new, gone or different in it.
    pub fields: Vec<FieldDiff>,
    /// The datasets and features that are made of what changes here, however far down, each by name. Of a deleted
    /// entity, those that were. What is new reaches nothing.
    pub reaches: Vec<Named>,
    /// Whether it reaches more than is listed: at most 200, the nearest.
    pub reaches_more: bool,
}

/// A dataset, a featureset or a feature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Named {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub entity: String,
    /// The feature; empty for the entity as a whole.
    pub member: String,
}

/// A table that comes or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// The dataset.
    pub dataset: String,
    /// The version of the dataset that the table is of.
    pub version: u32,
    /// What happens to it.
    pub fate: Fate,
    /// What it is computed from; only where it is.
    pub history: Option<History>,
}

/// What happens to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It is computed from the rows that were logged.
    Computed,
    /// Another branch has a dataset of the same structure and shares its table; nothing is computed.
    Shared,
    /// No branch has it any more.
    Dropped,
    /// This branch leaves it to others that have it.
    Left,
}

/// The rows that a table is computed from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The endpoints that were logged to, as `webhook/endpoint`, each once.
    pub endpoints: Vec<String>,
    /// How many rows there are in the log.
    pub rows: u64,
    /// Whether there are more: counting ends where it would take long.
    pub more: bool,
    /// When the first of them came, by the server's clock, in RFC 3339.
    pub first: Option<String>,
    /// When the last of them came.
    pub last: Option<String>,
    /// Older rows were removed: from this event time on, in RFC 3339, the table has what it would have with them.
    /// `None` where nothing is missing.
    pub whole_since: Option<String>,
}

/// A dataset that is filled from what is left, since older rows were removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Its name.
    pub dataset: String,
    /// From this event time on it is as if nothing had gone, in RFC 3339.
    pub whole_since: String,
}

/// A tag that begins to flow to a dataset or a feature, or ends to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagFlow {
    /// The tag.
    pub tag: String,
    /// Whether it begins or ends.
    pub flow: Flow,
    /// What carries it, or carried it.
    pub to: Named,
    /// What declares it, however far up, the first 20 by name; empty where `to` does so itself, and where the tag
    /// ends.
    pub from: Vec<Named>,
}

/// Whether a tag begins or ends to be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// It was not carried before.
    Begins,
    /// It was, and is not any more.
    Ends,
}

/// Something live that is made of what is deprecated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeprecatedUse {
    /// Who uses it.
    pub user: Named,
    /// What is deprecated.
    pub used: Named,
}

/// What can't be asked for any more once the commit is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What it is.
    pub what: Lost,
    /// Its name; of a table, the dataset's.
    pub name: Named,
}

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// A dataset is marked deleted.
    Dataset,
    /// A featureset is marked deleted.
    Featureset,
    /// A feature is marked deleted.
    Feature,
    /// A table is dropped with its rows; those in the log stay.
    Table,
}

impl Plan {
    /// What becomes of `old` as `new`, all but the tables.
    #[must_use]
    pub fn new(old: &Catalog<'_>, new: &Catalog<'_>, diff: &Diff) -> Self {
        let mut plan = Plan::of(diff);
        reach::fill(&mut plan.entities, old, new);
        plan.tags = tags::flows(old, new);
        plan.deprecated_uses = reach::deprecated_uses(new);
        plan.destructive = losses(old, new, diff);
        plan
    }

    /// A plan of which no more is known than what changes.
    #[must_use]
    pub fn of(diff: &Diff) -> Self {
        let entities = diff.entities.iter().map(|entity| {
            let EntityDiff {
                kind,
                name,
                change,
                fields,
            } = entity.clone();
            EntityPlan {
                kind,
                name,
                change,
                fields,
                reaches: Vec::new(),
                reaches_more: false,
            }
        });
        Plan {
            schema: SCHEMA,
            created: diff.count(Change::Created),
            changed: diff.count(Change::Changed),
            deprecated: diff.count(Change::Deprecated),
            deleted: diff.count(Change::Deleted),
            retired: diff.count(Change::Retired),
            unchanged: diff.count(Change::Unchanged),
            entities: entities.collect(),
            tables: Vec::new(),
            tags: Vec::new(),
            deprecated_uses: Vec::new(),
            destructive: Vec::new(),
        }
    }

    /// The datasets that will lack older rows, each behind those that it is made of.
    #[must_use]
    pub fn partial(&self) -> Vec<Partial> {
        let partial = self.tables.iter().filter_map(|table| {
            Some(Partial {
                dataset: table.dataset.clone(),
                whole_since: table.history.as_ref()?.whole_since.clone()?,
            })
        });
        partial.collect()
    }

    /// Adds what becomes of tables.
    #[must_use]
    pub fn with_tables(mut self, tables: Vec<TableChange>) -> Self {
        let dropped = tables.iter().filter(|table| table.fate == Fate::Dropped);
        let dropped = dropped.map(|table| Loss {
            what: Lost::Table,
            name: Named::entity(Kind::Dataset, &table.dataset),
        });
        self.destructive.extend(dropped);
        self.tables = tables;
        self
    }
}

impl Named {
    /// An entity.
    #[must_use]
    pub fn entity(kind: Kind, name: &str) -> Self {
        Self::member((kind, name, ""))
    }

    /// A feature, or with an empty last name an entity.
    pub(crate) fn member((kind, entity, member): (Kind, &str, &str)) -> Self {
        Named {
            kind,
            entity: entity.into(),
            member: member.into(),
        }
    }
}

/// `dataset Order`, `feature OrderFeatures.price`.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member.as_str() {
            "" => write!(f, "{} {}", self.kind, self.entity),
            member => write!(f, "feature {}.{member}", self.entity),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::Dataset => "dataset",
            Lost::Featureset => "featureset",
            Lost::Feature => "feature",
            Lost::Table => "table",
        })
    }
}

/// What is marked deleted and was not before.
fn losses(old: &Catalog<'_>, new: &Catalog<'_>, diff: &Diff) -> Vec<Loss> {
    let mut losses = Vec::new();
    for EntityDiff { kind, name, .. } in &diff.entities {
        let (Some(before), Some(after)) = (old.entity(*kind, name), new.entity(*kind, name)) else {
            continue;
        };
        if is_deleted(before) {
            continue;
        }
        if is_deleted(after) {
            let what = match kind {
                Kind::Dataset => Lost::Dataset,
                Kind::Featureset => Lost::Featureset,
            };
            let name = Named::entity(*kind, name);
            losses.push(Loss { what, name });
            continue;
        }
        if let (Descriptor::Featureset(before), Descriptor::Featureset(after)) = (before, after) {
            let live = before.features.iter().filter(|was| !was.meta.deleted);
            let deleted = live.filter(|was| {
                let is = after.feature(was.name);
                is.is_some_and(|is| is.meta.deleted)
            });
            losses.extend(deleted.map(|feature| Loss {
                what: Lost::Feature,
                name: Named::member((*kind, before.name, feature.name)),
            }));
        }
    }
    losses
}
