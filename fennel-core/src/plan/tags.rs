//! Where tags begin and end to flow.

use std::collections::BTreeSet;

use super::{Flow, Named, TagFlow};
use crate::catalog::Catalog;
use crate::entity::Kind;
use crate::lineage::{Lineage, Place, Tags, own, parents};

/// The tags that flow in one catalog and not in the other, by tag. What is deleted carries none.
pub(super) fn flows(old: &Catalog<'_>, new: &Catalog<'_>) -> Vec<TagFlow> {
    let (before, after) = (old.lineage(None), new.lineage(None));
    let mut flows = Vec::new();
    for (place, tags) in after.places() {
        if is_deleted(new, *place) {
            continue;
        }
        let had = before
            .places()
            .get(place)
            .filter(|_| !is_deleted(old, *place));
        for tag in carried(tags).filter(|tag| !had.is_some_and(|had| had.contains(tag))) {
            flows.push(TagFlow {
                tag: tag.into(),
                flow: Flow::Begins,
                to: Named::member(*place),
                from: origins(new, &after, tag, *place),
            });
        }
        for tag in had
            .into_iter()
            .flat_map(carried)
            .filter(|tag| !tags.contains(tag))
        {
            flows.push(TagFlow {
                tag: tag.into(),
                flow: Flow::Ends,
                to: Named::member(*place),
                from: Vec::new(),
            });
        }
    }
    flows.sort_by(|a, b| (a.flow, &a.tag, &a.to).cmp(&(b.flow, &b.tag, &b.to)));
    flows
}

fn carried<'t>(tags: &'t Tags<'_>) -> impl Iterator<Item = &'t str> {
    tags.iter().copied().filter(|tag| !tag.starts_with('~'))
}

fn is_deleted(catalog: &Catalog<'_>, (kind, entity, member): Place<'_>) -> bool {
    let whole = catalog.entity(kind, entity).map(crate::diff::meta);
    let feature = catalog.featureset(entity).and_then(|it| it.feature(member));
    whole.is_some_and(|meta| meta.deleted)
        || kind == Kind::Featureset && feature.is_some_and(|feature| feature.meta.deleted)
}

/// Where a tag that flows in is declared; nowhere else if it is there itself.
fn origins<'a>(
    catalog: &Catalog<'a>,
    lineage: &Lineage<'a>,
    tag: &str,
    place: Place<'a>,
) -> Vec<Named> {
    let declares = |place| own(catalog, place).contains(&tag);
    if declares(place) {
        return Vec::new();
    }
    let (mut seen, mut origins) = (BTreeSet::from([place]), BTreeSet::new());
    let mut waiting = vec![place];
    while let Some(place) = waiting.pop() {
        for parent in parents(catalog, None, place) {
            let tags = lineage.places().get(&parent);
            if !tags.is_some_and(|tags| tags.contains(tag)) || !seen.insert(parent) {
                continue;
            }
            if declares(parent) {
                origins.insert(parent);
            } else {
                waiting.push(parent);
            }
        }
    }
    origins.into_iter().map(Named::member).collect()
}
