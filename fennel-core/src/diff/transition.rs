//! What a branch may become: nothing live is lost, and content moves with versions.
//!
//! What is marked deleted has no content any more, so nothing of it is compared. Its name and its
//! version stay reserved, also after it is left out.

use std::collections::BTreeMap;

use super::facts::{FactList, facts, feature_facts};
use super::identity::structure_text;
use super::{FieldDiff, compare, extractors, is_deleted};
use crate::catalog::{Catalog, in_order};
use crate::entity::{Dataset, Descriptor, Feature, Featureset, Kind};
use crate::{Problem, Problems, tombstone};

/// What is said of what is live and not there.
pub(super) const LEFT_OUT: &str = "it is live and this commit leaves it out";
/// What to do about it.
pub(super) const KEEP: &str =
    "keep it, or mark it #[meta(deleted)] in one commit and leave it out in a later one";

/// Checks that a branch with `old` may become `new`: nothing live is left out, and what changes has
/// a higher version, as has all that is made of it.
///
/// # Errors
///
/// Each entity and feature that may not, with what to write instead. Datasets come in the order in
/// which they are made of each other.
pub fn check_transition(old: &Catalog<'_>, new: &Catalog<'_>) -> Result<(), Problems> {
    let mut problems: Vec<_> = left_out(old, new, Kind::Dataset).collect();
    problems.extend(datasets(old, new));
    problems.extend(left_out(old, new, Kind::Featureset));
    for before in old.featuresets() {
        if let Some(after) = new.featureset(before.name) {
            problems.extend(featureset((old, before), (new, after)));
        }
    }
    Problems(problems).into_result()
}

/// Checks that names that were deleted come back under a higher version. `reserved` has what was
/// deleted as it was when it was live, of a featureset only the features that are deleted.
///
/// # Errors
///
/// Each dataset and feature that may not come back like this.
pub fn check_reserved(reserved: &Catalog<'_>, new: &Catalog<'_>) -> Result<(), Problems> {
    let datasets = reserved.datasets().iter().filter_map(|before| {
        let after = new.dataset(before.name)?;
        dataset_revival(before, after)
    });
    let features = reserved.featuresets().iter().flat_map(|before| {
        let after = new.featureset(before.name);
        let after = after.filter(|after| !after.meta.deleted);
        let features = after.into_iter().flat_map(move |after| {
            let features = before.features.iter();
            features.map(move |feature| (before, feature, after))
        });
        features.filter_map(|(before, feature, after)| {
            revival((reserved, before, feature), (new, after))
        })
    });
    Problems(datasets.chain(features).collect()).into_result()
}

fn left_out<'c>(
    old: &'c Catalog<'_>,
    new: &'c Catalog<'_>,
    kind: Kind,
) -> impl Iterator<Item = Problem> + 'c {
    let entities = old.entities().filter(move |entity| entity.kind() == kind);
    let live = entities.filter(|entity| !is_deleted(*entity));
    let gone = live.filter(|entity| new.entity(entity.kind(), entity.name()).is_none());
    gone.map(|entity| {
        let problem = Problem::named(entity.kind(), entity.name(), "", LEFT_OUT);
        let problem = problem.with_note(KEEP);
        problem.with_code(tombstone::entity(entity))
    })
}

/// The versions that a dataset has and had, or has to have.
#[derive(Clone, Copy)]
struct Move {
    from: u32,
    to: u32,
}

/// What is wrong with how datasets change, each behind those that it is made of.
fn datasets(old: &Catalog<'_>, new: &Catalog<'_>) -> Vec<Problem> {
    let inputs = |name| {
        let pipelines = new.pipelines(name).iter();
        pipelines.flat_map(|it| it.inputs).copied().collect()
    };
    let order = in_order(new.datasets().iter().map(|dataset| dataset.name), inputs);
    let mut moves: BTreeMap<&str, Move> = BTreeMap::new();
    let mut problems = Vec::new();
    for name in order {
        let (Some(before), Some(after)) = (old.dataset(name), new.dataset(name)) else {
            continue;
        };
        let made_of = inputs(name).into_iter();
        let moved = made_of.filter_map(|input| Some((input, *moves.get(input)?)));
        let checked = dataset((old, before), (new, after), &moved.collect::<Vec<_>>());
        let is_live = !before.meta.deleted && !after.meta.deleted;
        let from = before.version;
        let to = match &checked {
            Some(_) => after.version.max(from.saturating_add(1)),
            None => after.version,
        };
        if is_live && (to > from || structure_text(old, before) != structure_text(new, after)) {
            moves.insert(name, Move { from, to });
        }
        problems.extend(checked);
    }
    problems
}

