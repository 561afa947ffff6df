//! What a catalog says, fact by fact.

use serde::{Deserialize, Serialize};

use super::facts::facts;
use crate::catalog::Catalog;
use crate::entity::Kind;

/// What an entity says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityFacts {
    /// A dataset or a featureset.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it says, by path.
    pub facts: Vec<FactText>,
}

/// One thing that an entity says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactText {
    /// What it is about, such as `price.type` or `meta.owner`.
    pub path: String,
    /// What it is. A secret is not shown.
    pub text: String,
}

/// The facts of each entity of a catalog, by which a [`diff`](super::diff) goes: datasets first, each by name.
#[must_use]
pub fn listing(catalog: &Catalog<'_>) -> Vec<EntityFacts> {
    let mut entities: Vec<_> = catalog.entities().collect();
    entities.sort_unstable_by_key(|entity| (entity.kind(), entity.name()));
    let listed = entities.into_iter().map(|entity| {
        let facts = facts(catalog, entity).into_iter();
        let facts = facts.map(|(path, fact)| FactText {
            path,
            text: fact.text,
        });
        EntityFacts {
            kind: entity.kind(),
            name: entity.name().into(),
            facts: facts.collect(),
        }
    });
    listed.collect()
}
