//! The names that deleted entities and features keep: what they said when they were live.
//!
//! Who marks something deleted writes no more than has to be there, so the versions that it had are kept apart from
//! the definitions.

use std::collections::HashSet;

use fennel_core::catalog::Catalog;
use fennel_core::entity::Kind;
use fennel_core::wire::proto::services::SyncRequest;

use super::definitions::{Definitions, join, part};

/// A feature's featureset and its name.
type Name<'r> = (&'r str, &'r str);

/// What is reserved once `before`, of which `tombstones` are reserved, has become `after`.
pub(super) fn after(
    before: &Definitions<'_>,
    tombstones: &Definitions<'_>,
    after: &Definitions<'_>,
) -> SyncRequest {
    let live_before = features(&before.request, |name| is_live(&before.catalog, name));
    let reserved: HashSet<Name<'_>> = features(&tombstones.request, |_| true);
    let is_gone = |name: Name<'_>| !is_live(&after.catalog, name);
    // What was live goes before what it was at an earlier time, and that before what only says that it is deleted.
    let from_before = features(&before.request, |name| {
        is_gone(name) && (live_before.contains(&name) || !reserved.contains(&name))
    });
    let from_tombstones = features(&tombstones.request, |name| {
        is_gone(name) && !from_before.contains(&name)
    });

    let is_dataset_gone = |kind: Kind, name: &str| kind == Kind::Dataset && !after.has(kind, name);
    let mut request = join(
        part(&tombstones.request, is_dataset_gone),
        part(&before.request, is_dataset_gone),
    );
    add_features(&mut request, &before.request, &from_before);
    add_features(&mut request, &tombstones.request, &from_tombstones);
    request
}

/// The features of a request that `keep` accepts.
fn features<'r>(request: &'r SyncRequest, keep: impl Fn(Name<'r>) -> bool) -> HashSet<Name<'r>> {
    let features = request.features.iter();
    let names = features.map(|feature| (feature.feature_set_name.as_str(), feature.name.as_str()));
    names.filter(|name| keep(*name)).collect()
}

fn is_live(catalog: &Catalog<'_>, (featureset, feature): Name<'_>) -> bool {
    catalog.is_live(Kind::Featureset, featureset, feature)
}

/// Adds some features of a request, with what makes them and the featuresets that they are of.
fn add_features(to: &mut SyncRequest, from: &SyncRequest, names: &HashSet<Name<'_>>) {
    let featuresets: HashSet<&str> = names.iter().map(|(featureset, _)| *featureset).collect();
    let known: HashSet<String> = to.feature_sets.iter().map(|it| it.name.clone()).collect();
    let new = from.feature_sets.iter().filter(|featureset| {
        featuresets.contains(featureset.name.as_str()) && !known.contains(&featureset.name)
    });
    to.feature_sets.extend(new.cloned());
    let features = from.features.iter();
    let features =
        features.filter(|it| names.contains(&(it.feature_set_name.as_str(), it.name.as_str())));
    to.features.extend(features.cloned());
    let extractors = from.extractors.iter().filter(|extractor| {
        let mut outputs = extractor.features.iter();
        outputs
            .any(|output| names.contains(&(extractor.feature_set_name.as_str(), output.as_str())))
    });
    to.extractors.extend(extractors.cloned());
}
