//! What is made of what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{DeprecatedUse, EntityPlan, Named};
use crate::catalog::Catalog;
use crate::diff::{Change, FieldDiff};
use crate::entity::{Descriptor, Kind};
use crate::lineage::{Place, parents, places};

/// What is made of each place, one step down.
type Children<'a> = BTreeMap<Place<'a>, Vec<Place<'a>>>;

/// The most names that the change of one entity is said to reach, the nearest.
const MOST: usize = 200;

/// The most names that all of them are said to reach, so that a plan has a size that can be sent.
const MOST_OF_ALL: usize = 100_000;

/// Fills in what each entity's change reaches.
pub(super) fn fill<'a>(entities: &mut [EntityPlan], old: &Catalog<'a>, new: &Catalog<'a>) {
    let (before, after) = (children(old), children(new));
    let mut left = MOST_OF_ALL;
    for entity in entities {
        let (catalog, children) = match entity.change {
            Change::Deleted => (old, &before),
            _ => (new, &after),
        };
        let starts = starts(catalog, entity);
        (entity.reaches, entity.reaches_more) = below(children, &starts, left.min(MOST));
        left -= entity.reaches.len();
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

/// What is made of `starts`, without these: the nearest, up to `most` by name, and whether there is more.
fn below(children: &Children<'_>, starts: &[Place<'_>], most: usize) -> (Vec<Named>, bool) {
    let mut seen: BTreeSet<Place<'_>> = starts.iter().copied().collect();
    let mut waiting: VecDeque<_> = starts.iter().copied().collect();
    let (mut found, mut more) = (Vec::new(), false);
    'all: while let Some(place) = waiting.pop_front() {
        for child in children.get(&place).into_iter().flatten() {
            if !seen.insert(*child) {
                continue;
            }
            if found.len() == most {
                more = true;
                break 'all;
            }
            found.push(*child);
            waiting.push_back(*child);
        }
    }
    found.sort_unstable();
    (found.into_iter().map(Named::member).collect(), more)
}

/// Who of those that are neither deprecated nor deleted themselves uses something that is deprecated.
pub(super) fn deprecated_uses(catalog: &Catalog<'_>) -> Vec<DeprecatedUse> {
    let mut uses = BTreeSet::new();
    for user in places(catalog) {
        let (kind, entity, member) = user;
        if deprecated(catalog, user).is_some() || !catalog.is_live(kind, entity, member) {
            continue;
        }
        for used in parents(catalog, None, user) {
            if let Some(used) = deprecated(catalog, used) {
                let user = Named::member(user);
                uses.insert(DeprecatedUse { user, used });
            }
        }
    }
    uses.into_iter().collect()
}

/// What of it is deprecated, if something is: itself, or the whole that it is of.
fn deprecated(catalog: &Catalog<'_>, (kind, entity, member): Place<'_>) -> Option<Named> {
    let whole = catalog.entity(kind, entity).map(crate::diff::meta);
    if whole.is_some_and(|meta| meta.deprecated) {
        return Some(Named::entity(kind, entity));
    }
    let featureset = catalog
        .featureset(entity)
        .filter(|_| kind == Kind::Featureset)?;
    let feature = featureset.feature(member)?;
    let extractors = catalog.extractors_of(entity).iter();
    let mut made_by = extractors.filter(|extractor| extractor.outputs.contains(&member));
    let is_deprecated =
        feature.meta.deprecated || made_by.any(|extractor| extractor.meta.deprecated);
    is_deprecated.then(|| Named::member((kind, entity, member)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_listed_than_can_be_sent() {
        let names: Vec<String> = (0..10).map(|i| format!("D{i}")).collect();
        let place = |i: usize| (Kind::Dataset, names[i].as_str(), "");
        let chain = (0..9).map(|i| (place(i), vec![place(i + 1)]));
        let children: Children<'_> = chain.collect();
        let below = |start: usize, most: usize| {
            let (found, more) = below(&children, &[place(start)], most);
            let names: Vec<_> = found.into_iter().map(|it| it.entity).collect();
            (names.join(" "), more)
        };
        assert_eq!(below(6, 3), ("D7 D8 D9".into(), false));
        assert_eq!(below(5, 3), ("D6 D7 D8".into(), true));
        assert_eq!(below(9, 0), (String::new(), false));
    }
}