/// What is wrong with how a dataset changes, which is made of others that change.
fn dataset(
    (old, before): (&Catalog<'_>, &Dataset<'_>),
    (new, after): (&Catalog<'_>, &Dataset<'_>),
    moved: &[(&str, Move)],
) -> Option<Problem> {
    let problem = |message: String| Some(Problem::new(Descriptor::Dataset(after), "", message));
    let (from, next) = (before.version, before.version.saturating_add(1));
    if after.version < from {
        return problem(lower(after.version, from));
    }
    if before.meta.deleted && !after.meta.deleted {
        return dataset_revival(before, after);
    }
    if after.version > from || after.meta.deleted {
        return None;
    }
    let mut changed = compare(
        &facts(old, Descriptor::Dataset(before)),
        &facts(new, Descriptor::Dataset(after)),
    );
    changed.retain(|field| !field.metaflag);
    if !changed.is_empty() {
        return problem(format!(
            "{} under the same version; please update version of the dataset from {from} to {next}: write version = {next}",
            describe(&changed)
        ));
    }
    if moved.is_empty() {
        return None;
    }
    let inputs = moved.iter().map(|(input, Move { from, to })| {
        format!("`{input}`, whose version goes from {from} to {to}")
    });
    problem(format!(
        "it is made of {}; please update version of the dataset from {from} to {next}: write version = {next}",
        inputs.collect::<Vec<_>>().join(", and of ")
    ))
}

fn lower(version: u32, committed: u32) -> String {
    format!("version {version} is lower than the committed {committed}; versions only go up")
}

/// What is wrong with how a dataset comes back that was deleted.
fn dataset_revival(before: &Dataset<'_>, after: &Dataset<'_>) -> Option<Problem> {
    let back = !after.meta.deleted && after.version <= before.version;
    back.then(|| {
        let message = format!(
            "the name was deleted at version {}; to bring it back write version = {}",
            before.version,
            before.version.saturating_add(1)
        );
        Problem::new(Descriptor::Dataset(after), "", message)
    })
}

