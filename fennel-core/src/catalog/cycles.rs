//! The checks that nothing leads back to itself, and the order that there is then.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::{selected_extraction, selected_extractors};
use crate::Problem;
use crate::entity::{Descriptor, Extraction, Kind, Origin};

impl<'c> Checker<'c, '_> {
    /// Follows each feature to what it reads; what comes back to itself is a cycle.
    pub(super) fn cycles(&mut self) {
        let mut reads: BTreeMap<Name<'c>, Vec<Name<'c>>> = BTreeMap::new();
        for featureset in &self.catalog.featuresets {
            for feature in featureset.features {
                let Some(extraction) = selected_extraction(feature, self.env) else {
                    continue;
                };
                let inputs = self.inputs(featureset.name, &extraction);
                reads.insert((featureset.name, feature.name), inputs);
            }
            for extractor in selected_extractors(self.catalog, featureset.name, self.env) {
                let inputs = extractor.inputs.iter();
                let inputs = inputs.map(|input| (input.entity, input.name));
                for output in extractor.outputs {
                    let reads = reads.entry((featureset.name, *output)).or_default();
                    reads.extend(inputs.clone());
                }
            }
        }
        let mut done = BTreeSet::new();
        for start in reads.keys() {
            if let Some(cycle) = find_cycle(*start, &reads, &mut done) {
                let names: Vec<_> = cycle
                    .iter()
                    .map(|(set, name)| format!("{set}.{name}"))
                    .collect();
                let (set, name) = cycle[0];
                let message = format!("its inputs lead back to itself: {}", names.join(" -> "));
                let problem = match self.catalog.featureset(set) {
                    Some(featureset) => {
                        Problem::new(Descriptor::Featureset(featureset), name, message)
                    }
                    None => Problem::named(Kind::Featureset, set, name, message),
                };
                self.problems.push(problem);
            }
        }
    }

    /// The features that a feature is had from.
    fn inputs(&self, featureset: &'c str, extraction: &Extraction<'c>) -> Vec<Name<'c>> {
        let own = |name: &'c str| (featureset, name);
        match extraction.origin {
            Origin::Expr(expr) => expr.names().into_iter().map(own).collect(),
            Origin::Reference(reference) => match reference.kind {
                Kind::Featureset => vec![(reference.entity, reference.name)],
                Kind::Dataset => match self.catalog.dataset(reference.entity) {
                    Some(dataset) => dataset.keys().map(|key| own(key.name)).collect(),
                    None => Vec::new(),
                },
            },
        }
    }

    /// Follows each dataset to those that its pipelines take.
    pub(super) fn dataset_cycles(&mut self) {
        let catalog = self.catalog;
        let mut takes: BTreeMap<Name<'_>, Vec<Name<'_>>> = BTreeMap::new();
        for dataset in &catalog.datasets {
            let selected = catalog.selected_pipelines(dataset.name, self.env);
            let inputs = selected.flat_map(|pipeline| pipeline.inputs);
            takes.insert(
                (dataset.name, ""),
                inputs.map(|input| (*input, "")).collect(),
            );
        }
        let mut done = BTreeSet::new();
        for start in takes.keys() {
            if let Some(cycle) = find_cycle(*start, &takes, &mut done) {
                let names: Vec<_> = cycle.iter().map(|(name, _)| *name).collect();
                let message = format!("it is made of itself: {}", names.join(" <- "));
                if let Some(dataset) = catalog.dataset(names[0]) {
                    self.problems
                        .push(Problem::new(Descriptor::Dataset(dataset), "", message));
                }
            }
        }
    }
}

type Name<'a> = (&'a str, &'a str);

/// The first cycle that can be reached from `start`, closed with its beginning. Depth is bounded by
/// the list that is kept in `path`, not by the machine's stack.
fn find_cycle<'a>(
    start: Name<'a>,
    reads: &BTreeMap<Name<'a>, Vec<Name<'a>>>,
    done: &mut BTreeSet<Name<'a>>,
) -> Option<Vec<Name<'a>>> {
    if done.contains(&start) {
        return None;
    }
    let mut path = vec![(start, 0)];
    let mut on_path = BTreeSet::from([start]);
    while let Some((at, next)) = path.last_mut() {
        let input = reads.get(at).and_then(|inputs| inputs.get(*next)).copied();
        *next += 1;
        match input {
            None => {
                on_path.remove(at);
                done.insert(*at);
                path.pop();
            }
            Some(input) if done.contains(&input) => {}
            Some(input) if on_path.insert(input) => path.push((input, 0)),
            Some(input) => {
                done.extend(on_path);
                let cycle = path.iter().map(|(name, _)| *name);
                let cycle = cycle.skip_while(|name| *name != input);
                return Some(cycle.chain([input]).collect());
            }
        }
    }
    None
}

/// `starts` and all that they lead to, each behind its inputs. What leads back to itself is cut at
/// some place. Depth is bounded as in [`find_cycle`].
pub(crate) fn in_order<N: Copy + Ord>(
    starts: impl Iterator<Item = N>,
    inputs: impl Fn(N) -> Vec<N>,
) -> Vec<N> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for start in starts {
        let mut path = Vec::new();
        if seen.insert(start) {
            path.push((start, inputs(start).into_iter()));
        }
        while let Some((at, rest)) = path.last_mut() {
            match rest.next() {
                Some(input) if seen.insert(input) => path.push((input, inputs(input).into_iter())),
                Some(_) => {}
                None => {
                    order.push(*at);
                    path.pop();
                }
            }
        }
    }
    order
}
