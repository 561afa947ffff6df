//! Where tags begin and end to flow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Flow, Named, TagFlow};
use crate::catalog::{Catalog, in_order};
use crate::lineage::{Lineage, Place, carried, own, parents, places};

/// The tags that flow in one catalog and not in the other, by tag. What is deleted carries none.
pub(super) fn flows(old: &Catalog<'_>, new: &Catalog<'_>) -> Vec<TagFlow> {
    let (before, after) = (old.lineage(None), new.lineage(None));
    let origins = Origins::new(new, &after);
    let is_live = |catalog: &Catalog<'_>, (kind, entity, member): Place<'_>| {
        catalog.is_live(kind, entity, member)
    };
    let mut flows = Vec::new();
    for (place, tags) in after.places() {
        if !is_live(new, *place) {
            continue;
        }
        let had = before.places().get(place).filter(|_| is_live(old, *place));
        for tag in carried(tags).filter(|tag| !had.is_some_and(|had| had.contains(tag))) {
            flows.push(TagFlow {
                tag: tag.into(),
                flow: Flow::Begins,
                to: Named::member(*place),
                from: origins.of(*place, tag),
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

/// The most places that a tag is said to come from.
const MOST: usize = 20;

/// Where the tags that flow to each place are declared.
struct Origins<'a>(BTreeMap<Place<'a>, BTreeMap<&'a str, BTreeSet<Place<'a>>>>);

impl<'a> Origins<'a> {
    fn new(catalog: &Catalog<'a>, lineage: &Lineage<'a>) -> Self {
        let mut origins = Origins(BTreeMap::new());
        for place in in_order(places(catalog), |place| parents(catalog, None, place)) {
            let declared = own(catalog, place);
            let parents = parents(catalog, None, place);
            let tags = lineage.places().get(&place).into_iter().flat_map(carried);
            let inherited = tags.filter(|tag| !declared.contains(tag));
            let inherited = inherited.map(|tag| {
                let from = parents
                    .iter()
                    .flat_map(|parent| origins.of_parent(catalog, *parent, tag));
                (
                    tag,
                    from.collect::<BTreeSet<_>>()
                        .into_iter()
                        .take(MOST)
                        .collect(),
                )
            });
            let inherited: BTreeMap<_, _> = inherited.collect();
            origins.0.insert(place, inherited);
        }
        origins
    }

    /// What of a parent and all above it declares a tag.
    fn of_parent(
        &self,
        catalog: &Catalog<'a>,
        parent: Place<'a>,
        tag: &str,
    ) -> BTreeSet<Place<'a>> {
        if own(catalog, parent).contains(&tag) {
            return BTreeSet::from([parent]);
        }
        let above = self.0.get(&parent).and_then(|tags| tags.get(tag));
        above.cloned().unwrap_or_default()
    }

    fn of(&self, place: Place<'_>, tag: &str) -> Vec<Named> {
        let tags = self.0.get(&place).and_then(|tags| tags.get(tag));
        let origins = tags.into_iter().flatten();
        origins.copied().map(Named::member).collect()
    }
}