fn featureset(
    (old, before): (&Catalog<'_>, &Featureset<'_>),
    (new, after): (&Catalog<'_>, &Featureset<'_>),
) -> Vec<Problem> {
    if after.meta.deleted {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if !before.meta.deleted {
        problems.extend(extractors::transition(old, new, after));
    }
    for was in before.features {
        problems.extend(if before.meta.deleted || was.meta.deleted {
            revival((old, before, was), (new, after))
        } else {
            feature((old, was), (new, after))
        });
    }
    problems
}

/// What is wrong with how a feature comes back that was deleted, alone or with its featureset.
fn revival(
    (old, before, was): (&Catalog<'_>, &Featureset<'_>, &Feature<'_>),
    (new, after): (&Catalog<'_>, &Featureset<'_>),
) -> Option<Problem> {
    let is = after.feature(was.name).filter(|is| !is.meta.deleted)?;
    let problem = |message: String| {
        let entity = Descriptor::Featureset(after);
        Some(Problem::new(entity, is.name, message))
    };
    match (made(old, before, was), made(new, after, is)) {
        (Some(old), Some(new)) if new <= old => {
            let place = match is.extraction {
                Some(_) => "#[feature(..)]",
                None => "#[extractor(..)]",
            };
            problem(format!(
                "the name was deleted at version {old}; to bring it back write version = {} in its {place}",
                old.saturating_add(1)
            ))
        }
        (Some(old), None) => problem(format!(
            "the name was deleted at version {old}, and a feature that queries give has no version; add a feature of another name"
        )),
        (None, None) if !was.ty.is(&is.ty) => problem(format!(
            "the name was deleted when its type was {}, and a feature that queries give has no version; add a feature of another name",
            was.ty
        )),
        _ => None,
    }
}

/// The version of what makes a feature; `None` where queries give it.
fn made(catalog: &Catalog<'_>, featureset: &Featureset<'_>, feature: &Feature<'_>) -> Option<u32> {
    let extraction = feature.extraction.map(|extraction| extraction.version);
    extraction.max(extractors::version_of(
        catalog,
        featureset.name,
        feature.name,
    ))
}

/// What is wrong with how a feature changes that was live.
fn feature(
    (old_catalog, before): (&Catalog<'_>, &Feature<'_>),
    (new_catalog, after): (&Catalog<'_>, &Featureset<'_>),
) -> Option<Problem> {
    let entity = Descriptor::Featureset(after);
    let problem = |message: String| Some(Problem::new(entity, before.name, message));
    let Some(feature) = after.feature(before.name) else {
        let problem = Problem::new(entity, before.name, LEFT_OUT);
        let problem = problem.with_note(KEEP);
        return Some(problem.with_code(tombstone::feature(before)));
    };
    let version = |feature: &Feature<'_>| {
        feature
            .extraction
            .map_or(0, |extraction| extraction.version)
    };
    let (old, new) = (version(before), version(feature));
    if feature.meta.deleted {
        let is_lower = feature.extraction.is_some() && new < old;
        return is_lower.then(|| problem(lower(new, old))).flatten();
    }
    if let (Some(made), true) = (
        extractors::version_of(old_catalog, after.name, feature.name),
        feature.extraction.is_some() && before.extraction.is_none(),
    ) && new <= made
    {
        return problem(format!(
            "a function made it before, at version {made}; write version = {} in its #[feature(..)]",
            made.saturating_add(1)
        ));
    }
    if before.extraction.is_some() && feature.extraction.is_some() {
        if new < old {
            return problem(lower(new, old));
        }
        if new > old {
            return None;
        }
    }
    let list = |feature: &Feature<'_>| {
        let mut list = FactList::default();
        feature_facts(&mut list, feature);
        list.0
    };
    let mut changed = compare(&list(before), &list(feature));
    // A feature that had to be given may become one that is extracted, and one that becomes a
    // function's goes by the function's version.
    let moved = extractors::version_of(new_catalog, after.name, feature.name)
        .is_some_and(|version| version > old);
    let gone = moved && feature.extraction.is_none();
    changed.retain(|field| {
        let added = before.extraction.is_none() && field.old.is_none();
        let removed = gone && field.new.is_none();
        !(field.metaflag || added || removed)
    });
    if changed.is_empty() {
        return None;
    }
    if feature.extraction.is_none() || before.extraction.is_none() {
        return problem(format!(
            "{}, and a feature that queries give has no version; add a feature of another name",
            describe(&changed)
        ));
    }
    problem(format!(
        "{} under the same version; write version = {} in its #[feature(..)]",
        describe(&changed),
        old.saturating_add(1)
    ))
}

pub(super) fn describe(changed: &[FieldDiff]) -> String {
    // Code of several lines is no part of a sentence.
    let is_told = |fact: &Option<String>| fact.as_ref().is_none_or(|fact| !fact.contains('\n'));
    let facts = changed.iter().map(|field| {
        let told = is_told(&field.old) && is_told(&field.new);
        match (&field.old, &field.new) {
            (Some(old), Some(new)) if told => {
                format!("`{}` changes from `{old}` to `{new}`", field.path)
            }
            (None, Some(new)) if told => format!("`{}` is added as `{new}`", field.path),
            (Some(old), None) if told => format!("`{}` goes away (was `{old}`)", field.path),
            (None, Some(_)) => format!("`{}` is added", field.path),
            (Some(_), None) => format!("`{}` goes away", field.path),
            _ => format!("`{}` changes", field.path),
        }
    });
    facts.collect::<Vec<_>>().join(", ")
}
