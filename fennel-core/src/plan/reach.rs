//! What is made of what.

use std::collections::{BTreeMap, BTreeSet};

use super::{DeprecatedUse, EntityPlan, Named};
use crate::catalog::Catalog;
use crate::diff::{Change, FieldDiff};
use crate::entity::{Descriptor, Kind};
use crate::lineage::{Place, parents, places};

/// What is made of each place, one step down.
type Children<'a> = BTreeMap<Place<'a>, Vec<Place<'a>>>;

/// Fills in what each entity's change reaches.
pub(super) fn fill<'a>(entities: &mut [EntityPlan], old: &Catalog<'a>, new: &Catalog<'a>) {
    let (before, after) = (children(old), children(new));
    for entity in entities {
        let (catalog, children) = match entity.change {
            Change::Deleted => (old, &before),
            _ => (new, &after),
        };
        let starts = starts(catalog, entity);
        entity.reaches = below(children, starts);
    }
}

fn children<'a>(catalog: &Catalog<'a>) -> Children<'a> {
    let mut children = Children::new();
    for place in places(catalog) {
        for parent in parents(catalog, None, place) {
            children.entry(parent).or_default().push(place);
        }
    }
    children
}

/// What of an entity is different for those who read it.
fn starts<'a>(catalog: &Catalog<'a>, entity: &EntityPlan) -> Vec<Place<'a>> {
    let is_whole = match entity.change {
        Change::Created | Change::Retired | Change::Unchanged => return Vec::new(),
        Change::Deleted | Change::Deprecated => true,
        Change::Changed => false,
    };
    let content = || entity.fields.iter().filter(|field| matters(field));
    match catalog.entity(entity.kind, &entity.name) {
        Some(Descriptor::Dataset(dataset)) if is_whole || content().next().is_some() => {
            let name = catalog.dataset(dataset.name).map(|dataset| dataset.name);
            name.map(|name| (Kind::Dataset, name, ""))
                .into_iter()
                .collect()
        }
        Some(Descriptor::Featureset(_)) => {
            let Some(featureset) = catalog.featureset(&entity.name) else {
                return Vec::new();
            };
            let features = featureset.features.iter().map(|feature| feature.name);
            let changed = features.filter(|feature| {
                let made_by = catalog.extractors_of(featureset.name).iter();
                let made_by = made_by.filter(|extractor| extractor.outputs.contains(feature));
                let mut prefixes =
                    made_by.map(|extractor| format!("extractor[{}].", extractor.name));
                is_whole
                    || content().any(|field| is_below(&field.path, feature))
                    || prefixes.any(|prefix| content().any(|it| it.path.starts_with(&prefix)))
            });
            changed
                .map(|feature| (Kind::Featureset, featureset.name, feature))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a change of it is one of what others read, or tells them to stop.
fn matters(field: &FieldDiff) -> bool {
    !field.metaflag
        || field.path.ends_with("meta.deleted")
        || field.path.ends_with("meta.deprecated")
}

fn is_below(path: &str, feature: &str) -> bool {
    path.strip_prefix(feature)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// All that is made of `starts`, without these.
fn below(children: &Children<'_>, starts: Vec<Place<'_>>) -> Vec<Named> {
    let mut found: BTreeSet<Place<'_>> = starts.iter().copied().collect();
    let mut waiting = starts.clone();
    while let Some(place) = waiting.pop() {
        for child in children.get(&place).into_iter().flatten() {
            if found.insert(*child) {
                waiting.push(*child);
            }
        }
    }
    for start in starts {
        found.remove(&start);
    }
    found.into_iter().map(Named::member).collect()
}

/// Who of those that are neither deprecated nor deleted themselves uses something that is deprecated.
pub(super) fn deprecated_uses(catalog: &Catalog<'_>) -> Vec<DeprecatedUse> {
    let mut uses = BTreeSet::new();
    for user in places(catalog) {
        let state = state(catalog, user);
        if state.deprecated.is_some() || state.deleted {
            continue;
        }
        for used in parents(catalog, None, user) {
            if let Some(used) = self::state(catalog, used).deprecated {
                let user = Named::member(user);
                uses.insert(DeprecatedUse { user, used });
            }
        }
    }
    uses.into_iter().collect()
}

struct State {
    /// What of it is deprecated: itself, or the whole that it is of.
    deprecated: Option<Named>,
    deleted: bool,
}

fn state(catalog: &Catalog<'_>, (kind, entity, member): Place<'_>) -> State {
    let whole = catalog.entity(kind, entity).map(crate::diff::meta);
    let mut state = State {
        deprecated: None,
        deleted: whole.is_some_and(|meta| meta.deleted),
    };
    if let Some(feature) = catalog.featureset(entity).and_then(|it| it.feature(member))
        && kind == Kind::Featureset
    {
        let extractors = catalog.extractors_of(entity).iter();
        let mut made_by = extractors.filter(|extractor| extractor.outputs.contains(&member));
        state.deleted |= feature.meta.deleted;
        if feature.meta.deprecated || made_by.any(|extractor| extractor.meta.deprecated) {
            state.deprecated = Some(Named::member((kind, entity, member)));
        }
    }
    if whole.is_some_and(|meta| meta.deprecated) {
        state.deprecated = Some(Named::entity(kind, entity));
    }
    state
}
