//! What extractors say, and how they may change.

use super::compare;
use super::facts::FactList;
use super::transition::{KEEP, LEFT_OUT, describe};
use crate::Problem;
use crate::catalog::Catalog;
use crate::entity::{Code, Descriptor, Extractor, Featureset};

/// Lays out one extractor.
pub(super) fn facts(list: &mut FactList, extractor: &Extractor<'_>) {
    let path = |fact: &str| format!("extractor[{}].{fact}", extractor.name);
    let inputs = extractor.inputs.iter();
    let inputs = inputs.map(|input| format!("{}.{}", input.entity, input.name));
    list.content(path("inputs"), inputs.collect::<Vec<_>>().join(", "));
    list.content(path("outputs"), extractor.outputs.join(", "));
    let datasets = extractor.datasets;
    list.optional(
        path("lookups"),
        (!datasets.is_empty()).then(|| datasets.join(", ")),
    );
    list.content(path("version"), extractor.version);
    list.meta(&path(""), &extractor.meta);
    match extractor.code {
        Code::Rust(native) => {
            list.content(path("signature"), native.signature);
            list.content(path("source"), format!("{:016x}", native.hash));
            // A function that moves to another module stays what it was.
            list.free(path("function"), native.symbol);
        }
        Code::Python(python) => list.content(path("python"), python.source),
    }
}

/// The version of the extractor that makes a feature, whatever its env.
pub(super) fn version_of(catalog: &Catalog<'_>, featureset: &str, feature: &str) -> Option<u32> {
    let extractors = catalog.extractors_of(featureset).iter();
    let making = extractors.filter(|extractor| extractor.outputs.contains(&feature));
    making.map(|extractor| extractor.version).max()
}

/// What is wrong with how the extractors of `after` change.
pub(super) fn transition(
    old: &Catalog<'_>,
    new: &Catalog<'_>,
    after: &Featureset<'_>,
) -> Vec<Problem> {
    let extractors = old.extractors_of(after.name).iter();
    let live = extractors.filter(|extractor| !extractor.meta.deleted);
    let wrong = live.filter_map(|before| {
        let mut candidates = new.extractors_of(after.name).iter();
        let found = candidates.find(|extractor| extractor.name == before.name);
        let entity = Descriptor::Featureset(after);
        let problem = |message: &str| Problem::new(entity, before.name, message);
        match found {
            Some(found) => change(before, found).map(|message| problem(&message)),
            None if is_done_with(before, new, after) => None,
            None => Some(problem(LEFT_OUT).with_note(KEEP)),
        }
    });
    wrong.collect()
}

/// Whether none of the features that it made needs it: they are deleted, or made otherwise.
fn is_done_with(before: &Extractor<'_>, new: &Catalog<'_>, after: &Featureset<'_>) -> bool {
    let features = before.outputs.iter();
    let mut features = features.filter_map(|output| after.feature(output));
    features.all(|feature| {
        feature.meta.deleted
            || feature.extraction.is_some()
            || version_of(new, after.name, feature.name).is_some()
    })
}

fn change(before: &Extractor<'_>, after: &Extractor<'_>) -> Option<String> {
    if after.version < before.version {
        return Some(format!(
            "version {} is lower than the committed {}; versions only go up",
            after.version, before.version
        ));
    }
    if after.meta.deleted || after.version > before.version {
        return None;
    }
    let list = |extractor: &Extractor<'_>| {
        let mut list = FactList::default();
        facts(&mut list, extractor);
        list.0
    };
    let mut changed = compare(&list(before), &list(after));
    changed.retain(|field| !field.metaflag);
    (!changed.is_empty()).then(|| {
        format!(
            "{} under the same version; write version = {} in its #[extractor(..)]",
            describe(&changed),
            before.version.saturating_add(1)
        )
    })
}
